"""What students handed in: the folders `submitted/<student>/<assignment>/`, read without ever failing."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course import CourseError
from course.assignment import LARGEST, Assignment
from course.directory import CourseDirectory
from course.grading.engine import VERSION
from course.grading.result import Limits

_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # controls, and bytes that are no UTF-8


@dataclass(frozen=True)
class Submission:
    """One student's folder for one assignment."""

    student: str
    assignment: Assignment
    folder: Path

    def read(self) -> HandedIn:
        """What is in the folder now. What cannot be read is the submission's error, never an exception."""
        wanted = f"{self.assignment.notebook}.ipynb"
        notes: tuple[str, ...] = ()
        try:
            # A link would hand in whatever it leads to: somebody else's answers, or the solution.
            if self.folder.is_symlink() or self.folder.parent.is_symlink():
                return HandedIn(self, None, "The folder of this submission is a link, and is not followed.")
            stamp = self.folder / "timestamp.txt"
            timestamp = _start(stamp).strip() if _is_file(stamp) else None
            there = sorted(path.name for path in self.folder.glob("*.ipynb") if _is_file(path))
            if wanted not in there and len(there) == 1:
                notes = (f"The notebook had been renamed to {_shown(there[0])}; it was graded as {wanted}.",)
                wanted = there[0]
            if (self.folder / wanted).is_symlink():
                return HandedIn(self, None, f"{wanted} is a link, and is not followed.")
            if wanted in there and (self.folder / wanted).stat().st_size > LARGEST:
                return HandedIn(self, None, f"{_shown(wanted)} is too large; clear the outputs of its cells.")
            if wanted in there:
                return HandedIn(self, (self.folder / wanted).read_bytes(), None, notes, timestamp)
            found = ", ".join(map(_shown, there)) or "no notebook"
            return HandedIn(self, None, f"There is no {wanted} in this submission; there is {found}.")
        except OSError as error:
            told = f"{wanted} cannot be read ({error.strerror}); nothing was graded, and an earlier score stays."
            return HandedIn(self, None, told, unread=True)


@dataclass(frozen=True)
class HandedIn:
    """A submission's notebook. `data` is None if there is nothing to grade; then `error` says why."""

    submission: Submission
    data: bytes | None = field(repr=False)
    error: str | None = None
    notes: tuple[str, ...] = ()
    timestamp: str | None = None
    unread: bool = False  # because of this machine, which is not the student's fault

    def fingerprint(self, limits: Limits) -> str:
        """A hash of everything that the result depends on."""
        what = self.submission.assignment.fingerprint, self.notes, self.error, self.timestamp
        parts = (VERSION, limits, limits.key, *what)  # a key is not in a representation
        return hashlib.sha256(repr(parts).encode() + (self.data or b"")).hexdigest()


def find(course: CourseDirectory, assignments: Iterable[Assignment], students: Sequence[str] = ()) -> list[Submission]:
    """Every submission of these assignments, or those of `students`.

    Raises:
        CourseError: there is none, or none of a student who is named.
    """
    found = [
        Submission(student, assignment, course.path("submitted", student, assignment.name))
        for assignment in assignments
        for student in course.students(assignment.name)
        if not _UNNAMEABLE.search(student)
    ]
    if not found:
        place = course.path("submitted", "STUDENT", "ASSIGNMENT") / "NOTEBOOK.ipynb"
        raise CourseError(f"There is no submission to grade; submissions belong in {place}.")
    everybody = {submission.student for submission in found}
    unknown = sorted(set(students) - everybody)
    if unknown:
        raise CourseError(f"{unknown[0]!r} has handed in nothing; {', '.join(sorted(everybody)[:10])} have.")
    return [submission for submission in found if not students or submission.student in students]


def misnamed(course: CourseDirectory, assignments: Iterable[Assignment]) -> list[str]:
    """Students' folders that `find` leaves out, for no gradebook takes their names, in ASCII."""
    everybody = {student for assignment in assignments for student in course.students(assignment.name)}
    return [ascii(student) for student in sorted(everybody) if _UNNAMEABLE.search(student)]


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _start(path: Path) -> str:
    with path.open(errors="replace") as file:
        return file.read(100)


def _shown(name: str) -> str:
    """A file name from a student, harmless in Markdown and HTML."""
    return "`" + html.escape(" ".join(name.replace("`", "'").split()))[:100] + "`"
