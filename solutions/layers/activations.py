"""One layer for each activation function of `solutions.functional`; only `PReLU` has something to learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from solutions import functional
from solutions._validation import integer, is_integer, number
from solutions.functional import prelu, prelu_backward
from solutions.layers.layer import Layer
from solutions.parameter import Parameter


class _Activation(Layer):
    _function: Callable[..., np.ndarray]
    _derivative: Callable[..., np.ndarray]

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        return type(self)._function(x, *(getattr(self, name) for name in self._sizes)), (x,)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray) -> np.ndarray:
        return type(self)._derivative(grad_output, x, *(getattr(self, name) for name in self._sizes))


class Step(_Activation):
    """Fire or do not: the unit of the perceptron, as a layer.

    f(x) = 1 if x > 0 else 0;  f'(x) = 0, so nothing before it learns

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "Activation Functions".

    >>> Step()(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 1.])
    """

    _function = functional.step
    _derivative = functional.step_backward


class Sigmoid(_Activation):
    """Squash every entry into (0, 1).

    g(x) = 1 / (1 + e^-x)

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 003 "Sigmoid (Logistic) AF". As torch.nn.Sigmoid.

    >>> Sigmoid()(np.array([-10000.0, 0.0, 10000.0]))
    array([0. , 0.5, 1. ])
    """

    _function = functional.sigmoid
    _derivative = functional.sigmoid_backward


class Tanh(_Activation):
    """Squash every entry into (-1, 1).

    f(x) = (e^x - e^-x) / (e^x + e^-x)

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "ReLU vs. Sigmoid and Tanh". As torch.nn.Tanh.

    >>> Tanh()(np.array([-10000.0, 0.0, 10000.0]))
    array([-1.,  0.,  1.])
    """

    _function = functional.tanh
    _derivative = functional.tanh_backward


class Arctan(_Activation):
    """Squash every entry into (-pi/2, pi/2).

    f(x) = arctan(x)

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 000 "Stacking convolved images".

    >>> Arctan()(np.array([0.0, 1.0])) * 4 / np.pi
    array([0., 1.])
    """

    _function = functional.arctan
    _derivative = functional.arctan_backward


class ReLU(_Activation):
    """Keep what is positive, set the rest to zero.

    f(x) = max(0, x);  f'(0) = 0

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 003 "ReLU (Rectified Linear Unit) AF". As torch.nn.ReLU.

    >>> ReLU()(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """

    _function = functional.relu
    _derivative = functional.relu_backward


class LeakyReLU(_Activation):
    """Keep what is positive and a small share of what is not.

    f(x) = max(0, x) + negative_slope min(0, x)

    Args: negative_slope, a number; rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError or ValueError where x is not float32 or float64, or negative_slope not a finite number.
    Source: deck 004 "ReLU and Generalizations". As torch.nn.LeakyReLU.

    >>> LeakyReLU(0.1)(np.array([-1.0, 2.0]))
    array([-0.1,  2. ])
    """

    _function = functional.leaky_relu
    _derivative = functional.leaky_relu_backward
    _sizes = ("negative_slope",)

    def __init__(
        self, negative_slope: float = 0.01, *, rng: np.random.Generator | int | None = None, dtype: Any = np.float32
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.negative_slope = number("negative_slope", negative_slope)


class PReLU(Layer):
    """Keep what is positive and a learned share of what is not.

    f(x) = max(0, x) + w_c min(0, x)

    Args: num_parameters, 1 for one slope or C for one for each channel; init, the slope to start from; rng, dtype as in
        `Layer`.
    Shapes: x (N, C, ...) to y of the same; weight (num_parameters,).
    Raises: TypeError or ValueError where an argument is out of its range or x has another number of channels.
    Source: deck 003 "Activation Functions"; He et al. 2015. As torch.nn.PReLU.

    >>> layer = PReLU(2, dtype=np.float64)
    >>> layer(np.array([[-1.0, -1.0], [3.0, -2.0]])), layer
    (array([[-0.25, -0.25],
           [ 3.  , -0.5 ]]), PReLU(num_parameters=2))
    """

    _sizes = ("num_parameters",)

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.num_parameters = integer("num_parameters", num_parameters, minimum=1)
        self.weight = Parameter(np.full(num_parameters, number("init", init), self.dtype))

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        return prelu(self._in_own_dtype(x), self.weight.value), (x,)

    def _backward(self, grad_output: np.ndarray, x: np.ndarray) -> np.ndarray:
        grad_x, grad_weight = prelu_backward(grad_output, x, self.weight.value)
        self._add(self.weight, grad_weight)
        return grad_x


class Absolute(_Activation):
    """Take the absolute value of every entry.

    f(x) = |x|;  f'(0) = 0

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "ReLU and Generalizations".

    >>> Absolute()(np.array([-1.0, 2.0]))
    array([1., 2.])
    """

    _function = functional.absolute
    _derivative = functional.absolute_backward


class Maxout(_Activation):
    """Take the largest of every k neighbours.

    y_j = max(x_jk, ..., x_jk+k-1)

    Args: k, the number of neighbours that compete; rng and dtype are not used.
    Shapes: x (N, m k) to y (N, m).
    Raises: TypeError or ValueError where k is not positive or does not divide the columns of x.
    Source: deck 004 "ReLU and Generalizations"; Goodfellow et al. 2013.

    >>> Maxout(2)(np.array([[1.0, 3.0, 5.0, 2.0]]))
    array([[3., 5.]])
    """

    _function = functional.maxout
    _derivative = functional.maxout_backward
    _sizes = ("k",)

    def __init__(self, k: int, *, rng: np.random.Generator | int | None = None, dtype: Any = np.float32) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self.k = integer("k", k, minimum=1)


class Softplus(_Activation):
    """Bend smoothly where ReLU has a corner.

    f(x) = log(1 + e^x)

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "ReLU vs. Softplus". As torch.nn.Softplus with beta = 1 and no threshold.

    >>> Softplus()(np.array([-10000.0, 10000.0]))
    array([    0., 10000.])
    """

    _function = functional.softplus
    _derivative = functional.softplus_backward


class Swish(_Activation):
    """Weigh every entry with its own sigmoid.

    f(x) = x / (1 + e^-x)

    Args: rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 003 "Activation Functions"; Ramachandran et al. 2017. As torch.nn.SiLU.

    >>> Swish()(np.array([-10000.0, 0.0, 10000.0]))
    array([   -0.,     0., 10000.])
    """

    _function = functional.swish
    _derivative = functional.swish_backward


class Softmax(_Activation):
    """Turn scores into probabilities, which are positive and sum to 1 along an axis.

    y_i = e^x_i / sum_j e^x_j

    Args: dim, the axis; rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError or ValueError where x is not float32 or float64 or does not have the axis.
    Source: deck 003 "Softmax AF". As torch.nn.Softmax; dim is the last axis unless given.

    >>> Softmax()(np.array([[0.0, 0.0], [10000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """

    _function = functional.softmax
    _derivative = functional.softmax_backward
    _sizes = ("dim",)

    def __init__(self, dim: int = -1, *, rng: np.random.Generator | int | None = None, dtype: Any = np.float32) -> None:
        super().__init__(rng=rng, dtype=dtype)
        if not is_integer(dim):
            raise TypeError(f"dim must be an integer, got {dim!r}")
        self.dim = int(dim)


class LogSoftmax(Softmax):
    """Turn scores into logarithms of probabilities, which stay finite where probabilities round to 0.

    y_i = x_i - log(sum_j e^x_j)

    Args: dim, the axis; rng and dtype are not used.
    Shapes: x of any shape to y of the same.
    Raises: TypeError or ValueError where x is not float32 or float64 or does not have the axis.
    Source: deck 003 "Softmax & Log-likelihood". As torch.nn.LogSoftmax; dim is the last axis unless given.

    >>> LogSoftmax()(np.array([[10000.0, 0.0]]))
    array([[     0., -10000.]])
    """

    _function = functional.log_softmax
    _derivative = functional.log_softmax_backward
