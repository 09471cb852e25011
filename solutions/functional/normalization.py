"""Normalization: give what passes mean 0 and variance 1, then let the network choose both anew.

Batch normalization measures each channel over the batch and space; layer normalization measures each example over its
own features. Both subtract, divide, scale and shift, so one pair of functions does the work (`_normalize`).

Shape letters: N batch, C channels; M, how many entries one mean is taken over.
"""

from __future__ import annotations

import numpy as np

from solutions._validation import float_array, has_shape, is_integer, like, not_empty, number, same_dtype

Axes = tuple[int, ...]


def _normalize(x: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Return x with its mean taken off and divided by its deviation, and 1 / deviation."""
    if eps == 0 and not var.all():
        raise ValueError("eps must be above 0 where all values that are normalized together are equal, got 0")
    scale = 1 / np.sqrt(var + eps)
    return (x - mean) * scale, scale


def _normalize_backward(grad: np.ndarray, normal: np.ndarray, scale: np.ndarray, axes: Axes) -> np.ndarray:
    """Send the gradient through `_normalize` where mean and variance come from the same entries.

    dL/dx = (g - mean(g) - n mean(g n)) / deviation: what would shift or stretch all entries alike changes nothing.
    """
    along = grad.mean(axis=axes, keepdims=True)
    stretch = (grad * normal).mean(axis=axes, keepdims=True)
    return (grad - along - normal * stretch) * scale


def _moments(x: np.ndarray, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance (divided by M, not M - 1) with the axes kept."""
    mean = x.mean(axis=axes, keepdims=True)
    return mean, np.square(x - mean).mean(axis=axes, keepdims=True)


def _entries(name: str, value: object, x: np.ndarray, shape: tuple[int, ...], what: str) -> np.ndarray:
    array = float_array(name, value)
    has_shape(name, array, shape, what)
    same_dtype(name, array, "x", x)
    return array


def _channels(name: str, value: object, x: np.ndarray) -> np.ndarray:
    """Return an argument with one entry for each channel as (1, C, 1, ...)."""
    array = _entries(name, value, x, x.shape[1:2], "one entry for each channel of x")
    return array.reshape(1, -1, *(1,) * (x.ndim - 2))


def _batch_checked(x: object, mean: object, var: object) -> tuple[np.ndarray, Axes]:
    x = float_array("x", x)
    if x.ndim < 2:
        raise ValueError(f"x must have at least 2 axes (N, C, ...), got shape {x.shape}; one example needs x[None]")
    not_empty("x", x, ("N", "C", "D", "H", "W") if x.ndim == 5 else ("N", "C", *("H", "W")[: x.ndim - 2]))
    if (mean is None) != (var is None):
        raise ValueError("mean and var must be given both or neither, got only one of them")
    axes = (0, *range(2, x.ndim))
    entries = x.size // x.shape[1]
    if mean is None and entries < 2:
        raise ValueError(
            f"x must have at least 2 values for each channel to measure their variance, got {entries} in shape "
            f"{x.shape}; usual cause: a last batch of one example, drop it or call eval()"
        )
    return x, axes


def _batch_moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance (divided by M) of each channel, both (C,): what `batch_norm` measures."""
    x, axes = _batch_checked(x, None, None)
    mean, var = _moments(x, axes)
    return mean.ravel(), var.ravel()


def _batch_normal(x: object, mean: object, var: object, eps: float) -> tuple[np.ndarray, Axes, np.ndarray, np.ndarray]:
    """Return x, the axes of the means, the normalized x and its scale."""
    x, axes = _batch_checked(x, mean, var)
    used = _moments(x, axes) if mean is None else (_channels("mean", mean, x), _channels("var", var, x))
    return x, axes, *_normalize(x, *used, number("eps", eps, low=0))


def batch_norm(
    x: np.ndarray,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    mean: np.ndarray | None = None,
    var: np.ndarray | None = None,
    eps: float = 1e-5,
) -> np.ndarray:
    """Normalize each channel over the batch and space, then scale and shift it.

    y = w_c (x - mean_c) / sqrt(var_c + eps) + b_c

    Args: x (N, C, ...); weight (C,) or None for 1; bias (C,) or None for 0; mean and var (C,), constants measured
        before (evaluation), or None both to measure them in x, var dividing by M (training); eps >= 0.
    Returns: y, the shape and dtype of x.
    Raises: TypeError or ValueError where arrays differ in dtype or do not fit, only one of mean and var is given, or
        the variance would have to be measured with less than two values for each channel.
    Source: Ioffe and Szegedy 2015; deck 004 "A Rapidly Evolving Field".

    >>> batch_norm(np.array([[1.0, 10.0], [3.0, 50.0]]), bias=np.array([0.0, 5.0]), eps=0)
    array([[-1.,  4.],
           [ 1.,  6.]])
    """
    x, _, y, _ = _batch_normal(x, mean, var, eps)
    if weight is not None:
        y *= _channels("weight", weight, x)
    if bias is not None:
        y += _channels("bias", bias, x)
    return y


def batch_norm_backward(
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    mean: np.ndarray | None = None,
    var: np.ndarray | None = None,
    eps: float = 1e-5,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Send the gradient of `batch_norm` back to the input, the scale and the shift.

    With n the normalized x and g = dL/dy w_c:  dL/dx = (g - mean(g) - n mean(g n)) / sqrt(var + eps), or only
    g / sqrt(var + eps) where mean and var are given;  dL/dw_c = sum of dL/dy n;  dL/db_c = sum of dL/dy

    Args: grad_y (N, C, ...); x and the rest as given to `batch_norm`; bias is not read.
    Returns: (grad_x (N, C, ...), grad_weight (C,), grad_bias (C,)), always three; mean and var are constants.
    Raises: as `batch_norm`; TypeError or ValueError where grad_y has not the dtype and shape of x.
    Source: Ioffe and Szegedy 2015, section 3.

    >>> grads = batch_norm_backward(np.array([[1.0], [0.0], [0.0]]), np.array([[1.0], [2.0], [6.0]]), eps=0)
    >>> [grad.round(3).ravel().tolist() for grad in grads]
    [[0.176, -0.22, 0.044], [-0.926], [1.0]]
    """
    x, axes, normal, scale = _batch_normal(x, mean, var, eps)
    grad_y = like("grad_y", grad_y, "x", x)
    grad = grad_y if weight is None else grad_y * _channels("weight", weight, x)
    grad_x = grad * scale if mean is not None else _normalize_backward(grad, normal, scale, axes)
    return grad_x, (grad_y * normal).sum(axis=axes), grad_y.sum(axis=axes)


def _layer_checked(x: object, axes: object) -> tuple[np.ndarray, Axes]:
    x = float_array("x", x)
    if not is_integer(axes):
        raise TypeError(f"axes must be an integer, how many of the last axes to normalize over, got {axes!r}")
    if not 1 <= axes <= x.ndim:
        raise ValueError(f"axes must be from 1 to {x.ndim}, the axes of x of shape {x.shape}, got {axes}")
    if 0 in x.shape[-axes:]:
        raise ValueError(f"x must not be empty along its last {axes} axes, got shape {x.shape}")
    return x, tuple(range(x.ndim - axes, x.ndim))


def layer_norm(
    x: np.ndarray,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    axes: int = 1,
    eps: float = 1e-5,
) -> np.ndarray:
    """Normalize each example over its own features, then scale and shift every feature.

    y = w (x - mean) / sqrt(var + eps) + b, mean and var over the last `axes` axes

    Args: x (N, ..., *F) with F its last `axes` axes; weight and bias of shape F, or None for 1 and 0; axes >= 1;
        eps >= 0.
    Returns: y, the shape and dtype of x; the batch may be empty.
    Raises: TypeError or ValueError where arrays differ in dtype or do not fit, or axes or eps is out of its range.
    Source: Ba et al. 2016; deck 004 "A Rapidly Evolving Field".

    >>> layer_norm(np.array([[1.0, 3.0], [10.0, 50.0]]), eps=0)
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    x, over = _layer_checked(x, axes)
    y, _ = _normalize(x, *_moments(x, over), number("eps", eps, low=0))
    shape = x.shape[over[0] :]
    if weight is not None:
        y *= _entries("weight", weight, x, shape, "the shape of x's normalized axes")
    if bias is not None:
        y += _entries("bias", bias, x, shape, "the shape of x's normalized axes")
    return y


def layer_norm_backward(
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray | None = None,
    bias: np.ndarray | None = None,
    axes: int = 1,
    eps: float = 1e-5,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Send the gradient of `layer_norm` back to the input, the scale and the shift.

    With n the normalized x and g = dL/dy w:  dL/dx = (g - mean(g) - n mean(g n)) / sqrt(var + eps), means over the
    features;  dL/dw = sum over n of dL/dy n;  dL/db = sum over n of dL/dy

    Args: grad_y of the shape of x; x and the rest as given to `layer_norm`; bias is not read.
    Returns: (grad_x, the shape of x; grad_weight and grad_bias, that of x's last `axes` axes), always three.
    Raises: as `layer_norm`; TypeError or ValueError where grad_y has not the dtype and shape of x.
    Source: Ba et al. 2016.

    >>> grads = layer_norm_backward(np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 2.0, 6.0]]), eps=0)
    >>> [grad.round(3).ravel().tolist() for grad in grads]
    [[0.176, -0.22, 0.044], [-0.926, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    x, over = _layer_checked(x, axes)
    grad_y = like("grad_y", grad_y, "x", x)
    normal, scale = _normalize(x, *_moments(x, over), number("eps", eps, low=0))
    grad = grad_y
    if weight is not None:
        grad = grad_y * _entries("weight", weight, x, x.shape[over[0] :], "the shape of x's normalized axes")
    others = tuple(range(over[0]))
    grad_weight, grad_bias = (grad_y * normal).sum(axis=others), grad_y.sum(axis=others)
    return _normalize_backward(grad, normal, scale, over), grad_weight, grad_bias
