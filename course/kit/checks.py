"""The assertions of a test cell. Each says what was checked, names the mistake, and shows both answers.

    assert_close(conv1d(x, theta), [2, 1, 1], "conv1d(x, theta)")

raises `CheckFailed` with, for instance,

    conv1d(x, theta): reversed: the expected values in reverse order. Is your filter flipped ...
      yours     [1. 1. 2.]
      expected  [2. 1. 1.]
"""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.kit.diagnosis import diagnose

WHOLE = 40  # arrays of up to so many entries are printed whole
DIFFERENCES = 5  # of a larger one, so many of the entries that differ
GRADIENT_ENTRIES = 400  # a larger gradient is checked at so many entries, drawn once with a fixed seed


class CheckFailed(AssertionError):  # noqa: N818  (the name that students read; an Error would blame Python)
    """A check's verdict on a student's answer."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this instead of printing the stack: the verdict first, then the line that asked.
        first, *rest = str(self).splitlines()
        lines = [f"\x1b[31mCheckFailed\x1b[0m: {first}", *rest]
        ours = str(Path(__file__).parent)
        asked = [frame for frame in traceback.extract_tb(self.__traceback__) if not frame.filename.startswith(ours)]
        if asked and asked[-1].line:
            lines.append(f"in line {asked[-1].lineno} of this cell: {asked[-1].line}")
        return lines


def assert_close(
    actual: Any,
    expected: ArrayLike,
    what: str,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    *,
    mistakes: Mapping[str, ArrayLike] | None = None,
) -> None:
    """Check that `actual` has the shape and the values of `expected`.

    Args:
        actual: what the student's function returned: an array, a number, or nested lists of numbers.
        expected: the right answer, any shape. A float32 array also asks for float32 back.
        what: the call that is checked, as the student would write it.
        rtol, atol: passes where `|actual - expected| <= atol + rtol |expected|`.
        mistakes: wrong answers that this exercise is known to draw, each under the sentence that names the mistake.

    Raises:
        CheckFailed: with the diagnosis in its first line.
    """
    __tracebackhide__ = True
    right = np.asarray(expected)
    ours = _as_array(actual, right, what)
    if not _alike(ours, right, rtol, atol):
        found = diagnose(ours, right, rtol, atol, mistakes) or _differences(ours, right, rtol, atol)
        raise CheckFailed(f"{what}: {found}\n{_side_by_side(ours, right, rtol, atol)}")
    _check_dtype(actual, expected, what)


def assert_shape(actual: Any, shape: Sequence[int] | int, what: str) -> None:
    """Check that `actual` is an array of this shape (an int means one axis).

    Raises:
        CheckFailed: naming the axis that is off.
    """
    __tracebackhide__ = True
    right = np.empty((shape,) if isinstance(shape, int) else tuple(shape))
    ours = _as_array(actual, right, what)
    if ours.shape != right.shape:
        raise CheckFailed(f"{what}: {diagnose(ours, right)}")


def assert_unchanged(array: NDArray, before: NDArray, what: str) -> None:
    """Check that an input still holds what it held `before` the call (a copy made by the test).

    Raises:
        CheckFailed: saying how many entries the student's function changed.
    """
    __tracebackhide__ = True
    if array.shape != before.shape:
        raise CheckFailed(f"{what}: your function changed its input's shape from {before.shape} to {array.shape}.")
    changed = len(_where(array, before, 0, 0))
    if changed:
        raise CheckFailed(
            f"{what}: your function modified its input: {changed} of {array.size} entries of {what} changed. "
            f"Work on a copy, {what}.copy()."
        )


def assert_gradient(
    function: Callable[[NDArray], float],
    gradient: ArrayLike | Callable[[NDArray], ArrayLike],
    at: ArrayLike,
    what: str,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> None:
    """Check a gradient against central differences, `(f(x + h e_i) - f(x - h e_i)) / 2h` for every entry i.

    Args:
        function: from an array like `at` to one number.
        gradient: the student's gradient at `at`, or the function that computes it.
        at: the point, any shape; taken as float64.
        what: what is checked, as the student would write it.
        rtol, atol: as in `assert_close`, wider by what differences cost in accuracy.

    Raises:
        CheckFailed: with the diagnosis in its first line.
    """
    __tracebackhide__ = True
    point = np.array(at, dtype=np.float64)
    ours = _as_array(gradient(point.copy()) if callable(gradient) else gradient, point, what)
    if ours.shape != point.shape:
        raise CheckFailed(f"{what}: a gradient has the shape of its array. {diagnose(ours, point)}")
    entries = np.arange(point.size)
    if point.size > GRADIENT_ENTRIES:
        entries = np.sort(np.random.default_rng(0).choice(point.size, GRADIENT_ENTRIES, replace=False))
    numeric = np.array([_central_difference(function, point, np.unravel_index(i, point.shape), what) for i in entries])
    if point.size == len(entries):
        assert_close(ours, numeric.reshape(point.shape), f"{what} against finite differences", rtol, atol)
    else:
        assert_close(ours.ravel()[entries], numeric, f"{what} against {len(entries)} finite differences", rtol, atol)


def _central_difference(
    function: Callable[[NDArray], float], point: NDArray, index: tuple[Any, ...], what: str
) -> float:
    h = 1e-5 * max(1.0, abs(float(point[index])))  # truncation h^2 and rounding eps/h are of one size near 1e-5
    ends = []
    for step in (h, -h):
        moved = point.copy()
        moved[index] += step
        value = np.asarray(function(moved))
        if value.size != 1 or value.dtype.kind not in "biuf":
            raise CheckFailed(f"{what}: the function must return one number to differentiate, got {_described(value)}.")
        ends.append(float(value.reshape(())))
    return (ends[0] - ends[1]) / (2 * h)


def _as_array(actual: Any, expected: NDArray, what: str) -> NDArray:
    __tracebackhide__ = True
    wanted = "a number" if expected.ndim == 0 else f"an array of shape {expected.shape}"
    if actual is None or (isinstance(actual, np.ndarray) and actual.shape == () and actual.dtype == object):
        raise CheckFailed(f"{what}: returned None, expected {wanted}. Is the `return` missing?")
    try:
        ours = np.asarray(actual)
    except Exception:
        raise CheckFailed(
            f"{what}: returned a {type(actual).__name__} that is no array, expected {wanted}. "
            "Are its rows of equal length?"
        ) from None
    if ours.dtype.kind not in "biuf":
        raise CheckFailed(f"{what}: returned {_described(actual)}, expected {wanted}.")
    return ours


def _check_dtype(actual: Any, expected: Any, what: str) -> None:
    # lists and Python numbers carry no dtype: only arrays are held to it
    __tracebackhide__ = True
    ours, right = getattr(actual, "dtype", None), getattr(expected, "dtype", None)
    if right == np.float32 and ours is not None and ours.kind in "iub":
        raise CheckFailed(f"{what}: {right} came in, whole numbers went out: your array was made with dtype {ours}.")
    if right == np.float32 and ours is not None and ours != right:
        raise CheckFailed(
            f"{what}: the values are right, the dtype is not: {right} came in, {ours} went out. "
            "Does a new array (np.zeros without dtype) or a float64 constant widen it?"
        )


def _alike(ours: NDArray, right: NDArray, rtol: float, atol: float) -> bool:
    return ours.shape == right.shape and bool(np.allclose(ours, right, rtol=rtol, atol=atol, equal_nan=True))


def _differences(ours: NDArray, right: NDArray, rtol: float, atol: float) -> str:
    if right.ndim == 0:
        return "wrong value."
    return f"wrong values: {len(_where(ours, right, rtol, atol))} of {right.size} entries differ."


def _where(ours: NDArray, right: NDArray, rtol: float, atol: float) -> NDArray:
    return np.argwhere(~np.isclose(ours, right, rtol=rtol, atol=atol, equal_nan=True))


def _side_by_side(ours: NDArray, right: NDArray, rtol: float, atol: float) -> str:
    if max(ours.size, right.size) <= WHOLE:
        return f"{_labelled('yours', ours)}\n{_labelled('expected', right)}"
    if ours.shape != right.shape:
        return f"  yours     shape {ours.shape}\n  expected  shape {right.shape}"
    wrong = _where(ours, right, rtol, atol)
    lines = [
        f"  at {list(map(int, index))}: yours {ours[tuple(index)]:.6g}, expected {right[tuple(index)]:.6g}"
        for index in wrong[:DIFFERENCES]
    ]
    if len(wrong) > DIFFERENCES:
        lines.append(f"  and {len(wrong) - DIFFERENCES} more entries")
    return "\n".join(lines)


def _labelled(label: str, array: NDArray) -> str:
    text = np.array2string(array, precision=6, suppress_small=True, separator=", ", max_line_width=100)
    return textwrap.indent(text, " " * 12).replace(" " * 12, f"  {label:<10}", 1)


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return f"a {type(value).__name__}"
