"""The mathematics of every layer as plain functions, each with its derivative: `name` and `name_backward`.

`name_backward(grad_y, x, *the forward's further arguments)` takes the gradient of the loss by the output and returns it
by the input, or a tuple with one gradient for each array argument. Layers hold parameters and call these functions.
"""

from solutions.functional.activations import (
    absolute,
    absolute_backward,
    arctan,
    arctan_backward,
    leaky_relu,
    leaky_relu_backward,
    log_softmax,
    log_softmax_backward,
    maxout,
    maxout_backward,
    prelu,
    prelu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    softplus,
    softplus_backward,
    step,
    step_backward,
    swish,
    swish_backward,
    tanh,
    tanh_backward,
)
from solutions.functional.convolution import (
    conv1d,
    conv1d_backward,
    conv2d,
    conv2d_backward,
    conv3d,
    conv3d_backward,
)
from solutions.functional.dropout import dropout, dropout_backward
from solutions.functional.embedding import embedding as embedding
from solutions.functional.embedding import embedding_backward as embedding_backward
from solutions.functional.linear import linear, linear_backward
from solutions.functional.normalization import batch_norm as batch_norm
from solutions.functional.normalization import batch_norm_backward as batch_norm_backward
from solutions.functional.normalization import layer_norm as layer_norm
from solutions.functional.normalization import layer_norm_backward as layer_norm_backward
from solutions.functional.pooling import (
    avg_pool1d,
    avg_pool1d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    avg_pool3d,
    avg_pool3d_backward,
    max_pool1d,
    max_pool1d_backward,
    max_pool2d,
    max_pool2d_backward,
    max_pool3d,
    max_pool3d_backward,
)
from solutions.functional.recurrent import lstm as lstm
from solutions.functional.recurrent import lstm_backward as lstm_backward
from solutions.functional.recurrent import rnn as rnn
from solutions.functional.recurrent import rnn_backward as rnn_backward

__all__ = [
    "absolute",
    "absolute_backward",
    "arctan",
    "arctan_backward",
    "avg_pool1d",
    "avg_pool1d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "avg_pool3d",
    "avg_pool3d_backward",
    "conv1d",
    "conv1d_backward",
    "conv2d",
    "conv2d_backward",
    "conv3d",
    "conv3d_backward",
    "dropout",
    "dropout_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "log_softmax",
    "log_softmax_backward",
    "max_pool1d",
    "max_pool1d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "max_pool3d",
    "max_pool3d_backward",
    "maxout",
    "maxout_backward",
    "prelu",
    "prelu_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "step",
    "step_backward",
    "swish",
    "swish_backward",
    "tanh",
    "tanh_backward",
]
