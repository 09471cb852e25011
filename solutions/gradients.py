"""Is this derivative right? Compare it with slopes that are measured, not derived.

A slope is measured by central differences, (f(x + eps) - f(x - eps)) / (2 eps). In float64 it is good to about 1e-10,
in float32 to 1e-3: check gradients in float64. `check_gradient` and `check_layer` measure two ways in one call: one
slope along a random direction, in which every entry has its part, and slopes of some entries, which say where it fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from solutions._validation import described, float_array, generator, integer, number

Function = Callable[[np.ndarray], Any]


class RelativeError(float):
    """A relative error that also knows where it is worst: a float to compare with, a report to print.

    error = |analytic - numeric| / (|analytic| + |numeric|): 0 when right, 1/3 for a factor of 2, 1 for a wrong sign

    Args: error; report, the lines to print.
    Returns: a float.
    Raises: ValueError where error is no number.
    Source: CS231n notes "Neural Networks Part 3", gradient checks.

    >>> RelativeError(0.25, "x[0]: analytic 3, numeric 5")
    RelativeError(0.25)
    x[0]: analytic 3, numeric 5
    """

    report: str

    def __new__(cls, error: float, report: str = "") -> RelativeError:
        """Make a float that carries a report."""
        self = super().__new__(cls, error)
        self.report = report
        return self

    def __repr__(self) -> str:
        return f"RelativeError({float(self):.3g})" + (f"\n{self.report}" if self.report else "")


def _step_size(dtype: np.dtype, eps: object) -> float:
    # The cube root balances the error of the formula, eps^2, with that of rounding, machine epsilon / eps.
    return float(np.cbrt(np.finfo(dtype).eps)) if eps is None else number("eps", eps, low=float(np.finfo(dtype).tiny))


def _reach(x: np.ndarray, eps: object) -> np.ndarray:
    """How far to step along each entry, in units of the step size: entries far from 0 need longer steps, or none is."""
    return np.maximum(1, np.abs(x)) if eps is None else np.ones(x.shape)


def _one_number(value: object) -> float:
    if not isinstance(value, (int, float, np.ndarray, np.generic)) or np.size(value) != 1:
        raise ValueError(f"f must return one number, got {described(value)}; usual cause: a sum is missing")
    return float(np.reshape(value, ()))


def _callable(name: str, value: object) -> None:
    if not callable(value):
        raise TypeError(f"{name} must be a function of one array, got {described(value)}")


def numerical_gradient(f: Function, x: np.ndarray, eps: float | None = None) -> np.ndarray:
    """Measure the derivative of a function by every entry of its argument.

    dL/dx_i = (f(x + eps e_i) - f(x - eps e_i)) / (2 eps)

    Args: f, takes an array like x and returns one number; x of any shape; eps > 0 (None: the cube root of the machine
        epsilon of x's dtype, 6e-6 in float64, times |x_i| where that is above 1).
    Returns: the gradient, the shape and dtype of x. f is called twice for each entry, always with a fresh array.
    Raises: TypeError or ValueError where x is not float32 or float64, eps not positive or lost beside an entry of x, or
        f's result not one number.
    Source: deck 003 "Back-propagation: Basics"; Goodfellow et al. 2016, section 11.5.

    >>> numerical_gradient(lambda x: x[0] * x[1], np.array([4.0, -3.0])).round(6)
    array([-3.,  4.])
    """
    _callable("f", f)
    x = float_array("x", x)
    steps = _step_size(x.dtype, eps) * _reach(x, eps)
    gradient = np.zeros(x.shape, x.dtype)
    for index in np.ndindex(x.shape):
        right, left = x.copy(), x.copy()
        right[index] += steps[index]
        left[index] -= steps[index]
        width = float(right[index]) - float(left[index])  # not always twice the step: entries are rounded
        if width == 0:
            raise ValueError(f"eps must be larger for x{list(index)} = {x[index]:g}, got {eps}: x + eps is x again")
        gradient[index] = (_one_number(f(right)) - _one_number(f(left))) / width
    return gradient


class _Slope(NamedTuple):
    value: float
    smooth: bool
    noise: float


def _measure(along: Callable[[float], tuple[float, float]], eps: float, unit: float) -> _Slope:
    """Measure the slope at 0 of `along`, which returns a value and the size of the terms it was summed from."""
    (middle, size), (right, _), (left, _), (near_right, _), (near_left, _) = map(
        along, (0.0, eps, -eps, eps / 2, -eps / 2)
    )
    slope, near = (right - left) / (2 * eps), (near_right - near_left) / eps
    bend, near_bend = (right - 2 * middle + left) / eps, (near_right - 2 * middle + near_left) / (eps / 2)
    noise = unit * max(size, abs(right), abs(left)) / eps
    # Where f is smooth, both differences vanish with eps; at a kink or a jump they do not.
    rough = max(abs(slope - near), abs(2 * near_bend - bend))
    return _Slope(slope, not rough > _tolerance(unit) * abs(slope) + 50 * noise, noise)  # NaN passes, to be reported


def _tolerance(unit: float) -> float:
    """Return the relative error that a right gradient stays below: 1e-6 in float64, 1e-2 in float32."""
    return 1e-6 if unit < 1e-10 else 1e-2


class _Checked(NamedTuple):
    """One array under test: change `array` in place, call `value`, and compare with `analytic`."""

    name: str
    array: np.ndarray
    analytic: np.ndarray
    value: Callable[[], tuple[float, float]]

    def slope(self, direction: np.ndarray, eps: float) -> _Slope:
        start = self.array.copy()

        def along(t: float) -> tuple[float, float]:
            self.array[...] = start + (t * direction).astype(start.dtype)
            return self.value()

        try:
            return _measure(along, eps, float(np.finfo(start.dtype).eps))
        finally:
            self.array[...] = start

    def compare(self, eps: object, samples: int, rng: np.random.Generator) -> list[tuple[float, str]] | None:
        """Return (error, line of the report) for a random direction, then for single entries; None next to a kink."""
        # Signs at random and sizes that differ: errors of two entries do not cancel out.
        step, reach = _step_size(self.array.dtype, eps), _reach(self.array, eps)
        signs = rng.choice([-1.0, 1.0], self.array.shape)
        direction = signs * rng.uniform(0.5, 1.5, self.array.shape) * reach
        projection = self.slope(direction, step)
        if not projection.smooth:
            return None
        lines = [self._line(" along a random direction", float(np.sum(self.analytic * direction)), projection)]
        for place in rng.permutation(self.array.size)[: 5 * samples]:
            index = np.unravel_index(place, self.array.shape)
            unit_vector = np.zeros(self.array.shape)
            unit_vector[index] = reach[index]
            slope = self.slope(unit_vector, step)
            scale = float(reach[index])
            slope = slope._replace(value=slope.value / scale, noise=slope.noise / scale)
            if slope.smooth:
                lines.append(self._line(f"[{', '.join(map(str, index))}]", float(self.analytic[index]), slope))
            if len(lines) > samples:
                break
        return lines

    def _line(self, place: str, analytic: float, numeric: _Slope) -> tuple[float, str]:
        # Small slopes are mostly rounding: below this floor a difference is measured against the floor instead.
        floor = 5 * numeric.noise / _tolerance(float(np.finfo(self.array.dtype).eps)) + 1e-300
        floor = max(floor, 1e-3 * float(np.abs(self.analytic).max(initial=0)))
        error = abs(analytic - numeric.value) / max(abs(analytic) + abs(numeric.value), floor)
        numbers = f"analytic {analytic:.9g}, numeric {numeric.value:.9g}, relative error {error:.2g}"
        return error, f"{self.name}{place}: {numbers}"


def _badness(line: tuple[float, str]) -> float:
    return -np.inf if np.isnan(line[0]) else -line[0]  # NaN is the worst error there is, but loses every comparison


def _worst(
    arrays_at: Callable[[int], list[_Checked]], eps: object, samples: int, rng: np.random.Generator
) -> RelativeError:
    for attempt in range(10):
        directions: list[tuple[float, str]] = []
        entries: list[tuple[float, str]] = []
        for checked in arrays_at(attempt):
            lines = checked.compare(eps, samples, rng)
            if lines is None:
                break
            directions.append(lines[0])
            entries.extend(lines[1:])
        else:
            worst = sorted(entries, key=_badness)[:4] + sorted(directions, key=_badness)[:1]
            errors = [error for error, _ in worst]
            return RelativeError(float(np.max(errors)) if errors else 0.0, "\n".join(text for _, text in worst))
    raise ValueError("x lies at a kink or a jump, and so do 10 points drawn near it: no slope can be measured there")


def _near(x: np.ndarray, attempt: int, rng: np.random.Generator) -> np.ndarray:
    """Return a copy of x, moved a little from the second attempt on: far enough to leave a kink or a tie."""
    moved = 0.02 * rng.uniform(-1, 1, x.shape) * (1 + np.abs(x)) if attempt else np.zeros(x.shape)
    return x + moved.astype(x.dtype)


def check_gradient(
    f: Function,
    df: Function,
    x: np.ndarray,
    *,
    eps: float | None = None,
    samples: int = 10,
    rng: np.random.Generator | int | None = 0,
) -> RelativeError:
    """Compare a gradient function with measured slopes at x, or close to x where x is at a kink or a tie.

    error = |analytic - numeric| / (|analytic| + |numeric|), the largest over a random direction and `samples` entries;
    slopes below 1/1000 of the largest count as that, for they are mostly rounding; where f is so large that rounding
    hides all slopes, as in 1e12 + x, nothing can be measured and the error is small whatever df says

    Args: f, takes an array like x and returns one number; df, takes the same and returns df/dx, of x's shape; x of any
        shape; eps as in `numerical_gradient`; samples, how many entries to check one by one; rng, a generator, a seed
        or None.
    Returns: the largest relative error, a float whose `report` names entries (below 1e-6 in float64 when df is right).
    Raises: TypeError or ValueError where x is not float32 or float64, f returns more than one number, df's result has
        another shape than x, or all points near x are kinks.
    Source: CS231n notes "Neural Networks Part 3", gradient checks.

    >>> check_gradient(lambda x: (x**3).sum(), lambda x: 3 * x**2, np.array([1.0, -2.0])) < 1e-6
    True
    >>> wrong = check_gradient(lambda x: (x**2).sum(), lambda x: x * [2, 1], np.array([1.0, -3.0]))
    >>> wrong > 0.1, wrong.report.splitlines()[0]
    (True, 'x[1]: analytic -3, numeric -6, relative error 0.33')
    """
    _callable("f", f)
    _callable("df", df)
    x, rng, samples = float_array("x", x), generator(rng), integer("samples", samples, minimum=1)

    def arrays_at(attempt: int) -> list[_Checked]:
        point = _near(x, attempt, rng)
        analytic = np.asarray(df(point.copy()))
        if analytic.shape != x.shape:
            raise ValueError(f"df must return the shape of x, {x.shape}, got {analytic.shape}")

        def value() -> tuple[float, float]:
            y = _one_number(f(point.copy()))
            return y, abs(y)

        return [_Checked("x", point, analytic, value)]

    return _worst(arrays_at, eps, samples, rng)


def check_layer(
    layer: Any,
    x: np.ndarray,
    *,
    eps: float | None = None,
    samples: int = 10,
    rng: np.random.Generator | int | None = 0,
) -> RelativeError:
    """Compare a layer's `backward` with measured slopes: by its input and by every one of its parameters.

    The function that is checked is L = sum(layer.forward(x) R) for a random array R, so that dL/dy = R.

    Args: layer, with forward(x), backward(grad_output) and parameters(); of a tuple from forward the first array
        counts. x, the input (integers, as an embedding takes them, have no gradient and are left out); eps, samples,
        rng as in `check_gradient`. Values, gradients and state of the layer are afterwards what they were.
    Returns: the largest relative error, a float whose `report` names entries (below 1e-6 in float64 when all is right).
    Raises: TypeError or ValueError where forward gives two answers for one x (dropout in training), backward returns
        another shape than x, or all points near x are kinks.
    Source: CS231n notes "Neural Networks Part 3", gradient checks.

    >>> class Double:
    ...     def forward(self, x):
    ...         return 2 * x
    ...     def backward(self, grad_output):
    ...         return 2 * grad_output
    ...     def parameters(self):
    ...         return []
    >>> check_layer(Double(), np.array([[1.0, 2.0]])) < 1e-6
    True
    """
    if not all(hasattr(layer, name) for name in ("forward", "backward", "parameters")):
        raise TypeError(f"layer must have forward, backward and parameters, got {described(layer)}")
    has_gradient = not (isinstance(x, np.ndarray) and x.dtype.kind in "iu")
    x, rng, samples = (
        (float_array("x", x) if has_gradient else x),
        generator(rng),
        integer("samples", samples, minimum=1),
    )
    parameters = list(layer.parameters())
    grads = [parameter.grad.copy() for parameter in parameters]
    state = {k: v.copy() for k, v in layer.state_dict().items()} if hasattr(layer, "state_dict") else None

    def output(point: np.ndarray) -> np.ndarray:
        y = layer.forward(point.copy())
        return float_array("the layer's output", y[0] if isinstance(y, tuple) else y)

    y = output(x)
    if not np.array_equal(y, output(x), equal_nan=True):
        raise ValueError("layer must give one answer for one x, got two; usual cause: dropout, call layer.eval() first")
    weights = rng.standard_normal(y.shape).astype(y.dtype)

    def arrays_at(attempt: int) -> list[_Checked]:
        point = _near(x, attempt, rng) if has_gradient else x

        def value() -> tuple[float, float]:
            terms = output(point) * weights.astype(np.float64)
            return float(terms.sum()), float(np.abs(terms).sum())

        for parameter in parameters:
            parameter.grad[...] = 0
        output(point)
        grad_x = layer.backward(weights.copy())
        arrays = [_Checked(p.name, p.value, p.grad.copy(), value) for p in parameters]
        if has_gradient:
            if np.shape(grad_x) != x.shape:
                raise ValueError(f"layer.backward must return the shape of x, {x.shape}, got {np.shape(grad_x)}")
            arrays.insert(0, _Checked("x", point, grad_x, value))
        return arrays

    try:
        return _worst(arrays_at, eps, samples, rng)
    finally:
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter.grad[...] = grad
        if state is not None:
            layer.load_state_dict(state)
