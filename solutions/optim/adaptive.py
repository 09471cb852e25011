"""Optimizers that give every entry of every parameter a step size of its own.

Each keeps a running measure of how large the squared gradients g^2 of an entry have been and divides the step by its
root: an entry with small gradients takes larger steps. Powers, products and roots are entry by entry; eps stands
outside the root, averages start at 0. All work in the memory they have: `step()` makes no new arrays but one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from solutions._validation import described, flag, number
from solutions.optim.descent import Optimizer, _fraction
from solutions.parameter import Parameter


class _Adaptive(Optimizer):
    """What they share: eps, L2 as part of the gradient, and zeros in the shape of every parameter."""

    def __init__(self, parameters: Iterable[Parameter], lr: float, eps: float, weight_decay: float) -> None:
        super().__init__(parameters, lr)
        self.eps = number("eps", eps, low=0)
        self.weight_decay = number("weight_decay", weight_decay, low=0)

    def _for_each_parameter(self, start: float = 0.0) -> list[np.ndarray]:
        return [np.full_like(parameter.value, start) for parameter in self.parameters]

    def _gradient(self, parameter: Parameter) -> np.ndarray:
        """Return dL/dw + weight_decay w."""
        if self.weight_decay:
            return parameter.grad + self.weight_decay * parameter.value
        return parameter.grad


class Adagrad(_Adaptive):
    """Divide by the root of all squared gradients so far: steps only ever shrink.

    s = s + g^2;  w = w - lr_t g / (sqrt(s) + eps),  lr_t = lr / (1 + (t - 1) lr_decay),  g = dL/dw + weight_decay w

    Args: parameters, an iterable of `Parameter`; lr >= 0; lr_decay >= 0; weight_decay >= 0; initial_accumulator_value
        >= 0, where s starts; eps >= 0.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: deck 001 "Adaptive Learning Rates"; Duchi et al. 2011.

    >>> p = Parameter(np.array([1.0, 1.0]), grad=np.array([0.01, -100.0]))
    >>> Adagrad([p], lr=0.1).step()
    >>> p.value
    array([0.9, 1.1])
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.01,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(parameters, lr, eps, weight_decay)
        self.lr_decay = number("lr_decay", lr_decay, low=0)
        start = number("initial_accumulator_value", initial_accumulator_value, low=0)
        self._sums = self._for_each_parameter(start)
        self._t = 0

    def step(self) -> None:
        """Change the values of all parameters in place, one step down the gradient."""
        rate = float(self.lr) / (1 + self._t * self.lr_decay)
        self._t += 1
        for parameter, s in zip(self.parameters, self._sums, strict=True):
            g, value = self._gradient(parameter), parameter.value
            change = np.square(g, out=np.empty_like(value))
            s += change
            _divide_by_root(g, s, self.eps, out=change)
            change *= rate
            value -= change


class RMSprop(_Adaptive):
    """Divide by the root of a running average of squared gradients, which forgets old ones.

    s = alpha s + (1 - alpha) g^2;  w = w - lr g / (sqrt(s) + eps),  g = dL/dw + weight_decay w
    centered: sqrt(s - m^2) with m = alpha m + (1 - alpha) g, the spread of the gradient instead of its size
    momentum: v = momentum v + g / (sqrt(s) + eps);  w = w - lr v

    Args: parameters, an iterable of `Parameter`; lr >= 0; alpha from 0 to 1, how much of the average stays; eps >= 0;
        weight_decay >= 0; momentum >= 0; centered.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: deck 001 "Adaptive Learning Rates"; Tieleman and Hinton 2012; centered: Graves 2013.

    >>> p = Parameter(np.array([1.0, 1.0]), grad=np.array([0.01, -100.0]))
    >>> RMSprop([p], lr=0.01).step()
    >>> p.value.round(4)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, lr, eps, weight_decay)
        self.alpha = number("alpha", alpha, 0, 1)
        self.momentum = number("momentum", momentum, low=0)
        self.centered = flag("centered", centered)
        self._squares = self._for_each_parameter()
        self._means = self._for_each_parameter() if self.centered else []
        self._velocities = self._for_each_parameter() if self.momentum else []

    def step(self) -> None:
        """Change the values of all parameters in place, one step down the gradient."""
        for i, (parameter, s) in enumerate(zip(self.parameters, self._squares, strict=True)):
            g, value = self._gradient(parameter), parameter.value
            change = np.square(g, out=np.empty_like(value))
            _average(s, change, self.alpha)
            if self.centered:
                np.copyto(change, g)
                _average(self._means[i], change, self.alpha)
                _divide_by_root(g, np.maximum(s - self._means[i] ** 2, 0), self.eps, out=change)  # 0: rounding
            else:
                _divide_by_root(g, s, self.eps, out=change)
            if self.momentum:
                velocity = self._velocities[i]
                velocity *= self.momentum
                velocity += change
                np.copyto(change, velocity)
            change *= float(self.lr)
            value -= change


class Adam(_Adaptive):
    """Momentum and RMSprop in one, both corrected for their start at zero.

    m = beta1 m + (1 - beta1) g;  s = beta2 s + (1 - beta2) g^2;  g = dL/dw + weight_decay w
    w = w - lr (m / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + eps),  t from 1

    Args: parameters, an iterable of `Parameter`; lr >= 0; betas, two numbers from 0 to below 1; eps >= 0;
        weight_decay >= 0; amsgrad, divide by the largest s so far instead of the present one.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: deck 001 "Adaptive Learning Rates"; Kingma and Ba 2015, algorithm 1; amsgrad: Reddi et al. 2018.

    >>> p = Parameter(np.array([1.0, 1.0]), grad=np.array([0.01, -100.0]))
    >>> Adam([p], lr=0.1).step()
    >>> p.value.round(4)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, eps, weight_decay)
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"betas must be two numbers (beta1, beta2), got {described(betas)}")
        self.betas = tuple(_fraction(f"betas[{i}]", beta) for i, beta in enumerate(betas))
        self.amsgrad = flag("amsgrad", amsgrad)
        self._sums, self._squares = self._for_each_parameter(), self._for_each_parameter()
        self._largest = self._for_each_parameter() if self.amsgrad else []
        self._t = 0

    def step(self) -> None:
        """Change the values of all parameters in place, one step down the gradient."""
        self._t += 1
        beta1, beta2 = self.betas
        # Sums m / (1 - beta1) and s / (1 - beta2) take fewer passes over memory than averages; then, for m and s
        # corrected, m = sum_m scale1 and sqrt(s) + eps = (sqrt(sum_s) + eps / scale2) scale2.
        scale1 = (1 - beta1) / (1 - beta1**self._t)
        scale2 = ((1 - beta2) / (1 - beta2**self._t)) ** 0.5
        for i, (parameter, m, s) in enumerate(zip(self.parameters, self._sums, self._squares, strict=True)):
            g, value = self._gradient(parameter), parameter.value
            m *= beta1
            m += g
            change = np.square(g, out=np.empty_like(value))
            s *= beta2
            s += change
            if self.amsgrad:
                s = np.maximum(self._largest[i], s, out=self._largest[i])
            _divide_by_root(m, s, self.eps / scale2, out=change)
            change *= float(self.lr) * scale1 / scale2
            value -= change


class AdamW(Adam):
    """Adam whose weight decay shrinks the weights directly instead of passing through the averages.

    w = w - lr weight_decay w, then the step of `Adam` with g = dL/dw

    Args: as `Adam`, with weight_decay 0.01 unless told otherwise.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: Loshchilov and Hutter 2019, algorithm 2.

    >>> p = Parameter(np.array([1.0, 1.0]), grad=np.array([0.0, -100.0]))
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p.value.round(4)
    array([0.95, 1.05])
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay, amsgrad)

    def _gradient(self, parameter: Parameter) -> np.ndarray:
        return parameter.grad

    def step(self) -> None:
        """Change the values of all parameters in place, one step down the gradient."""
        if self.weight_decay:
            for parameter in self.parameters:
                value = parameter.value
                value *= 1 - float(self.lr) * self.weight_decay
        super().step()


def _average(average: np.ndarray, new: np.ndarray, kept: float) -> None:
    """Set average = kept average + (1 - kept) new, in place; `new` is overwritten."""
    average *= kept
    new *= 1 - kept
    average += new


def _divide_by_root(g: np.ndarray, s: np.ndarray, eps: float, out: np.ndarray) -> None:
    """Set out = g / (sqrt(s) + eps)."""
    np.sqrt(s, out=out)
    out += eps
    np.divide(g, out, out=out)
