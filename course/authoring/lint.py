"""What `course lint` proves of a source notebook: a table of rules, each a sentence for every cell that breaks it.

The rules make grading possible: the judge runs setup and test cells without the student's other cells, so a test may
use nothing that only another cell binds; and what students must not see stands between markers and nowhere else.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from course import CourseError, assignment
from course.assignment import BEGIN_HIDDEN, BEGIN_SOLUTION, END_HIDDEN, END_SOLUTION, Cell
from course.authoring import normal_form
from course.directory import write
from course.names import is_star_import, survey

BUILTINS = frozenset(dir(builtins))
MARKERS = (BEGIN_SOLUTION, END_SOLUTION, BEGIN_HIDDEN, END_HIDDEN)
_MARKER_WORDS = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
_GRADE_ID = re.compile(r"[a-zA-Z0-9_-]+")


@dataclass(frozen=True)
class Finding:
    """One broken rule: the cell (its grade_id or id; "" for the notebook), the rule's name, a sentence."""

    cell: str
    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.cell or 'notebook'}: {self.sentence} [{self.rule}]"


Found = Iterator[tuple[Cell, str]]


def lint(data: bytes, what: str) -> list[Finding]:
    """Every broken rule of the source notebook in `data`; `what` is how messages name it.

    Raises:
        CourseError: `data` is no notebook.
    """
    cells = assignment.parse(data, what)
    metadata = [cell["metadata"].get("nbgrader") for cell in assignment.read_notebook(data, what)["cells"]]
    findings = []
    difference = normal_form.difference(data, what)
    if difference:
        findings.append(Finding("", "normal-form", f"{difference}; `course lint --fix` mends that."))
    for cell, sentence in _roles(cells, metadata):
        findings.append(Finding(cell.label, "role", sentence))
    for name, rule in RULES.items():
        findings += [Finding(cell.label, name, sentence) for cell, sentence in rule(cells)]
    return findings


def fix(path: Path) -> bool:
    """Restore the normal form of the notebook at `path`; True if that changed the file."""
    data = path.read_bytes()
    mended = normal_form.normalized(data, str(path))
    if mended != data:
        write(path, mended)
    return mended != data


def notebooks(path: Path) -> list[Path]:
    """The notebook at `path`, or all notebooks under the folder `path`.

    Raises:
        CourseError: there are none.
    """
    if path.is_file():
        return [path]
    if not path.exists():
        raise CourseError(f"{path} does not exist; name a notebook, or a folder that holds notebooks.")
    found = [p for p in sorted(path.rglob("*.ipynb")) if assignment.LEFTOVERS.isdisjoint(p.relative_to(path).parts)]
    if not found:
        raise CourseError(f"{path} holds no notebook.")
    return found


def _roles(cells: tuple[Cell, ...], metadata: list[dict[str, object] | None]) -> Found:
    """Roles are spelt as nbgrader spells them, with everything locked that the instructor owns."""
    seen: set[str] = set()
    for cell, grading in zip(cells, metadata, strict=True):
        if cell.role == "text" and not grading:
            continue
        if cell.role == "other":
            yield cell, "a code cell needs a role: make it read-only with the tag setup or show, or graded in nbgrader"
            continue
        if not isinstance(grading, dict):
            yield cell, f"a {cell.role} cell must be read-only, so that students cannot change it (nbgrader: locked)"
            continue
        if grading.get("schema_version") != 3:
            yield cell, f"nbgrader's schema version must be 3, and is {grading.get('schema_version')}"
        if not cell.grade_id or not _GRADE_ID.fullmatch(cell.grade_id):
            yield cell, f"the grade_id must be letters, digits, - and _, and is {grading.get('grade_id')!r}"
        elif cell.grade_id in seen:
            yield cell, f"the grade_id {cell.grade_id} stands on an earlier cell too"
        seen.add(cell.grade_id or "")
        locked = cell.role not in ("exercise", "manual")
        if bool(grading.get("locked")) != locked:
            yield cell, f"a {cell.role} cell must {'' if locked else 'not '}be locked"
        if cell.role in ("test", "manual") and not (cell.points or 0) > 0:
            yield cell, f"a {cell.role} cell needs points above 0, and has {grading.get('points')}"
        elif (cell.points or 0) * 2 % 1:
            yield cell, f"points come in halves, and these are {cell.points}"
        if cell.role in ("setup", "exercise", "test", "show") and cell.type != "code":
            yield cell, f"a {cell.role} cell must be code"


def _regions(cells: tuple[Cell, ...]) -> Found:
    """Markers stand alone on their lines, in pairs, and only where their role allows them."""
    allowed = {"exercise": MARKERS[:2], "manual": MARKERS[:2], "test": MARKERS[2:]}
    for cell in cells:
        here = [line.strip() for line in cell.source.split("\n") if _MARKER_WORDS.search(line)]
        odd = [line for line in here if line not in allowed.get(cell.role, ())]
        if odd:
            yield cell, f"`{odd[0]}` may not stand in a {cell.role} cell, or not in this spelling"
            continue
        pair = list(allowed.get(cell.role, ()))
        if cell.role == "exercise" and here != pair:
            yield cell, f"an exercise needs exactly one {pair[0]} ... {pair[1]}"
        elif here and here != pair:
            yield cell, f"{pair[0]} and {pair[1]} must stand once each, in this order"


def _exercises(cells: tuple[Cell, ...]) -> Found:
    """An exercise cell binds a name that tests can call, and hides an answer."""
    for cell in cells:
        if cell.role != "exercise" or cell.solution is None:
            continue
        if not cell.binds and _parses(cell):
            yield cell, "it binds no name at top level, so no test can call it"
        if not any(line.strip() for line in cell.solution.lines):
            yield cell, "its solution is empty"


def _tests(cells: tuple[Cell, ...]) -> Found:
    """A test cell opens with a title, shows something, and hides its last part."""
    for cell in cells:
        if cell.role != "test":
            continue
        if not cell.title:
            yield cell, "its first line must be a comment that says what the test checks: feedback shows it"
        if cell.hidden is None:
            yield cell, f"it hides no tests: put fresh random inputs between {BEGIN_HIDDEN} and {END_HIDDEN}"
            continue
        visible = cell.source.split(BEGIN_HIDDEN)[0]
        if not any(line.strip() and not line.strip().startswith("#") for line in visible.split("\n")):
            yield cell, "it shows no test: a student must be able to see what is asked"
        if cell.source.split(END_HIDDEN, 1)[1].strip():
            yield cell, "its hidden tests must be its last part"
        if not any(line.strip() and not line.strip().startswith("#") for line in cell.hidden.lines):
            yield cell, "its hidden tests are empty"
        if not _parses(cell, visible):
            yield cell, "its visible part must be complete Python by itself, as students run it without the rest"


def _syntax(cells: tuple[Cell, ...]) -> Found:
    """Code parses; what the judge runs is plain Python, without IPython's magics."""
    from IPython.core.inputtransformer2 import TransformerManager

    for cell in cells:
        if cell.type != "code" or _parses(cell):
            continue
        if not _parses(cell, TransformerManager().transform_cell(cell.source)):
            yield cell, "it does not parse as Python"
        elif cell.role != "show":
            yield cell, f"a {cell.role} cell must be plain Python, without % or !, as it is graded outside IPython"


def _names(cells: tuple[Cell, ...]) -> Found:
    """What is graded uses only builtins, setup cells, the exercise interface, and names that it binds itself."""
    setup: set[str] = set()
    interface: set[str] = set()
    elsewhere = {name: cell for cell in reversed(cells) if cell.role in ("show", "test") for name in cell.binds}
    for cell in cells:
        if cell.role not in ("setup", "exercise", "test") or not _parses(cell):
            continue
        if is_star_import(cell.source):
            yield cell, "`import *` hides which names it binds; import them by name"
        missing = survey(cell.source).needs - BUILTINS - setup - (interface if cell.role != "setup" else set())
        for name in sorted(missing):
            if name in interface:
                yield cell, f"a setup cell runs without the exercises, and may not use {name}"
            elif name in elsewhere:
                other = elsewhere[name]
                yield cell, f"it uses {name}, which only the {other.role} cell {other.label} binds"
            else:
                yield cell, f"it uses {name}, which no setup or exercise cell before it binds"
        if cell.role == "setup":
            setup |= cell.binds
        elif cell.role == "exercise":
            interface |= cell.binds


def _interface(cells: tuple[Cell, ...]) -> Found:
    """Nobody but the student binds the names that are the student's."""
    owner = {name: cell.label for cell in cells if cell.role == "exercise" for name in cell.binds}
    for cell in cells:
        if cell.role in ("setup", "test", "show"):
            for name in sorted(cell.binds & owner.keys()):
                yield cell, f"it binds {name}, which is the answer to {owner[name]}"


def _parses(cell: Cell, source: str | None = None) -> bool:
    try:
        ast.parse(cell.source if source is None else source)
    except (SyntaxError, ValueError):
        return False
    return True


RULES: dict[str, Callable[[tuple[Cell, ...]], Found]] = {
    "markers": _regions,
    "exercise": _exercises,
    "test": _tests,
    "syntax": _syntax,
    "names": _names,
    "interface": _interface,
}
