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


def with_cells(path, at, *sources):
    """The notebook at `path` with code cells of the student's own, before the cell with the id `at`."""
    notebook = json.loads(path.read_bytes())
    index = [cell["id"] for cell in notebook["cells"]].index(at)
    notebook["cells"][index:index] = [
        {
            "cell_type": "code",
            "id": f"own-{n}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    path.write_text(json.dumps(notebook))
    return path


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "def double(x):\n    return (2 * x",
            ["SyntaxError: incomplete input (line 2)", "in your line 2: return (2 * x"],
        ),
        (
            "def double(x):\nreturn 2 * x",
            ["IndentationError: expected an indented block", "in your line 2: return 2 * x"],
        ),
        ("import nosuch\ndef double(x):\n    return 2 * x", ["ModuleNotFoundError: ", "in your line 1: import nosuch"]),
        (
            "deff duble(x):\n    return 2 * x",
            ["SyntaxError: invalid syntax (line 1)", "in your line 1: deff duble(x):"],
        ),
        ("raise NotImplementedError()", ["not answered yet"]),
    ],
)
def test_a_missing_name_is_led_back_to_the_cell_that_failed(notebook, source, reason):
    cell, *tests, mean = check(notebook(**RIGHT | {"double": source}))
    assert (cell.title, cell.status, cell.is_test) == ("your cell double", "failed", False)
    assert len(cell.message.splitlines()) == len(reason)
    assert all(line.startswith(start) for line, start in zip(cell.message.splitlines(), reason, strict=True))
    why = f"NameError: name 'double' is not defined\nyour cell double failed: {cell.message}"
    assert [(test.status, test.message) for test in tests] == [("failed", why)] * 2
    assert mean.status == "passed"


def test_a_failed_cell_that_no_test_needs_is_named(notebook):
    path, out = with_cells(notebook(**RIGHT), "why", "", "trial = double(3)\ntrial.shape"), io.StringIO()
    assert report(path, out=out) == 0
    assert out.getvalue().splitlines()[3:] == [
        "failed    your cell number 10",
        "            AttributeError: 'int' object has no attribute 'shape'",
        "            in your line 2: trial.shape",
        "",
        "3 of 3 visible tests pass. Grading adds hidden ones.",
    ]
    ended = check(with_cells(notebook(**RIGHT), "why", "import os\nos._exit(1)", "1 / 0"))[3:]
    assert [(cell.title, cell.message) for cell in ended] == [
        ("your cell number 9", "the Python process ended in cell 9: a crash, or an exit()")
    ]


def test_no_cell_is_blamed_for_a_name_that_it_would_not_have_bound(notebook):
    path = notebook(double="def double(x):\n    total = (x", mean="def mean(x):\n    return total")
    assert check(path)[-1].message == "NameError: name 'total' is not defined\nin your line 2: return total"
    path = with_cells(notebook(**RIGHT | {"double": ""}), "double", "double(3)")
    assert [verdict.message for verdict in check(path)[1:3]] == ["NameError: name 'double' is not defined"] * 2


def test_a_failed_setup_cell_is_not_called_the_students(notebook):
    path = notebook(**RIGHT)
    cells = json.loads(path.read_bytes())
    cells["cells"][1]["source"] = "import nosuch\n" + "".join(cells["cells"][1]["source"])
    path.write_text(json.dumps(cells))
    setup, test, *_ = check(path)
    assert setup.title == "the cell setup"
    assert "\nthe cell setup failed: ModuleNotFoundError: No module named 'nosuch'\n" in test.message


LEFT = "your code is there, but `raise NotImplementedError()` still stands in it: delete that line."


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('def double(x):\n    """Twice."""\n    # YOUR CODE HERE\n    raise NotImplementedError()', "not answered yet"),
        ("def double(x):\n    y = 2 * x\n    # YOUR CODE HERE\n    raise NotImplementedError()", LEFT),
        ('def double(x):\n    """Twice."""\n    raise NotImplementedError()\n    return 2 * x', LEFT),
        ("def two():\n    return 2\n\ndef double(x):\n    raise NotImplementedError()", "not answered yet"),
        ("%xmode Context\ndef double(x):\n    raise NotImplementedError()", "not answered yet"),
        (
            'def double(x):\n    raise NotImplementedError("odd sizes")',
            'NotImplementedError: odd sizes\nin your line 2: raise NotImplementedError("odd sizes")',
        ),
    ],
)
def test_a_stub_left_in_an_answer_is_no_missing_answer(notebook, source, says):
    assert [verdict.message for verdict in check(notebook(double=source))] == [says, says, "not answered yet"]


def test_a_stub_left_below_a_function_is_named(notebook):
    verdicts = check(notebook(**RIGHT | {"double": "def double(x):\n    return 2 * x\n\nraise NotImplementedError()"}))
    assert [(v.title, v.message) for v in verdicts if v.status != "passed"] == [("your cell double", LEFT)]


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
