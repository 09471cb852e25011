"""What cells show, and what exceptions say, made anew from what a student's process sends: it may send anything."""

from __future__ import annotations

import json
from typing import Any

from course.leaks import strings

LONGEST = 2000  # characters of what it says about an exception


def _whole(value: Any) -> str:
    return value if isinstance(value, str) else ""


def text(value: Any) -> str:
    """A short text, or a question mark where there is none."""
    return value[:LONGEST] if isinstance(value, str) else "?"


def lines_of(value: Any) -> tuple[tuple[int, int], ...]:
    """The (cell, line) of each frame of an exception."""
    if not isinstance(value, list) or len(value) > 100:
        return ()
    pairs = [tuple(pair) for pair in value if isinstance(pair, list | tuple) and len(pair) == 2]
    return tuple((cell, line) for cell, line in pairs if type(cell) is int and type(line) is int)


def made_anew(value: Any, most: int) -> tuple[dict[str, Any], ...]:
    """Outputs in nbformat's form, made anew from what the student's process says; `most` characters of them."""
    found: list[dict[str, Any]] = []
    most += 20 * LONGEST  # errors are kept beyond it
    for output in value if isinstance(value, list) else ():
        most -= 100 + sum(map(len, strings(output)))
        if most < 0 or not isinstance(output, dict):
            continue
        kind, stream = text(output.get("output_type")), text(output.get("name"))
        if kind == "stream" and stream in ("stdout", "stderr"):
            found.append({"output_type": kind, "name": stream, "text": _whole(output.get("text"))})
        elif kind == "error":
            lines = output.get("traceback")
            traceback = [_whole(line) for line in lines] if isinstance(lines, list) else []
            found.append(
                {
                    "output_type": kind,
                    "ename": text(output.get("ename")),
                    "evalue": text(output.get("evalue")),
                    "traceback": traceback,
                }
            )
        elif kind in ("display_data", "execute_result"):
            data = {
                name: part
                for name, part in _dict(output.get("data")).items()
                if isinstance(name, str) and (isinstance(part, str) or (name.endswith("json") and _is_json(part)))
            }
            counted = {"execution_count": None} if kind == "execute_result" else {}
            found.append({"output_type": kind, "data": data, "metadata": {}, **counted})
    return tuple(found)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
