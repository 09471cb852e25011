"""`course init`: a course directory in which both `course` and `nbgrader` by hand work at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from course import CourseError, assignment, database
from course.authoring.places import source_notebooks
from course.directory import CONFIG, CourseDirectory, open_course

CONFIGURATION = '''\
"""nbgrader's configuration of this course. `course` reads it too, so that both always mean the same files."""

import os

c = get_config()  # noqa: F821

# The course is where this file is, from wherever a command is started.
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.course_id = "convcourse"

# Where the gradebook is, if not in gradebook.db beside this file. On a network drive SQLite is not safe and PostgreSQL
# is (pip install 'convcourse[postgresql]'). A password belongs into ~/.pgpass.
{db_url}

# An endless loop costs the test that ran into it, and nothing else.
c.ExecutePreprocessor.timeout = 30
c.ExecutePreprocessor.interrupt_on_timeout = True
c.ExecutePreprocessor.error_on_timeout = {
    "ename": "CellTimeoutError",
    "evalue": "no answer in time",
    "traceback": ["no answer within 30 s: an endless loop?"],
}

# What one submission may use when `course grade` runs it; `course.grading.result.Limits` lists all of them.
# c.Limits.memory_mb = 2048
# c.Limits.notebook_seconds = 600

# `nbgrader autograde`, and formgrader's button for it, grade in the sandbox as `course grade` does. With nbgrader's own
# Execute in its place, feedback shows the hidden tests in full.
c.Autograde.autograde_preprocessors = [
    "course.grading.autograde.Execute",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Left alone, nbgrader takes all points of a test for anything on stderr. A warning is not a wrong answer.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "(?s).*"
'''


def create(place: Path, sources: Path | None = None, db_url: str | None = None) -> CourseDirectory:
    """Make a course directory at `place`.

    Args:
        sources: the folder of its assignments; the course's own if not given.
        db_url: the gradebook's database; a file in the course directory if not given.

    Raises:
        CourseError: there is something at `place` or in the database already, or either of them cannot be made.
    """
    sources = sources or source_notebooks()
    place = Path(os.path.abspath(place))
    if place.exists() and not place.is_dir():
        raise CourseError(f"{place} is a file; name a folder that does not exist yet, or an empty one.")
    if place.exists() and any(place.iterdir()):
        raise CourseError(f"{place} is not empty; name a folder that does not exist yet, or an empty one.")
    place.parent.mkdir(parents=True, exist_ok=True)
    # In the same parent, so that one rename makes it appear whole.
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as scratch:
        new = Path(scratch, "course")
        new.mkdir()
        line = f"c.CourseDirectory.db_url = {db_url or 'postgresql+psycopg://user@host/database'!r}"
        (new / CONFIG).write_text(CONFIGURATION.replace("{db_url}", line if db_url else f"# {line}"))
        for name in assignment.names(sources):
            ignored = shutil.ignore_patterns(*assignment.LEFTOVERS, "*.pyc")
            shutil.copytree(sources / name, new / "source" / name, ignore=ignored)
        (new / "source").mkdir(exist_ok=True)
        (new / "submitted").mkdir()
        _empty_gradebook(open_course(new))
        if place.exists():
            place.rmdir()
        new.rename(place)
    return open_course(place)


def _empty_gradebook(course: CourseDirectory) -> None:
    with database.opened(course) as book:
        if book.assignments:
            raise CourseError(
                "This database holds the gradebook of another course directory; make a new database, or go on there."
            )
