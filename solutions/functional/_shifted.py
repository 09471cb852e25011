"""Convolution with stride 1 as a sum of matrix products over shifted inputs, with hardly a copy.

Lay the padded input of each channel out in one line. Then the entry (u, v) of the kernel reads, for all outputs at
once, the same line shifted by u * (padded width) + v:

    y += weight[:, :, u, v] @ line[:, shift : shift + length]        (F, C) @ (C, length)

Outputs behind the end of an image row read on into the next row; they are cut off at the end. The gradient with
respect to the input is the same sum over grad_y with a frame of zeros, the kernel flipped and its channels exchanged
(deck 002); that with respect to weight[:, :, u, v] is grad_y @ line[:, shift : shift + length].T.

With few channels the products would be thin, and slow; then the shifts along the last axis are stacked like channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

import numpy as np

from solutions.functional._windows import Index, Window

FEW_CHANNELS = 32  # below, one product over KW * C channels beats KW products over C, in spite of the copy
CHUNK = 2**18  # numbers of padded input that are worked on at once, so that they stay in the cache


def suits(window: Window) -> bool:
    """Tell whether all outputs read one line, only shifted, and the frame around grad_y is not negative."""
    axes = zip(window.stride, window.padding, window.dilation, window.kernel, strict=True)
    return all(stride == 1 and padding <= dilation * (kernel - 1) for stride, padding, dilation, kernel in axes)


def conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, window: Window, groups: int) -> np.ndarray:
    """Convolve x (N, C, *space) with weight (F, C/groups, *kernel) to (N, F, *space')."""
    y = np.empty((len(x), len(weight), *window.output), x.dtype)
    stacked = weight.shape[1] < FEW_CHANNELS
    by_shift = _by_shift(weight, groups, stacked)
    for images in _chunks(x, window):
        lines = _lines(x[images], window, groups, stacked)
        total = np.empty((len(lines), *by_shift.shape[1:3], _line_length(window)), x.dtype)  # (n, G, F/G, line)
        used = total[..., : _reach(window)]
        part = np.empty_like(used)
        for matrix, shift in zip(by_shift, _shifts(window, stacked), strict=True):
            first = shift == 0
            np.matmul(matrix, lines[..., shift : shift + used.shape[-1]], out=used if first else part)
            if not first:
                used += part
        y[images] = _on_outputs(total, window, len(weight))
    if bias is not None:
        y += bias.reshape(-1, *(1,) * len(window.size))
    return y


def grad_input(grad_y: np.ndarray, weight: np.ndarray, window: Window, groups: int) -> np.ndarray:
    """Send grad_y (N, F, *space') back to (N, C, *space)."""
    by_group = weight.reshape(groups, -1, *weight.shape[1:])  # (G, F/G, C/G, *kernel)
    flipped = np.flip(by_group, axis=tuple(range(3, by_group.ndim))).swapaxes(1, 2)
    frame = tuple(d * (k - 1) - p for d, k, p in zip(window.dilation, window.kernel, window.padding, strict=True))
    back = Window(window.output, window.kernel, window.stride, frame, window.dilation)
    return conv(grad_y, flipped.reshape(-1, *flipped.shape[2:]), None, back, groups)


def grad_weight(grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray, window: Window, groups: int) -> np.ndarray:
    """Add up what each weight contributed to."""
    stacked = weight.shape[1] < FEW_CHANNELS
    total = np.zeros_like(_by_shift(weight, groups, stacked))  # (shifts, G, F/G, K)
    for images in _chunks(x, window):
        lines = _lines(x[images], window, groups, stacked)
        n = len(lines)
        framed = np.zeros((n, *total.shape[1:3], _line_length(window)), x.dtype)
        _on_outputs(framed, window, len(weight))[...] = grad_y[images]
        used = framed[..., : _reach(window)]
        for matrix, shift in zip(total, _shifts(window, stacked), strict=True):
            matrix += (used @ lines[..., shift : shift + used.shape[-1]].swapaxes(2, 3)).sum(axis=0)
    return _from_shifts(total, weight.shape, stacked)


def _padded(window: Window) -> tuple[int, ...]:
    return tuple(n + 2 * p for n, p in zip(window.size, window.padding, strict=True))


def _steps(window: Window) -> tuple[int, ...]:
    """How far apart neighbours along each axis lie in the line."""
    padded = _padded(window)
    return tuple(prod(padded[axis + 1 :]) for axis in range(len(padded)))


def _line_length(window: Window) -> int:
    return window.output[0] * _steps(window)[0]


def _reach(window: Window) -> int:
    """Where in the line the last output is, plus one."""
    return sum((n - 1) * step for n, step in zip(window.output, _steps(window), strict=True)) + 1


def _shifts(window: Window, stacked: bool) -> list[int]:
    """The shift of each kernel entry, in reading order; of each kernel row where its entries are stacked."""
    kernel = (*window.kernel[:-1], 1) if stacked else window.kernel
    apart = [d * step for d, step in zip(window.dilation, _steps(window), strict=True)]
    return [sum(k * a for k, a in zip(entry, apart, strict=True)) for entry in product(*map(range, kernel))]


def _by_shift(weight: np.ndarray, groups: int, stacked: bool) -> np.ndarray:
    """Reorder weight (F, C/G, *kernel) into (shifts, G, F/G, K), K the channels, or kernel columns times channels."""
    f, c, *kernel = weight.shape
    columns = kernel[-1] if stacked else 1
    split = weight.reshape(groups, f // groups, c, -1, columns)
    return np.ascontiguousarray(split.transpose(3, 0, 1, 4, 2)).reshape(-1, groups, f // groups, columns * c)


def _from_shifts(by_shift: np.ndarray, shape: tuple[int, ...], stacked: bool) -> np.ndarray:
    """Undo `_by_shift`."""
    shifts, groups, per_group, _ = by_shift.shape
    columns = shape[-1] if stacked else 1
    split = by_shift.reshape(shifts, groups, per_group, columns, shape[1])
    return np.ascontiguousarray(split.transpose(1, 2, 4, 0, 3)).reshape(shape)


def _chunks(x: np.ndarray, window: Window) -> Iterator[slice]:
    images = max(1, CHUNK // (x.shape[1] * prod(_padded(window))))
    return (slice(start, start + images) for start in range(0, len(x), images))


def _lines(x: np.ndarray, window: Window, groups: int, stacked: bool) -> np.ndarray:
    """Lay x (n, C, *space) out in padded lines (n, G, K, line)."""
    n, c = x.shape[:2]
    padded = np.zeros((n, c, *_padded(window)), x.dtype)
    inside: Index = (..., *(slice(p, p + size) for p, size in zip(window.padding, window.size, strict=True)))
    padded[inside] = x
    lines = padded.reshape(n, groups, c // groups, -1)
    if not stacked:
        return lines
    columns, apart = window.kernel[-1], window.dilation[-1]
    length = lines.shape[-1] - (columns - 1) * apart
    stack = [lines[..., v * apart : v * apart + length] for v in range(columns)]
    return np.stack(stack, axis=2).reshape(n, groups, -1, length)


def _on_outputs(lines: np.ndarray, window: Window, filters: int) -> np.ndarray:
    """View lines (n, G, F/G, line) as (n, F, *space'), without what reads on into the next row."""
    grid = lines.reshape(len(lines), filters, window.output[0], *_padded(window)[1:])
    inside: Index = (..., *(slice(n) for n in window.output[1:]))
    return grid[inside]
