"""`course demo`: the whole course once, on a made-up class."""

import re
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course import demo
from course.authoring import course_directory
from course.authoring.answers import Answer
from course.directory import open_course
from course.grading.result import Limits

BANK = """\
# %% right: a sum
def double(x):
    return x + x
# %% right: a loop
def double(x):
    return np.array([2 * row for row in x])
# %% wrong: squares
# fails: double-values
def double(x):
    return x * x
# %% wrong: forgets
# fails: double-values
def double(x):
    return x
"""


@pytest.fixture
def installed(mini, tmp_path, monkeypatch):
    """An installation that holds the mini assignment and its answers alone."""
    mini.source(tmp_path / "sources")
    (tmp_path / "bank" / "00_mini").mkdir(parents=True)
    (tmp_path / "bank" / "00_mini" / "double.py").write_text(BANK)
    monkeypatch.setattr(course_directory, "source_notebooks", lambda: tmp_path / "sources")
    monkeypatch.setattr(demo, "answer_bank", lambda: tmp_path / "bank")
    monkeypatch.setattr(demo, "LIMITS", Limits(cell_seconds=1))


def test_the_demo_ends_with_a_table_and_files_that_are_there(installed, tmp_path, capsys):
    assert demo.run(tmp_path / "shown", jobs=2) == 0
    out = capsys.readouterr().out
    rows = re.findall(r"^(\w+) +(.+?) +([\d.]+) / 4.5", out, re.MULTILINE)
    kinds = {kind: float(points) for _, kind, points in rows}
    assert len(rows) == len({name for name, _, _ in rows}) >= 12
    assert kinds["the model solution"] == kinds["right, in other words"] == kinds["prints and warns"] == 4.5
    assert kinds["double: squares"] == kinds["double: forgets"] == 2.5
    assert kinds["blank"] == kinds["no notebook"] == 0
    assert kinds["half done"] == 3
    assert kinds["double crashes"] == kinds["double never ends"] == 1.5
    paths = re.findall(r"^[a-z ]+: +(/\S+)$", out, re.MULTILINE)
    assert len(paths) == 4
    course = open_course(tmp_path / "shown")
    for path in paths:
        assert path.startswith(str(course.root))
        assert Path(path).read_bytes()
    assert len(course.students("00_mini", "feedback")) == len(rows)
    with Gradebook(course.db_url, course.course_id) as book:
        assert len(book.assignment_submissions("00_mini")) == len(rows)


def test_the_class_is_large_enough_whatever_the_bank_holds(mini_assignment, mini_release):
    answers = {"double": (Answer("double", "wrong", "forgets", "def double(x):\n    return x", ("double-values",)),)}
    for bank in ({}, answers, {"unknown": answers["double"]}):
        kinds = [pupil.kind for pupil in demo.sample_class(mini_assignment, mini_release, bank)]
        assert len(kinds) == len(set(kinds)) >= 12


def test_a_refused_build_ends_the_demo(installed, mini, tmp_path, capsys, monkeypatch):
    mini.source(tmp_path / "leaky", intro="`twofold = 2 * np.asarray(x)`")
    monkeypatch.setattr(course_directory, "source_notebooks", lambda: tmp_path / "leaky")
    assert demo.run(tmp_path / "shown") == 1
    assert "00_mini is refused:\n  leak: line 4 of the solution in double" in capsys.readouterr().out
