"""Optimizers: from the gradient of the loss to a better value of every parameter.

An optimizer holds a list of parameters. `zero_grad()` clears their gradients, the model's `backward` adds to them, and
`step()` changes the values in place. A schedule changes an optimizer's learning rate from epoch to epoch. The rules and
the names of the options are PyTorch's.
"""

from solutions.optim.adaptive import Adagrad, Adam, AdamW, RMSprop
from solutions.optim.descent import SGD, Optimizer
from solutions.optim.schedules import CosineLR, ExponentialLR, ReduceOnPlateau, Schedule, StepLR

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineLR",
    "ExponentialLR",
    "Optimizer",
    "RMSprop",
    "ReduceOnPlateau",
    "Schedule",
    "StepLR",
]
