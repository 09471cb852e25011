"""Each mistake that the diagnosis knows, made on purpose, is named; what it does not know, it does not name."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from course.kit.diagnosis import diagnose

E = np.random.default_rng(0).standard_normal((4, 5))
SQUARE = np.random.default_rng(1).standard_normal((4, 4))
CUBE = np.random.default_rng(2).standard_normal((2, 3, 4))
LINE = np.array([3.0, -1, 4, 1.5, -9])
PROBABILITIES = np.exp(E) / np.exp(E).sum(axis=1, keepdims=True)


def last_left_out(array, axis):
    changed = array.copy()
    np.moveaxis(changed, axis, 0)[-1] = 0
    return changed


def border_changed(array):
    changed = array + 1
    changed[1:-1, 1:-1] = array[1:-1, 1:-1]
    changed[0] += np.arange(array.shape[1])
    return changed


MISTAKES = {
    "transposed, oblong": (E.T, E, "transposed"),
    "transposed, square": (SQUARE.T, SQUARE, "transposed"),
    "axes moved": (np.moveaxis(CUBE, 0, -1), CUBE, "axes are in another order"),
    "axis of length 1 kept": (LINE[:, None], LINE, "an axis of length 1 too many"),
    "axis of length 1 lost": (LINE, LINE[None], "an axis of length 1 is missing"),
    "flattened": (E.ravel(), E, "wrong shape: yours is (20,) with 1 axis, expected (4, 5) with 2 axes"),
    "one entry too many": (np.append(LINE, 2), LINE, "wrong length: yours has 6 entries, expected 5. One too many"),
    "one row too few": (E[:-1], E, "3 instead of 4 rows. One too few"),
    "wrong columns": (E[:, :2], E, "2 instead of 5 columns"),
    "wrong axis of three": (CUBE[:, :, :1], CUBE, "1 instead of 4 entries along axis 2"),
    "zeros": (np.zeros_like(E), E, "all zeros"),
    "integers": (np.trunc(10 * E).astype(int), 10 * E, "cut to whole numbers: your array has dtype int64"),
    "negated": (-E, E, "negated"),
    "flipped filter on an impulse": (np.array([2.0, 3, 5]), np.array([5.0, 3, 2]), "is your filter flipped"),
    "flipped rows": (E[::-1], E, "flipped: the expected rows in reverse order"),
    "flipped columns": (E[:, ::-1], E, "flipped: the expected columns in reverse order"),
    "summed, not averaged": (32 * E, E, "32 times too large. Did you forget to average over the N=32 examples?"),
    "averaged twice": (E / 32, E, "32 times too small. Did you divide by N=32 once too often?"),
    "2 of the square": (E / 2, E, "2 times too small. Look for the 2 of a square"),
    "odd factor": (1.7 * E, E, "1.7 times the expected"),
    "loss summed": (np.array(64.0), np.array(2.0), "N=32"),
    "offset": (E + 0.5, E, "every value is off by the same 0.5. Is a bias missing"),
    "bias a column": (E + np.arange(1, 6), E, "a constant offset for each index along axis 1 (here 1, 2, 3, 4, ...)"),
    "one row late": (
        np.vstack([[9.0, 9, 1, 9, 9], E[:-1]]),
        E,
        "off by one row: each expected row stands one place too late",
    ),
    "one column early": (
        np.column_stack([E[:, 1:], [1.0, 2, 3, 5]]),
        E,
        "off by one column: each expected column stands one place too early",
    ),
    "one entry late": (np.array([7.0, 3, -1, 4, 1.5]), LINE, "off by one entry"),
    "last row left out": (last_left_out(E, 0), E, "right but for the last row"),
    "last column left out": (last_left_out(E, 1), E, "right but for the last column"),
    "border": (border_changed(SQUARE), SQUARE, "right inside, wrong along the border"),
    "log": (np.log(PROBABILITIES), PROBABILITIES, "a logarithm too many, or an exp left out"),
    "exp": (PROBABILITIES, np.log(PROBABILITIES), "an exp too many, or a logarithm left out"),
    "softmax axis": (
        np.exp(E) / np.exp(E).sum(axis=0),
        PROBABILITIES,
        "softmax over the wrong axis: your values sum to 1 along axis 0, expected along axis 1",
    ),
    "ReLU missing": (E, np.maximum(E, 0), "Is the ReLU missing?"),
    "ReLU too many": (np.maximum(E, 0), E, "Is there a ReLU too many?"),
    "other order": (LINE[[0, 2, 1, 4, 3]], LINE, "the right values in the wrong places"),
    "NaN": (np.where(E > 0, E, np.nan), E, "NaN in"),
    "infinity": (np.where(E > 2, np.inf, E * np.inf), E, "infinity in 20 entries of 20 (first at [0, 0])"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_names_the_mistake(name):
    actual, expected, words = MISTAKES[name]
    assert words in diagnose(actual, expected)


@pytest.mark.parametrize("name", [name for name in MISTAKES if name != "integers"])
def test_names_it_in_float32_and_does_not_touch_its_arguments(name):
    actual, expected, words = MISTAKES[name]
    small, right = actual.astype(np.float32), expected.astype(np.float32)
    before = small.copy(), right.copy()
    assert words in diagnose(small, right, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(small, before[0])
    np.testing.assert_array_equal(right, before[1])


def test_a_known_mistake_comes_before_the_general_rules():
    said = diagnose(-LINE, LINE, mistakes={"you subtracted the wrong way round.": -LINE, "never": LINE})
    assert said == "you subtracted the wrong way round."


def test_a_known_mistake_may_have_another_shape():
    assert diagnose(LINE, LINE[:3], mistakes={"padded": LINE}) == "padded"


def test_an_unknown_mistake_stays_unnamed():
    scrambled = np.random.default_rng(3).standard_normal(E.shape)
    assert diagnose(scrambled, E) is None


def test_a_whole_number_that_happens_to_be_a_multiple_is_no_factor():
    assert diagnose(np.array(25), np.array(5)) is None


@given(arrays(np.float64, array_shapes(min_dims=0, max_dims=4, max_side=4), elements=st.floats(-1e3, 1e3)))
def test_a_right_answer_has_no_diagnosis(array):
    assert diagnose(array.copy(), array) is None


@given(
    arrays(np.float64, array_shapes(min_dims=0, max_dims=4, max_side=4), elements=st.floats(allow_nan=True)),
    arrays(np.float64, array_shapes(min_dims=0, max_dims=4, max_side=4), elements=st.floats(-1e6, 1e6)),
)
@example(np.array(2.3e-308), np.array(4.0))
@example(np.array(-2.3e-308), np.array(4.0))
def test_any_two_arrays_give_a_sentence_or_none_and_no_warning(actual, expected):
    said = diagnose(actual, expected)
    assert said is None or said.endswith((".", "?", ")"))
