"""The rules of `course lint`, each broken once."""

import json

import nbformat
import pytest

from course import CourseError
from course.authoring import lint as linter
from course.authoring.lint import Finding, lint
from course.authoring.normal_form import normalized


def rules(mini, cells):
    return [(finding.cell, finding.rule) for finding in lint(mini.bytes(cells), "mini.ipynb")]


def test_the_mini_assignment_breaks_no_rule(mini):
    assert lint(mini.bytes(mini.cells), "mini.ipynb") == []


def test_a_finding_prints_as_one_line():
    assert str(Finding("conv1d", "test", "it shows no test")) == "conv1d: it shows no test [test]"


BODY = "def double(x):\n    {}\n"
SOLVED = "### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
TEST = "# double: one\n{}\n### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"


@pytest.mark.parametrize(
    ("cell", "source", "rule", "says"),
    [
        ("double", BODY.format("return 2 * x"), "markers", "needs exactly one"),
        ("double", BODY.format(SOLVED + "\n    " + SOLVED), "markers", "needs exactly one"),
        ("double", BODY.format(SOLVED.replace("### END", "###END")), "markers", "not in this spelling"),
        ("double", BODY.format("### END SOLUTION\n    ### BEGIN SOLUTION"), "markers", "needs exactly one"),
        ("double", BODY.format("### BEGIN SOLUTION\n    ### END SOLUTION\n    return 1"), "exercise", "is empty"),
        ("double", "### BEGIN SOLUTION\n2 + 2\n### END SOLUTION", "exercise", "binds no name"),
        ("intro", "Look at ### BEGIN SOLUTION for it.", "markers", "may not stand in a text cell"),
        ("setup", "### BEGIN HIDDEN TESTS\nimport numpy as np\n### END HIDDEN TESTS", "markers", "a setup cell"),
        ("double-shape", "double(1)\n### BEGIN HIDDEN TESTS\ndouble(2)\n### END HIDDEN TESTS", "test", "first line"),
        ("double-shape", "# double: one\ndouble(1)", "test", "hides no tests"),
        ("double-shape", TEST.format("# nothing", "double(2)"), "test", "shows no test"),
        ("double-shape", TEST.format("double(1)", "# nothing"), "test", "hidden tests are empty"),
        ("double-shape", TEST.format("double(1)", "double(2)") + "\ndouble(3)", "test", "must be its last part"),
        ("double-shape", TEST.format("if True:", "    double(2)"), "test", "complete Python by itself"),
        ("double-shape", TEST.format("double(1", "double(2)"), "syntax", "does not parse"),
        ("setup", "%matplotlib inline\nimport numpy as np", "syntax", "plain Python"),
        ("double-shape", TEST.format("double(one)", "double(2)"), "names", "uses one, which no setup"),
        ("double-shape", TEST.format("one = one + 1", "double(2)"), "names", "uses one"),
        ("setup", "from numpy import *", "names", "hides which names"),
        ("setup", "import numpy as np\nfrom course.kit.checks import *", "names", "hides which names"),
        ("setup", "import numpy as np\nkept = double(2)", "names", "uses double"),
        ("double", BODY.format(SOLVED).replace("2 * x", "mean(x)"), "names", "uses mean, which no setup"),
        ("double-shape", TEST.format("double = 3", "double"), "interface", "binds double, which is the answer"),
        ("picture", "mean = 3", "interface", "binds mean, which is the answer"),
    ],
)
def test_a_broken_rule_is_found(mini, cell, source, rule, says):
    found = lint(mini.bytes(mini.changed(**{cell.replace("-", "_"): source})), "mini.ipynb")
    assert any(f.cell == cell and f.rule == rule and says in f.sentence for f in found), found


def test_nothing_graded_may_depend_on_a_show_cell(mini):
    cells = [*mini.changed(double_shape=TEST.format("double(drawn)", "double(2)"))]
    cells.insert(2, mini.show("early-picture", "drawn = np.arange(3)"))
    found = lint(mini.bytes(cells), "mini.ipynb")
    assert [str(f) for f in found] == [
        "double-shape: it uses drawn, which only the show cell early-picture binds [names]"
    ]


def test_nothing_graded_may_depend_on_another_test(mini):
    cells = mini.changed(
        mean_value="# mean: one\nmean(secret_input)\n### BEGIN HIDDEN TESTS\nmean(1)\n### END HIDDEN TESTS"
    )
    found = lint(mini.bytes(cells), "mini.ipynb")
    assert [str(f) for f in found] == [
        "mean-value: it uses secret_input, which only the test cell double-values binds [names]"
    ]


def test_a_setup_cell_serves_only_the_cells_behind_it(mini):
    cells = [*mini.changed(setup="import numpy as np\nfrom course.kit.checks import assert_close, assert_shape")]
    cells.append(mini.setup("late", "rng = np.random.default_rng(7)"))
    found = lint(mini.bytes(cells), "mini.ipynb")
    assert {(f.cell, f.rule) for f in found} == {("double-values", "names"), ("mean-value", "names")}


def test_a_show_cell_may_use_magics(mini):
    assert rules(mini, mini.changed(picture="%matplotlib inline\n!ls\ndouble?")) == []


@pytest.mark.parametrize(
    ("grading", "says"),
    [
        ({"schema_version": 2}, "schema version must be 3"),
        ({"grade_id": "with space"}, "letters, digits"),
        ({"grade_id": ""}, "letters, digits"),
        ({"grade_id": "double"}, "stands on an earlier cell too"),
        ({"locked": False}, "must be locked"),
        ({"points": 0}, "points above 0"),
        ({"points": -1}, "points above 0"),
        ({"points": 0.3}, "come in halves"),
    ],
)
def test_metadata_of_a_test_cell(mini, grading, says):
    cells = json.loads(json.dumps(mini.cells))
    cells[4]["metadata"]["nbgrader"] |= grading
    found = [finding for finding in lint(mini.bytes(cells), "mini.ipynb") if finding.rule == "role"]
    assert len(found) == 1
    assert says in found[0].sentence


def test_an_exercise_must_not_be_locked(mini):
    cells = json.loads(json.dumps(mini.cells))
    cells[2]["metadata"]["nbgrader"]["locked"] = True
    assert rules(mini, cells) == [("double", "role")]


def test_code_without_a_role_is_refused(mini):
    plain = {"cell_type": "code", "id": "plain", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}
    assert rules(mini, [*mini.cells, plain]) == [("plain", "role")]
    open_setup = plain | {"metadata": {"tags": ["setup"]}}
    assert rules(mini, [*mini.cells, open_setup]) == [("plain", "role")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda nb: nb["cells"][1].update(outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}]),
            "outputs",
        ),
        (lambda nb: nb["cells"][1].update(execution_count=3), "execution counts"),
        (lambda nb: nb["cells"][0].pop("id"), "lack ids"),
        (lambda nb: nb["cells"][0].update(id=nb["cells"][1]["id"]), "share one"),
        (lambda nb: nb["cells"][0].update(id="no good id"), "lack ids"),
        (lambda nb: nb["metadata"]["kernelspec"].update(name="python39"), "python3"),
        (lambda nb: nb["metadata"]["language_info"].update(version="3.11.7"), "metadata"),
        (lambda nb: nb["metadata"].update(widgets={}), "metadata"),
        (lambda nb: nb["cells"][0]["metadata"].update(collapsed=True, scrolled=True), "collapsed, scrolled"),
        (lambda nb: nb["cells"][2]["metadata"]["nbgrader"].update(checksum="0" * 32), "at release"),
    ],
)
def test_normal_form_is_checked_and_restored_without_touching_a_text(mini, tmp_path, change, says):
    notebook = json.loads(mini.bytes(mini.cells))
    change(notebook)
    path = tmp_path / "mini.ipynb"
    path.write_text(json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    findings = lint(path.read_bytes(), "mini.ipynb")
    assert [finding.rule for finding in findings] == ["normal-form"]
    assert says in findings[0].sentence
    assert linter.fix(path)
    assert lint(path.read_bytes(), "mini.ipynb") == []
    assert not linter.fix(path)
    mended = json.loads(path.read_bytes())
    assert [cell["source"] for cell in mended["cells"]] == [cell["source"] for cell in notebook["cells"]]
    assert len({cell["id"] for cell in mended["cells"]}) == len(mended["cells"])


def test_normal_form_is_what_nbformat_writes(mini, tmp_path):
    data = mini.bytes(mini.cells)
    assert normalized(data, "mini") == data
    nbformat.write(nbformat.reads(data.decode(), as_version=4), tmp_path / "again.ipynb")
    assert (tmp_path / "again.ipynb").read_bytes() == data
    compact = json.dumps(json.loads(data)).encode()
    assert "laid out" in lint(compact, "mini")[0].sentence
    assert normalized(compact, "mini") == data


def test_ids_are_made_from_what_a_cell_is(mini):
    cells = json.loads(json.dumps(mini.cells))
    for cell in cells:
        del cell["id"]
    once, twice = (json.loads(normalized(mini.bytes(cells), "mini")) for _ in range(2))
    assert once == twice
    assert once["cells"][2]["id"] == "double"


def test_notebooks_of_a_folder_are_found_without_checkpoints(mini, tmp_path):
    folder = mini.source(tmp_path)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "mini-checkpoint.ipynb").write_text("{}")
    assert linter.notebooks(tmp_path) == [folder / "mini.ipynb"]
    assert linter.notebooks(folder / "mini.ipynb") == [folder / "mini.ipynb"]
    with pytest.raises(CourseError, match="does not exist"):
        linter.notebooks(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="holds no notebook"):
        linter.notebooks(tmp_path / "empty")
