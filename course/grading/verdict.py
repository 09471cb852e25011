"""From how a test cell ended to its points, and to the sentence that the student reads.

A failed visible test is told in full. Of a hidden test a student sees that it was hidden, the kind of mistake and the
place in the student's own code, never the test's source or its inputs.
"""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Sequence

from course.assignment import Cell
from course.grading.rebuild import RebuiltCell
from course.grading.result import CellScore, Outcome
from course.leaks import Searcher

LONGEST = 3000  # characters of a message
CHECKS = ("CheckFailed", "AssertionError")  # exceptions whose text the course wrote, not the student
FEW = 6  # numbers that a hidden test's message may hold
NAMED = frozenset(name for name in dir(builtins) if name[0].isupper()) | {"AxisError", "LinAlgError"}
UNSAID = "it failed after other tests had run, and not without them: does your code keep something between calls?"
_TEMPORARY = re.compile(r"<cell \d+>, (?=line \d)")  # the name under which a cell was compiled
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # they would command the terminal that shows a message
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_MISSING = re.compile(r"name '(\w+)' is not defined")


def score(
    index: int, cells: Sequence[RebuiltCell], outcomes: Sequence[Outcome], secret: Searcher, cell_seconds: int
) -> CellScore:
    """The verdict on the test cell at `index`. Points only for a cell that was seen to end without an exception."""
    origin, outcome = cells[index].origin, outcomes[index]
    assert origin is not None
    full = origin.points or 0.0
    if outcome.ended == "ok":
        points = _partial(outcome, full)
        message = None if points == full else f"partial credit: {points:g} of {full:g} points"
        return CellScore(origin.label, origin.title, points, full, message)
    hidden = _is_hidden(origin, index, outcome)
    message = _CONTROLS.sub("", _message(index, cells, outcomes, hidden, cell_seconds))
    if secret.inside(message):
        message = "a test that is not shown failed; what it said repeats its source."
        hidden = True
    if len(message) > LONGEST:
        message = message[:LONGEST].rstrip() + " ..."
    return CellScore(origin.label, origin.title, 0.0, full, ("hidden test: " if hidden else "") + message, hidden)


def reason(outcome: Outcome) -> str:
    """Why a cell did not end well, in half a sentence."""
    if outcome.ended == "timeout":
        return "it did not end in time"
    if outcome.ended == "died":
        return "it ended the Python process"
    if not outcome.ename:
        return UNSAID.rstrip(".")
    return _CONTROLS.sub("", f"{outcome.ename}: {_TEMPORARY.sub('', outcome.evalue)}"[:500])


def quotes(origin: Cell | None, index: int, outcome: Outcome) -> bool:
    """Whether a message repeats what an exception says, which a hidden test's does not."""
    told = outcome.ended == "error" and outcome.ename != "NotImplementedError"
    return told and not (origin and origin.role == "test" and _is_hidden(origin, index, outcome))


def _partial(outcome: Outcome, full: float) -> float:
    """A number left as the cell's result is partial credit, within 0 and full; NaN is 0; without one it is full."""
    if outcome.value is None:
        return full
    return 0.0 if math.isnan(outcome.value) else min(max(outcome.value, 0.0), full)


def _is_hidden(origin: Cell, index: int, outcome: Outcome) -> bool:
    """Whether the exception came out of the hidden part; if nobody knows, it did."""
    if origin.hidden is None or outcome.ended in ("died", "skipped"):
        return False
    lines = [line for cell, line in outcome.frames if cell == index]
    if not lines:
        return outcome.ended == "error"
    return any(line >= origin.hidden.start for line in lines)


def _message(
    index: int, cells: Sequence[RebuiltCell], outcomes: Sequence[Outcome], hidden: bool, cell_seconds: int
) -> str:
    outcome = outcomes[index]
    place = _place(index, cells, outcome)
    if outcome.ended == "died":
        return "your code ended the Python process while this test ran: a crash, or an exit()."
    if outcome.ended == "skipped":
        return "not run: the time for the whole notebook was used up before."
    if outcome.ended == "timeout":
        return f"no answer within {cell_seconds} s: an endless loop?" + place
    if not outcome.ename:
        return UNSAID
    if outcome.ename == "NotImplementedError":
        return _not_implemented(cells, outcome)
    if outcome.ename in CHECKS and not outcome.by_student:
        text = outcome.evalue.strip() or "the answer is wrong."
        return (
            f"{outcome.ename}: {_guarded(outcome.ename, text.splitlines()[0], cells[index].code) if hidden else text}"
        )
    missing = _MISSING.search(outcome.evalue) if outcome.ename == "NameError" else None
    why = _why_missing(missing[1], cells, outcomes) if missing else ""
    if missing and (why or not hidden):
        return f"NameError: {missing[0]}" + (why or place)
    if hidden:  # whatever such an exception says may be an input, its own name too
        return f"your code raised {outcome.ename if outcome.ename in NAMED else 'an exception of its own'}" + place
    return f"{outcome.ename}: {outcome.evalue}".strip().removesuffix(":") + place


def _not_implemented(cells: Sequence[RebuiltCell], outcome: Outcome) -> str:
    """Whether an answer is missing, or stands there beside the line that was to be replaced by it."""
    for index, _ in reversed(outcome.frames):
        cell = cells[index] if 0 <= index < len(cells) else None
        if cell and cell.origin and cell.role == "exercise" and cell.source.strip() != cell.origin.released.strip():
            line = "raise NotImplementedError() still stands in it: delete that line."
            return f"NotImplementedError: your code is there in {cell.origin.label}, but {line}"
    return "NotImplementedError: this exercise is not answered yet."


def _guarded(ename: str, line: str, source: str) -> str:
    """What a hidden test says, without what the student's answer may have put there: it can spell an input.

    Of a check's diagnosis these are the numbers: a shape, a factor. Other texts hold words of the test's own only.
    """
    what, colon, found = line.partition(": ")
    if ename == "CheckFailed":
        few = len(_NUMBER.findall(found)) <= FEW
        return what + colon + _NUMBER.sub(lambda number: number[0] if few and len(number[0]) < 3 else "...", found)
    known = NAMED.union(re.findall(r"\w+", source))
    return line if known.issuperset(re.findall(r"\w+", line)) else "the answer is wrong."


def _place(index: int, cells: Sequence[RebuiltCell], outcome: Outcome) -> str:
    """The innermost line of the student's own code that the exception went through, if any."""
    inside = [
        (cell, line)
        for cell, line in outcome.frames  # which the student's process says
        if 0 <= cell < len(cells)
        and cells[cell].role in ("exercise", "own", "manual")
        and 0 < line <= cells[cell].source.count("\n") + 1
    ]
    if not inside or outcome.frames[-1][0] == index:
        return ""
    cell, line = inside[-1]
    origin, text = cells[cell].origin, cells[cell].source.split("\n")[line - 1].strip()
    name = f"your cell {origin.label}" if origin else "a cell of your own"
    return f"\n  in {name}, line {line}: {text}"


def _why_missing(name: str, cells: Sequence[RebuiltCell], outcomes: Sequence[Outcome]) -> str:
    """Which exercise cell should have bound `name`, and why it did not."""
    for cell, outcome in zip(cells, outcomes, strict=True):
        if cell.origin is None or cell.role != "exercise" or name not in cell.origin.binds:
            continue
        if outcome.ended in ("error", "timeout", "died"):
            return f"\n  your cell {cell.origin.label} failed: {reason(outcome)}"
        return f"\n  your cell {cell.origin.label} must define {name}"
    return ""
