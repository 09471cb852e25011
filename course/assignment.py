"""One assignment: a folder with one source notebook, and what each of its cells is for.

nbgrader's metadata and the tags `setup` and `show` give a cell its role; the marked regions inside a cell say what
students never see. Everything that checks, builds, grades or reports an assignment reads it through this module.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from course import CourseError
from course.names import survey

Role = Literal["text", "setup", "exercise", "test", "show", "manual", "other"]

BEGIN_SOLUTION, END_SOLUTION = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
CODE_STUB = "# YOUR CODE HERE\nraise NotImplementedError()"  # what nbgrader leaves where a solution was
TEXT_STUB = "YOUR ANSWER HERE"

LARGEST = 64 * 2**20  # bytes of a notebook
MOST_CELLS = 5000

# Files beside a notebook that belong to an editor or to Python, not to the assignment.
LEFTOVERS = frozenset({".ipynb_checkpoints", "__pycache__", ".DS_Store", "feedback"})


@dataclass(frozen=True)
class Region:
    """The lines between two markers of a cell: `start` counts the first of them, from 1, as an editor does."""

    start: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One cell of a source notebook. `points` is None for a cell that is not graded."""

    index: int
    id: str
    type: str
    role: Role
    source: str
    grade_id: str | None = None
    points: float | None = None

    @property
    def label(self) -> str:
        """How messages name this cell: its grade_id, else its cell id, else its place."""
        return self.grade_id or self.id or f"number {self.index + 1}"

    @property
    def title(self) -> str:
        """The comment on a test cell's first line, which says what the test checks."""
        first = self.source.split("\n", 1)[0].strip()
        return first.lstrip("#").strip() if first.startswith("#") else ""

    @property
    def hidden(self) -> Region | None:
        """The hidden tests of a test cell."""
        return region(self.source, BEGIN_HIDDEN, END_HIDDEN)

    @property
    def solution(self) -> Region | None:
        """The model answer of an exercise or manual cell."""
        return region(self.source, BEGIN_SOLUTION, END_SOLUTION)

    @property
    def released(self) -> str:
        """The cell as students get it, to the letter what `nbgrader generate_assignment` makes of it."""
        if self.role not in ("exercise", "manual"):
            return without(self.source, BEGIN_HIDDEN, END_HIDDEN)
        stub = CODE_STUB if self.type == "code" else TEXT_STUB
        if self.solution is None:
            return stub
        return without(self.source, BEGIN_SOLUTION, END_SOLUTION, stub)

    @property
    def binds(self) -> frozenset[str]:
        """The names this cell binds at top level; none if it does not parse."""
        try:
            return survey(self.source).binds if self.type == "code" else frozenset()
        except SyntaxError:
            return frozenset()


@dataclass(frozen=True)
class Assignment:
    """A source notebook and the files that lie beside it. Hashable, and fit to be sent to another process."""

    name: str
    notebook: str
    source: bytes
    cells: tuple[Cell, ...]
    files: tuple[tuple[str, bytes], ...] = ()

    def of_role(self, *roles: Role) -> tuple[Cell, ...]:
        """The cells that have one of these roles, in order."""
        return tuple(cell for cell in self.cells if cell.role in roles)

    @property
    def tests(self) -> tuple[Cell, ...]:
        """The cells that are graded by running them."""
        return self.of_role("test")

    @property
    def exercises(self) -> tuple[Cell, ...]:
        """The cells that students fill in."""
        return self.of_role("exercise")

    @property
    def points(self) -> float:
        """What the whole assignment is worth, manually graded cells included."""
        return sum(cell.points or 0.0 for cell in self.cells)

    @cached_property
    def interface(self) -> dict[str, frozenset[str]]:
        """The exercise interface: for each exercise cell's grade_id, the names it binds at top level."""
        return {cell.label: cell.binds for cell in self.exercises}

    def exercise_of(self, name: str) -> Cell:
        """The exercise cell that binds `name`, or has it as its grade_id.

        Raises:
            CourseError: no exercise does.
        """
        for cell in self.exercises:
            if cell.grade_id == name or name in self.interface[cell.label]:
                return cell
        known = ", ".join(cell.label for cell in self.exercises)
        raise CourseError(f"{self.name} has no exercise {name!r}; it has {known}.")

    @property
    def fingerprint(self) -> str:
        """A hash of everything an instructor wrote for this assignment."""
        digest = hashlib.sha256(self.source)
        for name, content in self.files:
            digest.update(b"\0" + name.encode() + b"\0" + content)
        return digest.hexdigest()


def load(folder: Path) -> Assignment:
    """Read the assignment in `folder`.

    Raises:
        CourseError: the folder does not hold exactly one notebook, or what it holds cannot be read.
    """
    notebooks = sorted(folder.glob("*.ipynb"))
    if len(notebooks) != 1:
        found = ", ".join(path.name for path in notebooks) or "none"
        raise CourseError(f"{folder} holds {found}; an assignment's folder holds exactly one notebook.")
    source = notebooks[0].read_bytes()
    files = tuple((path.relative_to(folder).as_posix(), path.read_bytes()) for path in further_files(folder))
    return Assignment(folder.name, notebooks[0].stem, source, parse(source, str(notebooks[0])), files)


def further_files(folder: Path) -> Iterator[Path]:
    """The files of an assignment beside its notebook, sorted; caches and checkpoints are not among them."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and path.suffix not in (".ipynb", ".pyc") and LEFTOVERS.isdisjoint(parts):
            yield path


def names(root: Path) -> list[str]:
    """The assignments that lie under `root`, by name."""
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if path.is_dir() and any(path.glob("*.ipynb")))


def find(root: Path, name: str) -> Assignment:
    """The assignment `name` under `root`.

    Raises:
        CourseError: there is no such assignment; the message lists those that there are.
    """
    known = names(root)
    if name not in known:
        there = ", ".join(known) if known else "none"
        raise CourseError(f"There is no assignment {name!r} in {root}; there is {there}.")
    return load(root / name)


def parse(data: bytes, what: str) -> tuple[Cell, ...]:
    """The cells of a source notebook, `what` being how messages name it.

    Raises:
        CourseError: as `read_notebook` does.
    """
    return tuple(_cell(index, cell) for index, cell in enumerate(read_notebook(data, what)["cells"]))


def _cell(index: int, cell: dict[str, Any]) -> Cell:
    grading = cell["metadata"].get("nbgrader")
    grading = grading if isinstance(grading, dict) else {}
    grade_id, points = grading.get("grade_id"), grading.get("points")
    return Cell(
        index=index,
        id=str(cell.get("id", "")),
        type=cell["cell_type"],
        role=role_of(cell),
        source=cell["source"],
        grade_id=grade_id if isinstance(grade_id, str) and grade_id else None,
        points=float(points) if grading.get("grade") and isinstance(points, int | float) else None,
    )


def role_of(cell: dict[str, Any]) -> Role:
    """What a cell is for. A code cell without any of the roles is "other", which `course lint` refuses."""
    grading = cell["metadata"].get("nbgrader")
    grading = grading if isinstance(grading, dict) else {}
    tags = cell["metadata"].get("tags", [])
    if grading.get("task") or (grading.get("grade") and grading.get("solution")):
        return "manual"
    if grading.get("grade"):
        return "test"
    if grading.get("solution"):
        return "exercise"
    if "setup" in tags:
        return "setup"
    if "show" in tags:
        return "show"
    return "other" if cell["cell_type"] == "code" else "text"


def read_notebook(data: bytes, what: str) -> dict[str, Any]:
    """A notebook as plain data, every cell with a `cell_type`, a `metadata` dict and its `source` in one string.

    Reads what students send as well as our own, so it relies on nothing that it has not looked at.

    Raises:
        CourseError: `data` is no notebook of format 4.
    """
    mend = "open it in JupyterLab and save it again"
    if len(data) > LARGEST:
        raise CourseError(f"{what} is too large, {len(data) // 2**20} MB; clear the outputs of its cells.")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise CourseError(f"{what} is no notebook, as it is no JSON; {mend}.") from None
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        raise CourseError(f"{what} is JSON but no notebook, as it has no `nbformat`; {mend}.")
    if notebook["nbformat"] != 4:
        raise CourseError(f"{what} has notebook format {str(notebook['nbformat'])[:20]}, and 4 is needed; {mend}.")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise CourseError(f"{what} has no list of cells, so it is no notebook; {mend}.")
    if len(cells) > MOST_CELLS:
        raise CourseError(f"{what} has {len(cells):,} cells, and {MOST_CELLS:,} are the most that is read.")
    if not isinstance(notebook.get("metadata", {}), dict):
        raise CourseError(f"{what} has metadata that are no dictionary; {mend}.")
    notebook.setdefault("metadata", {})
    notebook["cells"] = [_readable(cell, number, what) for number, cell in enumerate(cells, 1)]
    return notebook


def _readable(cell: Any, number: int, what: str) -> dict[str, Any]:
    source = cell.get("source") if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if isinstance(source, str):
        source = source.encode("utf-8", "replace").decode()  # half a surrogate pair can be neither run nor stored
    metadata = cell.get("metadata", {}) if isinstance(cell, dict) else None
    if not isinstance(source, str) or not isinstance(metadata, dict) or not isinstance(cell.get("cell_type"), str):
        raise CourseError(f"Cell {number} of {what} is damaged: it lacks a type, a source or metadata.")
    tags = metadata.get("tags", [])
    return cell | {"source": source, "metadata": metadata | ({} if isinstance(tags, list) else {"tags": []})}


def region(source: str, begin: str, end: str) -> Region | None:
    """The lines between the markers `begin` and `end`, or None if there is no such pair."""
    lines = source.split("\n")
    stripped = [line.strip() for line in lines]
    if begin not in stripped or end not in stripped[stripped.index(begin) :]:
        return None
    first = stripped.index(begin) + 1
    return Region(first + 1, tuple(lines[first : stripped.index(end, first)]))


def without(source: str, begin: str, end: str, stub: str | None = None) -> str:
    """`source` with every region between the markers cut out, or replaced by `stub` at the marker's indentation."""
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        if begin.lstrip("# ") in line:  # nbgrader looks for the words alone
            inside = True
            indent = re.match(r"\s*", line)[0]  # type: ignore[index]
            kept += [indent + text for text in stub.split("\n")] if stub else []
        elif end.lstrip("# ") in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)
