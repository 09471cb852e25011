"""Where the course's own notebooks and answers lie: in a checkout of the repository, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

from course import CourseError

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1]


def source_notebooks() -> Path:
    """The folder with a folder for each assignment.

    Raises:
        CourseError: this installation has none.
    """
    return _first(_HERE / "source_notebooks", _CHECKOUT / "source_notebooks")


def answer_bank() -> Path:
    """The folder with a folder of answers for each assignment.

    Raises:
        CourseError: this installation has none.
    """
    return _first(_HERE / "answer_bank", _CHECKOUT / "tests" / "answers")


def _first(*places: Path) -> Path:
    for place in places:
        if place.is_dir():
            return place
    raise CourseError(f"This installation of convcourse lacks {places[0].name}; install it again, with pip.")
