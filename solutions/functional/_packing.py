"""Sequences of different lengths without their padding, for recurrent networks.

Sorted by length, longest first, the sequences that still run at step t are always the first ones. Packed, an array
(N, T, ...) becomes (S, ...): the rows of step 0, then those of step 1, ..., S = sum of the lengths in all. Padding is
never computed with, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solutions._validation import described, has_shape


class Packing:
    """Which row of a packed array belongs to which sequence and step."""

    def __init__(self, lengths: object, batch: int, steps: int) -> None:
        lengths = np.full(batch, steps) if lengths is None else _checked(lengths, batch, steps)
        self.batch, self.steps = batch, steps
        self.order = np.argsort(-lengths, kind="stable")  # sequences, longest first
        running = batch - np.searchsorted(np.sort(lengths), np.arange(steps), side="right")  # at each step
        self.starts = np.concatenate([[0], np.cumsum(running)]).tolist()  # where each step's rows begin, and their end
        places = [self.order[:count] for count in running]
        self.sequence = np.concatenate(places) if places else self.order[:0]
        self.step = np.repeat(np.arange(steps), running)

    def __iter__(self) -> Iterator[slice]:
        """Yield the packed rows of each step at which a sequence still runs."""
        return (slice(a, b) for a, b in zip(self.starts, self.starts[1:], strict=False) if a < b)

    def pack(self, x: np.ndarray) -> np.ndarray:
        """Return the real steps of x (N, T, ...) as rows (S, ...)."""
        return x[self.sequence, self.step]

    def unpack(self, rows: np.ndarray) -> np.ndarray:
        """Return rows (S, ...) in their places of (N, T, ...), zeros elsewhere."""
        x = np.zeros((self.batch, self.steps, *rows.shape[1:]), rows.dtype)
        x[self.sequence, self.step] = rows
        return x

    def sort(self, state: np.ndarray) -> np.ndarray:
        """Return a copy of state (N, ...), longest sequence first."""
        return state[self.order]

    def unsort(self, state: np.ndarray) -> np.ndarray:
        """Undo `sort`."""
        back = np.empty_like(state)
        back[self.order] = state
        return back

    def before(self, first: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return what stood in `rows` one step before each row; at step 0 that is `first`, sorted."""
        earlier = [first[: self.starts[1]]] if self.steps else []
        for start, here, end in zip(self.starts, self.starts[1:], self.starts[2:], strict=False):
            earlier.append(rows[start : start + end - here])
        return np.concatenate(earlier) if earlier else first[:0]


def _checked(lengths: object, batch: int, steps: int) -> np.ndarray:
    if not isinstance(lengths, np.ndarray) or lengths.dtype.kind not in "iu":
        cause = "; a state is given by name: state=" if isinstance(lengths, (tuple, np.ndarray)) else ""
        what = f"a tuple of {len(lengths)}" if isinstance(lengths, tuple) else described(lengths)
        raise TypeError(f"lengths must be a NumPy array of integers, one for each sequence, got {what}{cause}")
    has_shape("lengths", lengths, (batch,), "one entry for each sequence of x")
    if batch and (lengths.min() < 0 or lengths.max() > steps):
        wrong = lengths[(lengths < 0) | (lengths > steps)][0]
        raise ValueError(f"lengths must lie between 0 and T = {steps}, the steps of x, got {wrong}")
    return lengths.astype(np.int64)
