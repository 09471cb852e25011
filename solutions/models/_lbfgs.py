"""L-BFGS: gradient descent that learns the curvature from its last steps; for smooth losses on all data at once.

Source: Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithms 7.4 and 7.5; the line search is that of Lewis
and Overton 2013.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LossAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]


class Minimum(NamedTuple):
    """Where the search ended, the loss after each iteration, and whether the gradient fell below the tolerance."""

    x: np.ndarray
    losses: list[float]
    converged: bool


def minimize(f: LossAndGradient, start: np.ndarray, max_iter: int, tol: float, memory: int = 10) -> Minimum:
    """Minimise a smooth function of a float64 vector until no entry of its gradient is larger than tol."""
    x, (loss, grad) = start, f(start)
    steps: deque[tuple[np.ndarray, np.ndarray]] = deque(maxlen=memory)  # (change of x, change of gradient)
    losses: list[float] = []
    while np.abs(grad).max() > tol and len(losses) < max_iter:
        direction = -_times_inverse_hessian(grad, steps)
        found = _line_search(f, x, loss, grad, direction, 1.0 if steps else min(1.0, 1 / float(np.abs(grad).sum())))
        if found is None:  # rounding hides any further descent
            break
        new_x, new_loss, new_grad = found
        steps.append((new_x - x, new_grad - grad))
        x, loss, grad = new_x, new_loss, new_grad
        losses.append(loss)
    return Minimum(x, losses, bool(np.abs(grad).max() <= tol))


def _times_inverse_hessian(grad: np.ndarray, steps: deque[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Multiply with the inverse Hessian as the last steps show it (the two-loop recursion)."""
    q, alphas = grad.copy(), []
    for s, y in reversed(steps):
        alphas.append((s @ q) / (s @ y))
        q -= alphas[-1] * y
    if steps:
        s, y = steps[-1]
        q *= (s @ y) / (y @ y)
    for (s, y), alpha in zip(steps, reversed(alphas), strict=True):
        q += (alpha - (y @ q) / (s @ y)) * s
    return q


def _line_search(
    f: LossAndGradient, x: np.ndarray, loss: float, grad: np.ndarray, direction: np.ndarray, step: float
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """Find a step that lowers the loss (Armijo) and flattens the slope (Wolfe), by doubling and halving."""
    slope = float(grad @ direction)
    slack = 4 * np.finfo(np.float64).eps * abs(loss)
    low, high = 0.0, np.inf
    for _ in range(50):
        new_x = x + step * direction
        new_loss, new_grad = f(new_x)
        if not new_loss <= loss + 1e-4 * step * slope + slack:  # "not <=": NaN is too far as well
            high = step
        elif new_grad @ direction < 0.9 * slope:
            low = step
        else:
            return new_x, new_loss, new_grad
        step = 2 * low if high == np.inf else (low + high) / 2
    return None
