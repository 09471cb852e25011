"""From images to rows: what stands between convolution and fully connected layers."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from solutions._validation import is_integer
from solutions.layers.layer import Layer


class Flatten(Layer):
    """Join neighbouring axes to one, in reading order.

    y[n, (c H + i) W + j] = x[n, c, i, j]

    Args: start_dim and end_dim, the first and the last axis to join, negative ones count from the end (by default all
        but the batch axis); rng and dtype are not used.
    Shapes: x (N, C, H, W) to y (N, C H W), always a copy.
    Raises: TypeError where an axis is no integer; ValueError where x does not have it or end_dim lies before start_dim.
    Source: deck 000 (fully connected layers after convolutions). As torch.nn.Flatten.

    >>> Flatten()(np.zeros((2, 3, 4, 5))).shape, Flatten(0, 1)(np.zeros((2, 3, 4, 5))).shape
    ((2, 60), (6, 4, 5))
    """

    _sizes = ("start_dim", "end_dim")

    def __init__(
        self,
        start_dim: int = 1,
        end_dim: int = -1,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        for name, value in (("start_dim", start_dim), ("end_dim", end_dim)):
            if not is_integer(value):
                raise TypeError(f"{name} must be an integer, got {value!r}")
        self.start_dim, self.end_dim = int(start_dim), int(end_dim)

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        for name, axis in (("start_dim", self.start_dim), ("end_dim", self.end_dim)):
            if not -x.ndim <= axis < x.ndim:
                raise ValueError(f"x must have axis {name} = {axis}, got shape {x.shape}")
        start, end = self.start_dim % x.ndim, self.end_dim % x.ndim
        if end < start:
            raise ValueError(
                f"end_dim must not lie before start_dim, got start_dim = {self.start_dim} and end_dim = {self.end_dim} "
                f"for x of shape {x.shape}"
            )
        shape = (*x.shape[:start], prod(x.shape[start : end + 1]), *x.shape[end + 1 :])
        return np.array(x, order="C").reshape(shape), (x,)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray) -> np.ndarray:
        grad_x = np.empty_like(x)  # in the memory order of x: mixed orders slow down the layers before
        grad_x[...] = grad_output.reshape(x.shape)
        return grad_x
