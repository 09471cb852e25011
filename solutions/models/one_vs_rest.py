"""Many classes from a model for two: one question for each class, "this one or another?"."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from solutions._validation import described
from solutions.models._estimator import ProbabilityClassifier, labels, matrix


class OneVsRest(ProbabilityClassifier):
    """Fit one copy of a two-class model for each class; the class whose model is surest wins.

    k = argmax_k f_k(x), where f_k was fitted on y = k against y != k

    Args: estimator, an unfitted model with `fit`, `get_params` and `predict_proba` or `decision_function`, one of ours
        or of scikit-learn's; it stays unfitted.
    Attributes after fit: classes_ (K,), estimators_ (K fitted models; a single one where K = 2), n_features_in_.
    Raises: TypeError where estimator is no model; TypeError or ValueError where X or y does not fit; NotFittedError for
        an answer before `fit`; AttributeError from `predict_proba` where the estimator has none.
    Source: deck 001 "Multiclass Logistic Regression" (one-vs-all).

    >>> from solutions.models import LogisticRegression
    >>> X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 5.0], [1.0, 5.0], [5.0, 0.0], [5.0, 1.0]])
    >>> model = OneVsRest(LogisticRegression(weight_decay=0.01)).fit(X, list("aabbcc"))
    >>> model.predict([[0.5, 0.5], [0.5, 4.0], [4.0, 0.5]])
    array(['a', 'b', 'c'], dtype='<U1')
    """

    estimators_: list[Any]

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any) -> Self:
        """Learn one model for each class from X (N, D) and labels y (N,)."""
        if isinstance(self.estimator, type) or not all(hasattr(self.estimator, name) for name in ("fit", "get_params")):
            raise TypeError(f"estimator must be a model with fit and get_params, got {described(self.estimator)}")
        X = matrix(X)
        classes, indices = labels(y, len(X))
        positives = [1] if len(classes) == 2 else range(len(classes))
        self.estimators_ = [self._unfitted().fit(X, (indices == k).astype(int)) for k in positives]
        self.classes_, self.n_features_in_ = classes, X.shape[1]
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the score of every class (N, K), in the order of `classes_`; of two that of `classes_[1]`, (N,)."""
        X = self._examples(X)
        scores = np.stack([self._score(model, X) for model in self.estimators_], axis=1)
        return scores if scores.shape[1] > 1 else scores[:, 0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of all classes (N, K): those of the K models, divided by their sum."""
        X = self._examples(X)
        if not hasattr(self.estimator, "predict_proba"):
            raise AttributeError(
                f"OneVsRest.predict_proba needs one of {type(self.estimator).__name__}, which has none"
            )
        yes = np.stack([model.predict_proba(X)[:, 1] for model in self.estimators_], axis=1)
        if yes.shape[1] == 1:
            return np.concatenate([1 - yes, yes], axis=1)
        total = yes.sum(axis=1, keepdims=True)
        even = np.full_like(yes, 1 / yes.shape[1])  # where every model is certain that it is another class
        return np.where(total > 0, yes / np.where(total > 0, total, 1), even)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class whose model is surest, (N,)."""
        scores = self.decision_function(X)
        if scores.ndim > 1:
            return self.classes_[scores.argmax(axis=1)]
        middle = 0 if hasattr(self.estimator, "decision_function") else 0.5
        return self.classes_[(scores > middle).astype(int)]

    def _unfitted(self) -> Any:
        from copy import deepcopy  # here, because `import solutions` is quick without it

        return type(self.estimator)(**deepcopy(self.estimator.get_params(deep=False)))

    @staticmethod
    def _score(model: Any, X: np.ndarray) -> np.ndarray:
        scores: np.ndarray = (
            model.decision_function(X) if hasattr(model, "decision_function") else model.predict_proba(X)[:, 1]
        )
        return scores
