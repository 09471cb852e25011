"""Libraries that some functions can use and nothing needs: they are imported when such a function is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def optional(module: str, extra: str, purpose: str) -> Any:
    """Return the module, or say which extra of the package brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        library = module.split(".")[0]
        raise ImportError(
            f"{purpose} needs the library {library}, which is not installed: pip install 'convcourse[{extra}]'"
        ) from error
