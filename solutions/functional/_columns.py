"""Convolution of any kind as one matrix product: cut the input into columns, multiply them with the filters.

A column holds what one window position sees (`columns`, in the literature im2col); one filter is one row. The
derivative puts the columns back (`add_columns`, col2im). Serves every stride, padding, dilation and number of groups.
"""

from __future__ import annotations

from math import prod

import numpy as np

from solutions.functional._windows import Window


def conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, window: Window, groups: int) -> np.ndarray:
    """Convolve x (N, C, *space) with weight (F, C/groups, *kernel) to (N, F, *space')."""
    filters = len(weight)
    y = weight.reshape(groups, filters // groups, -1) @ columns(x, window, groups)  # (G, F/G, N * P)
    y = y.reshape(filters, len(x), *window.output).swapaxes(0, 1)  # (F, N, *space') -> (N, F, *space')
    return np.array(y, order="C") if bias is None else np.add(y, bias.reshape(-1, *(1,) * len(window.size)), order="C")


def conv_backward(
    grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, window: Window, groups: int, need_grad_x: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """Give (grad_x, grad_weight) of `conv`; None for grad_x where nobody needs it."""
    filters = len(weight)
    grad_y = grad_y.swapaxes(0, 1).reshape(groups, filters // groups, -1)  # as y in conv
    grad_rows = columns(x, window, groups) @ grad_y.swapaxes(1, 2)  # its transpose would take longer
    grad_weight = np.array(grad_rows.swapaxes(1, 2), order="C").reshape(weight.shape)
    if not need_grad_x:
        return None, grad_weight
    grad_columns = weight.reshape(groups, filters // groups, -1).swapaxes(1, 2) @ grad_y
    return add_columns(grad_columns, x, window), grad_weight


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
    return np.ascontiguousarray(total.swapaxes(0, 1))
