"""The fully connected layer as a function: every output is a weighted sum of all inputs, plus a bias.

Shape letters: N batch, I features in, O features out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from solutions._validation import float_array, has_shape, not_empty, same_dtype


def _checked(x: object, weight: object) -> tuple[np.ndarray, np.ndarray]:
    x = float_array("x", x)
    weight = float_array("weight", weight, ("O", "I"))
    if x.ndim < 2:
        raise ValueError(f"x must have at least 2 axes (N, ..., I), got shape {x.shape}; one example needs x[None]")
    not_empty("weight", weight, "OI", batch=False)
    if x.shape[-1] != weight.shape[1]:
        cause = "; usual cause: the weight is transposed, it must be (O, I)" if x.shape[-1] == weight.shape[0] else ""
        raise ValueError(
            f"x must have I = {weight.shape[1]} features on its last axis, got shape {x.shape} "
            f"for weight of shape {weight.shape}{cause}"
        )
    same_dtype("weight", weight, "x", x)
    return x, weight


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """Multiply every example with the weights and add the bias.

    y = x W^T + b, that is y_o = sum_i W_oi x_i + b_o

    Args: x (N, ..., I); weight (O, I); bias (O,) or None.
    Returns: y (N, ..., O).
    Raises: TypeError for arrays that are not float32 or float64 or not of one dtype; ValueError for shapes that do not
        fit.
    Source: deck 003 "Notation"; deck 004 "Forward Propagation".

    >>> linear(np.array([[1.0, 2.0]]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([0.0, 0.0, 1.0]))
    array([[ 5., 11., 18.]])
    """
    x, weight = _checked(x, weight)
    y = x @ weight.T
    if bias is not None:
        bias = float_array("bias", bias)
        has_shape("bias", bias, weight.shape[:1], "one entry for each row of weight")
        same_dtype("bias", bias, "x", x)
        y += bias
    return y


def linear_backward(
    grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Send the gradient of the output back to the input, the weights and the bias.

    dL/dx = dL/dy W,  dL/dW = sum_n (dL/dy)_n x_n^T,  dL/db = sum_n (dL/dy)_n

    Args: grad_y (N, ..., O); x (N, ..., I); weight (O, I); bias is not read: it is accepted so that the arguments of
        `linear` can be passed on as they are.
    Returns: (grad_x (N, ..., I), grad_weight (O, I), grad_bias (O,)), always three.
    Raises: as `linear`; ValueError where grad_y has not the shape of the output.
    Source: deck 002 "Fully Connected Layers"; deck 004 "Backpropagation Algorithm: Vectorization".

    >>> x, weight = np.array([[1.0, 2.0]]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> grad_x, grad_weight, grad_bias = linear_backward(np.array([[1.0, 0.0, -1.0]]), x, weight)
    >>> grad_x, grad_weight.tolist()
    (array([[-4., -4.]]), [[1.0, 2.0], [0.0, 0.0], [-1.0, -2.0]])
    """
    x, weight = _checked(x, weight)
    grad_y = float_array("grad_y", grad_y)
    has_shape("grad_y", grad_y, (*x.shape[:-1], len(weight)), "the shape of the output")
    same_dtype("grad_y", grad_y, "x", x)
    return _gradients(True, grad_y, x, weight)


def _gradients(
    need_grad_x: bool, grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Give (grad_x, grad_weight, grad_bias); None for grad_x where nobody needs it."""
    rows = grad_y.reshape(-1, grad_y.shape[-1])  # (N, ..., O) -> (rows, O)
    grad_x = grad_y @ weight if need_grad_x else None
    ones = np.ones(len(rows), rows.dtype)  # ones @ rows is rows.sum(axis=0), ten times as fast
    return grad_x, rows.T @ x.reshape(len(rows), x.shape[-1]), ones @ rows
