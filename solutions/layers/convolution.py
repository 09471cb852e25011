"""Convolution layers: filters that slide along sequences, over images, through volumes.

Shape letters: N batch, C channels in, F filters (channels out), D H W space (L in one dimension).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from solutions._validation import Size, flag, integer, integer_per_axis
from solutions.functional.convolution import _conv as conv
from solutions.functional.convolution import _gradients as gradients
from solutions.layers._initial import uniform
from solutions.layers.layer import Layer


class _Conv(Layer):
    _space: str
    _sizes = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.in_channels = integer("in_channels", in_channels, minimum=1)
        self.out_channels = integer("out_channels", out_channels, minimum=1)
        self.kernel_size = integer_per_axis("kernel_size", kernel_size, self._space, minimum=1)
        self.stride = integer_per_axis("stride", stride, self._space, minimum=1)
        self.padding = integer_per_axis("padding", padding, self._space, minimum=0)
        self.dilation = integer_per_axis("dilation", dilation, self._space, minimum=1)
        self.groups = integer("groups", groups, minimum=1)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"groups must divide in_channels and out_channels, got {groups} for {in_channels} and {out_channels}"
            )
        seen = self.in_channels // self.groups
        fan_in = seen * prod(self.kernel_size)
        shape = (self.out_channels, seen, *self.kernel_size)
        self.weight = uniform(self.rng, shape, fan_in, self.dtype)
        has_bias = flag("bias", bias)
        self.bias: Any = uniform(self.rng, (self.out_channels,), fan_in, self.dtype) if has_bias else None

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        bias = None if self.bias is None else self.bias.value
        window = self.stride, self.padding, self.dilation, self.groups, self._space
        return conv(self._in_own_dtype(x), self.weight.value, bias, *window)

    def _backward(self, grad_output: np.ndarray, *kept: Any) -> np.ndarray:
        grad_x, grad_weight, grad_bias = gradients(self._wants_grad_x, grad_output, *kept)
        self._add(self.weight, grad_weight)
        self._add(self.bias, grad_bias)
        return grad_x

    def __repr__(self) -> str:
        usual = {"stride": 1, "padding": 0, "dilation": 1}
        ones = {name: (value,) * len(self._space) for name, value in usual.items()} | {"groups": 1}
        sizes = [f"{name}={getattr(self, name)!r}" for name in self._sizes if getattr(self, name) != ones.get(name)]
        return f"{type(self).__name__}({', '.join(sizes + ['bias=False'] * (self.bias is None))})"


class Conv1d(_Conv):
    """Slide filters along sequences.

    y[n, f, i] = b_f + sum_c sum_k weight[f, c, k] x[n, c, i stride + k dilation - padding]

    Args: in_channels C, out_channels F; the rest as in `Conv2d`.
    Shapes: x (N, C, L) to y (N, F, L'); weight (F, C/groups, KL), bias (F,).
    Raises: TypeError and ValueError as `Conv2d`.
    Source: deck 000 "Example (1d convolution)". As torch.nn.Conv1d.

    >>> layer = Conv1d(1, 1, 3, bias=False, dtype=np.float64)
    >>> layer.weight.value[...] = [1, 0, 1]
    >>> layer(np.array([[[1.0, 1.0, 1.0, 0.0, 0.0]]]))
    array([[[2., 1., 1.]]])
    """

    _space = "L"


class Conv2d(_Conv):
    """Slide filters over images; it is cross-correlation, the filters are not flipped.

    y[n, f, i, j] = b_f + sum_c sum_u sum_v weight[f, c, u, v] x[n, c, i stride + u dilation - padding, ...]

    Args: in_channels C, out_channels F; kernel_size, stride, padding and dilation as in `solutions.conv2d`, each one
        integer or one for each axis; groups divides C and F; bias, False for none; rng, dtype as in `Layer`. The
        weights start in U(-b, b), b = 1/sqrt(C/groups KH KW).
    Shapes: x (N, C, H, W) to y (N, F, H', W'); weight (F, C/groups, KH, KW), bias (F,).
    Raises: TypeError or ValueError where an argument is out of its range, x does not fit, or the kernel is larger than
        the padded x.
    Source: deck 000 "Convolution of images"; deck 002 "2D convolution". As torch.nn.Conv2d, padding with zeros only.

    >>> layer = Conv2d(3, 6, 5, padding=(2, 1), rng=0)
    >>> layer(np.zeros((2, 3, 9, 8), np.float32)).shape
    (2, 6, 9, 6)
    >>> layer
    Conv2d(in_channels=3, out_channels=6, kernel_size=(5, 5), padding=(2, 1))
    """

    _space = "HW"


class Conv3d(_Conv):
    """Slide filters through volumes.

    The formula is that of `Conv2d` with a third sum, over the depth.

    Args: in_channels C, out_channels F; the rest as in `Conv2d`.
    Shapes: x (N, C, D, H, W) to y (N, F, D', H', W'); weight (F, C/groups, KD, KH, KW), bias (F,).
    Raises: TypeError and ValueError as `Conv2d`.
    Source: deck 000 "3d Convolution". As torch.nn.Conv3d.

    >>> Conv3d(2, 4, (3, 2, 1), rng=0)(np.zeros((1, 2, 5, 6, 7), np.float32)).shape
    (1, 4, 3, 5, 7)
    """

    _space = "DHW"
