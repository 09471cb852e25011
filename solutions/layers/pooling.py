"""Pooling layers: each window becomes its maximum or its average. Nothing is learned here.

Shape letters: N batch, C channels, D H W space (L in one dimension).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from solutions import functional
from solutions._validation import Size, integer_per_axis
from solutions.functional._windows import Window
from solutions.functional.pooling import _checked as checked
from solutions.functional.pooling import _max_pool_route_back as max_pool_route_back
from solutions.functional.pooling import _max_pool_stages as max_pool_stages
from solutions.functional.pooling import _Stage as Stage
from solutions.layers.layer import Layer


class _Pool(Layer):
    _space: str
    _sizes = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.kernel_size = integer_per_axis("kernel_size", kernel_size, self._space, minimum=1)
        steps = self.kernel_size if stride is None else stride
        self.stride = integer_per_axis("stride", steps, self._space, minimum=1)
        self.padding = integer_per_axis("padding", padding, self._space, minimum=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(f"padding must be at most half of kernel_size {self.kernel_size}, got {self.padding}")


class _MaxPool(_Pool):
    """Keeps the stages of the forward, so that the derivative need not take the maxima again."""

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        x, _, window = checked(x, self.kernel_size, self.stride, self.padding, self._space)
        stages = max_pool_stages(x, window)
        return stages[-1].y.copy(order="K"), (stages, window)  # the caller may change its own

    def _backward(self, grad_output: np.ndarray, stages: list[Stage], window: Window) -> np.ndarray:
        return max_pool_route_back(grad_output, stages, window)


class _AvgPool(_Pool):
    _function: Callable[..., np.ndarray]
    _derivative: Callable[..., np.ndarray]

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        return type(self)._function(x, self.kernel_size, self.stride, self.padding), (x,)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray) -> np.ndarray:
        return type(self)._derivative(grad_output, x, self.kernel_size, self.stride, self.padding)


class MaxPool1d(_MaxPool):
    """Take the maximum of each window of a sequence.

    y[n, c, i] = max over k of x[n, c, i stride + k - padding]

    Args: kernel_size, stride and padding as in `MaxPool2d`.
    Shapes: x (N, C, L) to y (N, C, L').
    Raises: TypeError and ValueError as `MaxPool2d`.
    Source: deck 000 "Pooling". As torch.nn.MaxPool1d.

    >>> MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 5.0, 4.0]]]))
    array([[[3., 5.]]])
    """

    _space = "L"


class MaxPool2d(_MaxPool):
    """Take the maximum of each window of an image.

    y[n, c, i, j] = max over u, v of x[n, c, i stride + u - padding, ...], minus infinity in the padding

    Args: kernel_size; stride (None: the kernel size); padding, at most half the kernel; each one integer or one for
        each axis. rng and dtype are not used.
    Shapes: x (N, C, H, W) to y (N, C, H', W'), sizes round down.
    Raises: TypeError or ValueError where an argument is out of its range or the kernel larger than the padded x.
    Source: deck 000 "Pooling"; deck 002 "Pooling Layers: Subsampling". As torch.nn.MaxPool2d without dilation.

    >>> layer = MaxPool2d((2, 3))
    >>> layer(np.zeros((5, 4, 8, 9))).shape, layer
    ((5, 4, 4, 3), MaxPool2d(kernel_size=(2, 3), stride=(2, 3), padding=(0, 0)))
    """

    _space = "HW"


class MaxPool3d(_MaxPool):
    """Take the maximum of each window of a volume.

    The formula is that of `MaxPool2d` with a third axis.

    Args: kernel_size, stride and padding as in `MaxPool2d`.
    Shapes: x (N, C, D, H, W) to y (N, C, D', H', W').
    Raises: TypeError and ValueError as `MaxPool2d`.
    Source: deck 000 "Pooling". As torch.nn.MaxPool3d.

    >>> MaxPool3d(2)(np.zeros((1, 2, 4, 6, 7))).shape
    (1, 2, 2, 3, 3)
    """

    _space = "DHW"


class AvgPool1d(_AvgPool):
    """Take the average of each window of a sequence; the zeros of the padding count.

    y[n, c, i] = (1/KL) sum over k of x[n, c, i stride + k - padding]

    Args: kernel_size, stride and padding as in `MaxPool2d`.
    Shapes: x (N, C, L) to y (N, C, L').
    Raises: TypeError and ValueError as `MaxPool2d`.
    Source: deck 000 "Pooling". As torch.nn.AvgPool1d.

    >>> AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 5.0, 4.0]]]))
    array([[[2. , 3.5]]])
    """

    _space = "L"
    _function = functional.avg_pool1d
    _derivative = functional.avg_pool1d_backward


class AvgPool2d(_AvgPool):
    """Take the average of each window of an image; the zeros of the padding count.

    y[n, c, i, j] = 1/(KH KW) sum over u, v of x[n, c, i stride + u - padding, ...]

    Args: kernel_size, stride and padding as in `MaxPool2d`.
    Shapes: x (N, C, H, W) to y (N, C, H', W').
    Raises: TypeError and ValueError as `MaxPool2d`.
    Source: deck 002 "Pooling Layers: Subsampling"; LeCun et al. 1998. As torch.nn.AvgPool2d.

    >>> AvgPool2d(2, stride=1)(np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]))
    array([[[[3., 4.]]]])
    """

    _space = "HW"
    _function = functional.avg_pool2d
    _derivative = functional.avg_pool2d_backward


class AvgPool3d(_AvgPool):
    """Take the average of each window of a volume; the zeros of the padding count.

    The formula is that of `AvgPool2d` with a third axis.

    Args: kernel_size, stride and padding as in `MaxPool2d`.
    Shapes: x (N, C, D, H, W) to y (N, C, D', H', W').
    Raises: TypeError and ValueError as `MaxPool2d`.
    Source: deck 000 "Pooling". As torch.nn.AvgPool3d.

    >>> AvgPool3d(2)(np.full((1, 1, 2, 2, 2), 3.0)).ravel()
    array([3.])
    """

    _space = "DHW"
    _function = functional.avg_pool3d
    _derivative = functional.avg_pool3d_backward
