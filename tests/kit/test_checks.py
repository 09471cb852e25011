"""A check passes the right answer, fails the wrong one, and its message says what, why, and shows both."""

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from course.kit.checks import CheckFailed, assert_close, assert_gradient, assert_shape, assert_unchanged

E = np.random.default_rng(0).standard_normal((30, 5))


def message(check, *arguments, **keywords):
    with pytest.raises(CheckFailed) as failed:
        check(*arguments, **keywords)
    return str(failed.value)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (np.array([2.0, 1, 1]), [2, 1, 1]),
        ([2, 1, 1], np.array([2.0, 1, 1])),
        (5, 5),
        (np.float32(0.5), 0.5),
        (np.array([True, False]), [1, 0]),
        (np.array([1.0, np.nan, np.inf]), [1, np.nan, np.inf]),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        ([1.0, 2.0], np.array([1, 2], dtype=np.float32)),
        (np.array([1 + 1e-9]), [1.0]),
        (np.float32([1, 2]), np.float32([1, 2])),
    ],
)
def test_assert_close_passes_what_is_right(actual, expected):
    assert_close(actual, expected, "f(x)")


def test_first_line_says_what_was_checked_and_what_is_wrong_then_both_answers():
    assert message(
        assert_close, np.array([7, 6]), [5, 9], "conv1d([3, 1, 4], [1, 2])", mistakes={"flipped!": [7, 6]}
    ) == ("conv1d([3, 1, 4], [1, 2]): flipped!\n  yours     [7, 6]\n  expected  [5, 9]")


def test_an_unnamed_mistake_is_counted():
    assert message(assert_close, [1, 5, 9, -7], [1, 2, 9, 4], "f(x)").startswith(
        "f(x): wrong values: 2 of 4 entries differ."
    )
    assert message(assert_close, 3, 4, "f(x)") == "f(x): wrong value.\n  yours     3\n  expected  4"


def test_a_large_array_is_shown_by_its_first_differences():
    wrong = E.copy()
    wrong[3:6, 1:4] += [[1, -2, 5], [4, 4, 1], [7, 7, 9]]
    shown = message(assert_close, wrong, E, "f(x)").splitlines()
    assert len(shown) == 1 + 5 + 1
    assert shown[1].startswith(f"  at [3, 1]: yours {wrong[3, 1]:.6g}, expected {E[3, 1]:.6g}")
    assert shown[-1] == "  and 4 more entries"


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        (None, "returned None, expected an array of shape (30, 5). Is the `return` missing?"),
        ("a string", "returned a str, expected an array"),
        ({"a": 1}, "returned a dict"),
        ([[1, 2], [3]], "is no array"),
        (np.array([object()]), "returned an array of shape (1,) and dtype object"),
        (1j * E, "returned an array of shape (30, 5) and dtype complex128"),
        (E.T, "transposed"),
        (np.full_like(E, np.nan), "NaN in 150 entries of 150 (first at [0, 0])"),
    ],
)
def test_what_is_no_such_array_is_refused(actual, words):
    assert words in message(assert_close, actual, E, "f(x)")


def test_float64_where_float32_came_in():
    said = message(assert_close, np.array([1.0, 2]), np.float32([1, 2]), "f(x)")
    assert "the values are right, the dtype is not: float32 came in, float64 went out" in said


def test_a_wrong_value_is_reported_before_a_wrong_dtype():
    assert "negated" in message(assert_close, np.array([-1.0, -2]), np.float32([1, 2]), "f(x)")


class Liar:
    """Compares equal to anything; converts to what it likes."""

    def __eq__(self, other):
        return True

    __hash__ = None


def test_an_object_that_claims_to_be_equal_is_refused():
    assert "returned a Liar" in message(assert_close, Liar(), [1, 2], "f(x)")


def test_assert_shape():
    assert_shape(E, (30, 5), "f(x)")
    assert_shape([1, 2, 3], 3, "f(x)")
    assert "f(x): wrong shape: yours is (30, 5), expected (30, 6): 5 instead of 6 columns" in message(
        assert_shape, E, (30, 6), "f(x)"
    )
    assert "returned None" in message(assert_shape, None, (3,), "f(x)")


def test_assert_unchanged():
    x = np.array([1.0, np.nan, 3])
    before = x.copy()
    assert_unchanged(x, before, "x")
    x[0] = 9
    assert message(assert_unchanged, x, before, "x").startswith(
        "x: your function modified its input: 1 of 3 entries of x changed. Work on a copy, x.copy()."
    )


def test_assert_gradient_passes_the_right_one_given_as_array_or_function():
    assert_gradient(lambda w: np.sum(w**3), 3 * E**2, E, "dL/dw")
    assert_gradient(lambda w: np.sum(w**3), lambda w: 3 * w**2, E, "dL/dw")
    assert_gradient(lambda w: np.sum(np.sin(w)), np.cos, np.linspace(0, 9, 1000).reshape(50, 20), "dL/dw")


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (lambda w: w, "2 times too small"),
        (lambda w: -2 * w, "negated"),
        (lambda w: 2 * w.T, "a gradient has the shape of its array"),
        (lambda w: None, "returned None"),
        (lambda w: 60 * w, "Did you forget to average over the N=30 examples?"),
    ],
)
def test_assert_gradient_names_the_mistake(gradient, words):
    assert words in message(assert_gradient, lambda w: np.sum(w**2), gradient, E, "dL/dw")


def test_assert_gradient_finds_one_wrong_entry_of_a_sampled_gradient():
    # 20,000 entries are sampled: a wrong row of 200 is met for certain by the fixed draw
    at = np.ones((100, 200))
    wrong = 2 * at
    wrong[7] += 1
    assert "finite differences" in message(assert_gradient, lambda w: np.sum(w**2), wrong, at, "dL/dw")


def test_assert_gradient_asks_for_a_function_to_one_number():
    assert "must return one number" in message(assert_gradient, lambda w: w, E, E, "dL/dw")


def test_in_a_notebook_the_verdict_comes_first_and_no_frame_of_the_kit_is_shown():
    cell = "from course.kit.checks import assert_close\nassert_close([1, 2, 4],\n             [4, 2, 1], 'f(x)')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(notebook, allow_errors=True, kernel_name="python3").execute()
    (error,) = notebook.cells[0].outputs
    assert error.ename == "CheckFailed"
    assert error.traceback[0] == "\x1b[31mCheckFailed\x1b[0m: " + error.evalue.splitlines()[0]
    assert error.traceback[1:3] == ["  yours     [1, 2, 4]", "  expected  [4, 2, 1]"]
    assert error.traceback[3:] == ["in line 2 of this cell: assert_close([1, 2, 4],"]
