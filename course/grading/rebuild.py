"""The notebook that is graded: the instructor's, with the student's answers in it.

From a submission come the sources of its exercise and manual cells, found by grade_id, and the student's own cells in
their places. Setup, tests, points, metadata and kernel come from the source, so nothing that a student did to them,
by accident or not, has to be repaired. What had to be put right is said in a note.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from course.assignment import Assignment, Cell, Role, read_notebook

ANSWERED = ("exercise", "manual")  # the roles whose cells students fill in
MANY = 4  # cells that are named one by one


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
    marked = {_grade_id(cell) for cell in submitted}
    notes: list[str] = []
    matched: dict[int, dict[str, Any]] = {}  # by the index of the source's cell
    own: dict[int, list[dict[str, Any]]] = {}  # by the index of the source's cell that they follow
    anchor, last = -1, -1
    for cell in submitted:
        origin = _origin(cell, assignment, marked)
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

    cells: list[RebuiltCell] = []
    waiting = own.get(-1, [])  # cells of the student's own, with which an answer may stand that has lost its cell
    for origin in assignment.cells:
        if origin.index in matched or origin.role not in ANSWERED:
            cells += map(_own, waiting)
            waiting = []
        cells.append(_rebuilt(origin, matched.get(origin.index), notes))
        waiting = waiting + own.get(origin.index, [])
    cells += map(_own, waiting)
    missing = [origin for origin in assignment.cells if origin.grade_id and origin.index not in matched]
    return Rebuilt(tuple(cells), (*_missing(missing, assignment), *dict.fromkeys(notes)))


def _grade_id(cell: dict[str, Any]) -> str | None:
    grading = cell["metadata"].get("nbgrader")
    grade_id = grading.get("grade_id") if isinstance(grading, dict) else None
    return grade_id if isinstance(grade_id, str) and grade_id else None


def _origin(cell: dict[str, Any], assignment: Assignment, marked: Container[str | None]) -> Cell | None:
    """The cell of the source that a submitted cell comes from, by grade_id.

    A cell that has lost its own is known by its id or, unless it was to be answered, by its text, as text cells are. No
    other may be `marked` with that grade_id.
    """
    grade_id = _grade_id(cell)
    if grade_id:
        return next((origin for origin in assignment.cells if origin.grade_id == grade_id), None)
    free = (origin for origin in assignment.cells if origin.grade_id is None or origin.grade_id not in marked)
    alike = [origin for origin in free if origin.type == cell["cell_type"]]
    same_id = (origin for origin in alike if origin.id and origin.id == cell.get("id"))
    fixed = (origin for origin in alike if origin.role not in ANSWERED)
    same_text = (origin for origin in fixed if _plain(origin.released) == _plain(cell["source"]))
    return next(same_id, next(same_text, None))


def _missing(cells: list[Cell], assignment: Assignment) -> list[str]:
    """What is said of cells that are not there: of many in one sentence."""
    if len(cells) == sum(cell.grade_id is not None for cell in assignment.cells):
        return ["None of the assignment's cells is in this notebook; was it made from the released one?"]
    if len(cells) > MANY:
        names = ", ".join(cell.label for cell in cells[:MANY])
        return [f"{len(cells)} cells were missing and were put back as they were released: {names}, ..."]
    put_back = "it counts as not answered.", "it was put back."
    return [
        f"The {'' if cell.role in ANSWERED else cell.role + ' '}cell {cell.label} was missing; "
        + put_back[cell.role not in ANSWERED]
        for cell in cells
    ]


def _plain(source: str) -> str:
    """A source without what editors change by themselves: the ends of its lines, and blanks around it."""
    return "\n".join(source.splitlines()).strip()


def _rebuilt(origin: Cell, submitted: dict[str, Any] | None, notes: list[str]) -> RebuiltCell:
    theirs = origin.role in ANSWERED
    if submitted is None:
        return RebuiltCell(origin.type, origin.released, origin)
    if origin.grade_id and submitted["cell_type"] != origin.type:
        notes.append(f"The cell {origin.label} had become a {_type(submitted)} cell; it was graded as {origin.type}.")
    if theirs:
        return RebuiltCell(origin.type, submitted["source"], origin, _attachments(submitted))
    if origin.grade_id is None:  # text: what a student noted in it is kept
        return RebuiltCell(origin.type, submitted["source"], origin, _attachments(submitted))
    if _plain(submitted["source"]) not in (_plain(origin.released), _plain(origin.source)):
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
