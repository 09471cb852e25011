"""Dropout as a layer: in training it drops, in evaluation it lets everything through."""

from __future__ import annotations

from typing import Any

import numpy as np

from solutions._validation import number
from solutions.functional import dropout, dropout_backward
from solutions.layers.layer import Layer


class Dropout(Layer):
    """Drop every entry with probability p in training and scale up the others, so that the mean stays.

    y = x m,  m = 0 with probability p, else 1 / (1 - p);  y = x in evaluation

    Args: p from 0 to 1, the probability to drop; rng, a generator, a seed or None as in `Layer`: each forward in
        training draws on from it, evaluation draws nothing. dtype is not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError or ValueError where p is not in 0 .. 1 or x not float32 or float64.
    Source: deck 001 "Regularization: Dropout"; Srivastava et al. 2014. As torch.nn.Dropout.

    >>> layer = Dropout(0.5, rng=0)
    >>> layer(np.array([1.0, 2.0, 3.0, 4.0])), layer.eval()(np.array([1.0, 2.0]))
    (array([2., 0., 0., 0.]), array([1., 2.]))
    """

    _sizes = ("p",)

    def __init__(
        self, p: float = 0.5, *, rng: np.random.Generator | int | None = None, dtype: Any = np.float32
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.p = number("p", p, 0, 1)

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        y, mask = dropout(x, self.p, self.training, self.rng)
        return y, (mask,)

    def _backward(self, grad_output: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return dropout_backward(grad_output, mask)
