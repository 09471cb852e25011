"""The autograded notebook: what nbgrader's feedback and formgrader show of a graded submission.

Each test cell stands in it as it was released, with the verdict as its output, so that no line of a hidden test leaves
grading; any other output that repeats one is withheld. What is a student's is made harmless.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from course.assignment import Assignment
from course.grading import harmless
from course.grading.rebuild import RebuiltCell
from course.grading.result import CellScore, GradedNotebook, Outcome
from course.leaks import Searcher, strings

WIDTH = 100  # of a line that a feedback page shows whole
RED, PLAIN = "\x1b[1;31m", "\x1b[0m"
KEY = "convcourse"  # the notebook's metadata hold the result under this name
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def compose(
    assignment: Assignment,
    cells: Sequence[RebuiltCell],
    outcomes: Sequence[Outcome],
    scores: Sequence[CellScore],
    secret: Searcher,
) -> dict[str, Any]:
    """The autograded notebook as plain data."""
    verdicts = {score.grade_id: score for score in scores}
    taken = {cell.id for cell in assignment.cells}
    own = (f"own-{number}" for number in count(1) if f"own-{number}" not in taken)
    composed = []
    for cell, outcome in zip(cells, outcomes, strict=True):
        verdict = verdicts.get(cell.origin.label) if cell.origin and cell.role == "test" else None
        composed.append(_cell(cell, outcome, verdict, secret, own))
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return {"cells": composed, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def seal(notebook: dict[str, Any], result: dict[str, Any]) -> bytes:
    """The notebook as it is written to a file: the result in its metadata, what it says to the student on top.

    It is JSON in one line, for no person compares it: the lines that nbformat lays out take longer than a test.
    """
    cells = [cell for cell in notebook["cells"] if KEY not in cell["metadata"]]
    notes = [result["error"]] * bool(result["error"]) + [*result["notes"]]
    notebook = notebook | {
        "cells": ([_notes(notes, {cell["id"] for cell in cells})] if notes else []) + cells,
        "metadata": notebook["metadata"] | {KEY: result},
    }
    return (json.dumps(notebook, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def unseal(notebook: dict[str, Any], data: bytes) -> GradedNotebook | None:
    """The result that `seal` put into a notebook, or None."""
    try:
        result = {key: value for key, value in notebook["metadata"][KEY].items() if key != "fingerprint"}
        return GradedNotebook.from_summary(result, data)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _cell(
    cell: RebuiltCell, outcome: Outcome, verdict: CellScore | None, secret: Searcher, own: Iterator[str]
) -> dict[str, Any]:
    origin = cell.origin
    metadata, cell_id = (_metadata(cell), origin.id) if origin else ({}, next(own))
    composed: dict[str, Any] = {"cell_type": cell.type, "id": cell_id, "metadata": metadata, "source": cell.source}
    if cell.type == "code":
        outputs = [_verdict(verdict)] if verdict else [_shown(output, secret) for output in outcome.outputs]
        return composed | {"execution_count": None, "outputs": outputs}
    if origin and cell.source == origin.released and not cell.attachments:
        return composed
    pictures = harmless.attachments(cell.attachments)
    if cell.type == "raw":
        metadata["raw_mimetype"] = "text/plain"  # without one, nbconvert writes it into the page as it stands
    return (
        composed
        | {"source": harmless.markdown(cell.source, pictures)}
        | ({"attachments": pictures} if pictures else {})
    )


def _metadata(cell: RebuiltCell) -> dict[str, Any]:
    origin = cell.origin
    assert origin is not None
    if origin.grade_id is None:
        return {}
    grading: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": origin.grade_id,
        "grade": origin.role in ("test", "manual"),
        "solution": origin.role in ("exercise", "manual"),
        "locked": origin.role not in ("exercise", "manual"),
        "task": False,
    }
    if grading["grade"]:
        grading["points"] = origin.points
    tags = {"tags": [origin.role]} if origin.role in ("setup", "show") else {}
    return {"nbgrader": grading, **tags}


def _verdict(score: CellScore) -> dict[str, Any]:
    if score.points == score.max_points:
        return _printed(f"passed: {score.points:g} of {score.max_points:g} points\n")
    message = score.message or "failed"
    lines = [part for line in message.split("\n") for part in _folded(line)]
    if score.points > 0:
        return _printed("\n".join([f"{score.points:g} of {score.max_points:g} points", *lines, ""]))
    failed = f"{RED}FAILED: 0 of {score.max_points:g} points{PLAIN}"
    return {"output_type": "error", "ename": "Failed", "evalue": message, "traceback": [failed, *lines]}


def _folded(line: str) -> list[str]:
    """A line as one or more that a feedback page shows without scrolling."""
    return textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False, drop_whitespace=True) or [""]


def _printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _shown(output: dict[str, Any], secret: Searcher) -> dict[str, Any]:
    if any(secret.inside(_ANSI.sub("", text)) for text in strings(output)):
        return _printed("[not shown: this output repeats a line of a hidden test]\n")
    return harmless.output(output)


def _notes(notes: Sequence[str], taken: set[str]) -> dict[str, Any]:
    lines = "".join(f"- {note}\n" for note in notes)
    source = harmless.markdown(f"**About this submission**\n\n{lines}")
    free = next(name for number in count(1) if (name := f"notes-{number}") not in taken)
    return {"cell_type": "markdown", "id": free, "metadata": {KEY: "notes"}, "source": source}
