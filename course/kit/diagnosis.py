"""Names the mistake behind a wrong array.

A wrong answer is often a right one that went through one step too many or too few: transposed, negated, summed where
the mean was asked. So we apply each such step to the expected array and look whether the student's array comes out.
Every rule is a function `(actual, expected, close) -> sentence or None`; the first one that speaks is the diagnosis.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

Close = Callable[[NDArray, NDArray], bool]
Rule = Callable[[NDArray, NDArray, Close], str | None]

AXIS_NAMES = {1: ("entry",), 2: ("row", "column")}
AXIS_PLURALS = {1: ("entries",), 2: ("rows", "columns")}


def diagnose(
    actual: NDArray,
    expected: NDArray,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    mistakes: Mapping[str, ArrayLike] | None = None,
) -> str | None:
    """Say in one sentence how `actual` went wrong, or None where no known mistake explains it.

    Args:
        actual: the student's array, any shape, numeric.
        expected: the right array, any shape, numeric.
        rtol, atol: two arrays are alike where `|a - b| <= atol + rtol |b|`.
        mistakes: answers that this exercise is known to draw, each under the sentence that names its mistake. They are
            compared before the general rules.

    Returns:
        The sentence of the first rule that explains `actual`; None if the arrays are alike or no rule does.
    """

    def close(a: NDArray, b: NDArray) -> bool:
        return a.shape == b.shape and bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))

    if close(actual, expected):
        return None
    for sentence, answer in (mistakes or {}).items():
        if close(actual, np.asarray(answer)):
            return sentence
    if actual.shape == expected.shape and np.all(np.isfinite(expected)) and (found := not_finite(actual)):
        return found
    rules: tuple[Rule, ...] = SHAPE_RULES if actual.shape != expected.shape else VALUE_RULES
    # overflow in a trial step only means that this step is not the one
    with np.errstate(all="ignore"):
        return next((said for rule in rules if (said := rule(actual, expected, close))), None)


# -- the shape differs ------------------------------------------------------------------------------------------------


def axes_in_another_order(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    """(H, W, C) where (C, H, W) was asked; for a matrix: transposed."""
    if actual.ndim != expected.ndim or not 2 <= expected.ndim <= 5:
        return None
    for order in itertools.permutations(range(expected.ndim)):
        if order != tuple(range(expected.ndim)) and close(actual, expected.transpose(order)):
            if expected.ndim == 2:
                return "transposed: your rows are the expected columns."
            return f"the axes are in another order: yours is the expected array with its axes ordered {order}."
    return None


def extra_axis_of_length_one(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    if (
        actual.ndim == expected.ndim
        or actual.size != expected.size
        or actual.squeeze().shape != expected.squeeze().shape
    ):
        return None
    few = "too many" if actual.ndim > expected.ndim else "is missing"
    return f"wrong shape: yours is {_shape(actual)}, expected {_shape(expected)}: an axis of length 1 {few}."


def wrong_number_of_axes(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    if actual.ndim == expected.ndim:
        return None
    return (
        f"wrong shape: yours is {_shape(actual)} with {_count(actual.ndim, 'axis', 'axes')}, "
        f"expected {_shape(expected)} with {_count(expected.ndim, 'axis', 'axes')}."
    )


def wrong_length_of_an_axis(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    wrong = [axis for axis in range(expected.ndim) if actual.shape[axis] != expected.shape[axis]]
    if expected.ndim == 1:
        found = f"wrong length: yours has {_entries(len(actual))}, expected {len(expected)}."
    else:
        differences = [
            f"{actual.shape[axis]} instead of {expected.shape[axis]} {_axis(axis, expected.ndim, plural=True)}"
            for axis in wrong
        ]
        found = f"wrong shape: yours is {_shape(actual)}, expected {_shape(expected)}: {' and '.join(differences)}."
    excess = {actual.shape[axis] - expected.shape[axis] for axis in wrong}
    if excess == {1}:
        return found + " One too many: does the window run over the edge?"
    if excess == {-1}:
        return found + " One too few: is the last position of the window left out?"
    return found


# -- the shape is right, the values are not ---------------------------------------------------------------------------


def nothing_written(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    if np.any(actual) or not np.any(expected):
        return None
    return "all zeros: is the result ever written into the array that you return?"


def cut_to_whole_numbers(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    if np.issubdtype(actual.dtype, np.integer) and (
        close(actual, np.trunc(expected)) or close(actual, np.round(expected))
    ):
        return f"cut to whole numbers: your array has dtype {actual.dtype}. Was it made from an array of integers?"
    return None


def negated(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    return "negated: every sign is the other way round." if close(actual, -expected) else None


def reversed_order(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    """All axes at once is what a flipped filter does to an impulse; one axis is a slip of its own."""
    if expected.ndim == 0:
        return None
    if close(actual, np.flip(expected)):
        return (
            "reversed: the expected values in reverse order. In a convolution: is your filter flipped "
            "(a true convolution instead of cross-correlation)?"
        )
    for axis in range(expected.ndim):
        if close(actual, np.flip(expected, axis)):
            return f"flipped: the expected {_axis(axis, expected.ndim, plural=True)} in reverse order."
    return None


def off_by_one(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    """The overlap of the shifted arrays must agree and hold something that a shift would show."""
    for axis in range(expected.ndim):
        if expected.shape[axis] < 3:
            continue
        ours, theirs = np.moveaxis(actual, axis, 0), np.moveaxis(expected, axis, 0)
        if not np.any(np.diff(theirs, axis=0)):
            continue
        name = _axis(axis, expected.ndim)
        if close(ours[1:], theirs[:-1]):
            return f"off by one {name}: each expected {name} stands one place too late."
        if close(ours[:-1], theirs[1:]):
            return f"off by one {name}: each expected {name} stands one place too early."
    return None


def wrong_at_one_edge(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    for axis in range(expected.ndim):
        length, name = expected.shape[axis], _axis(axis, expected.ndim)
        if length < 3:
            continue
        ours, theirs = np.moveaxis(actual, axis, 0), np.moveaxis(expected, axis, 0)
        if close(ours[:-1], theirs[:-1]):
            return f"right but for the last {name}. Does your loop stop too early?"
        if close(ours[1:], theirs[1:]):
            return f"right but for the first {name}."
    inner = tuple(slice(1, -1) for _ in range(expected.ndim))
    if expected.ndim and min(expected.shape) >= 4 and close(actual[inner], expected[inner]):
        return "right inside, wrong along the border. Is the padding as asked (how many, and with zeros)?"
    return None


def constant_factor(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    """A single number is always some multiple, so there only whole factors of a non-integer count."""
    reference, ours = expected.astype(float).ravel(), actual.astype(float).ravel()
    norm = reference @ reference
    if norm == 0 or (expected.size == 1 and np.issubdtype(expected.dtype, np.integer)):
        return None
    factor = float(ours @ reference / norm)
    if factor == 0 or not close(ours, factor * reference):
        return None
    for n, slip in (
        (factor, "too large. Did you forget to average over the N={n} examples?"),
        (1 / factor, "too small. Did you divide by N={n} once too often?"),
    ):
        if not 1 < n < 1e9:  # no batch is as large; it may be infinite
            continue
        if round(n) == 2 and abs(n - 2) < 1e-4:
            return (
                f"a constant factor: every value is 2 times {slip.split('.')[0]}. Look for the 2 of a square, or a 1/2."
            )
        if round(n) > 2 and abs(n - round(n)) < 1e-4 * n:
            return f"a constant factor: every value is {round(n)} times {slip.format(n=round(n))}"
    if np.count_nonzero(reference) < 2 or np.ptp(reference) == 0:  # any two constant arrays are multiples
        return None
    return f"a constant factor: every value is {factor:.6g} times the expected one."


def constant_offset(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    if expected.size < 2 or np.ptp(expected) == 0:
        return None
    difference = actual.astype(float) - expected.astype(float)
    offset = float(difference.ravel()[0])
    if close(actual, expected + offset):
        return f"a constant offset: every value is off by the same {offset:.6g}. Is a bias missing, or added twice?"
    for axis in range(expected.ndim if expected.ndim > 1 else 0):
        others = tuple(k for k in range(expected.ndim) if k != axis)
        if np.prod([expected.shape[k] for k in others]) < 2:
            continue
        offsets = difference.mean(axis=others, keepdims=True)
        if np.all(offsets) and close(actual, expected + offsets):
            return (
                f"a constant offset for each index along axis {axis} (here {_short(offsets.ravel())}). "
                "Is a bias missing, added twice, or added along another axis?"
            )
    return None


def log_or_exp(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    if np.all(expected > 0) and close(actual, np.log(expected)):
        return "a logarithm too many, or an exp left out: yours is the log of the expected values."
    if close(actual, np.exp(expected)):
        return "an exp too many, or a logarithm left out: yours is exp of the expected values."
    return None


def sums_to_one_along_another_axis(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    def is_distribution(array: NDArray, axis: int) -> bool:
        return bool(np.allclose(array.sum(axis=axis), 1, rtol=1e-4)) and array.shape[axis] > 1

    for right, wrong in itertools.permutations(range(expected.ndim), 2):
        if is_distribution(expected, right) and is_distribution(actual, wrong) and not is_distribution(actual, right):
            return f"softmax over the wrong axis: your values sum to 1 along axis {wrong}, expected along axis {right}."
    return None


def negatives_kept_or_cut(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    if np.any(expected) and close(np.maximum(actual, 0), expected):
        return "negative values are kept where the expected ones are 0. Is the ReLU missing?"
    if np.any(actual) and close(actual, np.maximum(expected, 0)):
        return "negative values are cut to 0. Is there a ReLU too many?"
    return None


def right_values_in_another_order(actual: NDArray, expected: NDArray, close: Close) -> str | None:
    ours, theirs = np.sort(actual, axis=None), np.sort(expected, axis=None)
    if expected.size < 4 or len(np.unique(theirs)) < 4 or not close(ours, theirs):
        return None
    return "the right values in the wrong places. Look at the order of your indices, or of a reshape."


SHAPE_RULES: tuple[Rule, ...] = (
    axes_in_another_order,
    extra_axis_of_length_one,
    wrong_number_of_axes,
    wrong_length_of_an_axis,
)
VALUE_RULES: tuple[Rule, ...] = (
    nothing_written,
    cut_to_whole_numbers,
    negated,
    axes_in_another_order,
    reversed_order,
    constant_factor,
    constant_offset,
    log_or_exp,
    sums_to_one_along_another_axis,
    negatives_kept_or_cut,
    off_by_one,
    wrong_at_one_edge,
    right_values_in_another_order,
)


def not_finite(actual: NDArray) -> str | None:
    """Say where NaN or infinity stands and what usually brings it in; None if every entry is finite."""
    bad = ~np.isfinite(actual)
    if not bad.any():
        return None
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    is_nan = np.isnan(actual[index])
    kind = "NaN" if is_nan else "infinity"
    usual = (
        "0/0, inf - inf or log of a negative number" if is_nan else "exp of a large number, log 0 or a division by 0"
    )
    place = "" if actual.ndim == 0 else f" (first at {list(index)})"
    return f"{kind} in {_entries(int(bad.sum()))} of {actual.size}{place}. The usual causes: {usual}."


def _axis(axis: int, ndim: int, plural: bool = False) -> str:
    names = (AXIS_PLURALS if plural else AXIS_NAMES).get(ndim)
    if names:
        return names[axis]
    return f"entries along axis {axis}" if plural else f"index along axis {axis}"


def _shape(array: NDArray) -> str:
    return f"{array.shape}" if array.ndim else "a single number"


def _entries(n: int) -> str:
    return _count(n, "entry", "entries")


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _short(values: NDArray) -> str:
    shown: Iterator[str] = (f"{v:.4g}" for v in values[:4])
    return ", ".join(shown) + (", ..." if len(values) > 4 else "")
