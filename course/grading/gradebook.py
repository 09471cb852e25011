"""The one writer of nbgrader's gradebook: a submission's scores, comments and penalty in one transaction.

What is written is what `nbgrader autograde` writes, so formgrader, feedback and exports work on it. A manual score is
never touched, and wins.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from nbgrader.api import BaseCell, Comment, Grade, MissingEntry, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.utils import parse_utc
from sqlalchemy.exc import DataError, SQLAlchemyError
from traitlets.utils.importstring import import_item

from course import CourseError, database
from course.assignment import Assignment
from course.directory import CourseDirectory
from course.grading.result import GradedNotebook

logging.getLogger("alembic").setLevel(logging.WARNING)

# A transaction that the database refuses is repeated as a whole: nbgrader by hand may have made the student's row in
# between, and then the submission's, and a server may have been started anew. Repeating changes no score.
TRIES = 3


@contextmanager
def opened(course: CourseDirectory) -> Iterator[Any]:
    """The course's gradebook, to be written by this block alone.

    Raises:
        CourseError: another run is writing into it, or the database cannot be opened.
    """
    with database.only_writer(course), database.opened(course) as book:
        yield book


def check_built(book: Any, assignment: Assignment) -> None:
    """Make sure that the gradebook knows the assignment as its source is now.

    Raises:
        CourseError: it has not been built, or its source has changed since.
    """
    mend = f"run `course build {assignment.name}`"
    with _reading(book):
        try:
            notebook = book.find_notebook(assignment.notebook, assignment.name)
        except MissingEntry:
            raise CourseError(f"{assignment.name} is not in the gradebook; {mend}.") from None
        known = {cell.name: cell.max_score for cell in notebook.grade_cells}
    now = {cell.grade_id: cell.points for cell in assignment.cells if cell.points is not None}
    if known != now:
        raise CourseError(f"The tests of {assignment.name} are others than those in the gradebook; {mend}.")


def stored(book: Any, assignment: str) -> set[str]:
    """The students whose submission of `assignment` is in the gradebook."""
    with _reading(book):
        rows = book.db.query(SubmittedAssignment.student_id).filter(SubmittedAssignment.name == assignment)
        return {row[0] for row in rows}


@contextmanager
def _reading(book: Any) -> Iterator[None]:
    """Ends the transaction that reading begins: hours may pass until the next, and a server keeps it open so long."""
    try:
        yield
    finally:
        book.db.rollback()


def store(
    book: Any,
    course: CourseDirectory,
    assignment: Assignment,
    student: str,
    graded: GradedNotebook,
    timestamp: str | None = None,
) -> None:
    """Write one submission's result: all of it, or nothing.

    Args:
        book: from `opened`.
        timestamp: when it was handed in, as nbgrader's timestamp.txt says it.

    Raises:
        CourseError: the database refuses.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            _write(book, course, assignment, student, graded, timestamp)
            book.db.commit()
            return
        except SQLAlchemyError as error:
            book.db.rollback()
            if not tries_left:
                reason = str(getattr(error, "orig", error)).splitlines()[0]
                known = "full" in reason or "readonly" in reason  # SQLite's words for a disk and a file
                cause = "" if known else "; is another program using it?"
                if isinstance(error, DataError):
                    cause = "; is the name too long?"
                raise CourseError(
                    f"The result of {student} cannot be written into the gradebook ({reason}){cause or '.'}"
                ) from None
        except BaseException:
            book.db.rollback()
            raise


def _write(
    book: Any,
    course: CourseDirectory,
    assignment: Assignment,
    student: str,
    graded: GradedNotebook,
    timestamp: str | None,
) -> None:
    submitted = _submission(book, assignment, student, _moment(timestamp))
    for notebook in submitted.notebooks:
        if notebook.name == assignment.notebook:
            # Held here, the cells are read by one query, and not by one for each row that asks for its cell's name.
            cells = book.db.query(BaseCell).filter(BaseCell.notebook_id == notebook.notebook_id).all()
            _scores(notebook, graded)
            _comments(notebook, graded)
            del cells
            book.db.flush()
            book.db.refresh(notebook)
            notebook.late_submission_penalty = _penalty(course, submitted, notebook, student)


def _submission(book: Any, assignment: Assignment, student: str, timestamp: datetime | None) -> Any:
    """The submission's rows, made as nbgrader makes them if they are not there yet; not committed."""
    try:
        submitted = book.find_submission(assignment.name, student)
    except MissingEntry:
        try:
            owner = book.find_student(student)
        except MissingEntry:
            owner = Student(id=student)
            book.db.add(owner)
        with book.db.no_autoflush:  # what is half made must not be written
            submitted = _new_submission(book.find_assignment(assignment.name), owner)
        book.db.add(submitted)
    if timestamp is not None:
        submitted.timestamp = timestamp
    book.db.flush()
    return submitted


def _new_submission(assignment: Any, student: Any) -> Any:
    """A submission with an empty row for every grade and comment that the assignment has."""
    submitted = SubmittedAssignment(assignment=assignment, student=student)
    for notebook in assignment.notebooks:
        rows = SubmittedNotebook(notebook=notebook, assignment=submitted)
        for cell in [*notebook.grade_cells, *notebook.task_cells]:
            Grade(cell=cell, notebook=rows)
        for cell in [*notebook.solution_cells, *notebook.task_cells]:
            Comment(cell=cell, notebook=rows)
    return submitted


def _moment(timestamp: str | None) -> datetime | None:
    try:
        return parse_utc(timestamp) if timestamp else None
    except Exception:  # a file that a student wrote: what its parser raises is anybody's guess
        return None


def _scores(notebook: Any, graded: GradedNotebook) -> None:
    scores = {score.grade_id: score.points for score in graded.scores}
    for grade in notebook.grades:
        grade.auto_score = scores.get(grade.name, None if grade.name in graded.by_hand else 0.0)
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None


def _comments(notebook: Any, graded: GradedNotebook) -> None:
    for comment in notebook.comments:
        comment.auto_comment = "No response." if comment.name in graded.unanswered else None


def _penalty(course: CourseDirectory, submitted: Any, notebook: Any, student: str) -> float | None:
    """What the course's late policy takes off, within 0 and the score; None if it was in time."""
    if submitted.total_seconds_late <= 0:
        return None
    configured = course.config.AssignLatePenalties.get("plugin_class", LateSubmissionPlugin)
    plugin = (import_item(configured) if isinstance(configured, str) else configured)(config=course.config)
    penalty = plugin.late_submission_penalty(student, notebook.score, submitted.total_seconds_late)
    return None if penalty is None else min(max(penalty, 0.0), notebook.score)
