"""Random generators that a student's code has drawn from.

`dropout(x, rng=rng)` advances the generator that a test passes. In two processes only its state can come back, and a
state of the student's choice would let it choose what the test draws next. So the judge takes over none that drawing
alone could not have led to: the same stream of PCG64 (that of `np.random.default_rng`), a bounded way ahead.
"""

from __future__ import annotations

import numpy as np

FARTHEST = 2**40  # draws in one call
_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645  # PCG64: state = state * _MULTIPLIER + inc, of 128 bits


def advance(mine: np.random.Generator, theirs: np.random.Generator) -> None:
    """Put `mine` where `theirs` is, if that lies ahead of it; generators that are not PCG64 stay where they are."""
    if not (type(mine.bit_generator) is type(theirs.bit_generator) is np.random.PCG64):
        return
    now, then = mine.bit_generator.state, theirs.bit_generator.state
    if now["state"]["inc"] == then["state"]["inc"] and _ahead(now["state"]["state"], **then["state"]):
        mine.bit_generator.state = then


def _ahead(start: int, state: int, inc: int) -> bool:
    """Whether `state` is at most `FARTHEST` steps behind `start`.

    The lowest bit in which they differ says whether to take a step of that size; the next bits repeat more slowly.
    F. B. Brown, "Random number generation with arbitrary strides", 1994.
    """
    multiplier, bit = _MULTIPLIER, 1
    while start != state and bit < FARTHEST:
        if (start ^ state) & bit:
            start = (start * multiplier + inc) % 2**128
        inc = (multiplier + 1) * inc % 2**128
        multiplier = multiplier * multiplier % 2**128
        bit *= 2
    return start == state
