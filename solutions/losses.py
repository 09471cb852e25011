"""Losses: one number that says how wrong a prediction is, and its derivative by the prediction.

`forward(prediction, target)` returns a Python float; `backward()` then returns dL/dprediction, the shape and dtype of
the prediction. reduction="mean" divides the sum over all entries by their number (over classes: by the number of
examples), "sum" does not. Definitions are those of the `torch.nn` class of the same name. L2 regularisation is the
optimizers' `weight_decay`.

Shape letters: N batch, K classes. Where the answers are yes or no, a target may hold booleans or the integers 0 and 1
instead of floats of the prediction's dtype.
"""

from __future__ import annotations

import numpy as np

from solutions._validation import class_indices, described, float_array, has_shape, like, one_of
from solutions.functional.activations import log_softmax, sigmoid, softmax, softplus


class _Loss:
    """What all losses share: checking, reducing, and remembering forward's arguments for backward.

    A subclass gives `_target` (checks), `_entries` (losses before the reduction) and `_gradient` (their derivatives).
    """

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = one_of("reduction", reduction, ("mean", "sum"))
        self._saved: tuple[np.ndarray, np.ndarray, int] | None = None

    def forward(self, prediction: np.ndarray, target: np.ndarray) -> float:
        """Return the loss as a Python float and remember the arguments for `backward`."""
        self._saved = None
        prediction = self._prediction(prediction)
        target = self._target(prediction, target)
        entries = self._entries(prediction, target)
        if self.reduction == "mean" and not entries.size:
            raise ValueError(f"prediction must not be empty for reduction='mean', got shape {prediction.shape}")
        divisor = self._count(prediction) if self.reduction == "mean" else 1
        self._saved = prediction.copy(), target.copy(), divisor  # the caller may reuse its arrays before backward
        return float(entries.sum()) / divisor

    __call__ = forward

    def backward(self) -> np.ndarray:
        """Return the derivative of the last loss by its prediction, in the prediction's shape and dtype."""
        if self._saved is None:
            name = type(self).__name__
            raise RuntimeError(f"{name}.backward() needs a forward pass: call {name}.forward(prediction, target) first")
        prediction, target, divisor = self._saved
        grad: np.ndarray = self._gradient(prediction, target)
        return grad / divisor

    def __repr__(self) -> str:
        return f"{type(self).__name__}(reduction={self.reduction!r})"

    def _prediction(self, prediction: object) -> np.ndarray:
        return float_array("prediction", prediction)

    def _count(self, prediction: np.ndarray) -> int:
        return prediction.size

    def _target(self, prediction: np.ndarray, target: object) -> np.ndarray:
        return like("target", target, "prediction", prediction)

    def _entries(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _gradient(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class MSELoss(_Loss):
    """Squared distance between prediction and target, for regression.

    L = mean or sum of (prediction - target)^2,  dL/dprediction = 2 (prediction - target)  [/ number of entries]

    Args: reduction "mean" or "sum"; forward takes prediction and target of one shape and dtype.
    Returns: forward a float; backward an array like prediction.
    Raises: TypeError or ValueError where the arrays differ; RuntimeError where backward comes before forward.
    Source: deck 001 "Loss Function (Supervised task)"; deck 003 (with its factor 1/2) "Cost functions".

    >>> loss = MSELoss()
    >>> loss.forward(np.array([1.0, 4.0]), np.array([0.0, 2.0])), loss.backward()
    (2.5, array([1., 2.]))
    """

    def _entries(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        return (prediction - target) ** 2

    def _gradient(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        return 2 * (prediction - target)


def _answers(prediction: np.ndarray, target: object) -> np.ndarray:
    """Return yes-or-no answers, or probabilities of yes, in the shape and dtype of prediction."""
    if isinstance(target, np.ndarray) and target.dtype.kind in "biu":
        has_shape("target", target, prediction.shape, "the shape of prediction")
        target = target.astype(prediction.dtype)
    answers = like("target", target, "prediction", prediction)
    if not np.all((answers >= 0) & (answers <= 1)):
        wrong = answers[~((answers >= 0) & (answers <= 1))].flat[0]
        raise ValueError(f"target must lie between 0 and 1, got {wrong}")
    return answers


class BCELoss(_Loss):
    """Binary cross-entropy between probabilities and yes-or-no answers.

    L = mean or sum of -(y ln p + (1 - y) ln(1 - p)),  dL/dp = (p - y) / (p (1 - p))

    Finite and silent at p = 0 and p = 1: the logarithms stop at -100 and the divisor at 1e-12, as in PyTorch.

    Args: reduction "mean" or "sum"; forward takes prediction (probabilities) and target of one shape.
    Returns: forward a float; backward an array like prediction.
    Raises: TypeError or ValueError where the arrays do not fit or leave 0 .. 1; RuntimeError where backward comes
        before forward.
    Source: deck 001 "Binary Cross Entropy Function"; deck 003 "Cross-entropy (cost function)".

    >>> loss = BCELoss(reduction="sum")
    >>> loss.forward(np.array([1.0, 0.0]), np.array([1.0, 1.0])), BCELoss().forward(np.array([0.5]), np.array([1]))
    (100.0, 0.6931471805599453)
    """

    def _prediction(self, prediction: object) -> np.ndarray:
        p = float_array("prediction", prediction)
        if not np.all((p >= 0) & (p <= 1)):
            wrong = p[~((p >= 0) & (p <= 1))].flat[0]
            raise ValueError(
                f"prediction must hold probabilities from 0 to 1, got {wrong}; usual cause: logits, which go into "
                "BCEWithLogitsLoss"
            )
        return p

    def _target(self, prediction: np.ndarray, target: object) -> np.ndarray:
        return _answers(prediction, target)

    def _entries(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):  # ln 0 = -inf is what the limit of -100 is for
            yes, no = np.maximum(np.log(prediction), -100), np.maximum(np.log1p(-prediction), -100)
        return -(target * yes + (1 - target) * no)

    def _gradient(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        return (prediction - target) / np.maximum(prediction * (1 - prediction), 1e-12)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy of a sigmoid, computed from its input z, so that no probability rounds to 0 or 1.

    L = mean or sum of ln(1 + e^z) - y z,  dL/dz = g(z) - y

    Args: reduction "mean" or "sum"; forward takes prediction (logits z) and target (in 0 .. 1) of one shape.
    Returns: forward a float; backward an array like prediction.
    Raises: TypeError or ValueError where the arrays do not fit; RuntimeError where backward comes before forward.
    Source: deck 000 "Backprop"; deck 003 "Cross-entropy (cost function)".

    >>> loss = BCEWithLogitsLoss()
    >>> loss.forward(np.array([-10000.0]), np.array([1.0])), loss.backward()
    (10000.0, array([-1.]))
    """

    def _target(self, prediction: np.ndarray, target: object) -> np.ndarray:
        return _answers(prediction, target)

    def _entries(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        # softplus(z) - y z, written so that two large numbers are never subtracted
        return target * softplus(-prediction) + (1 - target) * softplus(prediction)

    def _gradient(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        return sigmoid(prediction) - target


class MultiLabelLoss(BCEWithLogitsLoss):
    """One independent yes-or-no question for each of K labels: an example may have several labels, or none.

    L = mean or sum over n and k of ln(1 + e^z_nk) - y_nk z_nk,  dL/dz = g(z) - y

    "mean" divides by all N K entries, as `torch.nn.MultiLabelSoftMarginLoss` does; "sum" by nothing (there by K).

    Args: reduction "mean" or "sum"; forward takes prediction (logits) and target (in 0 .. 1), both (N, K).
    Returns: forward a float; backward an array (N, K).
    Raises: TypeError or ValueError where the arrays do not fit; RuntimeError where backward comes before forward.
    Source: deck 001 "Multilabel Classification".

    >>> loss = MultiLabelLoss()
    >>> loss.forward(np.zeros((1, 3)), np.array([[0, 1, 1]])), loss.backward() * 6
    (0.6931471805599453, array([[ 1., -1., -1.]]))
    """

    def _prediction(self, prediction: object) -> np.ndarray:
        return float_array("prediction", prediction, ("N", "K"))


class _ClassLoss(_Loss):
    """What losses over K classes share: classes lie on axis 1, and the mean is over examples."""

    def _prediction(self, prediction: object) -> np.ndarray:
        prediction = float_array("prediction", prediction)
        if prediction.ndim < 2 or prediction.shape[1] == 0:
            raise ValueError(f"prediction must have shape (N, K) or (N, K, ...) with K >= 1, got {prediction.shape}")
        return prediction

    def _count(self, prediction: np.ndarray) -> int:
        return prediction.size // prediction.shape[1]

    def _target(self, prediction: np.ndarray, target: object) -> np.ndarray:
        n, k, *space = prediction.shape
        return class_indices("target", target, (n, *space), k)


def _right(target: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the index of the right class's entries in a prediction (N, K, ...), target being (N, ...)."""
    places: tuple[np.ndarray, ...] = np.indices(target.shape, sparse=True)
    return places[0], target, *places[1:]


class NLLLoss(_ClassLoss):
    """Negative log-likelihood: minus the log-probability that the prediction gives to the right class.

    L = mean or sum of -prediction[n, y_n],  dL/dprediction = -1 at the right class, else 0  [/ N]

    Args: reduction "mean" or "sum"; forward takes prediction (log-probabilities) (N, K) or (N, K, ...) and target,
        class indices (N,) or (N, ...).
    Returns: forward a float; backward an array like prediction.
    Raises: TypeError or ValueError where the arrays do not fit or an index is not in 0 .. K - 1; RuntimeError where
        backward comes before forward.
    Source: deck 003 "Softmax & Log-likelihood"; deck 004 "Softmax Regression Cost".

    >>> loss = NLLLoss()
    >>> loss.forward(np.log(np.array([[0.5, 0.25, 0.25]])), np.array([0])), loss.backward()
    (0.6931471805599453, array([[-1.,  0.,  0.]]))
    """

    def _entries(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        return -prediction[_right(target)]

    def _gradient(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        grad = np.zeros_like(prediction)
        grad[_right(target)] = -1
        return grad


class CrossEntropyLoss(_ClassLoss):
    """Cross-entropy of a softmax, computed from its input z: `log_softmax` and `NLLLoss` in one.

    L = mean or sum of -sum_k y_nk ln softmax(z_n)_k,  dL/dz = softmax(z) sum_k y_k - y = yhat - y  [/ N]

    Args: reduction "mean" or "sum"; forward takes prediction (logits) (N, K) or (N, K, ...) and target, either class
        indices (N,) or (N, ...), or probabilities (one-hot rows among them) of the shape and dtype of prediction.
    Returns: forward a float; backward an array like prediction.
    Raises: TypeError or ValueError where the arrays do not fit, an index is not in 0 .. K - 1 or a probability not in
        0 .. 1; RuntimeError where backward comes before forward.
    Source: deck 001 "Cross Entropy Loss Function"; deck 002 "An Example of Backpropagation"; deck 004.

    >>> loss = CrossEntropyLoss()
    >>> loss.forward(np.log(np.array([[0.5, 0.25, 0.25]])), np.array([0])), loss.backward()
    (0.6931471805599453, array([[-0.5 ,  0.25,  0.25]]))
    """

    def _target(self, prediction: np.ndarray, target: object) -> np.ndarray:
        if not isinstance(target, np.ndarray) or target.dtype.kind not in "iuf":
            raise TypeError(f"target must be an array of class indices or of probabilities, got {described(target)}")
        if target.dtype.kind == "f":
            return _answers(prediction, target)
        return super()._target(prediction, target)

    def _entries(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        log_probabilities = log_softmax(prediction, axis=1)
        if target.dtype.kind == "f":
            return -(target * log_probabilities)
        return -log_probabilities[_right(target)]

    def _gradient(self, prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
        grad = softmax(prediction, axis=1)
        if target.dtype.kind == "f":
            return grad * target.sum(axis=1, keepdims=True) - target
        grad[_right(target)] -= 1
        return grad
