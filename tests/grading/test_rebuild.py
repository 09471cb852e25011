"""Whatever a student did to the notebook, the instructor's is graded, with the student's answers in it."""

import copy
import json

import pytest

from course import CourseError
from course.grading.rebuild import rebuild


@pytest.fixture
def notebook(mini_release):
    return json.loads(mini_release)


def rebuilt(notebook, assignment):
    return rebuild(json.dumps(notebook).encode(), assignment)


def labels(result):
    return [cell.origin.label if cell.origin else cell.source for cell in result.cells]


IN_ORDER = [
    "intro",
    "setup",
    "double",
    "double-values",
    "double-shape",
    "between",
    "mean",
    "mean-value",
    "why",
    "picture",
]


def by_id(notebook, cell_id):
    return next(cell for cell in notebook["cells"] if cell["id"] == cell_id)


def test_the_release_is_the_assignment_with_nothing_answered(notebook, mini_assignment):
    result = rebuilt(notebook, mini_assignment)
    assert labels(result) == IN_ORDER
    assert result.notes == ()
    assert result.unanswered == ("double", "mean", "why")


def test_answers_come_in_and_hidden_tests_run_but_do_not_show(notebook, mini_assignment):
    by_id(notebook, "double")["source"] = ["def double(x):\n", "    return x + x"]
    by_id(notebook, "why")["source"] = "It balances."
    result = rebuilt(notebook, mini_assignment)
    cells = dict(zip(labels(result), result.cells, strict=True))
    assert cells["double"].code == "def double(x):\n    return x + x"
    assert cells["why"].source == "It balances."
    assert "secret_input" in cells["double-values"].code
    assert "secret_input" not in cells["double-values"].source
    assert (result.unanswered, result.by_hand) == (("mean",), ("why",))


@pytest.mark.parametrize("lost", [lambda notebook: None, lambda notebook: lost_metadata_and_ids(notebook)])
def test_an_answer_whose_cell_is_gone_runs_behind_the_empty_one(notebook, mini_assignment, lost):
    cell = by_id(notebook, "double")
    cell.update(source="def double(x):\n    return x + x", metadata={}, id="new")
    lost(notebook)
    order = labels(rebuilt(notebook, mini_assignment))
    assert order.index("double") < order.index("def double(x):\n    return x + x") < order.index("double-values")


def test_own_cells_stay_where_they_are(notebook, mini_assignment):
    notebook["cells"].insert(3, {"cell_type": "code", "metadata": {}, "source": "mine = 1", "id": "x", "outputs": []})
    notebook["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "My notes"})
    result = rebuilt(notebook, mini_assignment)
    assert labels(result) == ["My notes", *IN_ORDER[:3], "mine = 1", *IN_ORDER[3:]]
    assert result.notes == ()


def changed_test(notebook):
    by_id(notebook, "double-values")["source"] = "pass"


def changed_setup(notebook):
    by_id(notebook, "setup")["source"] = "def assert_close(*a): pass"


def more_points(notebook):
    by_id(notebook, "double-values")["metadata"]["nbgrader"]["points"] = 100


def deleted_test(notebook):
    notebook["cells"].remove(by_id(notebook, "double-values"))


def deleted_exercise(notebook):
    notebook["cells"].remove(by_id(notebook, "double"))


def renamed_exercise(notebook):
    by_id(notebook, "double")["metadata"]["nbgrader"]["grade_id"] = "dubble"


def retyped_exercise(notebook):
    by_id(notebook, "double")["cell_type"] = "markdown"


def copied_test(notebook):
    notebook["cells"].append(copy.deepcopy(by_id(notebook, "double-values")))


def copied_exercise(notebook):
    second = copy.deepcopy(by_id(notebook, "double"))
    second["source"] = "def double(x): return 'an experiment at the end'"
    notebook["cells"].append(second)


def moved_exercise(notebook):
    cell = by_id(notebook, "mean")
    notebook["cells"].remove(cell)
    notebook["cells"].insert(1, cell)


def lost_metadata(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def lost_metadata_and_ids(notebook):
    lost_metadata(notebook)
    for cell in notebook["cells"]:
        cell.pop("id")


def other_line_ends(notebook):
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


def nothing_left(notebook):
    notebook["cells"] = [{"cell_type": "code", "metadata": {}, "source": "1", "id": "x", "outputs": []}]


def nearly_nothing_left(notebook):
    notebook["cells"] = notebook["cells"][:2]


@pytest.mark.parametrize(
    ("change", "order", "note"),
    [
        (changed_test, IN_ORDER, "The test cell double-values had been changed; the released one was used."),
        (changed_setup, IN_ORDER, "The setup cell setup had been changed; the released one was used."),
        (more_points, IN_ORDER, None),
        (deleted_test, IN_ORDER, "The test cell double-values was missing; it was put back."),
        (deleted_exercise, IN_ORDER, "The cell double was missing; it counts as not answered."),
        (renamed_exercise, None, "The cell double was missing; it counts as not answered."),
        (retyped_exercise, IN_ORDER, "The cell double had become a markdown cell; it was graded as code."),
        (copied_test, None, "The cell double-values stands here more than once; the first one counts."),
        (copied_exercise, None, "The cell double stands here more than once; the first one counts."),
        (moved_exercise, IN_ORDER, "The cell setup had been moved; it was graded in its own place."),
        (lost_metadata, IN_ORDER, None),
        (lost_metadata_and_ids, None, "The cell mean was missing; it counts as not answered."),
        (other_line_ends, IN_ORDER, None),
        (nothing_left, None, "None of the assignment's cells is in this notebook; was it made from the released one?"),
        (
            nearly_nothing_left,
            None,
            "7 cells were missing and were put back as they were released: "
            "double, double-values, double-shape, mean, ...",
        ),
    ],
)
def test_each_change_has_one_answer_and_a_note(notebook, mini_assignment, change, order, note):
    change(notebook)
    result = rebuilt(notebook, mini_assignment)
    if order:
        assert labels(result) == order
    else:
        assert [label for label in labels(result) if label in IN_ORDER] == IN_ORDER
    assert note in result.notes if note else result.notes == ()
    tests = [cell for cell in result.cells if cell.role == "test"]
    assert [(cell.origin.points, cell.code) for cell in tests] == [
        (cell.points, cell.source) for cell in mini_assignment.tests
    ]


def test_a_picture_in_an_answer_is_kept_and_nonsense_dropped(notebook, mini_assignment):
    by_id(notebook, "why")["attachments"] = {"photo.png": {"image/png": "aGk="}, "bad": 3}
    cells = {cell.origin.label: cell for cell in rebuilt(notebook, mini_assignment).cells}
    assert rebuilt(notebook, mini_assignment).by_hand == ("why",)
    assert cells["why"].attachments == {"photo.png": {"image/png": "aGk="}}


def test_cells_without_ids_are_known_by_their_text(notebook, mini_assignment):
    for cell in notebook["cells"]:
        del cell["id"]
    result = rebuilt(notebook, mini_assignment)
    assert labels(result) == IN_ORDER
    assert result.notes == ()


def test_what_is_no_notebook_is_refused(mini_assignment):
    with pytest.raises(CourseError, match="This submission is no notebook"):
        rebuild(b"{", mini_assignment)
