"""Examples in portions: for testing apart from those for training, and for each step a mini-batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from solutions._validation import described, generator, integer, is_integer, number


def _pair(X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays after checking that they hold one entry for each example."""
    X, y = np.asarray(X), np.asarray(y)
    for name, array in (("X", X), ("y", y)):
        if array.ndim == 0:
            raise ValueError(f"{name} must have one entry for each example, got {described(array.item())}")
    if len(X) != len(y):
        raise ValueError(f"X and y must have one entry for each example, got {len(X)} and {len(y)}")
    if not len(X):
        raise ValueError("X must hold at least one example, got none")
    return X, y


def minibatches(
    X: Any, y: Any, batch_size: int, rng: np.random.Generator | int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut examples into batches that lie in memory together; the last may be shorter, and none is left out.

    Args: X (N, ...) and y (N, ...), arrays or what becomes one; batch_size >= 1; rng, a generator or a seed to shuffle
        with, or None for the order in which they come.
    Returns: an iterator over pairs (X_batch (B, ...), y_batch (B, ...)), copies where shuffled, else views.
    Raises: TypeError or ValueError where X and y differ in length or are empty, or an argument does not fit.
    Source: deck 001 "Stochastic Gradient Descent" (mini-batches).

    >>> [batch.tolist() for batch, _ in minibatches(np.arange(5), np.arange(5), batch_size=2)]
    [[0, 1], [2, 3], [4]]
    >>> [batch.tolist() for batch, _ in minibatches(np.arange(5), np.arange(5), batch_size=2, rng=0)]
    [[2, 4], [3, 0], [1]]
    """
    X, y = _pair(X, y)
    size = integer("batch_size", batch_size, minimum=1)
    order = None if rng is None else generator(rng).permutation(len(X))
    return _cut(X, y, size, order)  # a generator of its own, so that the checks above run at the call


def _cut(X: np.ndarray, y: np.ndarray, size: int, order: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, len(X), size):
        chosen = slice(start, start + size) if order is None else order[start : start + size]
        yield X[chosen], y[chosen]


def train_test_split(
    X: Any, y: Any, test_size: float = 0.25, rng: np.random.Generator | int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shuffle examples and lay some aside for testing.

    N_test = ceil(test_size N) for a share, test_size itself for an integer

    Args: X (N, ...) and y (N, ...), arrays or what becomes one; test_size, a share between 0 and 1 or a number of
        examples; rng, a generator, a seed or None for a fresh generator.
    Returns: (X_train, X_test, y_train, y_test), copies.
    Raises: TypeError or ValueError where X and y differ in length, or either part would be empty.
    Source: deck 001 "Cross Validation"; `sklearn.model_selection.train_test_split`.

    >>> X_train, X_test, y_train, y_test = train_test_split(np.arange(8), np.arange(8) % 2, test_size=0.25, rng=0)
    >>> X_test, y_test, len(X_train)
    (array([2, 4]), array([0, 0]), 6)
    """
    X, y = _pair(X, y)
    if is_integer(test_size):
        count = integer("test_size", test_size, minimum=1)
    else:
        count = math.ceil(number("test_size", test_size, 0, 1) * len(X))
    if not 0 < count < len(X):
        raise ValueError(f"test_size must leave examples on both sides, got {test_size} of {len(X)} examples")
    order = generator(rng).permutation(len(X))
    test, train = order[:count], order[count:]
    return X[train], X[test], y[train], y[test]


def one_hot(y: Any, K: int | None = None, *, dtype: type = np.float32) -> np.ndarray:
    """Write class indices as rows of zeros with a one at the class.

    Y_nk = 1 if k = y_n else 0

    Args: y (N,) or (N, ...), integers from 0 to K - 1; K, the number of classes (None: the largest index plus one);
        dtype of the result.
    Returns: Y (N, ..., K).
    Raises: TypeError where y holds no integers; ValueError where an index is not in 0 .. K - 1.
    Source: deck 001 "Multiclass Logistic Regression".

    >>> one_hot([1, 0, 2]).tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    indices = np.asarray(y)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"y must hold integers (class indices), got {described(indices)}")
    if K is None:
        if not indices.size:
            raise ValueError("K must be given where y is empty")
        K = int(indices.max()) + 1
    K = integer("K", K, minimum=1)
    wrong = indices[(indices < 0) | (indices >= K)]
    if wrong.size:
        raise ValueError(f"y must hold class indices from 0 to {K - 1}, got {wrong.flat[0]}")
    rows = np.zeros((*indices.shape, K), dtype)
    np.put_along_axis(rows, indices[..., None], 1, axis=-1)
    return rows
