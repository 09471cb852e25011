"""`course check`: what a student sees of the tests."""

import io
import json
import subprocess
import sys

import pytest

from course import CourseError
from course.authoring.answers import submission
from course.kit.validate import check, main, report

RIGHT = {"double": "def double(x):\n    return 2 * x", "mean": "def mean(x):\n    return x.mean()"}


@pytest.fixture
def notebook(mini_assignment, mini_release, tmp_path):
    """Writes the mini notebook with these answers, and the files beside it."""

    def write(**answers):
        path = tmp_path / "mini.ipynb"
        path.write_bytes(submission(mini_assignment, mini_release, answers))
        (tmp_path / "numbers.txt").write_text("1 2 3\n")
        return path

    return write


def test_all_tests_pass(notebook):
    path, out = notebook(**RIGHT), io.StringIO()
    before = path.read_bytes()
    assert report(path, out=out) == 0
    assert out.getvalue().splitlines() == [
        "passed    double: small arrays  [double-values]",
        "passed    double: keeps the shape  [double-shape]",
        "passed    mean: of a few numbers  [mean-value]",
        "",
        "3 of 3 visible tests pass. Grading adds hidden ones.",
    ]
    assert path.read_bytes() == before


def test_failures_say_why_and_where(notebook):
    path, out = (
        notebook(double="def double(x):\n    return x", mean="def mean(x):\n    return x.middle()"),
        io.StringIO(),
    )
    assert report(path, out=out) == 1
    text = out.getvalue()
    assert "failed    double: small arrays  [double-values]\n            CheckFailed: double([1, 2, 5])" in text
    assert "no attribute 'middle'\n            in your line 2: return x.middle()" in text
    assert text.endswith("1 of 3 visible tests pass. Grading adds hidden ones.\n")


def test_what_is_blank_hangs_or_crashes(notebook):
    path = notebook(mean="import os\ndef mean(x):\n    os._exit(1)")
    assert [(v.status, v.message) for v in check(path)] == [
        ("failed", "not answered yet"),
        ("failed", "not answered yet"),
        ("not run", "the Python process ended in cell 8: a crash, or an exit()"),
    ]
    path = notebook(**RIGHT | {"double": "def double(x):\n    while True:\n        pass"})
    assert [verdict.status for verdict in check(path, seconds=1)] == ["timed out", "timed out", "passed"]


def test_it_runs_in_the_notebooks_own_folder_and_leaves_pictures_out(notebook, mini, tmp_path):
    path = notebook(**RIGHT | {"mean": "import numpy\nassert open('numbers.txt').read()\nmean = numpy.mean"})
    cells = json.loads(path.read_bytes())
    for cell in cells["cells"]:
        if cell["id"] == "picture":
            cell["source"] = "raise SystemExit"
    path.write_text(json.dumps(cells))
    seen = []
    assert all(v.status == "passed" for v in check(path, progress=lambda cell, of: seen.append((cell, of))))
    assert seen == [(number, 10) for number in range(1, 11)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read .No such file"),
        (b"{", "is no notebook; open it in JupyterLab"),
        (b"\xff\xff", "is no notebook"),
        (b'{"nbformat": 4}', "is no notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "holds no test cells"),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(tmp_path, capsys, content, says):
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CourseError, match=says):
        check(path)
    assert main([str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_as_a_module(notebook):
    command = [sys.executable, "-m", "course.kit.validate", str(notebook(**RIGHT)), "--timeout", "30"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("passed    double: small arrays")
