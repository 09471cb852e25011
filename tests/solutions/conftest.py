"""Shared by the tests of `solutions`: slopes measured by finite differences, independent of `solutions.gradients`."""

import numpy as np
import pytest


def _relative_slope_error(f, arrays, gradients, rng, samples=6, eps=1e-5):
    """Return the largest relative error of gradients against slopes of f() measured by changing `arrays` in place.

    For every array: one slope along a random direction, in which every entry has its part, and those of single entries.
    """
    worst = 0.0
    for array, gradient in zip(arrays, gradients, strict=True):
        assert gradient.shape == array.shape
        directions = [rng.standard_normal(array.shape)]
        for place in rng.permutation(array.size)[:samples]:
            directions.append(np.zeros(array.shape))
            directions[-1].flat[place] = 1
        start = array.copy()
        for direction in directions:
            array[...] = start + eps * direction
            right = f()
            array[...] = start - eps * direction
            left = f()
            array[...] = start
            numeric, analytic = (right - left) / (2 * eps), float((gradient * direction).sum())
            scale = abs(numeric) + abs(analytic) + float(np.abs(gradient).max(initial=0)) + 1e-3
            worst = max(worst, abs(numeric - analytic) / scale)
    return worst


@pytest.fixture(scope="session")
def slope_error():
    return _relative_slope_error
