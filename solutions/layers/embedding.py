"""The embedding layer: one learned row for each index."""

from __future__ import annotations

from typing import Any

import numpy as np

from solutions._validation import described, integer
from solutions.functional import embedding, embedding_backward
from solutions.layers.layer import Layer
from solutions.parameter import Parameter


class Embedding(Layer):
    """Look up one row of a learned table for each index.

    y[n, ..., :] = weight[x[n, ...], :]

    `backward` returns None, for integers have no gradient.

    Args: num_embeddings V, the number of rows; embedding_dim E, their length; padding_idx, an index from 0 to V - 1
        whose row starts at 0 and gets no gradient, or None; rng, dtype as in `Layer`. The other rows start in N(0, 1).
    Shapes: x of any shape, integers from 0 to V - 1, to y (*x.shape, E); weight (V, E).
    Raises: TypeError or ValueError where an argument is out of its range, or x holds no integers or others than those.
    Source: Goodfellow et al. 2016, section 12.4.2; deck 000 "Variable length sequences". As torch.nn.Embedding.

    >>> layer = Embedding(5, 3, padding_idx=0, rng=0)
    >>> layer(np.array([[0, 4]])).shape, layer(np.array([0])), layer
    ((1, 2, 3), array([[0., 0., 0.]], dtype=float32), Embedding(num_embeddings=5, embedding_dim=3, padding_idx=0))
    """

    _sizes = ("num_embeddings", "embedding_dim", "padding_idx")

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.num_embeddings = integer("num_embeddings", num_embeddings, minimum=1)
        self.embedding_dim = integer("embedding_dim", embedding_dim, minimum=1)
        self.padding_idx = None if padding_idx is None else integer("padding_idx", padding_idx, minimum=0)
        if self.padding_idx is not None and self.padding_idx >= num_embeddings:
            raise ValueError(f"padding_idx must be at most {num_embeddings - 1}, the last row, got {padding_idx}")
        rows = self.rng.standard_normal((num_embeddings, embedding_dim)).astype(self.dtype)
        if self.padding_idx is not None:
            rows[self.padding_idx] = 0
        self.weight = Parameter(rows)

    def _accepted(self, x: object) -> np.ndarray:
        if not isinstance(x, np.ndarray):
            raise TypeError(f"x must be a NumPy array of integers (indices of rows of weight), got {described(x)}")
        return x

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        return embedding(x, self.weight.value), (x,)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray) -> None:
        grad_weight = embedding_backward(grad_output, x, self.weight.value)
        if self.padding_idx is not None:
            grad_weight[self.padding_idx] = 0
        self._add(self.weight, grad_weight)
