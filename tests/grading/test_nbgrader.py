"""nbgrader by hand in a directory made by `course init`, and that honest submissions score the same in both."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course.assignment import load
from course.authoring.answers import submission
from course.directory import open_course
from course.grading import submissions
from course.grading.batch import grade_class
from course.grading.result import Limits
from course.leaks import Searcher, secrets

OURS = re.compile(r"(?s)c\.Autograde\.autograde_preprocessors = \[.*?\]")
NOISY = "import warnings\ndef mean(x):\n    warnings.warn('careful')\n    print('tried')\n    return np.mean(x)"
CLASS = {
    "solved": {},
    "wrong": {"double": "def double(x):\n    return x", "mean": "def mean(x):\n    return x.sum()"},
    "hidden": {"double": "def double(x):\n    return 2 * x if len(x) < 4 else 3 * x"},
    "warns": {"mean": NOISY},
    "endless": {"mean": "def mean(x):\n    while True:\n        pass"},
}


def nbgrader(root, *arguments):
    command = [str(Path(sys.executable).parent / "nbgrader"), *arguments]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def by_hand(built_once, tmp_path_factory):
    """The class graded by nbgrader alone, from generate_assignment on."""
    import shutil

    root = tmp_path_factory.mktemp("by-hand") / "course"
    shutil.copytree(built_once, root)
    shutil.rmtree(root / "release")
    config = root / "nbgrader_config.py"
    config.write_text(OURS.sub("", config.read_text().replace("timeout = 30", "timeout = 2")))
    nbgrader(root, "generate_assignment", "00_mini")
    course, source = open_course(root), load(root / "source" / "00_mini")
    released = (root / "release" / "00_mini" / "mini.ipynb").read_bytes()
    model = {cell.label: cell.source for cell in source.exercises}
    for student, answers in CLASS.items():
        folder = course.path("submitted", student, "00_mini")
        folder.mkdir(parents=True)
        (folder / "mini.ipynb").write_bytes(submission(source, released, model | answers))
    nbgrader(root, "autograde", "00_mini")
    return course


def scores(course):
    with Gradebook(course.db_url, course.course_id) as book:
        return {
            submitted.student.id: {grade.name: grade.auto_score for grade in submitted.notebooks[0].grades}
            for submitted in book.assignment_submissions("00_mini")
        }


def test_validate_by_hand(by_hand):
    released = nbgrader(by_hand.root, "validate", "release/00_mini/mini.ipynb")
    assert "VALIDATION FAILED ON 4 CELL(S)" in released
    assert "Success" in nbgrader(by_hand.root, "validate", "source/00_mini/mini.ipynb")


def test_our_engine_gives_the_same_scores_as_nbgrader_by_hand(by_hand):
    theirs = scores(by_hand)
    assert set(theirs) == set(CLASS)
    batch = grade_class(
        by_hand,
        submissions.find(by_hand, [load(by_hand.source / "00_mini")]),
        limits=Limits(cell_seconds=2),
        jobs=2,
        force=True,
    )
    assert {graded.student: graded.result.points for graded in batch.results} == {
        "solved": 4.5,
        "wrong": 1,
        "hidden": 2.5,
        "warns": 4.5,
        "endless": 3,
    }
    assert scores(by_hand) == theirs


@pytest.mark.parametrize("course", ["sqlite", "postgresql"], indirect=True)
def test_feedback_by_hand_on_what_our_engine_graded(course, hand_in, mini_assignment):
    hand_in("mira", double=CLASS["hidden"]["double"])
    hand_in("noor", b"{ no notebook")
    grade_class(course, submissions.find(course, [mini_assignment]), jobs=1)
    nbgrader(course.root, "generate_feedback", "00_mini")
    searcher = Searcher(secrets(mini_assignment, solutions=False))
    for student in ("mira", "noor"):
        for step, name in (("feedback", "mini.html"), ("autograded", "mini.ipynb")):
            text = (course.path(step, student, "00_mini") / name).read_text()
            assert "secret" not in text
            assert searcher.inside(text) is None
    page = (course.path("feedback", "mira", "00_mini") / "mini.html").read_text()
    assert "hidden test: CheckFailed: double of 4 numbers" in page
    assert "Score: 1.0 / 5.5" in page
    assert "is no notebook, as it is no JSON" in (course.path("feedback", "noor", "00_mini") / "mini.html").read_text()
    nbgrader(course.root, "db", "upgrade")
    nbgrader(course.root, "export", "--to", "grades.csv")
    rows = (course.root / "grades.csv").read_text().splitlines()
    assert len(rows) == 3
    assert any(",mira," in row and ",1.0," in row for row in rows)
