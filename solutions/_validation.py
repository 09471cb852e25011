"""Argument checks that all of `solutions` shares: each names the argument, what came and what was expected.

The rules, stated once. An array argument is float32 or float64: a NumPy array, a NumPy scalar, or a Python float (which
is a float64). Lists, integers and other dtypes are refused with the call that converts them. Arrays that meet have one
dtype. Nothing is converted or broadcast silently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

import numpy as np

Size = int | Sequence[int]  # one integer, or one for each axis
FLOATS = np.dtype(np.float32), np.dtype(np.float64)


def described(value: object) -> str:
    """What came, in a few words: the type of a container, the value of anything short."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} with shape {value.shape}"
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return f"{value!r}"
    if isinstance(value, tuple):
        return f"the tuple {value!r}"
    return f"a {type(value).__name__}"


def float_array(name: str, value: object, axes: Sequence[str] | None = None) -> np.ndarray:
    """Return `value` as an array after checking its dtype and, where `axes` names them, the number of its axes."""
    if not isinstance(value, (np.ndarray, np.floating, float)):
        raise TypeError(
            f"{name} must be a NumPy array of float32 or float64, got {described(value)}; "
            f"convert it with np.asarray({name}, dtype=np.float32)"
        )
    array = np.asarray(value)
    if array.dtype not in FLOATS:
        raise TypeError(
            f"{name} must be floating point (float32 or float64), got {array.dtype}; "
            f"convert it with {name}.astype(np.float32)"
        )
    if axes is not None and array.ndim != len(axes):
        cause = f"; one example needs a batch axis: {name}[None]" if array.ndim == len(axes) - 1 else ""
        raise ValueError(f"{name} must have {len(axes)} axes ({', '.join(axes)}), got shape {array.shape}{cause}")
    return array


def same_dtype(name: str, array: np.ndarray, other_name: str, other: np.ndarray) -> None:
    """Refuse two arrays of different precision, whose result would silently be the wider one."""
    if array.dtype != other.dtype:
        raise TypeError(
            f"{name} must have the dtype of {other_name}, {other.dtype}, got {array.dtype}; "
            f"convert it with {name}.astype(np.{other.dtype})"
        )


def has_shape(name: str, array: np.ndarray, expected: tuple[int, ...], meaning: str) -> None:
    """Refuse any shape but `expected`; `meaning` says where that comes from ("the shape of x")."""
    if array.shape != expected:
        raise ValueError(f"{name} must have {meaning}, {expected}, got {array.shape}")


def like(name: str, value: object, other_name: str, other: np.ndarray) -> np.ndarray:
    """Return `value` as a float array of exactly the shape and dtype of `other`."""
    array = float_array(name, value)
    has_shape(name, array, other.shape, f"the shape of {other_name}")
    same_dtype(name, array, other_name, other)
    return array


def not_empty(name: str, array: np.ndarray, axes: Sequence[str], batch: bool = True) -> None:
    """Refuse axes of length zero, except the batch axis (the first) where `batch` is true."""
    for i in range(1 if batch else 0, array.ndim):
        if array.shape[i] == 0:
            raise ValueError(f"{name} must not be empty along {axes[i]} (axis {i}), got shape {array.shape}")


def is_integer(value: object) -> TypeGuard[int]:
    """Tell whether `value` is a Python or NumPy integer; True is not 1 here."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def integer(name: str, value: object, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`; booleans and floats are no integers."""
    if not is_integer(value):
        raise TypeError(f"{name} must be an integer, got {described(value)}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    return int(value)


def integer_per_axis(name: str, value: object, axes: Sequence[str], minimum: int) -> tuple[int, ...]:
    """Return one integer for each axis, from one integer for all or a tuple or list with one for each."""
    if type(value) is tuple and len(value) == len(axes) and all(type(n) is int and n >= minimum for n in value):
        return value  # what layers pass on in every step needs no more than that
    if not isinstance(value, (tuple, list)):
        if not is_integer(value):
            raise TypeError(f"{name} must be an integer or one for each of {', '.join(axes)}, got {described(value)}")
        return (integer(name, value, minimum),) * len(axes)
    if len(value) != len(axes):
        raise ValueError(f"{name} must be an integer or one for each of {', '.join(axes)}, got {tuple(value)}")
    return tuple(integer(f"{name}[{i}]", entry, minimum) for i, entry in enumerate(value))


def number(name: str, value: object, low: float = -math.inf, high: float = math.inf) -> float:
    """Return `value` as a finite Python float from `low` to `high`: unlike a NumPy float64 it leaves float32 alone."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, got {described(value)}")
    if not (math.isfinite(value) and low <= value <= high):
        limits = [f"at least {low:g}"] * (low > -math.inf) + [f"at most {high:g}"] * (high < math.inf)
        raise ValueError(f"{name} must be {' and '.join(limits or ['finite'])}, got {value}")
    return float(value)


def flag(name: str, value: object) -> bool:
    """Return `value` as a bool; anything else in its place is most often an argument that slipped by one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {described(value)}")
    return bool(value)


def axis_of(array: np.ndarray, axis: object) -> int:
    """Return `axis` counted from the front after checking that x has it and that it is not empty."""
    if array.ndim == 0:
        raise ValueError("x must have at least one axis, got a single number")
    place = integer("axis", axis, minimum=-array.ndim)
    if place >= array.ndim:
        raise ValueError(f"axis must be at most {array.ndim - 1} for x of shape {array.shape}, got {place}")
    if array.shape[place] == 0:
        raise ValueError(f"x must not be empty along axis {place}, got shape {array.shape}")
    return place % array.ndim


def one_of(name: str, value: object, options: Sequence[str]) -> str:
    """Return `value` if it is one of the words in `options`."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}, got {described(value)}")
    return value


def generator(rng: object) -> np.random.Generator:
    """Return the generator that `rng` stands for: itself, one seeded by an integer, or a fresh one for None."""
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None:
        return np.random.default_rng()
    if not is_integer(rng):
        raise TypeError(f"rng must be a numpy.random.Generator, an integer seed or None, got {described(rng)}")
    return np.random.default_rng(integer("rng", rng, minimum=0))


def class_indices(name: str, value: object, shape: tuple[int, ...], classes: int) -> np.ndarray:
    """Return `value` as an integer array of `shape` whose entries all lie in 0 .. classes - 1."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iu":
        raise TypeError(f"{name} must be a NumPy array of integers (class indices), got {described(value)}")
    has_shape(name, value, shape, "one class index for each example")
    if value.size and (value.min() < 0 or value.max() >= classes):
        wrong = value[(value < 0) | (value >= classes)].flat[0]
        raise ValueError(
            f"{name} must hold class indices from 0 to {classes - 1}, got {wrong}; usual cause: classes counted from 1"
        )
    return value
