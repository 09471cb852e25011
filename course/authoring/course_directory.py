"""`course init`: a course directory in which both `course` and `nbgrader` by hand work at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from course import CourseError, assignment
from course.authoring.places import source_notebooks
from course.directory import CONFIG, CourseDirectory, open_course

CONFIGURATION = '''\
"""nbgrader's configuration of this course. `course` reads it too, so that both always mean the same files."""

import os

c = get_config()  # noqa: F821

# The course is where this file is, from wherever a command is started.
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.course_id = "convcourse"

# An endless loop costs the test that ran into it, and nothing else.
c.ExecutePreprocessor.timeout = 30
c.ExecutePreprocessor.interrupt_on_timeout = True
c.ExecutePreprocessor.error_on_timeout = {
    "ename": "CellTimeoutError",
    "evalue": "no answer in time",
    "traceback": ["no answer within 30 s: an endless loop?"],
}

# Left alone, nbgrader takes all points of a test for anything on stderr. A warning is not a wrong answer.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "(?s).*"
'''


def create(place: Path, sources: Path | None = None) -> CourseDirectory:
    """Make a course directory at `place`, with the assignments of `sources` (the course's own if not given).

    Raises:
        CourseError: there is something at `place` already, or the sources are missing.
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
        (new / CONFIG).write_text(CONFIGURATION)
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
    from nbgrader.api import Gradebook

    Gradebook(course.db_url, course.course_id).close()
