"""Convolutional networks that classify images: LeNet-5, and a small one of any size.

Both are layers, which `solutions.training.fit` trains, and estimators with `fit` and `predict`. Shape letters: N batch,
C channels, H W space, K classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any, Self

import numpy as np

from solutions._validation import described, generator, integer, integer_per_axis, number, one_of
from solutions.layers import AvgPool2d, BatchNorm2d, Conv2d, Dropout, Flatten, Layer, Linear, MaxPool2d, Sequential
from solutions.models._estimator import ProbabilityClassifier, labels
from solutions.models._network import activation_layer, probabilities, train_classifier
from solutions.training import History

Augment = Callable[..., np.ndarray]  # (X_batch, rng) -> X_batch
POOLINGS = {"max": MaxPool2d, "avg": AvgPool2d}
RISING = ("relu", "tanh", "sigmoid", "leaky_relu", "softplus")  # swish falls before it rises


class _ImageClassifier(Sequential, ProbabilityClassifier):
    """What both networks share; a subclass keeps its own arguments, then calls this constructor, and gives `_build`."""

    history_: History
    input_shape: Any
    num_classes: int
    activation: str
    pooling: str

    def __init__(
        self,
        epochs: int,
        batch_size: int,
        lr: float,
        early_stopping: int | None,
        validation_fraction: float,
        augment: Augment | None,
        progress: bool,
        rng: np.random.Generator | int | None,
        dtype: Any,
    ) -> None:
        Layer.__init__(self, dtype=dtype)
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.augment = augment
        self.progress = progress
        self.rng: Any = rng
        self.dtype = dtype
        from copy import deepcopy  # not at the top: `import solutions` is to be fast

        # `fit` makes new weights: from a seed these ones again, so from a generator too, which then goes on.
        self._start = deepcopy(rng) if isinstance(rng, np.random.Generator) else None
        self._build(generator(rng))

    def _build(self, rng: np.random.Generator) -> None:
        """Set the layers as attributes, with new weights."""
        raise NotImplementedError

    def _activate_and_pool(self, block: int) -> None:
        """Set the layers activation<block> and pool<block>.

        A rising function does not change which entry is the largest: the activation of the maximum is the maximum of
        the activations. So pooling goes first there and leaves a quarter of the entries to activate.
        """
        pool = POOLINGS[one_of("pooling", self.pooling, tuple(POOLINGS))](2)
        pair = [(f"activation{block}", activation_layer(self.activation)), (f"pool{block}", pool)]
        if self.pooling == "max" and self.activation in RISING:
            pair.reverse()
        for name, layer in pair:
            setattr(self, name, layer)

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from images X and labels y (N,); every call begins with new weights, in new `Parameter` objects."""
        images = self._images(X)
        classes, indices = self._classes(y, len(images))
        rng = generator(self.rng) if self._start is None else self._start
        self._build(rng)
        self.history_ = train_classifier(self, self, images, indices, rng, self.augment)
        self.classes_, self.n_features_in_ = classes, images[0].size
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of all classes (N, K), in the order of `classes_`."""
        self._check_fitted("classes_")
        return probabilities(self, self._images(X))

    def backward(self, grad_output: np.ndarray) -> np.ndarray:
        """Add to the gradients of the parameters and return the gradient by the input of the last `forward`."""
        self._has_learned()
        grad_x: np.ndarray = super().backward(grad_output)
        return grad_x

    def load_state_dict(self, state_dict: Any) -> None:
        """Copy arrays into the parameters; the network then counts as fitted, to the classes 0 to K - 1."""
        super().load_state_dict(state_dict)
        self._has_learned()

    def set_params(self, **params: Any) -> Self:
        """Change constructor arguments by name; those that shape the network make a new one, which is not fitted."""
        shaping = {p.name for p in inspect.signature(type(self)).parameters.values() if p.kind != p.KEYWORD_ONLY}
        before = self.get_params(deep=False)
        super().set_params(**params)
        if "rng" in params:
            self._start = None
        if params.keys() & (shaping | {"dtype"}):
            try:
                new = type(self)(**self.get_params(deep=False))
            except (TypeError, ValueError):
                super().set_params(**before)
                raise
            vars(self).clear()
            vars(self).update(vars(new))
        return self

    def _entrance(self) -> Layer:
        return self[0]

    def _has_learned(self) -> None:
        if not hasattr(self, "classes_"):
            self.classes_, self.n_features_in_ = np.arange(self.num_classes), prod(self.input_shape)

    def _images(self, X: Any) -> np.ndarray:
        """Return X as (N, C, H, W) in the network's dtype."""
        array = np.asarray(X)
        channels, *space = shape = tuple(self.input_shape)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"X must hold numbers, got dtype {array.dtype}")
        fitting = array.ndim > 0 and array.shape[1:] in (shape, (prod(shape),), *([tuple(space)] * (channels == 1)))
        if not fitting:
            raise ValueError(
                f"X must be images (N, {', '.join(map(str, shape))}) or rows (N, {prod(shape)}), got {array.shape}"
            )
        images = array.reshape(len(array), *shape).astype(self.dtype, copy=False)
        if not np.isfinite(images).all():
            raise ValueError("X must be finite, got NaN or infinity in it")
        return images

    def _classes(self, y: Any, examples: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the classes of the K outputs and for each example the index of its class."""
        classes, indices = labels(y, examples)
        if classes.dtype.kind in "iu" and classes[0] >= 0 and classes[-1] < self.num_classes:
            return np.arange(self.num_classes), np.asarray(y)
        if len(classes) != self.num_classes:
            raise ValueError(
                f"y must hold num_classes={self.num_classes} classes, got {len(classes)}; pass "
                f"num_classes={len(classes)}"
            )
        return classes, indices


class LeNet5(_ImageClassifier):
    """LeNet-5: two convolutions with pooling, three fully connected layers; 61,706 parameters for ten digits.

    (1, 28, 28) -conv 5x5, padded by 2-> (6, 28, 28) -pool-> (6, 14, 14) -conv 5x5-> (16, 10, 10) -pool-> (16, 5, 5)
    -> 400 -> 120 -> 84 -> K, an activation after every layer that learns but the last; 156 + 2,416 + 48,120 + 10,164 +
    850 parameters. Where pooling takes the maximum and the activation rises, it comes after pooling: that is the same.

    LeCun's network had activation="tanh", pooling="avg" and sparse connections from 6 to 16 channels; here all are
    connected and the maximum of ReLUs is the default, which learns faster. It is a layer that returns scores (N, K) and
    an estimator. `fit` uses Adam on the cross-entropy. A network that was trained as a layer, or whose weights were
    loaded, answers for the classes 0 to K - 1.

    Args: num_classes K; activation "relu", "tanh", "sigmoid", "leaky_relu", "softplus" or "swish"; pooling "max" or
        "avg"; for `fit`: epochs, batch_size, lr, early_stopping (a patience in epochs, on validation_fraction of the
        examples), augment (a function (X_batch, rng) -> X_batch), progress (show a bar); rng, dtype as in `Layer`.
    Shapes: layer: x (N, 1, 28, 28) to y (N, K). Estimator: X (N, 1, 28, 28), (N, 28, 28) or (N, 784), best from 0 to 1.
    Attributes after fit: classes_ (K,), n_features_in_ (784), history_ (a `History`).
    Raises: TypeError or ValueError where an argument, X or y does not fit; NotFittedError for an answer before `fit`.
    Source: deck 002 "LeNet-5"; LeCun et al. 1998, section II.B.

    >>> model = LeNet5(rng=0)
    >>> model(np.zeros((2, 1, 28, 28), np.float32)).shape
    (2, 10)
    >>> sum(p.value.size for p in model.parameters()), list(model.state_dict())[:2]
    (61706, ['conv1.weight', 'conv1.bias'])
    """

    input_shape = (1, 28, 28)

    def __init__(
        self,
        num_classes: int = 10,
        activation: str = "relu",
        pooling: str = "max",
        *,
        epochs: int = 10,
        batch_size: int = 32,
        lr: float = 1e-3,
        early_stopping: int | None = None,
        validation_fraction: float = 0.1,
        augment: Augment | None = None,
        progress: bool = False,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        vars(self).update(num_classes=num_classes, activation=activation, pooling=pooling)
        super().__init__(epochs, batch_size, lr, early_stopping, validation_fraction, augment, progress, rng, dtype)

    def _build(self, rng: np.random.Generator) -> None:
        new: dict[str, Any] = {"rng": rng, "dtype": self.dtype}
        self.conv1 = Conv2d(1, 6, 5, padding=2, **new)
        self._activate_and_pool(1)
        self.conv2 = Conv2d(6, 16, 5, **new)
        self._activate_and_pool(2)
        self.flatten = Flatten()
        self.fc1 = Linear(400, 120, **new)
        self.activation3 = activation_layer(self.activation)
        self.fc2 = Linear(120, 84, **new)
        self.activation4 = activation_layer(self.activation)
        self.fc3 = Linear(84, integer("num_classes", self.num_classes, minimum=2), **new)


class ConvNet(_ImageClassifier):
    """A small convolutional network of any size: blocks that halve the image, then fully connected layers.

    block: convolution (the size stays), [batch norm], activation, pooling 2x2;  then [dropout], hidden layers, scores
    The maximum of a rising activation is taken before the activation, which gives the same.

    A layer and an estimator, as `LeNet5`.

    Args: input_shape (C, H, W); num_classes K; channels, the filters of each block; kernel_size, odd, one integer or
        one for each block; hidden, the units of each hidden layer; activation and pooling as in `LeNet5`; batch_norm
        after each convolution; dropout, the probability to drop what enters each fully connected layer; the others as
        in `LeNet5`.
    Shapes: layer: x (N, C, H, W) to y (N, K). Estimator: X (N, C, H, W) or (N, C H W), also (N, H, W) where C = 1.
    Attributes after fit: classes_ (K,), n_features_in_ (C H W), history_ (a `History`).
    Raises: TypeError or ValueError where an argument, X or y does not fit; NotFittedError for an answer before `fit`.
    Source: deck 002 "Convolutional Neural Networks"; deck 004.

    >>> model = ConvNet((3, 9, 8), num_classes=4, channels=(5, 6), hidden=(), rng=0)
    >>> _ = model(np.zeros((2, 3, 9, 8), np.float32))
    >>> model
    ConvNet(
      conv1: Conv2d(in_channels=3, out_channels=5, kernel_size=(3, 3), padding=(1, 1))  (2, 3, 9, 8) -> (2, 5, 9, 8)
      pool1: MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))               (2, 5, 9, 8) -> (2, 5, 4, 4)
      activation1: ReLU()                                                               (2, 5, 4, 4) -> (2, 5, 4, 4)
      conv2: Conv2d(in_channels=5, out_channels=6, kernel_size=(3, 3), padding=(1, 1))  (2, 5, 4, 4) -> (2, 6, 4, 4)
      pool2: MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))               (2, 6, 4, 4) -> (2, 6, 2, 2)
      activation2: ReLU()                                                               (2, 6, 2, 2) -> (2, 6, 2, 2)
      flatten: Flatten(start_dim=1, end_dim=-1)                                         (2, 6, 2, 2) -> (2, 24)
      fc1: Linear(in_features=24, out_features=4)                                       (2, 24) -> (2, 4)
    )
    """

    channels: Any
    kernel_size: Any
    hidden: Any
    batch_norm: bool
    dropout: float

    def __init__(
        self,
        input_shape: tuple[int, int, int] = (1, 28, 28),
        num_classes: int = 10,
        channels: Any = (16, 32),
        kernel_size: Any = 3,
        hidden: Any = (64,),
        activation: str = "relu",
        pooling: str = "max",
        batch_norm: bool = False,
        dropout: float = 0.0,
        *,
        epochs: int = 10,
        batch_size: int = 32,
        lr: float = 1e-3,
        early_stopping: int | None = None,
        validation_fraction: float = 0.1,
        augment: Augment | None = None,
        progress: bool = False,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        vars(self).update(
            input_shape=input_shape,
            num_classes=num_classes,
            channels=channels,
            kernel_size=kernel_size,
            hidden=hidden,
            activation=activation,
            pooling=pooling,
            batch_norm=batch_norm,
            dropout=dropout,
        )
        super().__init__(epochs, batch_size, lr, early_stopping, validation_fraction, augment, progress, rng, dtype)

    def _build(self, rng: np.random.Generator) -> None:
        new: dict[str, Any] = {"rng": rng, "dtype": self.dtype}
        channels, height, width = integer_per_axis("input_shape", self.input_shape, ("C", "H", "W"), minimum=1)
        blocks = _sizes("channels", self.channels)
        kernels = integer_per_axis("kernel_size", self.kernel_size, [f"block {i + 1}" for i in range(len(blocks))], 1)
        for i, (filters, kernel) in enumerate(zip(blocks, kernels, strict=True), start=1):
            if kernel % 2 == 0:
                raise ValueError(f"kernel_size must be odd, so that the image keeps its size, got {kernel}")
            if min(height, width) < 2:
                raise ValueError(
                    f"channels must have at most {i - 1} blocks for images {self.input_shape}, got {blocks}"
                )
            setattr(self, f"conv{i}", Conv2d(channels, filters, kernel, padding=kernel // 2, **new))
            if self.batch_norm:
                setattr(self, f"norm{i}", BatchNorm2d(filters, **new))
            self._activate_and_pool(i)
            channels, height, width = filters, height // 2, width // 2
        self.flatten = Flatten()
        units = [channels * height * width, *_sizes("hidden", self.hidden), integer("num_classes", self.num_classes, 2)]
        for i, (before, after) in enumerate(pairwise(units), start=1):
            if number("dropout", self.dropout, 0, 1):
                setattr(self, f"drop{i}", Dropout(self.dropout, **new))
            setattr(self, f"fc{i}", Linear(before, after, **new))
            if i < len(units) - 1:
                setattr(self, f"activation{len(blocks) + i}", activation_layer(self.activation))


def _sizes(name: str, value: object) -> list[int]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{name} must be a tuple of integers, got {described(value)}")
    return [integer(f"{name}[{i}]", size, minimum=1) for i, size in enumerate(value)]
