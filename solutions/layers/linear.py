"""The fully connected layer. Shape letters: N batch, I features in, O features out."""

from __future__ import annotations

from typing import Any

import numpy as np

from solutions._validation import flag, integer
from solutions.functional import linear
from solutions.functional.linear import _gradients as gradients
from solutions.layers._initial import uniform
from solutions.layers.layer import Layer


class Linear(Layer):
    """Every output is a weighted sum of all inputs, plus a bias.

    y = x W^T + b

    Args: in_features I and out_features O, at least 1; bias, False for none; rng, dtype as in `Layer`. The weights
        start in U(-1/sqrt(I), 1/sqrt(I)).
    Shapes: x (N, ..., I) to y (N, ..., O); weight (O, I), bias (O,).
    Raises: TypeError or ValueError where an argument is out of its range or x does not fit.
    Source: deck 003 "Notation"; deck 002 "Fully Connected Layers". As torch.nn.Linear.

    >>> layer = Linear(3, 2, rng=0)
    >>> layer.weight.value[...], layer.bias.value[...] = [[1, 2, 3], [4, 5, 6]], [0, 1]
    >>> layer(np.ones((1, 3), np.float32)), layer
    (array([[ 6., 16.]], dtype=float32), Linear(in_features=3, out_features=2))
    """

    _sizes = ("in_features", "out_features")
    _options = ("bias",)

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.in_features = integer("in_features", in_features, minimum=1)
        self.out_features = integer("out_features", out_features, minimum=1)
        self.weight = uniform(self.rng, (out_features, in_features), in_features, self.dtype)
        has_bias = flag("bias", bias)
        self.bias: Any = uniform(self.rng, (out_features,), in_features, self.dtype) if has_bias else None

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        bias = None if self.bias is None else self.bias.value
        return linear(self._in_own_dtype(x), self.weight.value, bias), (x,)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray) -> np.ndarray:
        grad_x, grad_weight, grad_bias = gradients(self._wants_grad_x, grad_output, x, self.weight.value)
        self._add(self.weight, grad_weight)
        self._add(self.bias, grad_bias)
        return grad_x
