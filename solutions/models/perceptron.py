"""The perceptron: the oldest neural network that learns, one unit with a step."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np

from solutions._validation import generator, integer, number
from solutions.models._estimator import Classifier, ConvergenceWarning, labels, matrix


class Perceptron(Classifier):
    """Classify into two classes by a hyperplane that every mistake turns a little.

    f(x) = step(w.x + b);  after each example  w = w + lr (y - f(x)) x,  b = b + lr (y - f(x)),  y in {0, 1}

    The examples come one by one, epoch after epoch, until an epoch passes without a mistake. If a hyperplane between
    the classes exists that happens after finitely many mistakes; if none exists it never does, and fit warns.

    Args: lr > 0, which from zero weights changes the size of w and b but no answer; max_iter, the most epochs; rng, a
        generator or a seed to shuffle the examples of every epoch with, or None for the order in which they come.
    Attributes after fit: classes_ (2,), coef_ (1, D), intercept_ (1,), n_features_in_, n_iter_ (epochs), mistakes_
        (their number in each epoch).
    Raises: TypeError or ValueError where X, y or an argument does not fit; NotFittedError for an answer before `fit`; a
        ConvergenceWarning where max_iter comes before an epoch without a mistake.
    Source: deck 004 "Perceptron"; Rosenblatt 1958; Novikoff 1962 (the finite number of mistakes).

    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> model = Perceptron().fit(X, ["no", "no", "no", "yes"])  # the logical AND
    >>> model.predict(X), model.mistakes_[-1]
    (array(['no', 'no', 'no', 'yes'], dtype='<U3'), 0)
    """

    _takes_many_classes = False

    coef_: np.ndarray
    intercept_: np.ndarray
    n_iter_: int
    mistakes_: list[int]

    def __init__(self, lr: float = 1.0, max_iter: int = 1000, rng: np.random.Generator | int | None = None) -> None:
        self.lr = lr
        self.max_iter = max_iter
        self.rng = rng

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the weights and the bias from X (N, D) and labels y (N,) of two classes."""
        X = matrix(X)
        classes, targets = labels(y, len(X))
        if len(classes) > 2:
            raise ValueError(
                f"y must hold 2 classes, got {len(classes)}; OneVsRest(Perceptron()) takes more than two "
                "(Only binary classification is supported)"
            )
        lr, max_iter = number("lr", self.lr, low=0), integer("max_iter", self.max_iter, minimum=1)
        if lr == 0:
            raise ValueError("lr must be above 0, got 0")
        rng = None if self.rng is None else generator(self.rng)
        w, b = np.zeros(X.shape[1], X.dtype), 0.0
        self.mistakes_ = []
        while len(self.mistakes_) < max_iter and (not self.mistakes_ or self.mistakes_[-1]):
            mistakes = 0
            for n in range(len(X)) if rng is None else rng.permutation(len(X)):
                error = int(targets[n]) - int(w @ X[n] + b > 0)
                if error:
                    w += lr * error * X[n]
                    b += lr * error
                    mistakes += 1
            self.mistakes_.append(mistakes)
        if self.mistakes_[-1]:
            warnings.warn(
                f"Perceptron still made {self.mistakes_[-1]} mistakes in epoch {max_iter}; usual cause: no hyperplane "
                "lies between the classes; LogisticRegression finds the best one",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.coef_, self.intercept_ = w[None], np.array([b], X.dtype)
        self.n_iter_ = len(self.mistakes_)
        self.classes_, self.n_features_in_ = classes, X.shape[1]
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return w.x + b for every example (N,); positive means `classes_[1]`."""
        X = self._examples(X)
        return (X @ self.coef_.T.astype(X.dtype) + self.intercept_.astype(X.dtype))[:, 0]

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of every example, (N,)."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(int)]
