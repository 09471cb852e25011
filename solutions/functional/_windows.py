"""Sliding windows in any number of dimensions, shared by convolution and pooling.

A window has a kernel size, a stride, a padding and a dilation on each axis. Instead of moving the window over the
input, `meetings` fixes one entry of the kernel and gives all pairs (output, input) that meet there: two strided slices.
The padding is never built: outputs that would read it are left out of the slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

Index = tuple[Any, ...]


class Window(NamedTuple):
    """The geometry of one sliding window; every field holds one integer for each axis of space."""

    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def output(self) -> tuple[int, ...]:
        """Number of window positions on each axis: floor((size + 2 padding - span) / stride) + 1."""
        return _positions(self)

    def check(self, name: str, space: Sequence[str]) -> None:
        """Raise a ValueError that begins with `name` where the kernel is larger than the padded input."""
        for axis, n, k, p, d in zip(space, self.size, self.kernel, self.padding, self.dilation, strict=True):
            span, room = d * (k - 1) + 1, n + 2 * p
            if span > room:
                raise ValueError(
                    f"{name} does not fit into x: along {axis} the kernel spans {span}, x with its padding has {room}"
                    f"\n  x         {self.size}\n  kernel    {self.kernel}\n  stride    {self.stride}"
                    f"\n  padding   {self.padding}\n  dilation  {self.dilation}"
                    "\nusual cause: earlier layers shrank x; use padding or a smaller kernel"
                )

    def meetings(self) -> Iterator[tuple[Index, Index, Index]]:
        """Yield (kernel entry, index of outputs, index of the inputs they meet) in the kernel's reading order."""
        for places in product(*map(meetings_on_one_axis, *self, self.output)):
            k, written, read = zip(*places, strict=True)
            yield k, (..., *written), (..., *read)


@lru_cache(maxsize=1000)  # a network asks the same of its few windows in every step
def _positions(window: Window) -> tuple[int, ...]:
    return tuple((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, k, s, p, d in zip(*window, strict=True))


@lru_cache(maxsize=1000)
def meetings_on_one_axis(
    size: int, kernel: int, stride: int, padding: int, dilation: int, output: int
) -> tuple[tuple[int, slice, slice], ...]:
    """What `Window.meetings` yields, for one axis."""
    places = []
    for k in range(kernel):
        first = k * dilation - padding  # where output 0 reads; negative in the padding
        start = max(0, -(first // stride))
        stop = min(output, (size - 1 - first) // stride + 1)
        if start < stop:
            read = slice(first + start * stride, first + (stop - 1) * stride + 1, stride)
            places.append((k, slice(start, stop), read))
    return tuple(places)
