"""The one way in which a source notebook is stored, so that a change of a cell is a change of its lines alone.

No outputs, no execution counts, stable and unique cell ids, kernel python3, known metadata only, and the JSON that
nbformat writes. `normalized` restores it and never changes a source text.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import nbformat

from course.assignment import read_notebook

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
CELL_METADATA = ("nbgrader", "tags")
# nbgrader adds `checksum` and `cell_type` in the release; in the source they would be stale at once.
GRADING = ("grade", "grade_id", "locked", "points", "schema_version", "solution", "task")
_CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def normalized(data: bytes, what: str) -> bytes:
    """The notebook in `data` in normal form; `what` is how messages name it.

    Raises:
        CourseError: `data` is no notebook.
    """
    notebook = read_notebook(data, what)
    taken: set[str] = set()
    cells = [_cell(cell, taken) for cell in notebook["cells"]]
    return written({"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5})


def written(notebook: dict[str, Any]) -> bytes:
    """A notebook as nbformat writes it to a file."""
    return (nbformat.writes(nbformat.from_dict(notebook)) + "\n").encode()


def _cell(cell: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    metadata = {key: cell["metadata"][key] for key in CELL_METADATA if cell["metadata"].get(key)}
    if isinstance(metadata.get("nbgrader"), dict):
        metadata["nbgrader"] = {key: metadata["nbgrader"][key] for key in GRADING if key in metadata["nbgrader"]}
    kept = {"cell_type": cell["cell_type"], "metadata": metadata, "source": cell["source"]}
    if cell["cell_type"] == "code":
        kept |= {"execution_count": None, "outputs": []}
    if cell.get("attachments"):
        kept["attachments"] = cell["attachments"]
    return kept | {"id": _id(cell, metadata, taken)}


def _id(cell: dict[str, Any], metadata: dict[str, Any], taken: set[str]) -> str:
    """The id that the cell has, if it is fit and free; else one made from its grade_id or its text, always the same."""
    wanted = cell.get("id")
    if not isinstance(wanted, str) or not _CELL_ID.fullmatch(wanted):
        wanted = metadata.get("nbgrader", {}).get("grade_id") or hashlib.sha256(cell["source"].encode()).hexdigest()[:8]
    chosen, number = str(wanted)[:60], 2
    while chosen in taken:
        chosen, number = f"{str(wanted)[:56]}-{number}", number + 1
    taken.add(chosen)
    return chosen


def difference(data: bytes, what: str) -> str | None:
    """What keeps a notebook from normal form, as the rest of a sentence; None if it is in normal form."""
    if data == normalized(data, what):
        return None
    notebook = read_notebook(data, what)
    cells = notebook["cells"]
    ids = [cell.get("id") for cell in cells]
    extra = {key for cell in cells for key in cell["metadata"]} - set(CELL_METADATA)
    if any(cell.get("outputs") or cell.get("execution_count") is not None for cell in cells):
        return "it holds outputs or execution counts"
    if len(set(map(str, ids))) < len(ids) or not all(isinstance(i, str) and _CELL_ID.fullmatch(i) for i in ids):
        return "its cells lack ids, or two share one"
    if notebook["metadata"] != METADATA:
        return "its metadata are not just the kernel python3 and the language"
    if extra:
        return f"its cells hold the metadata {', '.join(sorted(extra))}"
    if json.loads(normalized(data, what)) != json.loads(data.decode("utf-8-sig")):
        return "it holds data that nbgrader adds at release, or that nothing reads"
    return "its JSON is laid out in another way than nbformat's"
