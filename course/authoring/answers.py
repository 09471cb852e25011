"""The answer bank: right and wrong answers to every exercise, and whole submissions made from them.

`tests/answers/06_convolution/conv1d.py` holds the answers to the exercise that binds `conv1d`. Each is a percent
cell, a whole exercise cell under a line that says what it is:

    # %% wrong: flips the filter
    # fails: conv1d-values conv1d-linear
    # says: your filter is flipped
    def conv1d(x, theta): ...

`fails` names the tests that must fail, `says` the words that the first message of a visible test must hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from course import CourseError
from course.assignment import Assignment, read_notebook
from course.authoring.normal_form import written

Kind = Literal["right", "wrong", "crash", "hang"]
KINDS = ("right", "wrong", "crash", "hang")
_HEAD = re.compile(r"^# %%[ \t]*(.*)$", re.MULTILINE)
_FIELD = re.compile(r"# (fails|says):[ \t]*(.*?)[ \t]*\n")


@dataclass(frozen=True)
class Answer:
    """One answer to `exercise`: what it is, its source, the tests it must fail, the words it must be told."""

    exercise: str
    kind: Kind
    name: str
    source: str
    fails: tuple[str, ...] = ()
    says: str | None = None

    def __str__(self) -> str:
        return f"{self.exercise}: {self.kind}: {self.name}"


def read_bank(folder: Path) -> dict[str, tuple[Answer, ...]]:
    """All answers for one assignment, by exercise.

    Raises:
        CourseError: an answer is not in the bank's form.
    """
    return {path.stem: read_answers(path) for path in sorted(folder.glob("*.py")) if not path.name.startswith("_")}


def read_answers(path: Path) -> tuple[Answer, ...]:
    """The answers in one file, in its order.

    Raises:
        CourseError: an answer is not in the bank's form.
    """
    parts = _HEAD.split(path.read_text(encoding="utf-8"))[1:]
    return tuple(_answer(path, head, body) for head, body in zip(parts[::2], parts[1::2], strict=True))


def _answer(path: Path, head: str, body: str) -> Answer:
    kind, _, name = (part.strip() for part in head.partition(":"))
    if kind not in KINDS or not name:
        raise CourseError(f"{path} has `# %% {head}`; expected one of {', '.join(KINDS)}, a colon and a name.")
    body = body.lstrip("\n")
    fields = {}
    while match := _FIELD.match(body):
        fields[match[1]] = match[2]
        body = body[match.end() :]
    if not body.strip():
        raise CourseError(f"{path} has no code under `# %% {head}`.")
    fails = tuple(fields.get("fails", "").split())
    return Answer(path.stem, cast(Kind, kind), name, body.strip("\n"), fails, fields.get("says"))


def submission(assignment: Assignment, released: bytes, answers: Mapping[str, Answer | str]) -> bytes:
    """A student's notebook: the released one with these answers (or sources) in their exercise cells.

    Raises:
        CourseError: the assignment has no such exercise.
    """
    sources = {
        assignment.exercise_of(name).grade_id: answer.source if isinstance(answer, Answer) else answer
        for name, answer in answers.items()
    }
    notebook = read_notebook(released, f"the release of {assignment.name}")
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in sources:
            cell["source"] = sources[grade_id]
    return written(notebook)


def reference(assignment: Assignment, released: bytes) -> bytes:
    """The submission of somebody who wrote the model solution into every exercise."""
    return submission(assignment, released, {cell.label: cell.source for cell in assignment.exercises})


def blank(assignment: Assignment) -> bytes:
    """The release as students get it, made without nbgrader."""
    notebook = read_notebook(assignment.source, assignment.notebook)
    for cell, origin in zip(notebook["cells"], assignment.cells, strict=True):
        cell["source"] = origin.released
    return written(notebook)
