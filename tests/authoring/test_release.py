"""`course build`: what it makes, and what it refuses without touching anything."""

import json
import re
import shutil
import warnings
from dataclasses import dataclass

import nbformat
import pytest
from nbgrader.api import Gradebook

from course import CourseError
from course.authoring import release
from course.grading.engine import grade


@pytest.fixture
def make(mini, course):
    """Builds a changed mini assignment in a course directory that has no release yet."""
    shutil.rmtree(course.root / "release")

    def build(engine=grade, **sources):
        notebook = course.path("source", ".", "00_mini") / "mini.ipynb"
        notebook.write_bytes(mini.bytes(mini.changed(**sources)))
        return release.build(course, "00_mini", engine)

    return build


@dataclass(frozen=True)
class Result:
    """A verdict without running anything: all points for the solution, none for anything else."""

    error = None
    scores = ()
    broken = ()


def unjudged(notebook, assignment):
    return Result()


def everything(root):
    """All files with their content; of the gradebook its rows."""
    found = {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return {path: content for path, content in found.items() if path.name != "gradebook.db"}


def test_a_release_lies_where_nbgrader_puts_it_and_is_registered(built_once):
    folder = built_once / "release" / "00_mini"
    assert sorted(path.name for path in folder.iterdir()) == ["mini.ipynb", "numbers.txt"]
    notebook = nbformat.read(folder / "mini.ipynb", as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    assert cells["double"].metadata.deletable is False
    assert cells["double-values"].metadata.editable is False
    assert cells["setup"].metadata.tags == ["setup"]
    assert re.fullmatch("[0-9a-f]{32}", cells["double-values"].metadata.nbgrader.checksum)
    assert "secret" not in folder.joinpath("mini.ipynb").read_text()
    assert sorted(path.name for path in built_once.iterdir()) == [
        ".gradebook.db.lock",
        "gradebook.db",
        "nbgrader_config.py",
        "release",
        "source",
        "submitted",
    ]
    with Gradebook(f"sqlite:///{built_once / 'gradebook.db'}", "convcourse") as book:
        registered = book.find_notebook("mini", "00_mini")
        assert {cell.name: cell.max_score for cell in registered.grade_cells} == {
            "double-values": 2,
            "double-shape": 1,
            "mean-value": 1.5,
            "why": 1,
        }


@pytest.mark.parametrize(
    ("place", "sources"),
    [
        (r"cell 1 \(intro\), its source", {"intro": "Hint: `twofold=2*np.asarray( x )` does it."}),
        (r"cell 10 \(picture\), its source", {"picture": "hidden_sample = rng.standard_normal(11)"}),
        (r"cell 4 \(double-values\), its source", {"double_values": None}),
    ],
)
def test_a_leak_in_a_cell_is_refused(make, mini, place, sources):
    if sources == {"double_values": None}:
        hidden = next(cell for cell in mini.cells if cell["id"] == "double-shape")["source"].split("\n")[3]
        values = next(cell for cell in mini.cells if cell["id"] == "double-values")["source"]
        sources = {"double_values": values.replace("### BEGIN", hidden + "\n### BEGIN")}
    built = make(unjudged, **sources)
    assert len(built.problems) == 1
    assert re.search(rf"^leak: line \d+ of the .* is in mini.ipynb, {place}: ", built.problems[0])
    assert not built.release.exists()


def test_a_leak_in_metadata_is_refused(make, mini, monkeypatch):
    def with_author(course, name):
        folder = generate(course, name)
        notebook = json.loads((folder / "mini.ipynb").read_bytes())
        notebook["metadata"]["author"] = "twofold = 2 * np.asarray(x)"
        (folder / "mini.ipynb").write_text(json.dumps(notebook))
        return folder

    generate = release.generate
    monkeypatch.setattr(release, "generate", with_author)
    assert make(unjudged).problems == (
        "leak: line 4 of the solution in double is in mini.ipynb, its metadata: twofold = 2 * np.asarray(x)",
    )


def test_a_leak_in_a_stray_file_is_refused_and_the_last_release_stays(make, tmp_path):
    assert make(unjudged).problems == ()
    before = everything(tmp_path / "course" / "release")
    stray = tmp_path / "course" / "source" / "00_mini" / "data" / "old.py"
    stray.parent.mkdir()
    stray.write_text("def double(x):\n\ttwofold = 2 * np.asarray(x)\n")
    built = make(unjudged)
    assert built.problems == ("leak: line 4 of the solution in double is in data/old.py: twofold = 2 * np.asarray(x)",)
    assert everything(tmp_path / "course" / "release") == before


def test_a_solution_that_fails_is_refused_with_the_tests_message(make):
    wrong = "def double(x):\n    ### BEGIN SOLUTION\n    return 3 * np.asarray(x)\n    ### END SOLUTION"
    built = make(double=wrong)
    assert any(
        problem.startswith("solution: it fails double-values: CheckFailed: double([1, 2, 5])")
        for problem in built.problems
    )
    assert not built.release.exists()


def test_a_blank_release_that_scores_is_refused(make):
    hidden = "### BEGIN HIDDEN TESTS\nassert rng is not None, 'a generator'\n### END HIDDEN TESTS"
    given = f"# double: keeps nothing\nassert_shape(np.ones(3), 3, 'ones')\n{hidden}"
    built = make(double_shape=given)
    assert built.problems == ("blank: the release scores 1 of 1 points in double-shape",)


def test_a_picture_that_fails_is_refused(make):
    from course.grading.result import Limits

    built = make(lambda notebook, source: grade(notebook, source, Limits(run_show=True)), picture="double(unknown)")
    assert "solution: the cell picture fails: NameError: name 'unknown' is not defined" in built.problems


def test_what_lint_finds_is_refused_before_anything_runs(make):
    def never(notebook, assignment):
        raise AssertionError("graded what lint refuses")

    built = make(never, double_shape="# double: shows all")
    assert built.problems == (
        "lint: double-shape: it hides no tests: put fresh random inputs between ### BEGIN HIDDEN TESTS and "
        "### END HIDDEN TESTS [test]",
    )


def test_building_again_replaces_the_release(make, tmp_path):
    make(unjudged)
    built = make(unjudged, intro="# A new introduction")
    assert "A new introduction" in (built.release / "mini.ipynb").read_text()
    assert sorted(path.name for path in built.release.parent.iterdir()) == ["00_mini"]


def test_tests_cannot_change_under_submissions(course, mini):
    with Gradebook(course.db_url, course.course_id) as book, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy on nbgrader's way to add a submission
        book.add_student("mira")
        book.add_submission("00_mini", "mira")
    before = everything(course.root / "release")
    cells = [cell for cell in mini.cells if cell["id"] != "double-shape"]
    (course.path("source", ".", "00_mini") / "mini.ipynb").write_bytes(mini.bytes(cells))
    with pytest.raises(CourseError, match="submissions associated with it; remove them first"):
        release.build(course, "00_mini", unjudged)
    assert everything(course.root / "release") == before


def test_an_unknown_assignment_is_named(course):
    with pytest.raises(CourseError, match=r"no assignment '07_x'.*there is 00_mini"):
        release.build(course, "07_x", unjudged)
