"""`nbgrader autograde` itself, with our `Execute` named in its configuration as the README says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade

from course.assignment import load
from course.authoring.answers import submission
from course.directory import open_course
from course.grading import autograde, submissions
from course.grading.batch import grade_class
from course.grading.engine import grade
from course.grading.result import Limits
from course.leaks import Searcher, secrets

README = Path(__file__).parents[2] / "README.md"
PATCHES = """
import builtins, numpy, numpy.testing, course.kit.checks
def nothing(*args, **kwargs):
    pass
numpy.testing.assert_allclose = course.kit.checks.assert_close = course.kit.checks.assert_shape = nothing
assert_close = assert_shape = nothing
"""
WARNS = """
import sys, warnings
print('loud', file=sys.stderr)
def mean(x):
    warnings.warn('careful')
    print('loud', file=sys.stderr)
    return np.mean(x)
"""
CLASS = {
    "blank": None,
    "solved": {},
    "wrong": {"double": "def double(x):\n    return x", "mean": "def mean(x):\n    return x.sum()"},
    "hidden": {"double": "def double(x):\n    return 2 * x if len(x) < 4 else 3 * x"},
    "warns": {"mean": WARNS},
    "kills": {"double": "import os\ndef double(x):\n    os._exit(0)"},
    "cheats": {"double": PATCHES + "def double(x):\n    return 0", "mean": "def mean(x):\n    return 0"},
}
SCORES = {"blank": 0, "solved": 4.5, "wrong": 1, "hidden": 2.5, "warns": 4.5, "kills": 1.5, "cheats": 0}


def nbgrader(root, *arguments):
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": os.pathsep.join([scripts, os.environ["PATH"]])}
    command = [f"{scripts}/nbgrader", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def scores(course):
    with Gradebook(course.db_url, course.course_id) as book:
        return {
            submitted.student.id: {grade.name: (grade.auto_score, grade.needs_manual_grade) for grade in rows.grades}
            | {f"{comment.name}'s comment": comment.auto_comment for comment in rows.comments}
            for submitted in book.assignment_submissions("00_mini")
            for rows in submitted.notebooks
        }


def points(course):
    return {
        name: sum(row[0] or 0 for row in rows.values() if isinstance(row, tuple))
        for name, rows in scores(course).items()
    }


@pytest.fixture(scope="module")
def graded(built_once, tmp_path_factory):
    """The class, graded by the command; and what the command without us gives to the one who cheats."""
    root = tmp_path_factory.mktemp("autograde") / "course"
    shutil.copytree(built_once, root)
    course, source = open_course(root), load(root / "source" / "00_mini")
    released = (root / "release" / "00_mini" / "mini.ipynb").read_bytes()
    model = {cell.label: cell.source for cell in source.exercises}
    for student, answers in CLASS.items():
        notebook = json.loads(submission(source, released, {} if answers is None else model | answers))
        if student == "cheats":  # a cell that says of itself that it is the instructor's
            own = {"cell_type": "code", "id": "mine", "metadata": {"tags": ["setup"]}, "source": PATCHES}
            notebook["cells"].insert(3, own | {"execution_count": None, "outputs": []})
        if answers:
            notebook["cells"][-2]["source"] = "Because."
        folder = course.path("submitted", student, "00_mini")
        folder.mkdir(parents=True)
        (folder / "mini.ipynb").write_text(json.dumps(notebook))
    config = root / "nbgrader_config.py"
    ours = config.read_text()
    config.write_text(re.sub(r"(?s)c\.Autograde\.autograde_preprocessors = \[.*?\]", "", ours))
    status, said = nbgrader(root, "autograde", "00_mini", "--student", "cheats")
    assert status == 0, said
    stock = points(course)["cheats"]
    config.write_text(ours)
    [lines] = re.findall(r"<!-- autograde -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert lines in ours
    status, said = nbgrader(root, "autograde", "00_mini", "--force")
    assert status == 0, said
    return course, stock, said


def test_scores_and_that_nobody_cheats(graded):
    course, stock, _ = graded
    assert stock == 4.5
    assert points(course) == SCORES


def test_the_gradebook_is_as_course_grade_leaves_it(graded):
    course, _, _ = graded
    theirs = scores(course)
    assert theirs["solved"]["why"] == (0, False)
    assert theirs["wrong"]["why"] == (None, True)
    assert theirs["blank"]["double's comment"] == "No response."
    handed_in = submissions.find(course, [load(course.source / "00_mini")])
    batch = grade_class(course, handed_in, limits=Limits(), jobs=1)
    assert all(one.fresh for one in batch.results)  # what nbgrader has graded is not mistaken for our own result
    assert {one.student: one.result.points for one in batch.results} == SCORES
    assert scores(course) == theirs


def test_no_hidden_line_is_shown(graded):
    course, _, said = graded
    status, feedback = nbgrader(course.root, "generate_feedback", "00_mini")
    assert status == 0, feedback
    searcher = Searcher(secrets(load(course.source / "00_mini"), solutions=False))
    for student in CLASS:
        for step, name in (("feedback", "mini.html"), ("autograded", "mini.ipynb")):
            assert searcher.inside((course.path(step, student, "00_mini") / name).read_text()) is None
    assert searcher.inside(said) is None
    page = (course.path("feedback", "hidden", "00_mini") / "mini.html").read_text()
    assert "hidden test: CheckFailed: double of 4 numbers" in page


def test_where_nothing_can_be_graded_nobody_is(course, hand_in, mini):
    hand_in("mira")
    broken = mini.bytes(mini.changed(mean="def mean(x):\n    ### BEGIN SOLUTION\n    return 7\n    ### END SOLUTION"))
    (course.source / "00_mini" / "mini.ipynb").write_bytes(broken)
    [lines] = re.findall(r"<!-- autograde -->\n```python\n(.*?)```", README.read_text(), re.DOTALL)
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(lines)
    status, said = nbgrader(course.root, "autograde", "00_mini")
    assert status == 1
    assert "The solution of 00_mini itself loses points here, so nobody is graded: mean-value fails" in said
    assert not course.path("autograded", "mira", "00_mini").exists()
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write("c.Limits.seconds = 1\n")
    assert "c.Limits.seconds is no limit" in nbgrader(course.root, "autograde", "00_mini")[1]


@pytest.mark.parametrize(("left", "points"), [("0.5", 0.5), ("5", 1), ("-1", 0), ("np.nan", 0), ("0", 0), ("1", 1)])
def test_partial_credit_is_what_nbgrader_reads_off(mini, tmp_path, left, points):
    assignment = mini.assignment(tmp_path, double_shape=f"# double: by and by\n{left}")
    executed = autograde._for_nbgrader(grade(assignment.source, assignment))
    nbformat.validate(executed)
    [cell] = [cell for cell in executed.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "double-shape"]
    assert determine_grade(cell) == (points, 1)


def test_the_students_process_gets_no_hidden_test(mini_assignment, mini_release):
    notebook = nbformat.reads(mini_release.decode(), as_version=4)
    for cell, origin in zip(list(notebook.cells), mini_assignment.cells, strict=True):
        if origin.role == "test":
            cell.source = origin.source  # as nbgrader restores it
            notebook.cells.append(nbformat.from_dict(cell | {"id": f"{cell.id}-copy"}))
    searcher = Searcher(secrets(mini_assignment, solutions=False))
    assert searcher.inside("\n".join(cell.source for cell in notebook.cells))
    handed_in = nbformat.reads(autograde._handed_in(notebook, mini_assignment).decode(), as_version=4)
    assert searcher.inside("\n".join(cell.source for cell in handed_in.cells)) is None
