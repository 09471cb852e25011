"""The 2-d convolution of narrow images as one matrix product, the way deck 000 draws it: a banded matrix.

A kernel row that slides along an image row is a matrix with the weights on its diagonals (deck 000, "Convolutional
(CONV) Layer": a Toeplitz matrix). Stack the KH image rows that an output row sees, and the whole convolution is

    y[i, n] = [x[i], ..., x[i + KH - 1]] @ band        band (KH * C * W, F * W')

with no column to cut. (Each stack ends in a 1, and the band in a row with the bias.) That multiplies by zeros, W / KW
times as often as needed, so it pays while images are narrow.

Arrays lie rows outermost in memory, (H, N, C, W); outside they are views in the usual order (N, C, H, W), so the next
layer finds them as it needs them and nobody copies.
"""

from __future__ import annotations

import numpy as np

from solutions.functional._windows import Window, meetings_on_one_axis

WIDEST = 96  # of filters * width / kernel width: beyond, the zeros cost more than cutting columns would


def suits(window: Window, filters: int, groups: int) -> bool:
    """Tell whether this convolution is narrow enough."""
    return len(window.size) == 2 and groups == 1 and filters * window.size[1] <= WIDEST * window.kernel[1]


def conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, window: Window) -> np.ndarray:
    """Convolve x (N, C, H, W) with weight (F, C, KH, KW) to (N, F, H', W')."""
    y = _stacked_rows(x, window) @ _band(weight, bias, window)
    return _image_view(y, len(x), len(weight), *window.output)


def conv_backward(
    grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, window: Window, need_grad_x: bool
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Give (grad_x, grad_weight, grad_bias) of `conv`; None for grad_x where nobody needs it."""
    n, c, h, w = x.shape
    grad_rows = _rows_outermost(grad_y).reshape(window.output[0] * n, len(weight) * window.output[1])
    grad_band = _stacked_rows(x, window).T @ grad_rows
    grad_bias = grad_band[-1].reshape(len(weight), -1).sum(axis=1)
    grad_weight = _weights_of_band(grad_band[:-1], weight.shape, window)
    if not need_grad_x:
        return None, grad_weight, grad_bias
    grad_stacked = grad_rows @ _band(weight, None, window)[:-1].T
    grad_stacked = grad_stacked.reshape(window.output[0], n, window.kernel[0], c * w)
    grad_x = np.zeros((h, n, c * w), x.dtype)
    for u, written, read in _along(window, 0):
        grad_x[read] += grad_stacked[written, :, u]
    return _image_view(grad_x, n, c, h, w), grad_weight, grad_bias


def _rows_outermost(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.transpose(2, 0, 1, 3))  # (N, C, H, W) -> (H, N, C, W): no copy if it lies so


def _image_view(rows: np.ndarray, n: int, c: int, h: int, w: int) -> np.ndarray:
    return rows.reshape(h, n, c, w).transpose(1, 2, 0, 3)  # (H, N, C, W) -> (N, C, H, W)


def _along(window: Window, axis: int) -> tuple[tuple[int, slice, slice], ...]:
    return meetings_on_one_axis(*(field[axis] for field in (*window, window.output)))


def _stacked_rows(x: np.ndarray, window: Window) -> np.ndarray:
    """Cut x (N, C, H, W) into (H' * N, KH * C * W + 1): for each output row all the input rows that it sees, and 1."""
    n, c, h, w = x.shape
    kh = window.kernel[0]
    rows = _rows_outermost(x).reshape(h, n, c * w)
    new = np.zeros if window.padding[0] else np.empty  # entries that stay 0 are the padding
    stacked = new((window.output[0], n, kh * c * w + 1), x.dtype)
    stacked[..., -1] = 1  # multiplies the bias
    by_row = stacked[..., :-1].reshape(window.output[0], n, kh, c * w)  # a view
    for u, written, read in _along(window, 0):
        by_row[written, :, u] = rows[read]
    return stacked.reshape(window.output[0] * n, kh * c * w + 1)


def _diagonals(window: Window) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """For each kernel column v: on which entries (input column, output column) of the band its weights lie."""
    inputs, outputs = np.arange(window.size[1]), np.arange(window.output[1])
    return [(v, inputs[read], outputs[written]) for v, written, read in _along(window, 1)]


def _band(weight: np.ndarray, bias: np.ndarray | None, window: Window) -> np.ndarray:
    f, c, kh, _ = weight.shape
    band = np.zeros((kh * c * window.size[1] + 1, f, window.output[1]), weight.dtype)
    by_row = band[:-1].reshape(kh, c, window.size[1], f, window.output[1])  # a view
    for v, inputs, outputs in _diagonals(window):
        by_row[:, :, inputs, :, outputs] = weight[:, :, :, v].transpose(2, 1, 0)
    if bias is not None:
        band[-1] = bias[:, None]
    return band.reshape(len(band), -1)


def _weights_of_band(grad_band: np.ndarray, shape: tuple[int, ...], window: Window) -> np.ndarray:
    """Add up the gradients along each diagonal of the band, all of which are one weight's."""
    f, c, kh, _ = shape
    grad_band = grad_band.reshape(kh, c, window.size[1], f, window.output[1])
    grad_weight = np.zeros(shape, grad_band.dtype)
    for v, inputs, outputs in _diagonals(window):
        grad_weight[:, :, :, v] = grad_band[:, :, inputs, :, outputs].sum(axis=0).transpose(2, 1, 0)
    return grad_weight
