"""What all models share: scikit-learn's habits, without scikit-learn.

A model keeps its constructor's arguments as they came (they are checked in `fit`), `fit` learns attributes that end in
an underscore and returns the model, and `get_params` and `set_params` let tools copy and vary it. Models take what
scikit-learn's take: anything that NumPy reads as a matrix of numbers. float32 stays float32, all else becomes float64.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, Self

import numpy as np

from solutions._validation import described


class NotFittedError(ValueError, AttributeError):
    """A model was asked for an answer before `fit`; caught as scikit-learn's error of this name is."""


class ConvergenceWarning(UserWarning):
    """A fit ended before its loss was at a minimum."""


def matrix(X: object) -> np.ndarray:
    """Return X as a matrix (N, D) of finite float32 or float64; the errors hold the words that scikit-learn's have."""
    if hasattr(X, "toarray"):
        raise TypeError(f"X must be a dense matrix (N, D), got the sparse {described(X)}; convert it with X.toarray()")
    try:
        array = np.asarray(X)
    except ValueError as error:
        raise ValueError(
            f"X must be a matrix (N, D) of numbers, got rows of different lengths in {described(X)}"
        ) from error
    if array.dtype.kind == "O":
        array = array.astype(np.float64)
    if array.dtype.kind == "c":
        raise ValueError(f"X must be a matrix (N, D) of real numbers, got {array.dtype}: Complex data not supported")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"X must be a matrix (N, D) of numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        cause = "; Reshape your data: one feature needs X[:, None], one example X[None]" if array.ndim == 1 else ""
        raise ValueError(f"X must have 2 axes (N, D), got shape {array.shape}{cause}")
    if array.shape[1] == 0:
        raise ValueError(f"X has 0 feature(s) (shape={array.shape}) while a minimum of 1 is required.")
    if array.dtype != np.float32:
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("X must be finite, got NaN or infinity in it")
    return array


def labels(y: object, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted classes in y (N,) and for each example the index of its class."""
    if y is None:
        raise ValueError("y must hold labels: this model requires y to be passed, but the target y is None")
    array = np.asarray(y)
    if array.shape != (examples,):
        raise ValueError(
            f"y must have one label for each of the {examples} rows of X, shape ({examples},), got {array.shape}"
        )
    if array.dtype.kind == "f" and not (array == np.floor(array)).all():
        raise ValueError(
            "y must hold class labels, got floats that are not whole numbers (Unknown label type: continuous); this "
            "model classifies"
        )
    try:
        classes, indices = np.unique(array, return_inverse=True)
    except TypeError as error:
        raise TypeError("y must hold labels of one type, got several that cannot be sorted") from error
    if len(classes) < 2:
        raise ValueError(f"y must hold at least 2 classes, got {len(classes)} class" + "es" * (len(classes) != 1))
    return classes, indices


class Estimator:
    """Parameters that can be read and set by name, and a check that a model is fitted.

    Args: none; a subclass's constructor keeps its arguments under their names.
    Raises: NotFittedError for an answer before `fit`.
    Source: scikit-learn, "Developing scikit-learn estimators".
    """

    n_features_in_: int
    _estimator_type = ""  # what scikit-learn's tools ask for, up to its version 1.5
    _takes_many_classes = True
    _takes_many_targets = False

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments by name; deep adds those of an inner model as name__argument."""
        params = {name: getattr(self, name) for name in self._parameter_names()}
        for name, value in list(params.items()) if deep else []:
            if hasattr(value, "get_params") and not isinstance(value, type):
                params |= {f"{name}__{key}": inner for key, inner in value.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name; they act from the next `fit` on."""
        known = self._parameter_names()
        for key, value in params.items():
            name, _, inner = key.partition("__")
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}")
            if inner:
                getattr(self, name).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def _shown_sizes(self) -> str:
        return f": {self.n_features_in_} features" if hasattr(self, "n_features_in_") else ""

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_params(deep=False).items())
        return f"<{type(self).__name__}({arguments}){self._shown_sizes()}>"

    def _check_fitted(self, attribute: str = "n_features_in_") -> None:
        if not hasattr(self, attribute):
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet: call fit(X, y) first")

    def _examples(self, X: object) -> np.ndarray:
        """Return X after checking that the model is fitted, and on as many features."""
        self._check_fitted()
        array = matrix(X)
        if array.shape[1] != self.n_features_in_:
            name = type(self).__name__
            raise ValueError(
                f"X has {array.shape[1]} features, but {name} is expecting {self.n_features_in_} features as input: "
                "so many it was fitted with"
            )
        return array

    def __sklearn_tags__(self) -> Any:
        """Say what scikit-learn's tools ask from version 1.6 on; only they call this, so it is there to import."""
        utils = import_module("sklearn.utils")
        tags = utils.Tags(
            estimator_type=self._estimator_type or None,
            target_tags=utils.TargetTags(required=True, multi_output=self._takes_many_targets),
            input_tags=utils.InputTags(),
        )
        if self._estimator_type == "classifier":
            tags.classifier_tags = utils.ClassifierTags(multi_class=self._takes_many_classes)
        if self._estimator_type == "regressor":
            tags.regressor_tags = utils.RegressorTags()
        return tags


class Classifier(Estimator):
    """A model that names classes; subclasses give `fit` and `predict`.

    Args: none; a subclass's constructor keeps its arguments under their names.
    Raises: NotFittedError for an answer before `fit`.
    Source: scikit-learn, "Developing scikit-learn estimators".
    """

    classes_: np.ndarray
    _estimator_type = "classifier"

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from examples X (N, D) and their labels y (N,)."""
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of every example, (N,)."""
        raise NotImplementedError

    def score(self, X: Any, y: Any) -> float:
        """Return the accuracy: the share of examples whose class is predicted right."""
        predicted, right = self.predict(X), np.asarray(y)
        if right.shape != predicted.shape:
            raise ValueError(f"y must have one label for each row of X, shape {predicted.shape}, got {right.shape}")
        if not len(right):
            raise ValueError("X must have at least one example to score, got none")
        return float(np.mean(predicted == right))

    def _shown_sizes(self) -> str:
        return super()._shown_sizes() + (f", {len(self.classes_)} classes" if hasattr(self, "classes_") else "")


class ProbabilityClassifier(Classifier):
    """A classifier that also says how sure it is; subclasses give `fit` and `predict_proba`.

    Args: none; a subclass's constructor keeps its arguments under their names.
    Raises: NotFittedError for an answer before `fit`.
    Source: scikit-learn, "Developing scikit-learn estimators".
    """

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of every class (N, K), in the order of `classes_`."""
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of every example, (N,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class Regressor(Estimator):
    """A model that predicts numbers; subclasses give `fit` and `predict`.

    Args: none; a subclass's constructor keeps its arguments under their names.
    Raises: NotFittedError for an answer before `fit`.
    Source: scikit-learn, "Developing scikit-learn estimators".
    """

    _estimator_type = "regressor"

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from examples X (N, D) and their targets y (N,) or (N, M)."""
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """Return the prediction for every example, (N,) or (N, M)."""
        raise NotImplementedError

    def score(self, X: Any, y: Any) -> float:
        """Return R^2 = 1 - sum (y - p)^2 / sum (y - mean y)^2: 1 is perfect, 0 as good as always saying the mean.

        Where y has several columns, the mean over them.
        """
        p, right = self.predict(X), np.asarray(y, dtype=np.float64)
        if right.shape != p.shape:
            raise ValueError(f"y must have the shape of the prediction, {p.shape}, got {right.shape}")
        if len(right) < 2:
            raise ValueError(f"X must have at least two examples to score, got {len(right)}")
        error, spread = ((right - p) ** 2).sum(axis=0), ((right - right.mean(axis=0)) ** 2).sum(axis=0)
        flat = spread == 0  # a target that never changes: right everywhere is 1, as in scikit-learn, else 0
        return float(np.mean(np.where(flat, error == 0, 1 - error / np.where(flat, 1, spread))))
