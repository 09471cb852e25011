"""`Limits`: what a course's configuration may set."""

import pytest

from course import CourseError
from course.grading.result import Limits


def test_settings_and_options_come_together():
    limits = Limits.of({"memory_mb": 512, "cell_seconds": 5}, run_show=True)
    assert (limits.memory_mb, limits.cell_seconds, limits.run_show) == (512, 5, True)
    assert limits.notebook_seconds == Limits().notebook_seconds


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"memory": 512}, "c.Limits.memory is no limit; there are cell_seconds, "),
        ({"key": "guess"}, "c.Limits.key is no limit"),
        ({"memory_mb": 0}, "c.Limits.memory_mb must be a positive integer, got 0."),
        ({"memory_mb": "512"}, "c.Limits.memory_mb must be a positive integer, got '512'."),
        ({"processes": True}, "c.Limits.processes must be a positive integer, got True."),
    ],
)
def test_a_wrong_setting_is_named(settings, said):
    with pytest.raises(CourseError, match=said):
        Limits.of(settings)


def test_the_key_is_not_shown():
    assert "secret" not in repr(Limits(key="secret"))
