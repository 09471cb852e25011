"""Pooling in one, two and three dimensions: summarise each window by its maximum or its average.

One implementation serves all dimensions: the maximum (or the sum) of a window is that along its last axis, then along
the one before, and so on, each for all windows at once. Nothing is learned here; the derivative only says where each
output came from.

Shape letters: N batch, C channels, D H W space. The stride is the kernel size unless given; sizes round down.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from solutions._validation import Size, float_array, integer_per_axis, like, not_empty
from solutions.functional._windows import Index, Window, meetings_on_one_axis


def _checked(
    x: object, kernel_size: Size, stride: Size | None, padding: Size, space: str
) -> tuple[np.ndarray, tuple[int, ...], Window]:
    x = float_array("x", x, ("N", "C", *space))
    not_empty("x", x, ("N", "C", *space))
    kernel = integer_per_axis("kernel_size", kernel_size, space, minimum=1)
    steps = kernel if stride is None else integer_per_axis("stride", stride, space, minimum=1)
    pad = integer_per_axis("padding", padding, space, minimum=0)
    if any(2 * p > k for p, k in zip(pad, kernel, strict=True)):
        raise ValueError(f"padding must be at most half of kernel_size {kernel}, got {pad}")
    window = Window(x.shape[2:], kernel, steps, pad, (1,) * len(space))
    window.check("kernel_size", space)
    return x, (*x.shape[:2], *window.output), window


@lru_cache(maxsize=1000)  # a network asks the same of its few windows in every step
def _entries(window: Window, axis: int) -> tuple[tuple[Index, Index], ...]:
    """For each entry of the kernel along one axis of space: the outputs that see an input there, and those inputs."""
    behind = (slice(None),) * (len(window.size) - axis - 1)
    places = meetings_on_one_axis(*(field[axis] for field in (*window, window.output)))
    return tuple(((..., written, *behind), (..., read, *behind)) for _, written, read in places)


class _Stage(NamedTuple):
    """Maxima along one axis: the shape of the input, its slices, one for each entry of the kernel, and the maxima."""

    shape: tuple[int, ...]
    slices: list[np.ndarray]
    y: np.ndarray


def _max_pool_stages(x: np.ndarray, window: Window) -> list[_Stage]:
    """Take the maximum along the last axis, then along the one before, ..., each a stage."""
    stages: list[_Stage] = []
    for axis in reversed(range(len(window.size))):
        entries = _entries(window, axis)
        slices = [x[read] for _, read in entries]
        if window.stride[axis] > 1 and axis == len(window.size) - 1:
            slices = [part.copy(order="K") for part in slices]  # every second number is slow to work with
        if window.padding[axis]:
            shape = (*x.shape[: axis + 2], window.output[axis], *x.shape[axis + 3 :])
            y = np.full(shape, -np.inf, x.dtype)  # the padding is minus infinity, so it never wins
        else:
            y = np.maximum(slices[0], slices[min(1, len(slices) - 1)])
        for (written, _), part in list(zip(entries, slices, strict=True))[0 if window.padding[axis] else 2 :]:
            np.maximum(y[written], part, out=y[written])
        stages.append(_Stage(x.shape, slices, y))
        x = y
    return stages


def _max_pool_route_back(grad_y: np.ndarray, stages: list[_Stage], window: Window) -> np.ndarray:
    """Send grad_y back through the stages: in each, to the first entry that is the maximum, so rows before columns."""
    aligned = np.empty_like(stages[-1].y)  # in the memory order of the outputs: mixed orders are several times slower
    aligned[...] = grad_y
    grad_y = aligned
    for axis, (shape, slices, y) in enumerate(reversed(stages)):
        size, kernel, stride, padding, _ = (field[axis] for field in window)
        whole = padding == 0  # then every entry of the kernel meets every output
        apart = stride >= kernel  # then no entry of x is in two windows
        tiled = whole and stride == kernel and size == kernel * window.output[axis]  # then none of x is left out
        has_nan = np.isnan(np.min(y, initial=0))
        rest = grad_y  # of each window's gradient, what nobody has claimed yet; ours, so it is changed in place
        grad_x = (np.empty_like if tiled else np.zeros_like)(slices[0], shape=shape)
        for place, ((written, read), part) in enumerate(zip(_entries(window, axis), slices, strict=True), 1):
            if whole and place == kernel:
                claimed = rest  # by the last entry, where no other has
            else:
                won = part == y[written]
                if has_nan:
                    won |= np.isnan(part)
                claimed = rest[written] * won
                rest[written] -= claimed
            if apart:
                grad_x[read] = claimed
            else:
                grad_x[read] += claimed
        grad_y = grad_x
    return grad_y


def _max_pool(x: np.ndarray, kernel_size: Size, stride: Size | None, padding: Size, space: str) -> np.ndarray:
    x, _, window = _checked(x, kernel_size, stride, padding, space)
    return _max_pool_stages(x, window)[-1].y


def _max_pool_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None, padding: Size, space: str
) -> np.ndarray:
    x, _, window = _checked(x, kernel_size, stride, padding, space)
    stages = _max_pool_stages(x, window)
    return _max_pool_route_back(like("grad_y", grad_y, "the output", stages[-1].y), stages, window)


def _avg_pool(x: np.ndarray, kernel_size: Size, stride: Size | None, padding: Size, space: str) -> np.ndarray:
    x, shape, window = _checked(x, kernel_size, stride, padding, space)
    for axis in reversed(range(len(window.size))):
        total = np.zeros((*x.shape[: axis + 2], *shape[axis + 2 :]), x.dtype)
        for written, read in _entries(window, axis):
            total[written] += x[read]
        x = total
    return x / prod(window.kernel)  # the zeros of the padding count


def _avg_pool_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None, padding: Size, space: str
) -> np.ndarray:
    x, shape, window = _checked(x, kernel_size, stride, padding, space)
    grad: np.ndarray = like("grad_y", grad_y, "the output", np.empty(shape, x.dtype)) / prod(window.kernel)
    for axis in range(len(window.size)):
        shared = np.zeros((*x.shape[: axis + 3], *shape[axis + 3 :]), x.dtype)
        for written, read in _entries(window, axis):
            shared[read] += grad[written]
        grad = shared
    return grad


def max_pool1d(x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> np.ndarray:
    """Take the maximum of each window of a sequence.

    y[n, c, i] = max over k of x[n, c, i stride + k - padding]

    Args: x (N, C, L); kernel_size, stride and padding as in `max_pool2d`.
    Returns: y (N, C, L'), the dtype of x.
    Raises: TypeError and ValueError as `max_pool2d`.
    Source: deck 000 "Pooling"; deck 002 "Pooling Layers: Subsampling".

    >>> max_pool1d(np.array([[[1.0, 3.0, 2.0, 5.0, 4.0]]]), 2)
    array([[[3., 5.]]])
    """
    return _max_pool(x, kernel_size, stride, padding, "L")


def max_pool1d_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> np.ndarray:
    """Send each gradient back to where its maximum came from; of equal maxima, to the first.

    dL/dx = sum of dL/dy over the windows in which this entry is the (first) maximum

    Args: grad_y (N, C, L'); x (N, C, L); the rest as given to `max_pool1d`.
    Returns: grad_x (N, C, L).
    Raises: as `max_pool1d`; TypeError or ValueError where grad_y has not the dtype and shape of the output.
    Source: deck 002 "Gradient in pooling layers".

    >>> max_pool1d_backward(np.array([[[1.0, 10.0]]]), np.array([[[1.0, 3.0, 5.0, 5.0, 4.0]]]), 2)
    array([[[ 0.,  1., 10.,  0.,  0.]]])
    """
    return _max_pool_backward(grad_y, x, kernel_size, stride, padding, "L")


def max_pool2d(x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> np.ndarray:
    """Take the maximum of each window of an image.

    y[n, c, i, j] = max over u, v of x[n, c, i stride + u - padding, ...], minus infinity in the padding
    H' = floor((H + 2 padding - KH) / stride) + 1, and W' alike

    Args: x (N, C, H, W), N may be 0; kernel_size >= 1, stride >= 1 (None: the kernel size), padding >= 0 and at most
        half the kernel, each one integer or one for each axis.
    Returns: y (N, C, H', W'), the dtype of x.
    Raises: TypeError where x is not float32 or float64 or a size is no integer; ValueError for a wrong number of axes,
        a kernel larger than the padded input, or a padding above half the kernel.
    Source: deck 000 "Pooling"; deck 002 "Pooling Layers: Subsampling".

    >>> max_pool2d(np.array([[[[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]]]), 2, stride=1)
    array([[[[4., 5.]]]])
    """
    return _max_pool(x, kernel_size, stride, padding, "HW")


def max_pool2d_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> np.ndarray:
    """Send each gradient back to where its maximum came from; of equal maxima, to the first.

    dL/dx = sum of dL/dy over the windows in which this entry is the (first) maximum

    Args: grad_y (N, C, H', W'); x (N, C, H, W); the rest as given to `max_pool2d`.
    Returns: grad_x (N, C, H, W).
    Raises: as `max_pool2d`; TypeError or ValueError where grad_y has not the dtype and shape of the output.
    Source: deck 002 "Gradient in pooling layers".

    >>> max_pool2d_backward(np.array([[[[1.0, 10.0]]]]), np.array([[[[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]]]), 2, 1)
    array([[[[ 0.,  0., 10.],
             [ 1.,  0.,  0.]]]])
    """
    return _max_pool_backward(grad_y, x, kernel_size, stride, padding, "HW")


def max_pool3d(x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> np.ndarray:
    """Take the maximum of each window of a volume.

    The formula is that of `max_pool2d` with a third axis, the depth.

    Args: x (N, C, D, H, W); kernel_size, stride and padding as in `max_pool2d`.
    Returns: y (N, C, D', H', W'), the dtype of x.
    Raises: TypeError and ValueError as `max_pool2d`.
    Source: deck 000 "Pooling", here with the depth of its "3d Convolution".

    >>> max_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), (2, 1, 2))
    array([[[[[5.],
              [7.]]]]])
    """
    return _max_pool(x, kernel_size, stride, padding, "DHW")


def max_pool3d_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> np.ndarray:
    """Send each gradient back to where its maximum came from; of equal maxima, to the first.

    dL/dx = sum of dL/dy over the windows in which this entry is the (first) maximum

    Args: grad_y (N, C, D', H', W'); x (N, C, D, H, W); the rest as given to `max_pool3d`.
    Returns: grad_x (N, C, D, H, W).
    Raises: as `max_pool3d`; TypeError or ValueError where grad_y has not the dtype and shape of the output.
    Source: deck 002 "Gradient in pooling layers".

    >>> max_pool3d_backward(np.ones((1, 1, 1, 2, 1)), np.arange(8.0).reshape(1, 1, 2, 2, 2), (2, 1, 2)).ravel()
    array([0., 0., 0., 0., 0., 1., 0., 1.])
    """
    return _max_pool_backward(grad_y, x, kernel_size, stride, padding, "DHW")


def avg_pool1d(x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> np.ndarray:
    """Take the average of each window of a sequence.

    y[n, c, i] = (1 / K) sum over k of x[n, c, i stride + k - padding]; the padding is 0 and counts

    Args: x (N, C, L); kernel_size, stride and padding as in `avg_pool2d`.
    Returns: y (N, C, L'), the dtype of x.
    Raises: TypeError and ValueError as `avg_pool2d`.
    Source: deck 002 "Pooling Layers: Subsampling"; LeCun et al. 1998 (subsampling).

    >>> avg_pool1d(np.array([[[1.0, 3.0, 2.0, 5.0, 4.0]]]), 2)
    array([[[2. , 3.5]]])
    """
    return _avg_pool(x, kernel_size, stride, padding, "L")


def avg_pool1d_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> np.ndarray:
    """Give every entry of a window an equal share of the window's gradient.

    dL/dx = sum of dL/dy / K over the windows that hold this entry, K the number of entries of the kernel

    Args: grad_y (N, C, L'); x (N, C, L); the rest as given to `avg_pool1d`.
    Returns: grad_x (N, C, L).
    Raises: as `avg_pool1d`; TypeError or ValueError where grad_y has not the dtype and shape of the output.
    Source: deck 002 "Gradient in pooling layers".

    >>> avg_pool1d_backward(np.array([[[1.0, 10.0]]]), np.array([[[1.0, 3.0, 2.0, 5.0, 4.0]]]), 2)
    array([[[0.5, 0.5, 5. , 5. , 0. ]]])
    """
    return _avg_pool_backward(grad_y, x, kernel_size, stride, padding, "L")


def avg_pool2d(x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> np.ndarray:
    """Take the average of each window of an image.

    y[n, c, i, j] = (1 / K) sum over u, v of x[n, c, i stride + u - padding, ...]; the padding is 0 and counts
    H' = floor((H + 2 padding - KH) / stride) + 1, and W' alike

    Args: x (N, C, H, W), N may be 0; kernel_size >= 1, stride >= 1 (None: the kernel size), padding >= 0 and at most
        half the kernel, each one integer or one for each axis.
    Returns: y (N, C, H', W'), the dtype of x.
    Raises: TypeError where x is not float32 or float64 or a size is no integer; ValueError for a wrong number of axes,
        a kernel larger than the padded input, or a padding above half the kernel.
    Source: deck 002 "Pooling Layers: Subsampling"; LeCun et al. 1998 (subsampling).

    >>> avg_pool2d(np.array([[[[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]]]), 2, stride=1)
    array([[[[2.5, 2.5]]]])
    """
    return _avg_pool(x, kernel_size, stride, padding, "HW")


def avg_pool2d_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> np.ndarray:
    """Give every entry of a window an equal share of the window's gradient.

    dL/dx = sum of dL/dy / K over the windows that hold this entry, K the number of entries of the kernel

    Args: grad_y (N, C, H', W'); x (N, C, H, W); the rest as given to `avg_pool2d`.
    Returns: grad_x (N, C, H, W).
    Raises: as `avg_pool2d`; TypeError or ValueError where grad_y has not the dtype and shape of the output.
    Source: deck 002 "Gradient in pooling layers".

    >>> avg_pool2d_backward(np.array([[[[4.0, 8.0]]]]), np.array([[[[1.0, 2.0, 5.0], [4.0, 3.0, 0.0]]]]), 2, 1)
    array([[[[1., 3., 2.],
             [1., 3., 2.]]]])
    """
    return _avg_pool_backward(grad_y, x, kernel_size, stride, padding, "HW")


def avg_pool3d(x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> np.ndarray:
    """Take the average of each window of a volume.

    The formula is that of `avg_pool2d` with a third axis, the depth.

    Args: x (N, C, D, H, W); kernel_size, stride and padding as in `avg_pool2d`.
    Returns: y (N, C, D', H', W'), the dtype of x.
    Raises: TypeError and ValueError as `avg_pool2d`.
    Source: deck 002 "Pooling Layers: Subsampling"; LeCun et al. 1998 (subsampling).

    >>> avg_pool3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), (2, 1, 2))
    array([[[[[2.5],
              [4.5]]]]])
    """
    return _avg_pool(x, kernel_size, stride, padding, "DHW")


def avg_pool3d_backward(
    grad_y: np.ndarray, x: np.ndarray, kernel_size: Size, stride: Size | None = None, padding: Size = 0
) -> np.ndarray:
    """Give every entry of a window an equal share of the window's gradient.

    dL/dx = sum of dL/dy / K over the windows that hold this entry, K the number of entries of the kernel

    Args: grad_y (N, C, D', H', W'); x (N, C, D, H, W); the rest as given to `avg_pool3d`.
    Returns: grad_x (N, C, D, H, W).
    Raises: as `avg_pool3d`; TypeError or ValueError where grad_y has not the dtype and shape of the output.
    Source: deck 002 "Gradient in pooling layers".

    >>> avg_pool3d_backward(np.ones((1, 1, 1, 2, 1)), np.arange(8.0).reshape(1, 1, 2, 2, 2), (2, 1, 2)).ravel()
    array([0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25])
    """
    return _avg_pool_backward(grad_y, x, kernel_size, stride, padding, "DHW")
