"""A NumPy neural-network library to read: every layer with its derivative beside it.

`solutions.functional` holds the mathematics (all its names are here too), `solutions.layers` the same as objects with
weights, `solutions.losses` what to minimise, `solutions.optim` how, `solutions.models` ready models,
`solutions.gradients` the check that a derivative is right, `solutions.graph` the chain rule on single numbers.
It needs NumPy and nothing else. Arrays are batch-first and channels-first, float32 or float64; what goes in comes out.
"""

from solutions import _memory, functional, gradients, graph, layers, losses, models, optim, training
from solutions.functional import *  # noqa: F403 - its __all__ is the list of names
from solutions.parameter import Parameter
from solutions.serialization import load, save

__all__ = [
    *functional.__all__,
    "Parameter",
    "functional",
    "gradients",
    "graph",
    "layers",
    "load",
    "losses",
    "models",
    "optim",
    "save",
    "training",
]

_memory.keep_freed_memory()
