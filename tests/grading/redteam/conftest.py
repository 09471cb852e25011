"""Hostile submissions of the mini assignment, and what must hold after each of them."""

import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace

import nbformat
import pytest

from course.authoring.answers import blank, submission
from course.grading import isolation
from course.grading.engine import grade
from course.grading.result import Limits
from course.grading.session import Session
from course.leaks import Searcher, secrets, strings

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
LIMITS = Limits(
    cell_seconds=2,
    call_seconds=2,
    notebook_seconds=30,
    output_bytes=20_000,
    restarts=6,
    memory_mb=256,
    processes=24,
    open_files=64,
    file_mb=4,
    home_mb=8,
    require_sandbox=True,
    key=KEY,
)
BRIEF = replace(LIMITS, cell_seconds=1, call_seconds=1)  # for what hangs in any case
PATIENT = replace(LIMITS, cell_seconds=20, call_seconds=20)  # for the honest, on a busy machine
MODEL = {"double": "def double(x):\n    return 2 * np.asarray(x)", "mean": "def mean(x):\n    return np.mean(x)"}
WRONG = "\ndef double(x):\n    return 'wrong'\n"  # earns nothing in both of its tests
# Student code that knows a hidden test when it sees one: `stolen` collects what nobody may ever read.
THIEF = """
import numpy as np
stolen = []
def steal(x):
    if np.size(x) in (4, 9, 11):
        stolen.append('STO' 'LEN' + '-'.join(f'{abs(v):.9f}' for v in np.ravel(x)))
    return np.size(x) in (4, 9, 11)
"""
SERVER = """
import gc
from course.grading.student.channel import HEADER
from course.grading.student.codec import Tag
from course.grading.student.server import Server
server = next(o for o in gc.get_objects() if type(o) is Server)
def answering(word, forge, real=Server._answer):
    def answer(self, message):
        if message.root[1] == word and (made := forge(self, message)) is not None:
            return self._send(message.root[0], *made)
        return real(self, message)
    Server._answer = answer
"""


class Graded:
    """A result, and what tests ask of it."""

    def __init__(self, result, seconds):
        self.result, self.seconds = result, seconds
        self.points = {score.grade_id: score.points for score in result.scores}
        self.told = {score.grade_id: score.message for score in result.scores}
        self.notebook = nbformat.reads(result.notebook.decode(), as_version=4)
        self.everything = result.notebook.decode() + json.dumps(result.summary(), ensure_ascii=False)

    @property
    def double(self):
        return self.points["double-values"], self.points["double-shape"]

    @property
    def mean(self):
        return self.points["mean-value"]

    def outputs(self, name):
        """The texts that a cell has shown, by its grade_id or its cell id."""
        cell = next(c for c in self.notebook.cells if name in (c.metadata.get("nbgrader", {}).get("grade_id"), c.id))
        return "\n".join(strings([dict(output) for output in cell.outputs]))


def own(source, cell_id="mine", kind="code"):
    """A cell of the student's own."""
    cell = {"cell_type": kind, "id": cell_id, "metadata": {}, "source": source}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})


@pytest.fixture(scope="session")
def hand_over():
    """Grades a notebook and asserts what must hold of every result, whatever was handed in."""

    def run(notebook, assignment, limits=LIMITS, within=15):
        began = time.monotonic()
        graded = Graded(grade(notebook, assignment, limits), time.monotonic() - began)
        assert graded.seconds < within
        nbformat.validate(graded.notebook)
        assert Searcher(secrets(assignment, solutions=False)).inside(graded.everything) is None
        assert KEY not in graded.everything
        return graded

    return run


@pytest.fixture(scope="session")
def attack(mini_assignment, mini_release, hand_over):
    """Grades hostile answers; behind them a model submission in the same warm sandbox must keep all its points.

    What is not given is answered right. `before` and `after`: sources of cells of the student's own.
    """

    def run(limits=LIMITS, within=15, before=(), after=(), **answers):
        notebook = json.loads(submission(mini_assignment, mini_release, MODEL | answers))
        notebook["cells"][2:2] = [own(source, f"before-{n}") for n, source in enumerate(before)]
        notebook["cells"] += [own(source, f"after-{n}") for n, source in enumerate(after)]
        graded = hand_over(json.dumps(notebook).encode(), mini_assignment, limits, within)
        honest = grade(submission(mini_assignment, mini_release, MODEL), mini_assignment, LIMITS)
        assert honest.points == 4.5, honest.failed
        assert "STOLEN" not in graded.everything
        return graded

    return run


@pytest.fixture(scope="session")
def honest(mini_assignment, mini_release, hand_over):
    """Grades honest answers; what is not given is answered right."""

    def run(**answers):
        return hand_over(submission(mini_assignment, mini_release, MODEL | answers), mini_assignment, PATIENT)

    return run


@pytest.fixture
def graded_with(mini, tmp_path, hand_over):
    """Grades answers to a mini assignment whose cells have other sources."""

    def run(cells, limits=LIMITS, within=15, **answers):
        assignment = mini.assignment(tempfile.mkdtemp(dir=tmp_path), **cells)
        return hand_over(submission(assignment, blank(assignment), MODEL | answers), assignment, limits, within)

    return run


@contextmanager
def _inside(limits=LIMITS):
    with isolation.sandbox().student(limits) as student:
        session = Session(student, limits)

        def run(source):
            session.deadline = time.monotonic() + 10
            outcome = session.run(0, source, 100_000)
            assert outcome.ended == "ok", (outcome.ename, outcome.evalue)
            return "".join(output.get("text", "") for output in outcome.outputs)

        yield run


@pytest.fixture
def inside():
    """A student's process of one's own: runs code in it and returns what it prints."""
    return _inside
