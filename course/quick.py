"""Imported first, it leaves out of this process what takes long to import and nothing here uses.

`jsonschema`, which nbformat needs, imports a parser of internationalized web addresses where it is installed; making
that takes longer than all of nbgrader, and no notebook holds an address that is checked.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
