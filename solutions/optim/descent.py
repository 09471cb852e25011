"""Gradient descent: what all optimizers share, and the plainest of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from solutions._validation import described, flag, number
from solutions.parameter import Parameter


class Optimizer:
    """What all optimizers share: a checked list of parameters and a learning rate that schedules may change.

    Args: parameters, an iterable of `Parameter`, none of them twice; lr >= 0, the learning rate.
    Raises: TypeError or ValueError where parameters is empty, holds anything else or one parameter twice, or lr < 0.
    Source: deck 001 "Gradient Descent".

    >>> optimizer = Optimizer([Parameter(np.ones(2))], lr=0.1)
    >>> optimizer.parameters[0].grad += 1
    >>> optimizer.zero_grad()
    >>> optimizer.parameters[0].grad
    array([0., 0.])
    """

    def __init__(self, parameters: Iterable[Parameter], lr: float) -> None:
        if isinstance(parameters, Parameter) or not isinstance(parameters, Iterable):
            raise TypeError(f"parameters must be a list of Parameter, got {described(parameters)}")
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("parameters must hold at least one Parameter, got none; pass model.parameters()")
        for i, parameter in enumerate(self.parameters):
            if not isinstance(parameter, Parameter):
                raise TypeError(f"parameters must hold Parameter objects, got {described(parameter)} at position {i}")
            if any(parameter is earlier for earlier in self.parameters[:i]):
                raise ValueError(f"parameters must hold each parameter once, got {parameter.name!r} twice")
        self.lr = number("lr", lr, low=0)

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to zero; `backward` adds to them, so call this before every pass."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def step(self) -> None:
        """Change the values of all parameters in place, one step down the gradient."""
        raise NotImplementedError(f"{type(self).__name__} has no step(); use SGD or another optimizer")

    def __repr__(self) -> str:
        entries = sum(parameter.value.size for parameter in self.parameters)
        return f"{type(self).__name__}(lr={self.lr:g}, {len(self.parameters)} parameters, {entries} entries)"


class SGD(Optimizer):
    """Gradient descent on mini-batches, with momentum where asked for.

    g = dL/dw + weight_decay w;  v = momentum v + g, from v = 0;  w = w - lr v  (nesterov: w = w - lr (g + momentum v))

    Weight decay is the gradient of (weight_decay / 2) sum w^2. As in PyTorch it acts on every parameter in the list: to
    leave biases alone, give them to an optimizer of their own without it.

    Args: parameters, an iterable of `Parameter`; lr >= 0; momentum >= 0; nesterov, look ahead along the momentum;
        weight_decay >= 0.
    Raises: TypeError or ValueError where an argument is out of its range, or nesterov comes without momentum.
    Source: deck 001 "Stochastic Gradient Descent", "Adaptive Learning Rates"; Sutskever et al. 2013.

    >>> p = Parameter(np.array([1.0, 2.0]), grad=np.array([0.5, -0.5]))
    >>> SGD([p], lr=0.1).step()
    >>> p.value
    array([0.95, 2.05])
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        momentum: float = 0,
        nesterov: bool = False,
        weight_decay: float = 0,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = number("momentum", momentum, low=0)
        self.nesterov = flag("nesterov", nesterov)
        self.weight_decay = number("weight_decay", weight_decay, low=0)
        if self.nesterov and self.momentum == 0:
            raise ValueError(f"nesterov needs momentum > 0, got momentum={momentum}")
        self._velocities = [np.zeros_like(parameter.value) for parameter in self.parameters]

    def step(self) -> None:
        """Change the values of all parameters in place, one step down the gradient."""
        for parameter, velocity in zip(self.parameters, self._velocities, strict=True):
            direction = parameter.grad
            if self.weight_decay:
                direction = direction + self.weight_decay * parameter.value
            if self.momentum:
                velocity *= self.momentum
                velocity += direction
                direction = direction + self.momentum * velocity if self.nesterov else velocity
            value = parameter.value
            value -= float(self.lr) * direction  # float(): a NumPy float64 rate would widen float32


def _fraction(name: str, value: object) -> float:
    """Return `value` as a float from 0 to below 1."""
    fraction = number(name, value, low=0)
    if fraction >= 1:
        raise ValueError(f"{name} must be below 1, got {value}")
    return fraction
