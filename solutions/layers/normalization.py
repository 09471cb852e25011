"""Normalization layers: batch normalization, which remembers the batches it saw, and layer normalization.

Shape letters: N batch, C channels, L H W space.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from solutions._validation import Size, flag, float_array, has_shape, integer, integer_per_axis, number
from solutions.functional import batch_norm, batch_norm_backward, layer_norm, layer_norm_backward
from solutions.functional.normalization import _batch_moments
from solutions.layers.layer import Layer
from solutions.parameter import Parameter


class _BatchNorm(Layer):
    _letters: tuple[str, ...]  # the shapes of x that the layer takes
    _sizes = ("num_features", "eps", "momentum")
    _options = ("affine", "track_running_stats")

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.num_features = integer("num_features", num_features, minimum=1)
        self.eps = number("eps", eps, low=0)
        self.momentum = None if momentum is None else number("momentum", momentum, 0, 1)
        self.affine = flag("affine", affine)
        self.track_running_stats = flag("track_running_stats", track_running_stats)
        self.weight = Parameter(np.ones(num_features, self.dtype)) if affine else None
        self.bias = Parameter(np.zeros(num_features, self.dtype)) if affine else None
        if track_running_stats:
            self.running_mean = np.zeros(num_features, self.dtype)
            self.running_var = np.ones(num_features, self.dtype)
            self.num_batches_tracked = np.array(0, np.int64)
            self._buffers = ("running_mean", "running_var", "num_batches_tracked")

    def _accepted(self, x: object) -> np.ndarray:
        x = self._in_own_dtype(float_array("x", x))
        if x.ndim not in [len(letters.split(", ")) for letters in self._letters]:
            wanted = " or ".join(f"({letters})" for letters in self._letters)
            raise ValueError(f"x must have the axes {wanted}, got shape {x.shape}")
        has_shape("x", x, (x.shape[0], self.num_features, *x.shape[2:]), "num_features channels on axis 1")
        return x

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        weight, bias = (None if p is None else p.value for p in (self.weight, self.bias))
        if self.training or not self.track_running_stats:
            mean, var = _batch_moments(x)
            if self.track_running_stats:
                self._remember(mean, var, x.size // self.num_features)
            kept: tuple = (x, None, None)
        else:
            mean, var = self.running_mean, self.running_var
            kept = (x, mean.copy(), var.copy())  # load_state_dict may change them before backward
        return batch_norm(x, weight, bias, mean, var, self.eps), kept

    def _remember(self, mean: np.ndarray, var: np.ndarray, entries: int) -> None:
        """Move the running estimates, in place, towards the mean and the unbiased variance of this batch."""
        self.num_batches_tracked += 1
        share = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean += share * (mean - self.running_mean)
        self.running_var += share * (var * (entries / (entries - 1)) - self.running_var)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray, mean: Any, var: Any) -> np.ndarray:
        weight = None if self.weight is None else self.weight.value
        grad_x, grad_weight, grad_bias = batch_norm_backward(grad_output, x, weight, None, mean, var, self.eps)
        self._add(self.weight, grad_weight)
        self._add(self.bias, grad_bias)
        return grad_x


class BatchNorm1d(_BatchNorm):
    """Normalize each feature over the batch, or each channel over the batch and its length.

    The formulas and arguments are those of `BatchNorm2d`.

    Args: num_features C; the rest as in `BatchNorm2d`.
    Shapes: x (N, C) or (N, C, L) to y of the same; weight, bias, running_mean, running_var (C,).
    Raises: TypeError and ValueError as `BatchNorm2d`.
    Source: Ioffe and Szegedy 2015; deck 004 "A Rapidly Evolving Field". As torch.nn.BatchNorm1d.

    >>> layer = BatchNorm1d(1, eps=0, dtype=np.float64)
    >>> layer(np.array([[1.0], [3.0]])), layer.running_mean, layer.running_var
    (array([[-1.],
           [ 1.]]), array([0.2]), array([1.1]))
    """

    _letters = ("N, C", "N, C, L")


class BatchNorm2d(_BatchNorm):
    """Normalize each channel of images over the batch and space.

    y = w_c (x - mean_c) / sqrt(var_c + eps) + b_c, where training takes mean and variance from the batch and
    evaluation the running ones:  running = (1 - momentum) running + momentum (that of the batch, unbiased variance)

    Training needs at least two values for each channel and refuses fewer before anything is remembered; evaluation
    takes any batch and changes nothing.

    Args: num_features C; eps >= 0; momentum from 0 to 1, the weight of the new batch, or None for the plain average of
        all batches; affine, False for no weight and bias; track_running_stats, False to measure in evaluation as well;
        rng, dtype as in `Layer`.
    Shapes: x (N, C, H, W) to y of the same; weight, bias, running_mean, running_var (C,); num_batches_tracked ().
    Raises: TypeError or ValueError where an argument is out of its range, x does not fit, or a batch is too small.
    Source: Ioffe and Szegedy 2015; deck 004 "A Rapidly Evolving Field". As torch.nn.BatchNorm2d.

    >>> layer = BatchNorm2d(3)
    >>> layer(np.ones((2, 3, 4, 5), np.float32)).shape, list(layer.state_dict())[2:]
    ((2, 3, 4, 5), ['running_mean', 'running_var', 'num_batches_tracked'])
    >>> layer
    BatchNorm2d(num_features=3, eps=1e-05, momentum=0.1)
    """

    _letters = ("N, C, H, W",)


class LayerNorm(Layer):
    """Normalize each example over its own features: no batch, nothing to remember.

    y = w (x - mean) / sqrt(var + eps) + b, mean and variance over the last axes

    Args: normalized_shape F, the sizes of x's last axes, or one integer for the last; eps >= 0; elementwise_affine,
        False for no weight and bias; bias, False for none; rng, dtype as in `Layer`.
    Shapes: x (N, ..., *F) to y of the same; weight, bias F.
    Raises: TypeError or ValueError where an argument is out of its range or the last axes of x are not F.
    Source: Ba et al. 2016; deck 004 "A Rapidly Evolving Field". As torch.nn.LayerNorm.

    >>> layer = LayerNorm(2, eps=0, dtype=np.float64)
    >>> layer(np.array([[1.0, 3.0], [10.0, 50.0]])), layer
    (array([[-1.,  1.],
           [-1.,  1.]]), LayerNorm(normalized_shape=(2,), eps=0.0))
    """

    _sizes = ("normalized_shape", "eps")
    _options = ("elementwise_affine", "bias")

    def __init__(
        self,
        normalized_shape: Size,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        axes = len(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else 1
        if axes == 0:
            raise ValueError("normalized_shape must name at least one axis, got none")
        self.normalized_shape = integer_per_axis("normalized_shape", normalized_shape, ["F"] * axes, minimum=1)
        self.eps = number("eps", eps, low=0)
        self.elementwise_affine = flag("elementwise_affine", elementwise_affine)
        has_bias = flag("bias", bias) and elementwise_affine
        self.weight = Parameter(np.ones(self.normalized_shape, self.dtype)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(self.normalized_shape, self.dtype)) if has_bias else None

    def _accepted(self, x: object) -> np.ndarray:
        x = self._in_own_dtype(float_array("x", x))
        if (
            x.ndim < len(self.normalized_shape)
            or x.shape[x.ndim - len(self.normalized_shape) :] != self.normalized_shape
        ):
            raise ValueError(f"x must end in the axes normalized_shape = {self.normalized_shape}, got shape {x.shape}")
        return x

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        weight, bias = (None if p is None else p.value for p in (self.weight, self.bias))
        return layer_norm(x, weight, bias, len(self.normalized_shape), self.eps), (x,)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray) -> np.ndarray:
        weight = None if self.weight is None else self.weight.value
        axes = len(self.normalized_shape)
        grad_x, grad_weight, grad_bias = layer_norm_backward(grad_output, x, weight, None, axes, self.eps)
        self._add(self.weight, grad_weight)
        self._add(self.bias, grad_bias)
        return grad_x
