"""Without bubblewrap: the two processes stay, and every result says so."""

import pytest

from course import CourseError
from course.authoring.answers import submission
from course.grading import isolation
from course.grading.engine import grade
from course.grading.result import Limits


@pytest.fixture(autouse=True)
def no_bubblewrap(monkeypatch):
    monkeypatch.setattr(isolation, "_running", None)
    monkeypatch.setattr(isolation, "_bubblewrap", lambda: (None, "bubblewrap is not installed"))


def test_tests_are_out_of_reach_and_a_crash_or_a_loop_costs_only_its_question(mini_assignment, mini_release):
    model = {cell.label: cell.source for cell in mini_assignment.exercises}
    patch = "import numpy.testing, course.kit.checks as checks\nchecks.assert_close = lambda *a, **k: None\n"
    answers = {
        "nothing": ("", 4.5),
        "patches": (patch + "def double(x):\n    return x", 2.5),
        "crashes": ("import os\ndef double(x):\n    os._exit(0)", 1.5),
        "hangs": ("def double(x):\n    while x.ndim == 1:\n        pass\n    return 2 * x", 2.5),
    }
    for double, points in answers.values():
        data = submission(mini_assignment, mini_release, model | ({"double": double} if double else {}))
        result = grade(data, mini_assignment, Limits(cell_seconds=2))
        assert (result.points, result.isolation) == (points, "separate process")


def test_who_requires_the_sandbox_is_refused(mini_assignment):
    with pytest.raises(CourseError, match="There is no sandbox here: bubblewrap is not installed"):
        grade(mini_assignment.source, mini_assignment, Limits(require_sandbox=True))
