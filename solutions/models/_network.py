"""What models made of layers share: activations by name, training, and answers in portions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from solutions import layers
from solutions._validation import number, one_of
from solutions.functional import softmax
from solutions.layers.layer import Layer
from solutions.losses import CrossEntropyLoss
from solutions.optim import Adam
from solutions.training import History, fit, minibatches, train_test_split

ACTIVATIONS = {
    "relu": layers.ReLU,
    "tanh": layers.Tanh,
    "sigmoid": layers.Sigmoid,
    "logistic": layers.Sigmoid,  # scikit-learn's name
    "leaky_relu": layers.LeakyReLU,
    "softplus": layers.Softplus,
    "swish": layers.Swish,
}
PORTION = 512  # examples that are answered at once: memory stays small, products stay large


def activation_layer(name: object) -> Layer:
    """Return a new activation layer by its name."""
    return ACTIVATIONS[one_of("activation", name, tuple(ACTIVATIONS))]()


def outputs(network: Layer, X: np.ndarray) -> np.ndarray:
    """Return what a network in eval mode makes of X (N, ...), a portion at a time, keeping nothing of it."""
    if not len(X):
        return network.forward(X[:0])
    parts = [network.forward(part) for part, _ in minibatches(X, np.zeros(len(X)), PORTION)]
    forget(network)
    return np.concatenate(parts)


def probabilities(network: Layer, X: np.ndarray) -> np.ndarray:
    """Return the softmax of a network's outputs, (N, K)."""
    was_training = network.training
    network.eval()
    try:
        return softmax(outputs(network, X))
    finally:
        network.train(was_training)


def forget(network: Layer) -> None:
    """Let go of the batch that the layers have kept for `backward`: a fitted model holds weights, not data."""
    for layer in network._tree():
        layer._kept = None


def train_classifier(
    network: Layer,
    settings: Any,
    X: np.ndarray,
    y: np.ndarray,
    rng: np.random.Generator,
    augment: Callable[..., np.ndarray] | None = None,
) -> History:
    """Train a network on X (N, ...) and class indices y (N,) by Adam on the cross-entropy.

    `settings` is the estimator: its epochs, batch_size, lr, early_stopping, validation_fraction and progress count.
    """
    train, validation = (X, y), None
    if settings.early_stopping is not None:
        train, validation = held_out(X, y, settings.validation_fraction, rng)
    history = fit(
        network,
        CrossEntropyLoss(),
        Adam(network.parameters(), settings.lr),
        train,
        validation,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        early_stopping=settings.early_stopping,
        rng=rng,
        progress=settings.progress,
        augment=augment,
    )
    forget(network)
    return history


def held_out(
    X: np.ndarray, y: np.ndarray, share: object, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Split a share of the examples off for validation: ((X_train, y_train), (X_validation, y_validation))."""
    X_train, X_held, y_train, y_held = train_test_split(X, y, number("validation_fraction", share, 0, 1), rng)
    return (X_train, y_train), (X_held, y_held)
