"""Multilayer perceptrons: fully connected layers with an activation after each but the last.

A_0 = X;  A_l = f(A_{l-1} W_l^T + b_l);  the last layer has no f: its outputs are scores (classes) or predictions.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any, Self

import numpy as np

from solutions._validation import described, flag, generator, integer, is_integer, number, one_of
from solutions.layers import Layer, Linear, Sequential
from solutions.losses import CrossEntropyLoss, MSELoss
from solutions.models._estimator import ConvergenceWarning, Estimator, ProbabilityClassifier, Regressor, labels, matrix
from solutions.models._network import ACTIVATIONS, activation_layer, held_out, outputs, probabilities
from solutions.optim import SGD, Adam, Optimizer
from solutions.training import EarlyStopping, History, fit


class _PenalizedNetwork(Sequential):
    """Linear layers with activations between them, whose backward adds the gradient of the L2 penalty.

    The penalty of a batch of B examples is alpha / (2 B) sum W^2, as in scikit-learn; biases have none.
    """

    def __init__(self, sizes: list[int], activation: str, alpha: float, rng: np.random.Generator, dtype: Any) -> None:
        parts: list[Any] = []
        for inputs, units in pairwise(sizes):
            parts += [Linear(inputs, units, rng=rng, dtype=dtype)]
            parts += [activation_layer(activation)] if activation != "identity" else []
        super().__init__(*(parts[:-1] if activation != "identity" else parts))
        self.alpha = alpha

    def _entrance(self) -> Layer:
        return self[0]

    @property
    def linears(self) -> list[Linear]:
        return [layer for layer in self if isinstance(layer, Linear)]

    def backward(self, grad_output: np.ndarray) -> np.ndarray:
        grad_x: np.ndarray = super().backward(grad_output)
        if self.alpha:
            for layer in self.linears:
                layer.weight.grad += self.alpha / len(grad_output) * layer.weight.value
        return grad_x


class _PenalizedLoss:
    """A loss plus, in training, the network's penalty: the number that scikit-learn's `loss_curve_` holds."""

    def __init__(self, loss: Any, network: _PenalizedNetwork) -> None:
        self.loss, self.network = loss, network

    def forward(self, prediction: np.ndarray, target: np.ndarray) -> float:
        value: float = self.loss.forward(prediction, target)
        if self.network.training and self.network.alpha:
            squares = sum(float(np.vdot(layer.weight.value, layer.weight.value)) for layer in self.network.linears)
            value += self.network.alpha / (2 * len(prediction)) * squares
        return value

    def backward(self) -> np.ndarray:
        grad: np.ndarray = self.loss.backward()  # the penalty's part is added by the network's backward
        return grad


class _MLP(Estimator):
    """What classifier and regressor share: parameters, training, and fitted attributes under scikit-learn's names."""

    network_: _PenalizedNetwork
    history_: History
    n_iter_: int
    _loss: Any

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 1e-4,
        batch_size: int | str = "auto",
        learning_rate_init: float = 1e-3,
        max_iter: int = 200,
        tol: float = 1e-4,
        momentum: float = 0.9,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        rng: np.random.Generator | int | None = None,
        progress: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.tol = tol
        self.momentum = momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.rng = rng
        self.progress = progress

    def _learn(self, X: np.ndarray, target: np.ndarray, units: int) -> None:
        """Set network_, history_, n_iter_ and n_features_in_; the network ends in `units` outputs."""
        rng, max_iter = generator(self.rng), integer("max_iter", self.max_iter, minimum=1)
        activation = one_of("activation", self.activation, ("identity", *ACTIVATIONS))
        sizes = [X.shape[1], *self._hidden_sizes(), units]
        network = _PenalizedNetwork(sizes, activation, number("alpha", self.alpha, low=0), rng, X.dtype)
        train, validation = (X, target), None
        if flag("early_stopping", self.early_stopping):
            train, validation = held_out(X, target, self.validation_fraction, rng)
        batch_size = 200 if self.batch_size == "auto" else integer("batch_size", self.batch_size, minimum=1)
        history = fit(
            network,
            _PenalizedLoss(self._loss(), network),
            self._optimizer(network),
            train,
            validation,
            epochs=max_iter,
            batch_size=batch_size,
            early_stopping=EarlyStopping(
                integer("n_iter_no_change", self.n_iter_no_change, minimum=1), number("tol", self.tol, low=0)
            ),
            rng=rng,
            progress=self.progress,
        )
        if history.stopped != "early stopping":
            reason = {
                "finished": f"was still learning in epoch max_iter={max_iter}; raise max_iter or learning_rate_init",
                "interrupted": f"was interrupted after {len(history)} epochs and has the best weights so far",
                "diverged": f"diverged in epoch {len(history)}; lower learning_rate_init or scale the features",
            }[history.stopped or "finished"]
            warnings.warn(f"{type(self).__name__} {reason}", ConvergenceWarning, stacklevel=3)
        self.network_, self.history_, self.n_iter_ = network, history, len(history)
        self.n_features_in_ = X.shape[1]

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        if is_integer(sizes):
            sizes = [sizes]
        if not isinstance(sizes, (tuple, list)):
            raise TypeError(f"hidden_layer_sizes must be a tuple of integers, got {described(sizes)}")
        return [integer(f"hidden_layer_sizes[{i}]", size, minimum=1) for i, size in enumerate(sizes)]

    def _optimizer(self, network: _PenalizedNetwork) -> Optimizer:
        momentum = number("momentum", self.momentum, low=0)
        if one_of("solver", self.solver, ("adam", "sgd")) == "adam":
            return Adam(network.parameters(), self.learning_rate_init)
        return SGD(network.parameters(), self.learning_rate_init, momentum, nesterov=momentum > 0)

    def _outputs(self, X: object) -> np.ndarray:
        X = self._examples(X)
        return outputs(self.network_, X.astype(self.coefs_[0].dtype, copy=False))

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The weights of every layer, (units before, units after) as in scikit-learn; views."""
        self._check_fitted()
        return [layer.weight.value.T for layer in self.network_.linears]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of every layer, (units,); views."""
        self._check_fitted()
        return [layer.bias.value for layer in self.network_.linears if layer.bias is not None]

    @property
    def n_layers_(self) -> int:
        """The number of layers, the input among them."""
        return len(self.coefs_) + 1

    @property
    def n_outputs_(self) -> int:
        """The number of units in the last layer."""
        return len(self.intercepts_[-1])

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss J of each epoch, with the penalty."""
        self._check_fitted()
        return self.history_.train_loss

    @property
    def loss_(self) -> float:
        """The training loss of the last epoch."""
        return self.loss_curve_[-1]

    @property
    def best_loss_(self) -> float:
        """The loss of the epoch whose weights the model has: of the held-out examples with early_stopping."""
        self._check_fitted()
        return self.history_.watched_loss[(self.history_.best_epoch or 0) - 1]


class MLPClassifier(_MLP, ProbabilityClassifier):
    """Classify with a multilayer perceptron whose last layer is a softmax, also for two classes.

    J = mean cross-entropy + alpha / (2 B) sum W^2 over mini-batches of B examples; biases are not penalised

    The weights are those of the best epoch: the one with the lowest loss of the held-out examples (early_stopping=True)
    or of the training examples. Training ends when that loss has not fallen by tol for n_iter_no_change epochs.

    Args: hidden_layer_sizes, the units of each hidden layer; activation "relu", "tanh", "sigmoid" ("logistic"),
        "leaky_relu", "softplus", "swish" or "identity"; solver "adam" or "sgd" (with Nesterov momentum); alpha >= 0;
        batch_size, an integer or "auto" for 200; learning_rate_init; max_iter, the most epochs; tol; momentum, for
        "sgd"; early_stopping, hold validation_fraction of the examples out; n_iter_no_change; rng, a generator, a seed
        or None; progress, show a bar.
    Attributes after fit: classes_ (K,), coefs_, intercepts_, n_features_in_, n_iter_, n_layers_, n_outputs_, loss_,
        loss_curve_, best_loss_, history_ (a `History`), network_ (a `Sequential`).
    Raises: TypeError or ValueError where X, y or an argument does not fit; NotFittedError for an answer before `fit`; a
        ConvergenceWarning where training ends for another reason than tol.
    Source: deck 004 "Forward Propagation", "Backpropagation Algorithm"; names and defaults of scikit-learn.

    >>> X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    >>> model = MLPClassifier(hidden_layer_sizes=(8,), activation="tanh", learning_rate_init=0.1, tol=1e-3, rng=0)
    >>> model.fit(X, y).predict(X), model.n_layers_
    (array([0, 1, 1, 0]), 3)
    """

    _loss = CrossEntropyLoss
    out_activation_ = "softmax"

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from X (N, D) and labels y (N,); every call begins with new weights."""
        X = matrix(X)
        classes, indices = labels(y, len(X))
        self._learn(X, indices, len(classes))
        self.classes_ = classes
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of all classes (N, K), in the order of `classes_`."""
        self._check_fitted()
        X = self._examples(X)
        return probabilities(self.network_, X.astype(self.coefs_[0].dtype, copy=False))


class MLPRegressor(_MLP, Regressor):
    """Predict one number or several with a multilayer perceptron.

    J = mean squared error + alpha / (2 B) sum W^2 over mini-batches of B examples; biases are not penalised

    The weights are those of the best epoch, as in `MLPClassifier`.

    Args: as `MLPClassifier`.
    Attributes after fit: as `MLPClassifier`, without classes_.
    Raises: as `MLPClassifier`.
    Source: deck 001 "Loss Function (Supervised task)"; names and defaults of scikit-learn.

    >>> X = np.linspace(-2, 2, 80)[:, None]
    >>> model = MLPRegressor((20,), "tanh", learning_rate_init=0.05, batch_size=20, tol=1e-5, rng=0)
    >>> model.fit(X, np.sin(2 * X[:, 0])).score(X, np.sin(2 * X[:, 0])) > 0.99
    True
    """

    _loss = MSELoss
    _takes_many_targets = True
    out_activation_ = "identity"

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from X (N, D) and targets y (N,) or (N, M); every call begins with new weights."""
        X = matrix(X)
        targets = _targets(y, X)
        self._learn(X, targets.reshape(len(X), -1), 1 if targets.ndim == 1 else targets.shape[1])
        self._is_flat = targets.ndim == 1
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the prediction for every example, (N,), or (N, M) where y was a matrix."""
        predicted = self._outputs(X)
        return predicted[:, 0] if self._is_flat else predicted


def _targets(y: object, X: np.ndarray) -> np.ndarray:
    """Return targets (N,) or (N, M) in the dtype of X."""
    if y is None:
        raise ValueError("y must hold numbers: this model requires y to be passed, but the target y is None")
    array = np.asarray(y)
    if array.ndim not in (1, 2) or len(array) != len(X) or not array.size:
        raise ValueError(f"y must have shape ({len(X)},) or ({len(X)}, M), a row for each of X, got {array.shape}")
    if array.dtype.kind not in "biufO":
        raise TypeError(f"y must hold numbers, got dtype {array.dtype}")
    array = array.astype(X.dtype)
    if not np.isfinite(array).all():
        raise ValueError("y must be finite, got NaN or infinity in it")
    return array
