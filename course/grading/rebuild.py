"""The notebook that is graded: the instructor's, with the student's answers in it.

From a submission come the sources of its exercise and manual cells, found by grade_id, and the student's own cells in
their places. Setup, tests, points, metadata and kernel come from the source, so nothing that a student did to them,
by accident or not, has to be repaired. What had to be put right is said in a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from course.assignment import Assignment, Cell, Role, read_notebook

ANSWERED = ("exercise", "manual")  # the roles whose cells students fill in


@dataclass(frozen=True)
class RebuiltCell:
    """One cell to be graded. `source` is what the student may see of it; `origin` is the source notebook's cell, or
    None for a cell of the student's own.
    """

    type: str
    source: str
    origin: Cell | None
    attachments: dict[str, Any] = field(default_factory=dict)

    @property
    def role(self) -> Role | Literal["own"]:
        """The role of the source's cell, or "own"."""
        return self.origin.role if self.origin else "own"

    @property
    def code(self) -> str:
        """What runs: of the instructor's cells the whole source, hidden tests included, which `source` is without."""
        return self.source if self.origin is None or self.role in ANSWERED else self.origin.source


@dataclass(frozen=True)
class Rebuilt:
    """A submission made fit for grading, and what had to be put right for it."""

    cells: tuple[RebuiltCell, ...]
    notes: tuple[str, ...] = ()

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The exercise and manual cells that are as they were released."""
        return tuple(origin.label for origin, answered in self._answers() if not answered)

    @property
    def by_hand(self) -> tuple[str, ...]:
        """The manual cells that hold an answer."""
        return tuple(origin.label for origin, answered in self._answers() if answered and origin.role == "manual")

    def _answers(self) -> Iterator[tuple[Cell, bool]]:
        for cell in self.cells:
            if cell.origin and cell.role in ANSWERED:
                yield cell.origin, cell.source.strip() != cell.origin.released.strip() or bool(cell.attachments)


def blank(assignment: Assignment) -> Rebuilt:
    """The assignment as it is released, with nothing done."""
    return Rebuilt(tuple(RebuiltCell(cell.type, cell.released, cell) for cell in assignment.cells))


def rebuild(data: bytes, assignment: Assignment, what: str = "This submission") -> Rebuilt:
    """The assignment's notebook with the answers of the submission in `data`.

    Raises:
        CourseError: `data` is no notebook.
    """
    submitted = read_notebook(data, what)["cells"]
    notes: list[str] = []
    matched: dict[int, dict[str, Any]] = {}  # by the index of the source's cell
    own: dict[int, list[dict[str, Any]]] = {}  # by the index of the source's cell that they follow
    anchor, last = -1, -1
    for cell in submitted:
        origin = _origin(cell, assignment)
        if origin is None or origin.index in matched:
            if origin is not None and origin.grade_id:
                notes.append(f"The cell {origin.label} stands here more than once; the first one counts.")
            own.setdefault(anchor, []).append(cell)
            continue
        matched[origin.index] = cell
        anchor = origin.index
        if origin.index < last and origin.grade_id:
            notes.append(f"The cell {origin.label} had been moved; it was graded in its own place.")
        last = max(last, origin.index)

    cells = [_own(cell) for cell in own.get(-1, [])]
    for origin in assignment.cells:
        cells.append(_rebuilt(origin, matched.get(origin.index), notes))
        cells += [_own(cell) for cell in own.get(origin.index, [])]
    return Rebuilt(tuple(cells), tuple(dict.fromkeys(notes)))


def _origin(cell: dict[str, Any], assignment: Assignment) -> Cell | None:
    """The cell of the source that a submitted cell comes from, by grade_id; for text by cell id, or by equal text."""
    grading = cell["metadata"].get("nbgrader")
    grade_id = grading.get("grade_id") if isinstance(grading, dict) else None
    if isinstance(grade_id, str) and grade_id:
        return next((origin for origin in assignment.cells if origin.grade_id == grade_id), None)
    texts = [origin for origin in assignment.cells if origin.grade_id is None and origin.type == cell["cell_type"]]
    same_id = (origin for origin in texts if origin.id and origin.id == cell.get("id"))
    same_text = (origin for origin in texts if origin.source == cell["source"])
    return next(same_id, next(same_text, None))


def _rebuilt(origin: Cell, submitted: dict[str, Any] | None, notes: list[str]) -> RebuiltCell:
    theirs = origin.role in ANSWERED
    if submitted is None:
        if theirs:
            notes.append(f"The cell {origin.label} was missing; it counts as not answered.")
        elif origin.grade_id:
            notes.append(f"The {origin.role} cell {origin.label} was missing; it was put back.")
        return RebuiltCell(origin.type, origin.released, origin)
    if origin.grade_id and submitted["cell_type"] != origin.type:
        notes.append(f"The cell {origin.label} had become a {_type(submitted)} cell; it was graded as {origin.type}.")
    if theirs:
        return RebuiltCell(origin.type, submitted["source"], origin, _attachments(submitted))
    if origin.grade_id is None:  # text: what a student noted in it is kept
        return RebuiltCell(origin.type, submitted["source"], origin, _attachments(submitted))
    if submitted["source"].strip() not in (origin.released.strip(), origin.source.strip()):
        notes.append(f"The {origin.role} cell {origin.label} had been changed; the released one was used.")
    return RebuiltCell(origin.type, origin.released, origin)


def _type(cell: dict[str, Any]) -> str:
    return cell["cell_type"] if cell["cell_type"] in ("code", "markdown", "raw") else "strange"


def _own(cell: dict[str, Any]) -> RebuiltCell:
    kind = cell["cell_type"] if cell["cell_type"] in ("code", "markdown") else "raw"
    return RebuiltCell(kind, cell["source"], None, _attachments(cell))


def _attachments(cell: dict[str, Any]) -> dict[str, Any]:
    """The pictures in a text cell; anything that is not in nbformat's form for them is dropped."""
    found = cell.get("attachments")
    if cell["cell_type"] == "code" or not isinstance(found, dict):
        return {}
    return {
        name: bundle
        for name, bundle in found.items()
        if isinstance(bundle, dict) and all(isinstance(data, str) for data in bundle.values())
    }
