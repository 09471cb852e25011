"""Embedding: a table with one learned row for each word, letter or class.

Shape letters: V rows (the vocabulary), E columns (the size of an embedding).
"""

from __future__ import annotations

import numpy as np

from solutions._validation import described, float_array, has_shape, not_empty, same_dtype


def _checked(x: object, weight: object) -> tuple[np.ndarray, np.ndarray]:
    weight = float_array("weight", weight, ("V", "E"))
    not_empty("weight", weight, "VE", batch=False)
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "iu":
        raise TypeError(f"x must be a NumPy array of integers (indices of rows of weight), got {described(x)}")
    if x.size and (x.min() < 0 or x.max() >= len(weight)):
        wrong = x[(x < 0) | (x >= len(weight))].flat[0]
        raise ValueError(f"x must hold indices from 0 to {len(weight) - 1}, the rows of weight, got {wrong}")
    return x, weight


def embedding(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Look up one row for each index: what a product with one-hot rows gives, without the product.

    y[n, ..., :] = weight[x[n, ...], :]

    Args: x of any shape, integers from 0 to V - 1; weight (V, E).
    Returns: y (*x.shape, E), a copy in the dtype of weight.
    Raises: TypeError where x holds no integers or weight is not float32 or float64; ValueError for an index outside
        0 .. V - 1 (negative ones do not count from the end).
    Source: Goodfellow et al. 2016, section 12.4.2; deck 000 "Variable length sequences".

    >>> embedding(np.array([2, 0]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    array([[5., 6.],
           [1., 2.]])
    """
    x, weight = _checked(x, weight)
    return weight[x]


def embedding_backward(grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Add up, for each row of the table, the gradients of all places where it was used.

    dL/dweight[v] = sum of dL/dy[i] over the places i with x[i] = v

    Args: grad_y (*x.shape, E); x and weight as given to `embedding`.
    Returns: grad_weight (V, E); integers have no gradient.
    Raises: as `embedding`; TypeError or ValueError where grad_y has not the dtype of weight or the output's shape.
    Source: Goodfellow et al. 2016, section 12.4.2.

    >>> embedding_backward(np.array([[1.0, 2.0], [10.0, 20.0]]), np.array([1, 1]), np.zeros((3, 2)))
    array([[ 0.,  0.],
           [11., 22.],
           [ 0.,  0.]])
    """
    x, weight = _checked(x, weight)
    grad_y = float_array("grad_y", grad_y)
    has_shape("grad_y", grad_y, (*x.shape, weight.shape[1]), "the shape of the output")
    same_dtype("grad_y", grad_y, "weight", weight)
    grad_weight = np.zeros_like(weight, order="C")
    if x.size:
        order = np.argsort(x, axis=None, kind="stable")  # equal indices become neighbours
        rows = x.ravel()[order]
        starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
        grad_weight[rows[starts]] = np.add.reduceat(grad_y.reshape(len(rows), -1)[order], starts, axis=0)
    return grad_weight
