"""A parameter: an array that learns, with the gradient of the loss beside it.

Layers make them and add to `.grad` in `backward`; optimizers read `.grad` and change `.value` in place.
"""

from __future__ import annotations

import numpy as np

from solutions._validation import described, float_array, like


class Parameter:
    """An array with its gradient and its name; both arrays keep their place in memory, shape and dtype for life.

    Writing `p.value = array` or `p.grad = array` copies the entries into the array that is there, so that a layer and
    an optimizer which hold the same parameter always see the same numbers.

    Args: value of any shape, copied; grad, the same shape, copied (zeros where None); name, as in a state dict.
    Raises: TypeError or ValueError where value is not float32 or float64, or grad (or what is written later) differs
        from it in dtype or shape, or name is no string.
    Source: deck 000 "Backpropagation" (the accumulator Delta, set to 0 and added to).

    >>> p = Parameter(np.zeros((2, 3), np.float32), name="weight")
    >>> p.grad += 1
    >>> p, float(p.grad.sum())
    (Parameter('weight', shape=(2, 3), dtype=float32), 6.0)
    """

    def __init__(self, value: np.ndarray, grad: np.ndarray | None = None, name: str = "parameter") -> None:
        if not isinstance(name, str):
            raise TypeError(f"name must be a string, got {described(name)}")
        self.name = name
        self._value = np.array(float_array("value", value))
        self._grad = np.zeros_like(self._value)
        if grad is not None:
            self.grad = grad

    @property
    def value(self) -> np.ndarray:
        """The array that learns."""
        return self._value

    @value.setter
    def value(self, array: np.ndarray) -> None:
        self._value[...] = self._fitting("value", array)

    @property
    def grad(self) -> np.ndarray:
        """The gradient of the loss by `value`, added up since the last `zero_grad`."""
        return self._grad

    @grad.setter
    def grad(self, array: np.ndarray) -> None:
        self._grad[...] = self._fitting("grad", array)

    def zero_grad(self) -> None:
        """Set the gradient to zero, in place."""
        self._grad[...] = 0

    def _fitting(self, what: str, array: object) -> np.ndarray:
        return like(f"{what} of parameter {self.name!r}", array, "its value", self._value)

    def __repr__(self) -> str:
        return f"Parameter({self.name!r}, shape={self._value.shape}, dtype={self._value.dtype})"
