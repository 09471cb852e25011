"""First weights, distributed as PyTorch's are."""

from __future__ import annotations

from math import sqrt

import numpy as np

from solutions.parameter import Parameter


def uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, dtype: np.dtype) -> Parameter:
    """Draw each entry from U(-1/sqrt(fan_in), 1/sqrt(fan_in)): sums of fan_in terms keep the size of the input.

    Drawn in float64 and rounded, so that one seed makes the same network in both precisions.
    """
    bound = 1 / sqrt(fan_in)
    return Parameter(rng.uniform(-bound, bound, shape).astype(dtype))
