"""Convolution with stride 1 as one matrix product, like `_columns`, but with columns that are cut in long runs.

Lay the padded input of each channel out in one line. Then the entry (u, v) of the kernel reads, for all outputs of an
image at once, the same line shifted by u * (padded width) + v:

    columns[c, (u, v)] = line[c, shift : shift + length];    y = weight (F, C * kernel) @ columns (C * kernel, length)

Outputs behind the end of an image row read on into the next row; they are cut off at the end. The derivative adds its
columns up in a line in the same way. Columns are cut, multiplied and dropped a chunk at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

import numpy as np

from solutions.functional._windows import Index, Window

CHUNK = 2**20  # numbers of columns that are cut at once: they stay in the cache, and the product is a large one
Chunk = tuple[slice, slice]  # of the images, and of the places in their lines


def suits(window: Window) -> bool:
    """Tell whether all outputs read one line, only shifted; sequences are cut in runs as long without padded lines."""
    return len(window.size) > 1 and all(stride == 1 for stride in window.stride)


def conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, window: Window, groups: int) -> np.ndarray:
    """Convolve x (N, C, *space) with weight (F, C/groups, *kernel) to (N, F, *space')."""
    rows = weight.reshape(groups, len(weight) // groups, -1)  # (G, F/G, C/G * kernel)
    lines = _lines(x, window, groups)
    total = np.empty((*rows.shape[:2], len(x), _length(window)), x.dtype)
    for chunk in _chunks(len(x), rows.shape[2], window):
        np.matmul(rows, _columns(lines, chunk, window), out=_joined(total, chunk))
    y = _on_outputs(total, window)
    return np.array(y, order="C") if bias is None else np.add(y, bias.reshape(-1, *(1,) * len(window.size)), order="C")


def conv_backward(
    grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, window: Window, groups: int, need_grad_x: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """Give (grad_x, grad_weight) of `conv`; None for grad_x where nobody needs it."""
    rows = weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2)  # (G, C/G * kernel, F/G)
    lines = _lines(x, window, groups)
    grad_lines = np.zeros_like(lines) if need_grad_x else None
    grad_total = np.zeros((groups, rows.shape[2], len(x), _length(window)), x.dtype)
    _on_outputs(grad_total, window)[...] = grad_y
    grad_rows = np.zeros(rows.shape, rows.dtype)
    for chunk in _chunks(len(x), rows.shape[1], window):
        grad = _joined(grad_total, chunk)
        grad_rows += _columns(lines, chunk, window) @ grad.swapaxes(1, 2)  # its transpose takes three times as long
        if grad_lines is not None:
            _add_columns(rows @ grad, grad_lines, chunk, window)
    grad_weight = np.array(grad_rows.swapaxes(1, 2), order="C").reshape(weight.shape)
    if grad_lines is None:
        return None, grad_weight
    return np.array(_inside(grad_lines, window), order="C"), grad_weight


def _padded(window: Window) -> tuple[int, ...]:
    return tuple(n + 2 * p for n, p in zip(window.size, window.padding, strict=True))


def _length(window: Window) -> int:
    return window.output[0] * prod(_padded(window)[1:])


def _shifts(window: Window) -> list[int]:
    """The shift of each kernel entry, in reading order."""
    padded = _padded(window)
    apart = [d * prod(padded[axis + 1 :]) for axis, d in enumerate(window.dilation)]
    return [sum(k * a for k, a in zip(entry, apart, strict=True)) for entry in product(*map(range, window.kernel))]


def _chunks(images: int, depth: int, window: Window) -> Iterator[Chunk]:
    """Portion out whole images, or where one is too large, parts of its line."""
    length, most = _length(window), max(1, CHUNK // depth)
    for first in range(0, images, step := max(1, most // length)):
        for start in range(0, length, most):
            yield slice(first, min(first + step, images)), slice(start, min(start + most, length))


def _lines(x: np.ndarray, window: Window, groups: int) -> np.ndarray:
    """Lay x (N, C, *space) out in padded lines (G, C/G, N, line), as long as the last entry of the kernel reads."""
    n, c = x.shape[:2]
    lines = np.zeros((groups, c // groups, n, _length(window) + _shifts(window)[-1]), x.dtype)
    _inside(lines, window)[...] = x
    return lines


def _inside(lines: np.ndarray, window: Window) -> np.ndarray:
    """View lines (G, C/G, N, line) as (N, C, *space), without the padding."""
    padded = _padded(window)
    grid = lines[..., : prod(padded)].reshape(lines.shape[0] * lines.shape[1], lines.shape[2], *padded)
    inside: Index = (..., *(slice(p, p + n) for p, n in zip(window.padding, window.size, strict=True)))
    return grid[inside].swapaxes(0, 1)


def _on_outputs(lines: np.ndarray, window: Window) -> np.ndarray:
    """View lines (G, F/G, N, length) as (N, F, *space'), without what reads on into the next row."""
    grid = lines.reshape(lines.shape[0] * lines.shape[1], lines.shape[2], window.output[0], *_padded(window)[1:])
    inside: Index = (..., *(slice(n) for n in window.output[1:]))
    return grid[inside].swapaxes(0, 1)


def _joined(lines: np.ndarray, chunk: Chunk) -> np.ndarray:
    """View a chunk of lines (G, F/G, N, length) as (G, F/G, places)."""
    return lines[(..., *chunk)].reshape(*lines.shape[:2], -1)


def _columns(lines: np.ndarray, chunk: Chunk, window: Window) -> np.ndarray:
    """Cut a chunk of lines (G, C/G, N, line) into columns (G, C/G * kernel, places)."""
    part = [lines[_shifted(chunk, shift)] for shift in _shifts(window)]
    return np.stack(part, axis=2).reshape(len(lines), lines.shape[1] * len(part), -1)


def _add_columns(columns: np.ndarray, lines: np.ndarray, chunk: Chunk, window: Window) -> None:
    """Undo `_columns` for gradients: add up in lines all that every entry contributed to."""
    images, places = chunk
    shifts = _shifts(window)
    columns = columns.reshape(*lines.shape[:2], len(shifts), images.stop - images.start, places.stop - places.start)
    for k, shift in enumerate(shifts):
        lines[_shifted(chunk, shift)] += columns[:, :, k]


def _shifted(chunk: Chunk, shift: int) -> Index:
    images, places = chunk
    return ..., images, slice(places.start + shift, places.stop + shift)
