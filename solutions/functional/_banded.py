"""The convolution of narrow images and volumes as one matrix product, the way deck 000 draws it: a banded matrix.

A kernel row that slides along an image row is a matrix with the weights on its diagonals (deck 000, "Convolutional
(CONV) Layer": a Toeplitz matrix). Stack the KH image rows that an output row sees, and the whole convolution is

    y[i, n] = [x[i], ..., x[i + KH - 1]] @ band        band (KH * C * W, F * W')

with no column to cut. (Each stack ends in a 1, and the band in a row with the bias.) In a volume an output row sees
KD * KH rows. Most of the band is zeros: W / KW times as many products as needed, so it pays while images are narrow.
What is infinite or NaN meets those zeros too, and spoils the whole rows that see it.

Arrays lie rows outermost in memory, (H, N, C, W); outside they are views in the usual order (N, C, H, W), so the next
layer finds them as it needs them and nobody copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

import numpy as np

from solutions.functional._windows import Index, Window, meetings_on_one_axis

WIDEST = 128  # of (filters + STACKING) * width / kernel width: beyond, the zeros cost more than cutting columns would
STACKING = 4  # filters whose work takes as long as the stacking of rows
Factors = tuple[np.ndarray, np.ndarray]


def suits(window: Window, filters: int, groups: int) -> bool:
    """Tell whether this convolution is narrow enough."""
    narrow = (filters + STACKING) * window.size[-1] <= WIDEST * window.kernel[-1]
    return narrow and len(window.size) > 1 and groups == 1


def factors(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, window: Window) -> Factors:
    """Lay out x (N, C, *space) and weight (F, C, *kernel) as the stacked rows and the band, whose product is `conv`."""
    return _stacked_rows(x, window), _band(weight, bias, window)


def conv(factors: Factors, n: int, filters: int, window: Window) -> np.ndarray:
    """Convolve n images with the filters to (N, F, *space')."""
    stacked, band = factors
    return _image_view(stacked @ band, n, filters, window.output)


def conv_backward(
    grad_y: np.ndarray, factors: Factors, x: np.ndarray, weight: np.ndarray, window: Window, need_grad_x: bool
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Give (grad_x, grad_weight, grad_bias) of `conv`; None for grad_x where nobody needs it."""
    n, c, *space = x.shape
    stacked, band = factors
    grad_rows = _rows_outermost(grad_y).reshape(len(stacked), band.shape[1])
    grad_band = stacked.T @ grad_rows
    grad_bias = grad_band[-1].reshape(len(weight), -1).sum(axis=1)
    grad_weight = _weights_of_band(grad_band[:-1], weight.shape, window)
    if not need_grad_x:
        return None, grad_weight, grad_bias
    grad_stacked = (grad_rows @ band[:-1].T).reshape(*window.output[:-1], n, *window.kernel[:-1], c * space[-1])
    grad_x = np.zeros((*space[:-1], n, c * space[-1]), x.dtype)
    for k, written, read in _along_rows(window):
        grad_x[read] += grad_stacked[(*written, slice(None), *k)]
    return _image_view(grad_x, n, c, space), grad_weight, grad_bias


def _rows_outermost(x: np.ndarray) -> np.ndarray:
    """Lay (N, C, H, W) out as (H, N, C, W): no copy if it lies so."""
    return np.ascontiguousarray(x.transpose(*range(2, x.ndim - 1), 0, 1, -1))


def _image_view(rows: np.ndarray, n: int, c: int, space: Sequence[int]) -> np.ndarray:
    """View what lies as (H, N, C, W) as (N, C, H, W)."""
    grid = rows.reshape(*space[:-1], n, c, space[-1])
    return grid.transpose(len(space) - 1, len(space), *range(len(space) - 1), -1)


@lru_cache(maxsize=1000)  # a network asks the same of its few windows in every step
def _along_rows(window: Window) -> tuple[tuple[Index, Index, Index], ...]:
    """For each kernel row: its place in the kernel, the output rows that see input rows there, and those rows."""
    rows = Window(*(field[:-1] for field in window))
    return tuple((k, written[1:], read[1:]) for k, written, read in rows.meetings())


def _along_width(window: Window) -> tuple[tuple[int, slice, slice], ...]:
    return meetings_on_one_axis(*(field[-1] for field in (*window, window.output)))


def _stacked_rows(x: np.ndarray, window: Window) -> np.ndarray:
    """Cut x (N, C, H, W) into (H' * N, KH * C * W + 1): for each output row all the input rows that it sees, and 1."""
    n, c, *space = x.shape
    rows = _rows_outermost(x).reshape(*space[:-1], n, c * space[-1])
    depth = prod(window.kernel[:-1]) * c * space[-1]
    new = np.zeros if any(window.padding[:-1]) else np.empty  # entries that stay 0 are the padding
    stacked = new((*window.output[:-1], n, depth + 1), x.dtype)
    stacked[..., -1] = 1  # multiplies the bias
    by_row = stacked[..., :-1].reshape(*window.output[:-1], n, *window.kernel[:-1], c * space[-1])  # a view
    for k, written, read in _along_rows(window):
        by_row[(*written, slice(None), *k)] = rows[read]
    return stacked.reshape(-1, depth + 1)


def _band(weight: np.ndarray, bias: np.ndarray | None, window: Window) -> np.ndarray:
    """Make the band (KH * C * W + 1, F * W'): the weights of each kernel column on a diagonal, and the bias."""
    f, c = weight.shape[:2]
    by_column = weight.reshape(f, c, -1, window.kernel[-1])
    band = np.zeros((by_column.shape[2] * c * window.size[-1] + 1, f, window.output[-1]), weight.dtype)
    by_row = band[:-1].reshape(-1, c, window.size[-1], f, window.output[-1])  # a view
    for v, written, read in _along_width(window):
        diagonal = np.einsum("ucifi->ucfi", by_row[:, :, read, :, written])  # a view
        diagonal[...] = by_column[..., v].transpose(2, 1, 0)[..., None]
    if bias is not None:
        band[-1] = bias[:, None]
    return band.reshape(len(band), -1)


def _weights_of_band(grad_band: np.ndarray, shape: tuple[int, ...], window: Window) -> np.ndarray:
    """Add up the gradients along each diagonal of the band, all of which are one weight's."""
    f, c = shape[:2]
    grad_band = grad_band.reshape(-1, c, window.size[-1], f, window.output[-1])
    grad_weight = np.zeros((f, c, len(grad_band), window.kernel[-1]), grad_band.dtype)
    for v, written, read in _along_width(window):
        grad_weight[..., v] = np.einsum("ucifi->fcu", grad_band[:, :, read, :, written])
    return grad_weight.reshape(shape)
