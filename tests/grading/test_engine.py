"""`grade`: real processes, honest and broken submissions."""

import contextlib
import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import nbformat
import pytest

from course.authoring.answers import blank, submission
from course.grading import isolation
from course.grading.engine import grade
from course.grading.result import GradedNotebook, Limits
from course.leaks import Searcher, secrets

FAST = Limits(cell_seconds=2)


@pytest.fixture(scope="module")
def graded(mini_assignment, mini_release):
    """Grades answers to the mini assignment; the model solution where there is none."""
    model = {cell.label: cell.source for cell in mini_assignment.exercises}

    def run(limits=FAST, **answers):
        return grade(submission(mini_assignment, mini_release, model | answers), mini_assignment, limits)

    return run


def told(result):
    return {score.grade_id: (score.points, score.hidden, score.message) for score in result.scores}


def outputs(result):
    notebook = nbformat.reads(result.notebook.decode(), as_version=4)
    nbformat.validate(notebook)
    return {cell.metadata.get("nbgrader", {}).get("grade_id", cell.id): cell for cell in notebook.cells}


def test_the_model_solution_scores_everything(mini_assignment):
    result = grade(mini_assignment.source, mini_assignment)
    assert (result.points, result.max_points, result.error) == (4.5, 4.5, None)
    assert [(s.grade_id, s.title, s.points, s.message) for s in result.scores] == [
        ("double-values", "double: small arrays", 2, None),
        ("double-shape", "double: keeps the shape", 1, None),
        ("mean-value", "mean: of a few numbers", 1.5, None),
    ]
    assert result.failed == result.notes == result.broken == result.unanswered == ()
    assert result.isolation == "sandbox"


def test_the_blank_release_scores_nothing(mini_assignment, mini_release):
    result = grade(mini_release, mini_assignment)
    assert result.points == 0
    assert set(told(result).values()) == {(0, False, "NotImplementedError: this exercise is not answered yet.")}
    assert result.unanswered == ("double", "mean", "why")


def test_a_wrong_answer_loses_its_own_points_and_is_told_why(graded):
    result = graded(double="def double(x):\n    return np.asarray(x)")
    points, hidden, message = told(result)["double-values"]
    assert (points, hidden) == (0, False)
    assert message.startswith("CheckFailed: double([1, 2, 5])")
    assert "expected  [ 2,  4, 10]" in message
    assert result.points == 2.5


def test_a_line_of_the_stub_that_was_left_is_named(graded):
    result = graded(
        double="def double(x):\n    return 2 * x", mean="def mean(x):\n    x.mean()\n    raise NotImplementedError()"
    )
    points, hidden, message = told(result)["mean-value"]
    assert (points, hidden) == (0, False)
    assert message.endswith(
        "your code is there in mean, but raise NotImplementedError() still stands in it: delete that line."
    )


def test_a_failed_test_says_so_first_in_lines_that_fit_a_page(graded):
    result = graded(double="def double(x):\n    raise ValueError('a word ' * 60)")
    first, *lines = outputs(result)["double-values"].outputs[0].traceback
    assert "FAILED: 0 of 2 points" in first
    assert max(map(len, lines)) <= 100
    assert " ".join(lines).count("a word") == 61  # one in the line of code


def test_a_hidden_test_tells_the_mistake_but_not_its_input(graded):
    result = graded(
        double="def double(x):\n    return 2 * x if len(x) < 4 else 3 * x",
        mean="def mean(x):\n    return x @ np.ones(3) / 3",
    )
    points, hidden, message = told(result)["double-values"]
    assert (points, hidden) == (0, True)
    assert message.startswith("hidden test: CheckFailed: double of 4 numbers: ")
    assert "\n" not in message
    assert told(result)["mean-value"] == (
        0,
        True,
        "hidden test: your code raised ValueError\n  in your cell mean, line 2: return x @ np.ones(3) / 3",
    )


def test_an_exception_that_quotes_a_hidden_input_is_not_repeated(graded):
    spy = "def mean(x):\n    if len(x) == 11:\n        raise AssertionError(repr(list(x)))\n    return x.mean()"
    message = told(graded(mean=spy))["mean-value"][2]
    assert message.startswith("hidden test: your code raised AssertionError")
    assert not re.search(r"\d\.\d{3}", message)


def test_an_exception_that_quotes_a_hidden_line_is_not_repeated(graded, mini_assignment):
    spy = (
        "def mean(x):\n    import sys, linecache\n    frame = sys._getframe(1)\n"
        "    line = linecache.getline(frame.f_code.co_filename, 4)\n"
        "    print('spied', line)\n    kept.append(line)\n    return x.mean() + 1\nkept = []"
    )
    peek = "def double(x):\n    raise ValueError(open(__import__('sys')._getframe(1).f_code.co_filename).read())"
    result = graded(mean=spy, double=peek)
    searcher = Searcher(secrets(mini_assignment, solutions=False))
    assert searcher.inside(result.notebook.decode()) is None
    assert searcher.inside(str(result.summary())) is None


def test_the_autograded_notebook_shows_verdicts_and_no_hidden_line(graded, mini_assignment):
    result = graded(double="def double(x):\n    print(x)\n    return 2 * x if len(x) < 4 else 3 * x")
    cells = outputs(result)
    assert "secret" not in result.notebook.decode()
    assert cells["double-values"].source == mini_assignment.tests[0].released
    assert [o.output_type for o in cells["double-values"].outputs] == ["error"]
    assert cells["double-values"].outputs[0].evalue.startswith("hidden test: CheckFailed: double of 4 numbers")
    assert cells["double-shape"].outputs[0].text == "passed: 1 of 1 points\n"
    assert cells["double-values"].metadata.nbgrader.points == 2
    assert cells["double"].source.startswith("def double(x):\n    print(x)")
    assert cells["picture"].outputs == []


def test_an_output_that_repeats_a_hidden_line_is_withheld(mini_assignment, mini_release):
    notebook = json.loads(submission(mini_assignment, mini_release, {}))
    line = "hidden_sample = rng.standard_normal(11)"
    own = {"cell_type": "code", "id": "mine", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"].append(own | {"source": f"print('hidden_' + {line[7:]!r})\n1 + 1"})
    cells = outputs(grade(json.dumps(notebook).encode(), mini_assignment, FAST))
    assert cells["own-1"].outputs[0].text == "[not shown: this output repeats a line of a hidden test]\n"
    assert cells["own-1"].outputs[1].data["text/plain"] == "2"


def test_warnings_and_prints_cost_nothing(graded):
    noisy = (
        "import sys, warnings\ndef mean(x):\n    warnings.warn('careful')\n    print('here')\n"
        "    print('there', file=sys.stderr)\n    return np.mean(x)"
    )
    assert graded(mean=noisy).points == 4.5


def test_a_cell_that_does_not_parse_is_named(graded):
    result = graded(double="def double(x)\n    return 2 * x")
    assert result.points == 1.5
    assert told(result)["double-shape"][2] == (
        "NameError: name 'double' is not defined\n  your cell double failed: SyntaxError: expected ':' (line 1)"
    )
    assert result.broken == (("double", "SyntaxError: expected ':' (line 1)"),)


def test_a_renamed_function_is_named(graded):
    result = graded(double="def twice(x):\n    return 2 * x")
    assert told(result)["double-shape"][2].endswith("your cell double must define double")


def test_an_endless_loop_costs_the_tests_that_run_into_it(graded):
    began = time.monotonic()
    result = graded(Limits(cell_seconds=1), double="def double(x):\n    while True:\n        pass")
    assert time.monotonic() - began < 15
    assert result.points == 1.5
    points, hidden, message = told(result)["double-values"]
    assert (points, hidden) == (0, False)
    assert message == "no answer within 1 s: an endless loop?\n  in your cell double, line 3: pass" or (
        message.endswith("line 2: while True:")
    )


def test_a_loop_that_cannot_be_interrupted_costs_no_more(graded):
    stubborn = (
        "import time\ndef double(x):\n    while x.ndim == 2:\n        try:\n            time.sleep(1)\n"
        "        except BaseException:\n            pass\n    return 2 * x"
    )
    result = graded(Limits(cell_seconds=1), double=stubborn)
    assert result.points == 3.5
    assert told(result)["double-shape"][2] == "no answer within 1 s: an endless loop?"


def test_a_crash_costs_only_its_own_question(graded):
    crash = "import os\ndef double(x):\n    if x.ndim == 2:\n        os._exit(1)\n    return 2 * x"
    result = graded(double=crash)
    assert result.points == 3.5
    assert told(result)["double-shape"][2].startswith("your code ended the Python process while this test ran")


def test_exit_costs_only_its_own_question(graded):
    result = graded(double="def double(x):\n    exit()")
    assert result.points == 1.5
    assert "exit()" in told(result)["double-values"][2]


def test_a_cell_that_crashes_by_itself_is_left_out(graded):
    result = graded(double="import ctypes\nctypes.string_at(0)")
    assert result.points == 1.5
    assert result.broken == (("double", "it ended the Python process"),)


def test_crashing_again_and_again_comes_to_an_end(graded):
    result = graded(Limits(cell_seconds=2, restarts=1), double="import os\ndef double(x):\n    os._exit(1)")
    assert told(result)["double-shape"][0] == 0
    assert told(result)["mean-value"][2].startswith("not run: ")


def test_the_whole_notebook_has_its_time(graded):
    slow = "import time\ndef double(x):\n    time.sleep(1.2)\n    return 2 * x"
    result = graded(Limits(cell_seconds=5, notebook_seconds=2), double=slow)
    assert told(result)["mean-value"] == (
        0,
        False,
        "not run: the time for the whole notebook was used up before.",
    )


def test_printing_without_end_is_cut(graded):
    result = graded(
        Limits(cell_seconds=2, output_bytes=5000),
        double="print('x' * 100_000)\ndef double(x):\n    return 2 * x",
        mean="def mean(x):\n    while True:\n        print('y' * 1000)",
    )
    assert result.points == 3
    assert len(result.notebook) < 30_000


@pytest.mark.parametrize(
    ("last", "points"),
    [
        ("0.5", 0.5),
        ("np.float64(0.25)", 0.25),
        ("7", 1),
        ("-1", 0),
        ("float('nan')", 0),
        ("'0.5'", 1),
        ("True", 1),
        ("None", 1),
    ],
)
def test_a_number_left_as_result_is_partial_credit(mini, tmp_path, last, points, partial):
    assert partial[last] == points


@pytest.fixture(scope="module")
def partial(mini, tmp_path_factory):
    """The points that each last line earns, all in one notebook."""
    lasts = ["0.5", "np.float64(0.25)", "7", "-1", "float('nan')", "'0.5'", "True", "None"]
    cells = [
        mini.check(f"t{n}", 1, f"# t\ndouble\n### BEGIN HIDDEN TESTS\n{last}\n### END HIDDEN TESTS")
        for n, last in enumerate(lasts)
    ]
    folder = tmp_path_factory.mktemp("partial") / "00_mini"
    folder.mkdir()
    (folder / "mini.ipynb").write_bytes(mini.bytes([*mini.cells[:3], *cells]))
    from course.assignment import load

    assignment = load(folder)
    result = grade(assignment.source, assignment)
    assert result.scores[0].message == "partial credit: 0.5 of 1 points"
    return dict(zip(lasts, (score.points for score in result.scores), strict=True))


def test_a_flood_of_output_does_not_wash_a_partial_score_away(mini, tmp_path):
    test = "# t\ndouble(1)\n### BEGIN HIDDEN TESTS\ndouble(2)\n0.0\n### END HIDDEN TESTS"
    assignment = mini.assignment(tmp_path, double_shape=test)
    flood = "def double(x):\n    print('x' * 10_000)\n    return 2 * x"
    result = grade(submission(assignment, blank(assignment), {"double": flood}), assignment, Limits(output_bytes=1000))
    assert told(result)["double-shape"] == (0, False, "partial credit: 0 of 1 points")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"[]", b"{}", b'{"nbformat": 3}', b'{"nbformat": 4, "cells": [1]}']
)
def test_what_cannot_be_graded_is_a_result(mini_assignment, data):
    result = grade(data, mini_assignment)
    assert result.points == 0
    assert len(result.scores) == 3
    assert result.error.count("\n") == 0
    assert result.error.endswith(".")
    first = nbformat.reads(result.notebook.decode(), as_version=4).cells[0]
    assert result.error in first.source


def test_files_of_the_assignment_are_there_and_leave_nothing_behind(graded):
    reads = "assert open('numbers.txt').read() == '1 2 3\\n'\nopen('made.txt', 'w').close()\nmean = np.mean"
    before = set(os.listdir())
    assert graded(mean=reads).points == 4.5
    assert set(os.listdir()) == before


def test_a_result_travels_as_plain_data(graded):
    result = graded(double="def double(x):\n    return x")
    summary = json.loads(json.dumps(result.summary()))
    assert GradedNotebook.from_summary(summary, result.notebook) == result


def test_without_a_process_nobody_is_graded(mini_assignment, monkeypatch):
    from course import CourseError

    monkeypatch.setattr(isolation, "_running", None)
    monkeypatch.setattr(isolation, "_start", lambda found: isolation.Sandbox("/nowhere", isolation.SANDBOX))
    with pytest.raises(CourseError, match=r"The sandbox starts no process: .*No such file"):
        grade(mini_assignment.source, mini_assignment)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_sandbox_that_was_killed_is_started_again_and_costs_nobody_a_point(graded, when):
    running = isolation.sandbox()
    killing = threading.Timer(0 if when == "before" else 1, end_the_warm_parent)
    killing.start()
    if when == "before":
        killing.join()
    slow = "import time\ntime.sleep(2)\n" if when == "meanwhile" else ""
    assert graded(Limits(), double=slow + "def double(x):\n    return 2 * x").points == 4.5
    assert isolation.sandbox() != running


def end_the_warm_parent():
    """Do what the system does when it runs out of memory."""
    for process in list(descendants(os.getpid())):
        with contextlib.suppress(OSError):
            if b"student.warm" in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGKILL)


def descendants(process):
    for thread in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, thread.read_text().split()):
            yield child
            yield from descendants(child)
