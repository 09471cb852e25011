"""Convolution in one, two and three dimensions, with its derivatives.

What the field calls convolution is cross-correlation: the kernel slides over the input as it is and is not flipped.
One implementation serves all dimensions: cut the input into columns, one for each window position (`_columns`), and
multiply them with the filters, one row each. Its derivative puts the columns back (`_add_columns`).

Shape letters: N batch, C channels in, F filters (channels out), D H W space, KD KH KW kernel, G groups, P window
positions. With `groups` = G the channels form G groups that do not mix: filters 0 .. F/G - 1 see channels 0 .. C/G - 1,
and so on. Padding adds zeros on both sides; dilation 1 is a dense kernel; sizes round down.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from solutions._validation import Size, float_array, has_shape, integer, integer_per_axis, not_empty, same_dtype
from solutions.functional import _banded, _columns, _shifted
from solutions.functional._windows import Window


def _conv_by_definition(
    x: np.ndarray, weight: np.ndarray, stride: tuple, padding: tuple, dilation: tuple, groups: int
) -> np.ndarray:
    """Convolve by the formula, one output at a time: slow, for reading and for testing."""
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    window = Window(x.shape[2:], weight.shape[2:], stride, (0,) * len(stride), dilation)
    y = np.zeros((len(x), len(weight), *window.output), x.dtype)
    channels, filters = weight.shape[1], len(weight) // groups
    for n, f, *position in np.ndindex(y.shape):
        for c, *k in np.ndindex(weight.shape[1:]):
            read = tuple(i * s + j * d for i, s, j, d in zip(position, stride, k, dilation, strict=True))
            y[(n, f, *position)] += weight[(f, c, *k)] * x[(n, f // filters * channels + c, *read)]
    return y


def _checked(
    x: object, weight: object, stride: Size, padding: Size, dilation: Size, groups: int, space: str
) -> tuple[np.ndarray, np.ndarray, Window]:
    x = float_array("x", x, ("N", "C", *space))
    weight = float_array("weight", weight, ("F", "C/groups", *(f"K{axis}" for axis in space)))
    same_dtype("weight", weight, "x", x)
    not_empty("x", x, ("N", "C", *space))
    not_empty("weight", weight, ("F", "C/groups", *(f"K{axis}" for axis in space)), batch=False)
    groups = integer("groups", groups, minimum=1)
    channels, filters = x.shape[1], len(weight)
    if channels % groups or filters % groups:
        raise ValueError(
            f"groups must divide the channels of x and the filters of weight: x has {channels} channels, "
            f"weight {filters} filters, groups is {groups}"
        )
    if weight.shape[1] != channels // groups:
        raise ValueError(
            f"weight must have C/groups = {channels}/{groups} = {channels // groups} channels on axis 1, "
            f"got shape {weight.shape} for x of shape {x.shape}; usual cause: arrays that are not channels-first"
        )
    window = Window(
        x.shape[2:],
        weight.shape[2:],
        integer_per_axis("stride", stride, space, minimum=1),
        integer_per_axis("padding", padding, space, minimum=0),
        integer_per_axis("dilation", dilation, space, minimum=1),
    )
    window.check("weight", space)
    return x, weight, window


def _conv(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Size,
    padding: Size,
    dilation: Size,
    groups: int,
    space: str,
) -> tuple[np.ndarray, tuple]:
    """Return y and what `_gradients` needs of the forward."""
    x, weight, window = _checked(x, weight, stride, padding, dilation, groups, space)
    if bias is not None:
        bias = float_array("bias", bias)
        has_shape("bias", bias, (len(weight),), "one entry for each filter of weight")
        same_dtype("bias", bias, "x", x)
    if _banded.suits(window, len(weight), groups):
        factors = _banded.factors(x, weight, bias, window)
        y = _banded.conv(factors, len(x), len(weight), window)
        return y, (x, weight, window, groups, factors)
    way = _shifted if _shifted.suits(window) else _columns
    return way.conv(x, weight, bias, window, groups), (x, weight, window, groups, None)


def _conv_backward(
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    stride: Size,
    padding: Size,
    dilation: Size,
    groups: int,
    space: str,
) -> tuple[Any, np.ndarray, np.ndarray]:
    x, weight, window = _checked(x, weight, stride, padding, dilation, groups, space)
    grad_y = float_array("grad_y", grad_y)
    has_shape("grad_y", grad_y, (len(x), len(weight), *window.output), "the shape of the output")
    same_dtype("grad_y", grad_y, "x", x)
    banded = _banded.suits(window, len(weight), groups)
    factors = _banded.factors(x, weight, None, window) if banded else None
    return _gradients(True, grad_y, x, weight, window, groups, factors)


def _gradients(
    need_grad_x: bool,
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    window: Window,
    groups: int,
    factors: _banded.Factors | None,
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Give (grad_x, grad_weight, grad_bias); None for grad_x where nobody needs it."""
    if factors is not None:
        return _banded.conv_backward(grad_y, factors, x, weight, window, need_grad_x)
    ones = np.ones(prod(window.output), x.dtype)
    sums = grad_y.reshape(len(x), len(weight), len(ones)) @ ones  # three times as fast as the plain sum
    way = _shifted if _shifted.suits(window) else _columns
    grad_x, grad_weight = way.conv_backward(grad_y, x, weight, window, groups, need_grad_x)
    return grad_x, grad_weight, sums.sum(axis=0)


def conv1d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Slide filters along sequences.

    y[n, f, i] = b_f + sum_c sum_k weight[f, c, k] x[n, c, i stride + k dilation - padding]

    Args: x (N, C, L); weight (F, C/groups, KL); bias (F,) or None; stride, padding, dilation and groups as in `conv2d`.
    Returns: y (N, F, L').
    Raises: TypeError and ValueError as `conv2d`.
    Source: deck 000 "Example (1d convolution)", whose numbers these are.

    >>> conv1d(np.array([[[1.0, 1.0, 1.0, 0.0, 0.0]]]), np.array([[[1.0, 0.0, 1.0]]]))
    array([[[2., 1., 1.]]])
    """
    return _conv(x, weight, bias, stride, padding, dilation, groups, "L")[0]


def conv1d_backward(
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Send the gradient of `conv1d` back to the input, the weights and the bias.

    The formulas are those of `conv2d_backward` with one sum over space.

    Args: grad_y (N, F, L'); x (N, C, L); weight (F, C/groups, KL); the rest as given to `conv1d`.
    Returns: (grad_x (N, C, L), grad_weight (F, C/groups, KL), grad_bias (F,)), always three.
    Raises: as `conv1d`; ValueError where grad_y has not the shape of the output.
    Source: deck 002 "Convolutional Layers".

    >>> x, weight = np.array([[[1.0, 2.0, 3.0]]]), np.array([[[1.0, -1.0]]])
    >>> conv1d_backward(np.array([[[1.0, 10.0]]]), x, weight)
    (array([[[  1.,   9., -10.]]]), array([[[21., 32.]]]), array([11.]))
    """
    return _conv_backward(grad_y, x, weight, stride, padding, dilation, groups, "L")


def conv2d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Slide filters over images.

    y[n, f, i, j] = b_f + sum_c sum_u sum_v weight[f, c, u, v] x[n, c, i stride + u dilation - padding, ...]
    where x is 0 outside; H' = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1, and W' alike

    Args: x (N, C, H, W), N may be 0; weight (F, C/groups, KH, KW); bias (F,) or None; stride >= 1, padding >= 0 and
        dilation >= 1 (1 is dense), each one integer or one for each axis; groups divides C and F.
    Returns: y (N, F, H', W'), the dtype of x.
    Raises: TypeError for arrays that are not float32 or float64 or not of one dtype and sizes that are not integers;
        ValueError for shapes that do not fit and for a kernel larger than the padded input.
    Source: deck 000 "Convolution of images" (the example is its image and its filter); deck 002 "2D convolution".

    >>> image = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
    >>> kernel = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    >>> conv2d(image[None, None].astype(np.float64), kernel[None, None].astype(np.float64))[0, 0]
    array([[4., 3., 4.],
           [2., 4., 3.],
           [2., 3., 4.]])
    """
    return _conv(x, weight, bias, stride, padding, dilation, groups, "HW")[0]


def conv2d_backward(
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Send the gradient of `conv2d` back to the input, the weights and the bias.

    dL/dweight[f, c, u, v] = sum over n, i, j of dL/dy[n, f, i, j] x[n, c, i stride + u dilation - padding, ...]
    dL/dx = every dL/dy[n, f, i, j] weight[f, c, u, v], added up where the window read;  dL/db_f = sum of dL/dy[:, f]

    Args: grad_y (N, F, H', W'); x (N, C, H, W); weight (F, C/groups, KH, KW); the rest as given to `conv2d`.
    Returns: (grad_x (N, C, H, W), grad_weight (F, C/groups, KH, KW), grad_bias (F,)), always three.
    Raises: as `conv2d`; ValueError where grad_y has not the shape of the output.
    Source: deck 002 "Backpropagation Convolutional Neural Networks", "Convolutional Layers".

    >>> x, weight = np.ones((1, 1, 2, 3)), np.array([[[[1.0, 2.0]]]])
    >>> grad_x, grad_weight, grad_bias = conv2d_backward(np.ones((1, 1, 2, 2)), x, weight)
    >>> grad_x[0, 0].tolist(), grad_weight[0, 0].tolist(), grad_bias.tolist()
    ([[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]], [[4.0, 4.0]], [4.0])
    """
    return _conv_backward(grad_y, x, weight, stride, padding, dilation, groups, "HW")


def conv3d(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> np.ndarray:
    """Slide filters through volumes.

    The formula is that of `conv2d` with a third sum, over the depth.

    Args: x (N, C, D, H, W); weight (F, C/groups, KD, KH, KW); bias (F,) or None; stride, padding, dilation and groups
        as in `conv2d`.
    Returns: y (N, F, D', H', W').
    Raises: TypeError and ValueError as `conv2d`.
    Source: deck 000 "3d Convolution" (there the kernel is as deep as the volume, which makes D' = 1).

    >>> conv3d(np.ones((1, 1, 2, 2, 3)), np.ones((1, 1, 2, 1, 2)), bias=np.array([0.5]))[0, 0]
    array([[[4.5, 4.5],
            [4.5, 4.5]]])
    """
    return _conv(x, weight, bias, stride, padding, dilation, groups, "DHW")[0]


def conv3d_backward(
    grad_y: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Send the gradient of `conv3d` back to the input, the weights and the bias.

    The formulas are those of `conv2d_backward` with a third sum over space.

    Args: grad_y (N, F, D', H', W'); x (N, C, D, H, W); weight (F, C/groups, KD, KH, KW); the rest as given to `conv3d`.
    Returns: (grad_x (N, C, D, H, W), grad_weight (F, C/groups, KD, KH, KW), grad_bias (F,)), always three.
    Raises: as `conv3d`; ValueError where grad_y has not the shape of the output.
    Source: deck 002 "Convolutional Layers".

    >>> x, weight = np.ones((1, 1, 2, 2, 3)), np.ones((1, 1, 2, 1, 2))
    >>> grad_x, grad_weight, grad_bias = conv3d_backward(np.ones((1, 1, 1, 2, 2)), x, weight)
    >>> grad_x[0, 0, 0].tolist(), grad_weight.ravel().tolist(), grad_bias.tolist()
    ([[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]], [4.0, 4.0, 4.0, 4.0], [4.0])
    """
    return _conv_backward(grad_y, x, weight, stride, padding, dilation, groups, "DHW")
