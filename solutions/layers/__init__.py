"""Layers: the functions of `solutions.functional` as objects that hold weights, gradients and what backward needs.

Constructors take the arguments of the torch.nn class of the same name, then keyword-only `rng` and `dtype`; state dicts
have its keys and shapes, so that weights move both ways. What torch.nn knows and this course does not need is left out.
"""

from solutions.layers.activations import (
    Absolute,
    Arctan,
    LeakyReLU,
    LogSoftmax,
    Maxout,
    PReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Step,
    Swish,
    Tanh,
)
from solutions.layers.containers import Residual, Sequential
from solutions.layers.convolution import Conv1d, Conv2d, Conv3d
from solutions.layers.dropout import Dropout
from solutions.layers.embedding import Embedding
from solutions.layers.flatten import Flatten
from solutions.layers.layer import Layer
from solutions.layers.linear import Linear
from solutions.layers.normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from solutions.layers.pooling import AvgPool1d, AvgPool2d, AvgPool3d, MaxPool1d, MaxPool2d, MaxPool3d
from solutions.layers.recurrent import LSTM, RNN

__all__ = [
    "LSTM",
    "RNN",
    "Absolute",
    "Arctan",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Maxout",
    "PReLU",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Swish",
    "Tanh",
]
