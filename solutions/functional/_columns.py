"""Convolution of any kind as one matrix product: cut the input into columns, multiply them with the filters.

A column holds what one window position sees (`columns`, in the literature im2col); one filter is one row. The
derivative puts the columns back (`add_columns`, col2im). Serves every stride, padding, dilation and number of groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from solutions.functional._windows import Window

CHUNK = 2**21  # numbers of columns that are cut at once: images of a large batch take turns


def conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, window: Window, groups: int) -> np.ndarray:
    """Convolve x (N, C, *space) with weight (F, C/groups, *kernel) to (N, F, *space')."""
    rows = weight.reshape(groups, len(weight) // groups, -1)  # (G, F/G, C/G * kernel)
    y = np.empty((len(x), len(weight), *window.output), x.dtype)
    for part in _parts(x, window):
        made = rows @ columns(x[part], window, groups)  # (G, F/G, n * P)
        made = made.reshape(len(weight), -1, *window.output).swapaxes(0, 1)  # (F, n, *space') -> (n, F, *space')
        if bias is None:
            y[part] = made
        else:
            np.add(made, bias.reshape(-1, *(1,) * len(window.size)), out=y[part])
    return y


def conv_backward(
    grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, window: Window, groups: int, need_grad_x: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """Give (grad_x, grad_weight) of `conv`; None for grad_x where nobody needs it."""
    rows = weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2)  # (G, C/G * kernel, F/G)
    grad_rows = np.zeros(rows.shape, rows.dtype)
    grad_x = np.empty(x.shape, x.dtype) if need_grad_x else None
    for part in _parts(x, window):
        grad = grad_y[part].swapaxes(0, 1).reshape(groups, len(weight) // groups, -1)  # as made in conv
        grad_rows += columns(x[part], window, groups) @ grad.swapaxes(1, 2)  # its transpose would take longer
        if grad_x is not None:
            grad_x[part] = add_columns(rows @ grad, x[part], window)
    return grad_x, np.array(grad_rows.swapaxes(1, 2), order="C").reshape(weight.shape)


def _parts(x: np.ndarray, window: Window) -> Iterator[slice]:
    step = max(1, CHUNK // (x.shape[1] * prod(window.kernel) * prod(window.output)))
    return (slice(first, first + step) for first in range(0, len(x), step))


def columns(x: np.ndarray, window: Window, groups: int) -> np.ndarray:
    """Cut x (N, C, *space) into columns (G, C/G * kernel, N * P): what each window position sees."""
    n, c = x.shape[:2]
    new = np.zeros if any(window.padding) else np.empty  # entries that stay 0 are the padding
    cut = new((c, *window.kernel, n, *window.output), x.dtype)
    for k, written, read in window.meetings():
        cut[(slice(None), *k, *written)] = x.swapaxes(0, 1)[read]
    return cut.reshape(groups, c // groups * prod(window.kernel), n * prod(window.output))


def add_columns(grad_columns: np.ndarray, x: np.ndarray, window: Window) -> np.ndarray:
    """Undo `columns` for gradients: add up, in the shape of x, all that every entry of x contributed to."""
    n, c = x.shape[:2]
    grad_columns = grad_columns.reshape(c, *window.kernel, n, *window.output)
    total = np.zeros((c, n, *window.size), x.dtype)
    for k, written, read in window.meetings():
        total[read] += grad_columns[(slice(None), *k, *written)]
    return total.swapaxes(0, 1)
