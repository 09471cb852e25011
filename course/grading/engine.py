"""`grade`: one submission in, its scores out. A pure function, so that any executor can map it over a class.

A submission that cannot be graded is never an exception: its error is its result. `CourseError` means that grading
itself cannot go on, as when no kernel starts.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from course import CourseError
from course.assignment import Assignment
from course.grading import autograded, kernel
from course.grading.kernel import Outcome
from course.grading.rebuild import blank, rebuild
from course.grading.result import CellScore, GradedNotebook, Limits
from course.grading.verdict import judge, reason
from course.leaks import Searcher, secrets

# Tests and the student's code share one Python process: honest mistakes are contained, a determined attack is not.
ISOLATION = "shared process"


def grade(notebook: bytes, assignment: Assignment, limits: Limits | None = None) -> GradedNotebook:
    """Grade one submission.

    Args:
        notebook: what the student handed in, which may be anything.
        assignment: the instructor's source.
        limits: how much the submission may use; `Limits()` if not given.

    Returns:
        A score for every test cell, and the autograded notebook.

    Raises:
        CourseError: no kernel can be started here; that is nobody's submission's fault.
    """
    limits = limits or Limits()
    began = monotonic()
    try:
        rebuilt = rebuild(notebook, assignment)
    except CourseError as error:
        return refuse(assignment, str(error))
    with tempfile.TemporaryDirectory(prefix="course-grade-", ignore_cleanup_errors=True) as folder:
        for name, content in assignment.files:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        outcomes = kernel.run(rebuilt.cells, Path(folder), limits)
    secret = Searcher(secrets(assignment, solutions=False))
    scores = tuple(
        judge(index, rebuilt.cells, outcomes, secret, limits.cell_seconds)
        for index, cell in enumerate(rebuilt.cells)
        if cell.role == "test"
    )
    composed = autograded.compose(assignment, rebuilt.cells, outcomes, scores, secret)
    broken = tuple(
        (cell.origin.label, reason(outcome))
        for cell, outcome in zip(rebuilt.cells, outcomes, strict=True)
        if cell.origin and cell.role not in ("test", "text") and outcome.ended in ("error", "timeout", "died")
    )
    return _sealed(
        composed,
        scores=scores,
        isolation=ISOLATION,
        seconds=round(monotonic() - began, 3),
        notes=rebuilt.notes,
        unanswered=rebuilt.unanswered,
        by_hand=rebuilt.by_hand,
        broken=broken,
    )


def refuse(assignment: Assignment, error: str) -> GradedNotebook:
    """The result of a submission that cannot be graded at all: no points, and the reason on top of the notebook."""
    rebuilt = blank(assignment)
    scores = tuple(
        CellScore(cell.label, cell.title, 0.0, cell.points or 0.0, "not graded: the submission could not be read.")
        for cell in assignment.tests
    )
    skipped = [Outcome("skipped") for _ in rebuilt.cells]
    composed = autograded.compose(assignment, rebuilt.cells, skipped, scores, Searcher(()))
    return _sealed(
        composed, scores=scores, isolation="nothing ran", seconds=0.0, error=error, unanswered=rebuilt.unanswered
    )


def _sealed(composed: dict[str, Any], **result: Any) -> GradedNotebook:
    graded = GradedNotebook(notebook=b"", **result)
    return replace(graded, notebook=autograded.seal(composed, graded.summary()))
