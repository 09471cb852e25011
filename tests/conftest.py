"""What the tests of several rooms share: a small assignment that is whole, with every role in it."""

import json
import shutil
from pathlib import Path

import pytest


def _cell(kind, cell_id, source, *, grade=False, solution=False, locked=False, points=None, tags=None):
    metadata = {}
    if grade or solution or locked:
        metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": cell_id,
            "grade": grade,
            "solution": solution,
            "locked": locked,
            "task": False,
        }
        if points is not None:
            metadata["nbgrader"]["points"] = points
    if tags:
        metadata["tags"] = tags
    cell = {"cell_type": kind, "id": cell_id, "metadata": metadata, "source": source}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def text(cell_id, source):
    return _cell("markdown", cell_id, source)


def setup_cell(cell_id, source):
    return _cell("code", cell_id, source, locked=True, tags=["setup"])


def show(cell_id, source):
    return _cell("code", cell_id, source, locked=True, tags=["show"])


def exercise(cell_id, source):
    return _cell("code", cell_id, source, solution=True)


def check(cell_id, points, source):
    return _cell("code", cell_id, source, grade=True, locked=True, points=points)


def manual(cell_id, points, source):
    return _cell("markdown", cell_id, source, grade=True, solution=True, points=points)


MINI_CELLS = (
    text("intro", "# Mini\n\nTwo functions, and a question."),
    setup_cell(
        "setup",
        "import numpy as np\n\nfrom course.kit.checks import assert_close, assert_shape\n\n"
        "rng = np.random.default_rng(7)",
    ),
    exercise(
        "double",
        'def double(x):\n    """Twice the array `x`."""\n    ### BEGIN SOLUTION\n'
        "    twofold = 2 * np.asarray(x)\n    return twofold\n    ### END SOLUTION",
    ),
    check(
        "double-values",
        2,
        "# double: small arrays\n"
        'assert_close(double(np.array([1.0, 2, 5])), [2, 4, 10], "double([1, 2, 5])")\n'
        "### BEGIN HIDDEN TESTS\n"
        "for secret_length in (4, 9):\n"
        "    secret_input = rng.standard_normal(secret_length)\n"
        '    assert_close(double(secret_input), secret_input + secret_input, f"double of {secret_length} numbers")\n'
        "### END HIDDEN TESTS",
    ),
    check(
        "double-shape",
        1,
        "# double: keeps the shape\n"
        'assert_shape(double(np.ones((2, 3))), (2, 3), "double of a 2 x 3 array")\n'
        "### BEGIN HIDDEN TESTS\n"
        'assert_shape(double(np.ones((4, 1, 2))), (4, 1, 2), "double of an array with three axes")\n'
        "### END HIDDEN TESTS",
    ),
    text("between", "Now the mean."),
    exercise(
        "mean",
        'def mean(x):\n    """The mean of the array `x`."""\n    ### BEGIN SOLUTION\n'
        "    return np.asarray(x).sum() / np.asarray(x).size\n    ### END SOLUTION",
    ),
    check(
        "mean-value",
        1.5,
        "# mean: of a few numbers\n"
        'assert_close(mean(np.array([1.0, 2, 6])), 3, "mean([1, 2, 6])")\n'
        "### BEGIN HIDDEN TESTS\n"
        "hidden_sample = rng.standard_normal(11)\n"
        'assert_close(mean(hidden_sample), np.mean(hidden_sample), "mean of 11 numbers")\n'
        "### END HIDDEN TESTS",
    ),
    manual("why", 1, "Because it is the balance point."),
    show("picture", "print(double(np.arange(3)), mean(np.arange(3)))"),
)


def notebook_bytes(cells):
    """A source notebook in normal form, as JupyterLab writes it."""
    lines = [cell | {"source": cell["source"].splitlines(keepends=True)} for cell in cells]
    notebook = {
        "cells": lines,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


class Mini:
    """Builds the mini assignment and changes single cells of it."""

    text, setup, show = staticmethod(text), staticmethod(setup_cell), staticmethod(show)
    exercise, check, manual = staticmethod(exercise), staticmethod(check), staticmethod(manual)
    bytes = staticmethod(notebook_bytes)
    cells = MINI_CELLS

    @staticmethod
    def changed(**sources):
        """The mini notebook's cells with other sources (`-` in an id is `_` here); None leaves a cell out."""
        names = {key.replace("_", "-"): value for key, value in sources.items()}
        assert names.keys() <= {cell["id"] for cell in MINI_CELLS}
        return [
            cell | ({"source": names[cell["id"]]} if cell["id"] in names else {})
            for cell in MINI_CELLS
            if names.get(cell["id"], "") is not None
        ]

    @classmethod
    def source(cls, root, **sources):
        """A folder `00_mini` under `root` with the assignment in it."""
        folder = Path(root) / "00_mini"
        folder.mkdir(parents=True)
        (folder / "mini.ipynb").write_bytes(cls.bytes(cls.changed(**sources)))
        (folder / "numbers.txt").write_text("1 2 3\n")
        return folder

    @classmethod
    def assignment(cls, root, **sources):
        from course.assignment import load

        return load(cls.source(root, **sources))


@pytest.fixture(scope="session")
def mini():
    """The mini assignment's builder."""
    return Mini


@pytest.fixture(scope="session")
def mini_assignment(tmp_path_factory):
    """The mini assignment as it should be, loaded."""
    return Mini.assignment(tmp_path_factory.mktemp("mini"))


@pytest.fixture(scope="session")
def mini_release(mini_assignment):
    """The mini notebook as students get it."""
    from course.authoring.answers import blank

    return blank(mini_assignment)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    from course.authoring import course_directory, release
    from course.grading.engine import grade

    root = tmp_path_factory.mktemp("built")
    Mini.source(root / "sources")
    course = course_directory.create(root / "course", root / "sources")
    built = release.build(course, "00_mini", grade)
    assert built.problems == ()
    return course.root


@pytest.fixture
def course(request, built_once, tmp_path):
    """A course directory of one's own, with the mini assignment built.

    Its gradebook is in SQLite; `parametrize("course", ["sqlite", "postgresql"], indirect=True)` tries both databases.
    """
    from course.directory import open_course

    shutil.copytree(built_once, tmp_path / "course")
    if getattr(request, "param", "sqlite") == "postgresql":
        request.getfixturevalue("move_to_postgresql")(tmp_path / "course")
    return open_course(tmp_path / "course")


@pytest.fixture
def hand_in(course, mini_assignment, mini_release):
    """Puts a submission into `course`: answers by exercise, or the bytes of a notebook."""
    from course.authoring.answers import submission

    def put(student, notebook=None, **answers):
        folder = course.path("submitted", student, "00_mini")
        folder.mkdir(parents=True, exist_ok=True)
        data = submission(mini_assignment, mini_release, answers) if notebook is None else notebook
        (folder / "mini.ipynb").write_bytes(data)
        return folder

    return put
