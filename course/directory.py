"""A course directory: the folder with `nbgrader_config.py` in which a course is built and graded.

The layout is nbgrader's and its configuration decides it, so that `nbgrader` by hand and `course` always mean the
same files.
"""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course import CourseError

if TYPE_CHECKING:  # importing traitlets takes longer than parsing a command line may
    from traitlets.config import Config

CONFIG = "nbgrader_config.py"


@dataclass(frozen=True, eq=False)
class CourseDirectory:
    """An existing course directory and nbgrader's configuration of it."""

    root: Path
    config: Config

    @property
    def nbgrader(self) -> Any:
        """The same directory as nbgrader sees it."""
        from nbgrader.coursedir import CourseDirectory as Nbgrader

        return Nbgrader(config=self.config)

    @property
    def db_url(self) -> str:
        """Where the gradebook is: a URL of SQLite, or of the database that the configuration names."""
        return str(self.nbgrader.db_url)

    @property
    def course_id(self) -> str:
        """The name under which the gradebook files this course."""
        return str(self.nbgrader.course_id)

    @property
    def source(self) -> Path:
        """The folder of the assignments' source notebooks."""
        return self.path("source").parent

    def path(self, step: str, student: str = ".", assignment: str = "_") -> Path:
        """The folder of one `step`: source, release, submitted, autograded or feedback."""
        nbgrader = self.nbgrader
        name = getattr(nbgrader, f"{step}_directory")
        return Path(os.path.normpath(nbgrader.format_path(name, student, assignment)))

    def students(self, assignment: str, step: str = "submitted") -> list[str]:
        """Everybody who has a folder for `assignment` in this step, sorted."""
        nbgrader = self.nbgrader
        name = getattr(nbgrader, f"{step}_directory")
        pattern = re.compile(nbgrader.format_path(name, "(?P<student>[^/\\\\]+)", re.escape(assignment), escape=True))
        found = (pattern.fullmatch(path) for path in glob(nbgrader.format_path(name, "*", assignment)))
        return sorted(match["student"] for match in found if match)


def open_course(root: Path) -> CourseDirectory:
    """The course directory at `root`.

    Raises:
        CourseError: `root` is none, or its configuration cannot be read.
    """
    from traitlets.config import Config
    from traitlets.config.loader import PyFileConfigLoader

    root = root.resolve()
    if not (root / CONFIG).is_file():
        raise CourseError(f"{root} is no course directory, as it has no {CONFIG}; make one with `course init DIR`.")
    try:
        config = Config(PyFileConfigLoader(CONFIG, path=str(root)).load_config())
    except Exception as error:  # the configuration is a program, and may fail in any way
        raise CourseError(f"{root / CONFIG} cannot be read: {type(error).__name__}: {error}.") from None
    _put_scripts_on_path()
    if "root" not in config.CourseDirectory:
        config.CourseDirectory.root = str(root)
    return CourseDirectory(root, config)


def _put_scripts_on_path() -> None:
    """Let nbgrader find `alembic`, which it runs as a program when it makes a gradebook, also outside of a venv."""
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = scripts + os.pathsep + os.environ.get("PATH", os.defpath)


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, so that a run that is killed leaves nothing half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def replace_folder(new: Path, place: Path) -> None:
    """Put the folder `new` where `place` is, in two renames: the old one stands until the new one is complete."""
    place.parent.mkdir(parents=True, exist_ok=True)
    old = place.with_name(f".old-{place.name}")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def walk(folder: Path) -> Iterator[Path]:
    """Every file under `folder`, hidden ones too, sorted."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
