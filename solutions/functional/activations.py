"""Activation functions, each with its derivative beside it.

`name(x)` is the forward pass. `name_backward(grad_y, x)` multiplies dL/dy, the gradient that arrives at the output,
with dy/dx and so returns dL/dx. All work entry by entry, except `maxout`, `softmax` and `log_softmax`, which mix
neighbours. Arrays are float32 or float64; what goes in comes out; the input is never changed. Where e^x comes to 0 that
is the right answer, so underflow is silent here even under `np.errstate(all="raise")`.
"""

from __future__ import annotations

import numpy as np

from solutions._validation import axis_of, float_array, integer, like, not_empty, number, same_dtype


def step(x: np.ndarray) -> np.ndarray:
    """Fire or do not: the unit of the perceptron.

    f(x) = 1 if x > 0 else 0 (deck 004 draws f(0) = 1, its perceptron decides by w.x > 0; the latter is ours)

    Args: x of any shape.
    Returns: y, the shape and dtype of x.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "Activation Functions".

    >>> step(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 1.])
    """
    x = float_array("x", x)
    return np.where(x > 0, x.dtype.type(1), x.dtype.type(0))


def step_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return zeros: a step is flat on both sides, which is why a perceptron is not trained by gradient descent.

    f'(x) = 0

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: deck 004 "Activation Functions".

    >>> step_backward(np.array([5.0, 5.0]), np.array([-1.0, 2.0]))
    array([0., 0.])
    """
    x = float_array("x", x)
    like("grad_y", grad_y, "x", x)
    return np.zeros_like(x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))  # never above 1, so it cannot overflow
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Squash every entry into (0, 1): the logistic function.

    g(x) = 1 / (1 + e^-x)

    Args: x of any shape.
    Returns: y, the shape and dtype of x; exact and silent however large x is.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 000 "Single Node"; deck 003 "Sigmoid (Logistic) AF".

    >>> sigmoid(np.array([-10000.0, 0.0, 10000.0]))
    array([0. , 0.5, 1. ])
    """
    with np.errstate(under="ignore"):
        return _sigmoid(float_array("x", x))


def sigmoid_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply with the slope of the sigmoid, which is at most 0.25.

    g'(x) = g(x) (1 - g(x))

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: deck 002 "An Example of Backpropagation"; deck 003 "Sigmoid (Logistic) AF".

    >>> sigmoid_backward(np.array([2.0]), np.array([0.0]))
    array([0.5])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        # 1 - g(x) is g(-x); the subtraction would lose all digits where g(x) is close to 1.
        return like("grad_y", grad_y, "x", x) * (_sigmoid(x) * _sigmoid(-x))


def tanh(x: np.ndarray) -> np.ndarray:
    """Squash every entry into (-1, 1): a sigmoid that is centred on zero.

    f(x) = (e^x - e^-x) / (e^x + e^-x) = 2 g(2x) - 1

    Args: x of any shape.
    Returns: y, the shape and dtype of x.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "ReLU vs. Sigmoid and Tanh".

    >>> tanh(np.array([-10000.0, 0.0, 10000.0]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(float_array("x", x))


def tanh_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply with the slope of tanh, which is at most 1.

    f'(x) = 1 - f(x)^2 = 4 g(2x) g(-2x)

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: deck 004 "ReLU vs. Sigmoid and Tanh"; Goodfellow et al. 2016, section 6.3.2.

    >>> tanh_backward(np.array([2.0]), np.array([0.0]))
    array([2.])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        # The right-hand form keeps its digits where 1 - f(x)^2 subtracts two numbers close to 1.
        return like("grad_y", grad_y, "x", x) * (4 * _sigmoid(2 * x) * _sigmoid(-2 * x))


def arctan(x: np.ndarray) -> np.ndarray:
    """Squash every entry into (-pi/2, pi/2).

    f(x) = arctan(x)

    Args: x of any shape.
    Returns: y, the shape and dtype of x, in radians.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 000 "Stacking convolved images" ("Other choices: sigmoid, arctan").

    >>> arctan(np.array([0.0, 1.0])) * 4 / np.pi
    array([0., 1.])
    """
    return np.arctan(float_array("x", x))


def arctan_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply with the slope of arctan, which falls slower than that of sigmoid and tanh.

    f'(x) = 1 / (1 + x^2)

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: deck 000 "Stacking convolved images".

    >>> arctan_backward(np.array([2.0]), np.array([1.0]))
    array([1.])
    """
    with np.errstate(over="ignore", under="ignore"):  # x^2 may be infinite: the slope is then 0
        x = float_array("x", x)
        return like("grad_y", grad_y, "x", x) / (1 + x * x)


def relu(x: np.ndarray) -> np.ndarray:
    """Keep what is positive, set the rest to zero: the rectified linear unit.

    f(x) = max(0, x)

    Args: x of any shape.
    Returns: y, the shape and dtype of x.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 000 "Stacking convolved images"; deck 003 "ReLU (Rectified Linear Unit) AF"; deck 004.

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    x = float_array("x", x)
    return np.clip(x, x.dtype.type(0), x.dtype.type(np.inf))  # twice as fast as np.maximum with a number


def relu_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Pass the gradient where x is positive, stop it elsewhere; at 0 the slope is taken as 0.

    f'(x) = 1 if x > 0 else 0

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: deck 003 "ReLU (Rectified Linear Unit) AF".

    >>> relu_backward(np.array([5.0, 5.0, 5.0]), np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 5.])
    """
    x = float_array("x", x)
    return like("grad_y", grad_y, "x", x) * (x > 0)  # 20 times as fast as np.where, which chooses entry by entry


def leaky_relu(x: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """Keep what is positive and a small share of what is not, so that no unit dies.

    f(x) = max(0, x) + slope min(0, x)

    Args: x of any shape; slope, a number (alpha in deck 004).
    Returns: y, the shape and dtype of x.
    Raises: TypeError or ValueError where x is not float32 or float64, or slope not a finite number.
    Source: deck 004 "ReLU and Generalizations".

    >>> leaky_relu(np.array([-1.0, 2.0]), slope=0.1)
    array([-0.1,  2. ])
    """
    x, slope = float_array("x", x), number("slope", slope)
    return np.where(x > 0, x, slope * x)


def leaky_relu_backward(grad_y: np.ndarray, x: np.ndarray, slope: float = 0.01) -> np.ndarray:
    """Pass the gradient where x is positive, a share of it elsewhere; at 0 the slope is `slope`.

    f'(x) = 1 if x > 0 else slope

    Args: grad_y, x of one shape; slope as in `leaky_relu`.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape, or slope is not a finite number.
    Source: deck 004 "ReLU and Generalizations".

    >>> leaky_relu_backward(np.array([5.0, 5.0]), np.array([-1.0, 2.0]), slope=0.1)
    array([0.5, 5. ])
    """
    x, slope = float_array("x", x), number("slope", slope)
    grad_y = like("grad_y", grad_y, "x", x)
    return np.where(x > 0, grad_y, slope * grad_y)


def _slopes_along_channels(x: np.ndarray, weight: object) -> np.ndarray:
    """Return prelu's weight with its axis moved to where x has its channels: (1, C, 1, ...)."""
    weight = float_array("weight", weight, ("C",))
    same_dtype("weight", weight, "x", x)
    not_empty("weight", weight, "C", batch=False)
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.shape not in ((1,), (channels,)):
        raise ValueError(
            f"weight must have shape (1,) or one entry for each channel of x, ({channels},) for x of shape {x.shape}, "
            f"got {weight.shape}"
        )
    return weight.reshape(-1, *(1,) * (x.ndim - 2)) if x.ndim > 1 else weight.reshape((1,) * x.ndim)


def prelu(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Keep what is positive and a learned share of what is not.

    f(x) = max(0, x) + w_c min(0, x)

    Args: x (N, C, ...); weight (C,), one slope for each channel, or (1,), one for all (then x may have any shape).
    Returns: y, the shape and dtype of x.
    Raises: TypeError or ValueError where x or weight has a wrong dtype or weight a wrong shape.
    Source: deck 003 "Activation Functions"; He et al. 2015.

    >>> prelu(np.array([[-1.0, -1.0], [3.0, -2.0]]), np.array([0.5, 0.25]))
    array([[-0.5 , -0.25],
           [ 3.  , -0.5 ]])
    """
    x = float_array("x", x)
    return np.where(x > 0, x, _slopes_along_channels(x, weight) * x)


def prelu_backward(grad_y: np.ndarray, x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Send the gradient back to the input and to the learned slopes.

    dL/dx = dL/dy (1 if x > 0 else w_c),  dL/dw_c = sum over n and space of dL/dy min(0, x)

    Args: grad_y, x (N, C, ...) of one shape; weight (C,) or (1,).
    Returns: (grad_x, the shape of x; grad_weight, the shape of weight).
    Raises: TypeError or ValueError where arrays differ in dtype or their shapes do not fit.
    Source: He et al. 2015.

    >>> prelu_backward(np.array([[5.0, 5.0]]), np.array([[-1.0, 2.0]]), np.array([0.5]))
    (array([[2.5, 5. ]]), array([-5.]))
    """
    x = float_array("x", x)
    slopes = _slopes_along_channels(x, weight)
    grad_y = like("grad_y", grad_y, "x", x)
    grad_slopes = np.where(x > 0, 0, grad_y * x)
    if slopes.size > 1:
        grad_slopes = grad_slopes.swapaxes(0, 1)  # (N, C, ...) -> (C, N, ...)
    return np.where(x > 0, grad_y, slopes * grad_y), grad_slopes.reshape(slopes.size, -1).sum(axis=1)


def absolute(x: np.ndarray) -> np.ndarray:
    """Take the absolute value of every entry: the absolute value ReLU.

    f(x) = |x|

    Args: x of any shape.
    Returns: y, the shape and dtype of x.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "ReLU and Generalizations".

    >>> absolute(np.array([-1.0, 2.0]))
    array([1., 2.])
    """
    return np.abs(float_array("x", x))


def absolute_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Give the gradient the sign of x; at 0 the slope is taken as 0.

    f'(x) = sign(x)

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: deck 004 "ReLU and Generalizations".

    >>> absolute_backward(np.array([5.0, 5.0]), np.array([-1.0, 2.0]))
    array([-5.,  5.])
    """
    x = float_array("x", x)
    return like("grad_y", grad_y, "x", x) * np.sign(x)


def _in_groups(x: object, k: object) -> np.ndarray:
    """Return x (N, m k) as (N, m, k)."""
    x, k = float_array("x", x, ("N", "m k")), integer("k", k, minimum=1)
    not_empty("x", x, ("N", "m k"))
    if x.shape[1] % k:
        raise ValueError(f"k must divide x's {x.shape[1]} columns (x has shape {x.shape}), got {k}")
    return x.reshape(len(x), x.shape[1] // k, k)


def maxout(x: np.ndarray, k: int) -> np.ndarray:
    """Take the largest of every k neighbours: a convex activation whose shape is learned by the layer before it.

    y_j = max(x_jk, ..., x_jk+k-1)

    Args: x (N, m k); k, the number of neighbours that compete.
    Returns: y (N, m), the dtype of x.
    Raises: TypeError or ValueError where x is not float32 or float64, has not two axes, or k does not divide m k.
    Source: deck 004 "ReLU and Generalizations"; Goodfellow et al. 2013.

    >>> maxout(np.array([[1.0, 2.0, 7.0, 3.0]]), k=2)
    array([[2., 7.]])
    """
    return _in_groups(x, k).max(axis=2)


def maxout_backward(grad_y: np.ndarray, x: np.ndarray, k: int) -> np.ndarray:
    """Send the gradient to the neighbour that won; of equal ones, to the first.

    dL/dx_i = dL/dy_j if x_i is the maximum of its group j, else 0

    Args: grad_y (N, m); x (N, m k); k as in `maxout`.
    Returns: grad_x (N, m k).
    Raises: TypeError or ValueError as `maxout`, or where grad_y has not the shape and dtype of the output.
    Source: deck 004 "ReLU and Generalizations"; Goodfellow et al. 2013.

    >>> maxout_backward(np.array([[5.0, 6.0]]), np.array([[1.0, 2.0, 3.0, 3.0]]), k=2)
    array([[0., 5., 6., 0.]])
    """
    groups = _in_groups(x, k)
    grad_y = like("grad_y", grad_y, "the output", groups[..., 0])
    grad_x = np.zeros_like(groups)
    np.put_along_axis(grad_x, groups.argmax(axis=2)[..., None], grad_y[..., None], axis=2)
    return grad_x.reshape(x.shape)


def softplus(x: np.ndarray) -> np.ndarray:
    """Round off the corner of the ReLU.

    f(x) = ln(1 + e^x)

    Args: x of any shape.
    Returns: y, the shape and dtype of x; exact and silent however large x is.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 004 "ReLU vs. Softplus"; Glorot et al. 2011.

    >>> softplus(np.array([-10000.0, 0.0, 10000.0])).round(4)
    array([0.000e+00, 6.931e-01, 1.000e+04])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply with the slope of softplus, which is the sigmoid.

    f'(x) = 1 / (1 + e^-x)

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: deck 004 "ReLU vs. Softplus"; Glorot et al. 2011.

    >>> softplus_backward(np.array([2.0]), np.array([0.0]))
    array([1.])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        return like("grad_y", grad_y, "x", x) * _sigmoid(x)


def swish(x: np.ndarray) -> np.ndarray:
    """Weight every entry by its own sigmoid: a smooth ReLU that dips below zero (also called SiLU).

    f(x) = x g(x)

    Args: x of any shape.
    Returns: y, the shape and dtype of x.
    Raises: TypeError where x is not float32 or float64.
    Source: deck 003 "Activation Functions"; Ramachandran et al. 2017.

    >>> swish(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.2689,  0.    ,  0.7311])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        return x * _sigmoid(x)


def swish_backward(grad_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Multiply with the slope of swish.

    f'(x) = g(x) (1 + x (1 - g(x)))

    Args: grad_y, x of one shape.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError where grad_y differs from x in dtype or shape.
    Source: Ramachandran et al. 2017.

    >>> swish_backward(np.array([2.0]), np.array([0.0]))
    array([1.])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        return like("grad_y", grad_y, "x", x) * (_sigmoid(x) * (1 + x * _sigmoid(-x)))


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Turn scores into probabilities: positive, and of sum 1 along `axis`.

    y_j = e^(x_j) / sum_i e^(x_i)

    Args: x of any shape with at least one axis; axis, the one that the classes lie on.
    Returns: y, the shape and dtype of x; exact and silent however large x is.
    Raises: TypeError or ValueError where x is not float32 or float64 or has no such axis.
    Source: deck 003 "Softmax AF" (the example is its table); deck 002 "Forward Pass".

    >>> softmax(np.array([2.0, 1.0, -1.0])).round(2)
    array([0.71, 0.26, 0.04])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        axis = axis_of(x, axis)
        e = np.exp(x - x.max(axis=axis, keepdims=True))  # a shift of all scores changes nothing; now none can overflow
        return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(grad_y: np.ndarray, x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Send the gradient of the probabilities back to the scores; every score moves every probability.

    dL/dx_j = y_j (dL/dy_j - sum_i y_i dL/dy_i) with y = softmax(x)

    Args: grad_y, x of one shape; axis as in `softmax`.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError as `softmax`, or where grad_y differs from x in dtype or shape.
    Source: deck 002 "An Example of Backpropagation"; deck 003 "Softmax & Log-likelihood".

    >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    array([ 0.25, -0.25])
    """
    with np.errstate(under="ignore"):
        y = softmax(x, axis)
        grad_y = like("grad_y", grad_y, "x", y)
        return y * (grad_y - (y * grad_y).sum(axis=axis, keepdims=True))


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Take the logarithm of the softmax without ever forming a probability that rounds to 0.

    y_j = x_j - ln sum_i e^(x_i)

    Args: x of any shape with at least one axis; axis, the one that the classes lie on.
    Returns: y, the shape and dtype of x; exact and silent however large x is.
    Raises: TypeError or ValueError where x is not float32 or float64 or has no such axis.
    Source: deck 003 "Softmax & Log-likelihood"; deck 004 "Softmax Regression Cost".

    >>> log_softmax(np.array([0.0, -10000.0]))
    array([     0., -10000.])
    """
    with np.errstate(under="ignore"):
        x = float_array("x", x)
        axis = axis_of(x, axis)
        shifted = x - x.max(axis=axis, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def log_softmax_backward(grad_y: np.ndarray, x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Send the gradient of the log-probabilities back to the scores.

    dL/dx_j = dL/dy_j - softmax(x)_j sum_i dL/dy_i

    Args: grad_y, x of one shape; axis as in `softmax`.
    Returns: grad_x, the same shape.
    Raises: TypeError or ValueError as `log_softmax`, or where grad_y differs from x in dtype or shape.
    Source: deck 003 "Softmax & Log-likelihood"; deck 004 "Backpropagation Algorithm: Softmax".

    >>> log_softmax_backward(np.array([-1.0, 0.0]), np.array([0.0, 0.0]))
    array([-0.5,  0.5])
    """
    with np.errstate(under="ignore"):
        probabilities = softmax(x, axis)
        grad_y = like("grad_y", grad_y, "x", probabilities)
        return grad_y - probabilities * grad_y.sum(axis=axis, keepdims=True)
