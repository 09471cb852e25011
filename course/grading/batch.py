"""Grading a class: every submission through `grade`, side by side, each stored as soon as it is done.

A run that is killed has stored whole submissions only, and the next run goes on behind them: a submission is graded
again when it, its assignment or the limits changed. No submission stops the batch: its error is its result.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from course import CourseError
from course.assignment import read_notebook
from course.directory import CourseDirectory, write
from course.grading import autograded, gradebook
from course.grading.engine import grade, refuse
from course.grading.pool import Engine, Known, MakeExecutor, Runner
from course.grading.result import GradedNotebook, Limits
from course.grading.submissions import HandedIn, Submission
from course.grading.workers import processes

KEY = "grading.key"  # in the course directory
ODD = ArithmeticError, LookupError, TypeError, ValueError  # what one student's odd files may raise when stored


@dataclass(frozen=True)
class Graded:
    """One line of the class's table. `fresh` is False for a result that an earlier run had stored."""

    student: str
    assignment: str
    result: GradedNotebook
    fresh: bool


@dataclass(frozen=True)
class Batch:
    """What a run achieved: its results in the order of assignments and students, how many it left undone, and how many
    could not be read or stored.
    """

    results: tuple[Graded, ...]
    left: int = 0
    unread: int = 0


Progress = Callable[[Graded], None]


def grade_class(
    course: CourseDirectory,
    submissions: Sequence[Submission],
    *,
    jobs: int | None = None,
    force: bool = False,
    limits: Limits | None = None,
    progress: Progress = lambda graded: None,
    stopping: Callable[[int], None] = lambda running: None,
    engine: Engine = grade,
    executor: MakeExecutor = processes,
) -> Batch:
    """Grade submissions and store each result in the gradebook and in `autograded/`.

    Args:
        jobs: how many at once; the number of cores if not given.
        force: also grade what is unchanged since it was graded.
        progress: called in this process for each result, in the order in which they are done.
        stopping: called once after Ctrl-C with the number of submissions that are still finished; a second Ctrl-C
            ends the run at once.
        engine: what grades one submission; it and its arguments travel to another process.
        executor: makes the executor for so many jobs.

    Raises:
        CourseError: nothing can be graded here: an assignment is not built, or its own solution fails.
    """
    limits = replace(limits or Limits(), key=key(course.root))
    jobs = max(1, jobs or os.cpu_count() or 1)
    results: dict[tuple[str, str], Graded] = {}
    unread = 0

    def report(submission: Submission, result: GradedNotebook, fresh: bool) -> None:
        graded = Graded(submission.student, submission.assignment.name, result, fresh)
        results[graded.assignment, graded.student] = graded
        progress(graded)

    with gradebook.opened(course) as book:
        in_book = {}
        for assignment in {submission.assignment.name: submission.assignment for submission in submissions}.values():
            gradebook.check_built(book, assignment)
            in_book[assignment.name] = gradebook.stored(book, assignment.name)
        waiting = []
        for submission in submissions:
            again = force or submission.student not in in_book[submission.assignment.name]
            known = None if again else _known(course, submission.read(), limits)
            if known is None:
                waiting.append(submission)
            else:
                report(submission, known, False)

        def keep(handed_in: HandedIn, result: GradedNotebook, final: bool) -> None:
            nonlocal unread
            fingerprint = handed_in.fingerprint(limits) if final else ""
            if handed_in.unread:  # nobody's answer: what was graded before stays
                unread += 1
                report(handed_in.submission, result, True)
                return
            try:
                result = _store(book, course, handed_in, result, fingerprint)
            except ODD as error:
                failed = f"This result could not be stored ({type(error).__name__}: {error}); the next run tries again."
                result = refuse(handed_in.submission.assignment, failed)
                unread += 1
            report(handed_in.submission, result, True)

        def earlier(submission: Submission) -> Known:
            return {} if force else _earlier(course, submission)

        if waiting:
            with Runner(limits, engine, executor, min(jobs, len(waiting)), keep, earlier) as runner:
                runner.try_solutions({waits.assignment.name: waits.assignment for waits in waiting}.values())
                runner.run(waiting, stopping)
    done = (results.get((submission.assignment.name, submission.student)) for submission in submissions)
    return Batch(tuple(graded for graded in done if graded), len(submissions) - len(results), unread)


def _known(course: CourseDirectory, handed_in: HandedIn, limits: Limits) -> GradedNotebook | None:
    """The stored result of this very submission, if there is one."""
    stored = _stored(course, handed_in.submission)
    return stored[1] if stored and stored[0] == handed_in.fingerprint(limits) else None


def _earlier(course: CourseDirectory, submission: Submission) -> Known:
    """The scores of single tests in the stored result of whatever was handed in before."""
    stored = _stored(course, submission)
    if stored is None or len(stored[1].tests) != len(stored[1].scores):
        return {}
    return {digest: score for digest, score in zip(stored[1].tests, stored[1].scores, strict=True) if digest}


def _stored(course: CourseDirectory, submission: Submission) -> tuple[str, GradedNotebook] | None:
    """The fingerprint and the result in the autograded notebook, if there is one of ours."""
    path = _place(course, submission)
    try:
        data = path.read_bytes()
        notebook = read_notebook(data, str(path))
        fingerprint = str(notebook["metadata"][autograded.KEY]["fingerprint"])
    except (OSError, CourseError, KeyError, TypeError):
        return None
    result = autograded.unseal(notebook, data)
    return (fingerprint, result) if result else None


def key(root: Path) -> str:
    """The secret of the course at `root`, from which hidden tests draw their inputs; made with the first grading."""
    path = root / KEY
    with (
        contextlib.suppress(FileExistsError),
        open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file,
    ):
        file.write(secrets.token_hex(16) + "\n")
    secret = path.read_text().strip()
    if not secret:
        raise CourseError(f"{path} is empty; delete it, and everything is graded again with a new key.")
    return secret


def _place(course: CourseDirectory, submission: Submission) -> Path:
    folder = course.path("autograded", submission.student, submission.assignment.name)
    return folder / f"{submission.assignment.notebook}.ipynb"


def _store(
    book: Any, course: CourseDirectory, handed_in: HandedIn, result: GradedNotebook, fingerprint: str
) -> GradedNotebook:
    """First the scores, then the notebook: one that holds this fingerprint means that its scores are stored."""
    submission = handed_in.submission
    gradebook.store(book, course, submission.assignment, submission.student, result, handed_in.timestamp)
    place = _place(course, submission)
    for name, content in submission.assignment.files:  # pictures that the text shows
        write(place.parent / name, content, 0o444)
    if handed_in.timestamp is not None:
        write(place.parent / "timestamp.txt", (handed_in.timestamp + "\n").encode(), 0o444)
    result = replace(result, notes=(*handed_in.notes, *result.notes))
    notebook = read_notebook(result.notebook, "the autograded notebook")
    sealed = autograded.seal(notebook, result.summary() | {"fingerprint": fingerprint})
    write(place, sealed, 0o444)
    # Feedback on an earlier result: nbgrader would leave it as it is.
    shutil.rmtree(course.path("feedback", submission.student, submission.assignment.name), ignore_errors=True)
    return replace(result, notebook=sealed)
