"""A NumPy neural-network library to read: every layer with its derivative beside it.

`solutions.functional` holds the mathematics (all its names are here too), `solutions.losses` what to minimise,
`solutions.optim` how, `solutions.models` ready models, `solutions.gradients` the check that a derivative is right.
It needs NumPy and nothing else. Arrays are batch-first and channels-first, float32 or float64; what goes in comes out.
"""

from solutions import functional, gradients, losses, models, optim
from solutions.functional import *  # noqa: F403 - its __all__ is the list of names
from solutions.parameter import Parameter

__all__ = [
    *functional.__all__,
    "Parameter",
    "functional",
    "gradients",
    "losses",
    "models",
    "optim",
]
