"""What all models share: scikit-learn's habits, without scikit-learn.

A model keeps its constructor's arguments as they came (they are checked in `fit`), `fit` learns attributes that end in
an underscore and returns the model, and `get_params` and `set_params` let tools copy and vary it. Models take what
scikit-learn's take: anything that NumPy reads as a matrix of numbers. float32 stays float32, all else becomes float64.
"""

from __future__ import annotations

import inspect
from typing import Any, Self

import numpy as np

from solutions._validation import described


class NotFittedError(ValueError, AttributeError):
    """A model was asked for an answer before `fit`; caught as scikit-learn's error of this name is."""


class ConvergenceWarning(UserWarning):
    """A fit ended before its loss was at a minimum."""


def matrix(X: object) -> np.ndarray:
    """Return X as a matrix (N, D) of finite float32 or float64."""
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise ValueError(
            f"X must be a matrix (N, D) of numbers, got rows of different lengths in {described(X)}"
        ) from error
    if array.dtype.kind not in "biuf":
        raise TypeError(f"X must be a matrix (N, D) of numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        cause = "; usual cause: one feature needs X[:, None], one example X[None]" if array.ndim == 1 else ""
        raise ValueError(f"X must have 2 axes (N, D), got shape {array.shape}{cause}")
    if array.shape[1] == 0:
        raise ValueError(f"X must have at least one feature, got shape {array.shape}")
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("X must be finite, got NaN or infinity in it")
    return array


def labels(y: object, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes in y (N,) and for each example the index of its class."""
    array = np.asarray(y)
    if array.shape != (examples,):
        raise ValueError(
            f"y must have one label for each of the {examples} rows of X, shape ({examples},), got {array.shape}"
        )
    if array.dtype.kind == "f" and not (array == np.floor(array)).all():
        raise ValueError("y must hold class labels, got floats that are not whole numbers; this model classifies")
    try:
        classes, indices = np.unique(array, return_inverse=True)
    except TypeError as error:
        raise TypeError("y must hold labels of one type, got several that cannot be sorted") from error
    if len(classes) < 2:
        raise ValueError(f"y must hold at least 2 classes, got {len(classes)}")
    return classes, indices


class Classifier:
    """A model that names classes; subclasses give `fit` and `predict_proba`.

    Args: none; a subclass's constructor keeps its arguments under their names.
    Raises: NotFittedError for an answer before `fit`.
    Source: scikit-learn, "Developing scikit-learn estimators".
    """

    classes_: np.ndarray
    n_features_in_: int

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from examples X (N, D) and their labels y (N,)."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of every class (N, K), in the order of `classes_`."""
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of every example, (N,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy: the share of examples whose class is predicted right."""
        predicted, right = self.predict(X), np.asarray(y)
        if right.shape != predicted.shape:
            raise ValueError(f"y must have one label for each row of X, shape {predicted.shape}, got {right.shape}")
        if not len(right):
            raise ValueError("X must have at least one example to score, got none")
        return float(np.mean(predicted == right))

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name (`deep` is there for scikit-learn's tools)."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name; they act from the next `fit` on."""
        known = self._parameter_names()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        sizes = f": {self.n_features_in_} features, {len(self.classes_)} classes" if hasattr(self, "classes_") else ""
        return f"<{type(self).__name__}({arguments}){sizes}>"

    def _examples(self, X: object) -> np.ndarray:
        """Return X after checking that the model is fitted, and on as many features."""
        name = type(self).__name__
        if not hasattr(self, "classes_"):
            raise NotFittedError(f"this {name} is not fitted yet: call fit(X, y) first")
        array = matrix(X)
        if array.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X must have {self.n_features_in_} features, as {name} was fitted with, got {array.shape[1]}"
            )
        return array
