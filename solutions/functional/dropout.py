"""Dropout: in training, set random activations to zero, so that no unit relies on one other unit.

Ours is the inverted form: what is kept is divided by 1 - p, so that nothing has to be scaled when the network is used.
p is the probability to drop.
"""

from __future__ import annotations

import numpy as np

from solutions._validation import flag, float_array, generator, like, number


def dropout(
    x: np.ndarray, p: float = 0.5, training: bool = True, rng: np.random.Generator | int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Drop every entry with probability p and scale up the others, so that the mean stays.

    y = x m,  m = 0 with probability p, else 1 / (1 - p)

    Args: x of any shape; p from 0 to 1, the probability to drop; training, False passes x through; rng, a generator, a
        seed (3 stands for `np.random.default_rng(3)`) or None for a fresh generator. One seed drops the same entries in
        float32 and in float64.
    Returns: (y, mask), both the shape and dtype of x; the mask is all ones where training is False.
    Raises: TypeError or ValueError where x is not float32 or float64, p not in 0 .. 1, or rng none of the three.
    Source: deck 001 "Regularization: Dropout"; Srivastava et al. 2014.

    >>> y, mask = dropout(np.array([1.0, 2.0, 3.0, 4.0]), p=0.5, rng=0)
    >>> y, mask
    (array([2., 0., 0., 0.]), array([2., 0., 0., 0.]))
    """
    x = float_array("x", x)
    p = number("p", p, 0, 1)
    if not flag("training", training) or p == 0:
        return x.copy(), np.ones_like(x)
    kept = generator(rng).random(x.shape) >= p
    mask = kept.astype(x.dtype)
    if p < 1:  # at p = 1 nothing is kept and there is nothing to scale
        mask /= 1 - p
    return x * mask, mask


def dropout_backward(grad_y: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Send the gradient through the entries that were kept.

    dL/dx = dL/dy m

    Args: grad_y and mask of one shape; mask as `dropout` returned it.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where the two differ in shape or dtype.
    Source: deck 001 "Regularization: Dropout".

    >>> dropout_backward(np.array([1.0, 1.0, 1.0]), np.array([2.0, 0.0, 2.0]))
    array([2., 0., 2.])
    """
    mask = float_array("mask", mask)
    return like("grad_y", grad_y, "mask", mask) * mask
