"""Linear models of probability: one logistic unit for two classes, one softmax layer for any number of them.

Both minimise the mean cross-entropy plus an L2 penalty,

    J(W, b) = -(1/N) sum_n ln P(y_n | x_n) + (weight_decay / 2) sum W^2        (biases are never penalised)

which is convex: there is one minimum, found from zero weights by L-BFGS, a gradient descent that learns the curvature.
In scikit-learn's terms C = 1 / (N weight_decay).

Shape letters: N examples, D features, K classes.
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np

from solutions._validation import generator, integer, number
from solutions.functional.activations import log_softmax, sigmoid, softmax, softplus
from solutions.models._estimator import ConvergenceWarning, ProbabilityClassifier, labels, matrix
from solutions.models._lbfgs import minimize


class _LinearClassifier(ProbabilityClassifier):
    """What both models share: J with its gradient for R rows of weights, and its minimum."""

    coef_: np.ndarray
    intercept_: np.ndarray
    n_iter_: int
    loss_curve_: list[float]

    def __init__(
        self,
        weight_decay: float = 1e-4,
        max_iter: int = 1000,
        tol: float = 1e-6,
        rng: np.random.Generator | int | None = None,
    ) -> None:
        self.weight_decay = weight_decay
        self.max_iter = max_iter
        self.tol = tol
        self.rng = rng

    def _entropy(self, z: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the mean cross-entropy of scores z (N, R) and its derivative by z."""
        raise NotImplementedError

    def _minimize(self, X: np.ndarray, target: np.ndarray) -> None:
        """Set coef_ (R, D), intercept_ (R,), n_iter_ and loss_curve_; target is (N, R)."""
        decay = number("weight_decay", self.weight_decay, low=0)
        max_iter, tol = integer("max_iter", self.max_iter, minimum=1), number("tol", self.tol, low=0)
        generator(self.rng)  # checked, not drawn from: a convex loss needs no random start
        wide = X.astype(np.float64)  # the search compares losses that float32 cannot tell apart
        rows, features = target.shape[1], X.shape[1]

        def loss_and_gradient(parameters: np.ndarray) -> tuple[float, np.ndarray]:
            W, b = parameters[: rows * features].reshape(rows, features), parameters[rows * features :]
            entropy, delta = self._entropy(wide @ W.T + b, target)
            gradient = np.concatenate([(delta.T @ wide + decay * W).ravel(), delta.sum(axis=0)])
            return entropy + decay / 2 * float((W * W).sum()), gradient

        minimum = minimize(loss_and_gradient, np.zeros(rows * (features + 1)), max_iter, tol)
        if not minimum.converged:
            warnings.warn(
                f"{type(self).__name__} did not reach tol={tol:g} in {len(minimum.losses)} iterations; scale the "
                f"features to similar size, or raise max_iter (now {max_iter}), tol or weight_decay",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.coef_ = minimum.x[: rows * features].reshape(rows, features).astype(X.dtype)
        self.intercept_ = minimum.x[rows * features :].astype(X.dtype)
        self.n_iter_, self.loss_curve_ = len(minimum.losses), minimum.losses

    def _scores(self, X: object) -> np.ndarray:
        X = self._examples(X)
        return X @ self.coef_.T.astype(X.dtype) + self.intercept_.astype(X.dtype)


class LogisticRegression(_LinearClassifier):
    """Classify into two classes by a hyperplane: a single logistic unit.

    P(y = classes_[1] | x) = g(w^T x + b) with g(z) = 1 / (1 + e^-z), fitted by the mean binary cross-entropy

    Args: weight_decay >= 0, lambda in (lambda / 2) sum w^2; max_iter, the most iterations; tol, stop when no entry of
        the gradient of J is larger; rng is accepted so that all models are made alike, nothing is drawn.
    Attributes after fit: classes_ (2,), coef_ (1, D), intercept_ (1,), n_features_in_, n_iter_, loss_curve_ (J after
        each iteration).
    Raises: TypeError or ValueError where X, y or an argument does not fit; NotFittedError for an answer before `fit`; a
        ConvergenceWarning where max_iter comes before tol.
    Source: deck 001 "Logistic Regression: the model"; deck 000 "Single Node"; deck 003 "Cross-entropy (cost function)".

    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> model = LogisticRegression(weight_decay=0.1).fit(X, np.array(["no", "no", "yes", "yes"]))
    >>> model.predict([[0.5], [2.5]]), model.score(X, ["no", "no", "yes", "yes"])
    (array(['no', 'yes'], dtype='<U3'), 1.0)
    """

    _takes_many_classes = False

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the weights and the bias from X (N, D) and labels y (N,) of two classes."""
        X = matrix(X)
        classes, indices = labels(y, len(X))
        if len(classes) > 2:
            raise ValueError(
                f"y must hold 2 classes, got {len(classes)}; SoftmaxRegression takes more than two "
                "(Only binary classification is supported)"
            )
        self._minimize(X, indices[:, None].astype(np.float64))
        self.classes_, self.n_features_in_ = classes, X.shape[1]
        return self

    def _entropy(self, z: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        entries = target * softplus(-z) + (1 - target) * softplus(z)
        return float(entries.mean()), (sigmoid(z) - target) / len(z)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return w^T x + b for every example (N,); positive means `classes_[1]`."""
        return self._scores(X)[:, 0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of both classes (N, 2), in the order of `classes_`."""
        z = self._scores(X)
        return sigmoid(np.concatenate([-z, z], axis=1))


class SoftmaxRegression(_LinearClassifier):
    """Classify into any number of classes by one linear score each: a single softmax layer.

    P(y = k | x) = e^(z_k) / sum_j e^(z_j) with z = W x + b, fitted by the mean cross-entropy

    Args: weight_decay >= 0, lambda in (lambda / 2) sum W^2; max_iter, the most iterations; tol, stop when no entry of
        the gradient of J is larger; rng is accepted so that all models are made alike, nothing is drawn.
    Attributes after fit: classes_ (K,), coef_ (K, D), also for K = 2, intercept_ (K,), n_features_in_, n_iter_,
        loss_curve_ (J after each iteration).
    Raises: TypeError or ValueError where X, y or an argument does not fit; NotFittedError for an answer before `fit`; a
        ConvergenceWarning where max_iter comes before tol.
    Source: deck 001 "Multiclass Logistic Regression"; deck 004 "Backpropagation: Softmax Regression".

    >>> X = np.array([[0.0], [1.0], [4.0], [5.0], [8.0], [9.0]])
    >>> model = SoftmaxRegression(weight_decay=0.01).fit(X, [0, 0, 1, 1, 2, 2])
    >>> model.predict([[0.5], [4.5], [8.5]]), model.predict_proba([[4.5]]).argmax()
    (array([0, 1, 2]), np.int64(1))
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the weights and the biases from X (N, D) and labels y (N,)."""
        X = matrix(X)
        classes, indices = labels(y, len(X))
        self._minimize(X, np.eye(len(classes))[indices])
        self.classes_, self.n_features_in_ = classes, X.shape[1]
        return self

    def _entropy(self, z: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
        return -float((target * log_softmax(z)).sum()) / len(z), (softmax(z) - target) / len(z)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores z = W x + b of every class (N, K), in the order of `classes_`; of two z_1 - z_0, (N,)."""
        z = self._scores(X)
        return z if z.shape[1] > 2 else z[:, 1] - z[:, 0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of all classes (N, K), in the order of `classes_`."""
        return softmax(self._scores(X))
