"""Schedules: how the learning rate changes from epoch to epoch.

A schedule holds an optimizer and writes its `lr`. Call `step()` at the end of every epoch, after the optimizer's last
step. Large steps find the valley, small ones its floor.
"""

from __future__ import annotations

import math

import numpy as np

from solutions._validation import described, integer, number, one_of
from solutions.optim.descent import Optimizer, _fraction


class Schedule:
    """What all schedules share: the optimizer, the rate it began with, and the number of epochs that have ended.

    Args: optimizer, whose `lr` is changed.
    Raises: TypeError where optimizer is none.
    Source: deck 001 "Adaptive Learning Rates".

    >>> import numpy as np
    >>> from solutions.optim import SGD
    >>> from solutions.parameter import Parameter
    >>> Schedule(SGD([Parameter(np.ones(2))], lr=0.1))
    Schedule(lr=0.1 after 0 epochs)
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer, got {described(optimizer)}")
        self.optimizer = optimizer
        self.base_lr = float(optimizer.lr)
        self.epoch = 0

    def step(self) -> None:
        """End an epoch: set the optimizer's rate for the next one."""
        self.epoch += 1
        self.optimizer.lr = self._rate()

    def _rate(self) -> float:
        """Return the learning rate after `epoch` epochs."""
        raise NotImplementedError(f"{type(self).__name__} has no rule; use StepLR or another schedule")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.optimizer.lr:g} after {self.epoch} epochs)"


class StepLR(Schedule):
    """Multiply the rate by gamma every `step_size` epochs.

    lr = lr gamma where step_size divides the number of epochs so far

    Args: optimizer; step_size >= 1, in epochs; gamma >= 0.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: `torch.optim.lr_scheduler.StepLR`.

    >>> import numpy as np
    >>> from solutions.optim import SGD
    >>> from solutions.parameter import Parameter
    >>> optimizer = SGD([Parameter(np.ones(2))], lr=0.8)
    >>> schedule = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     schedule.step()
    >>> optimizer.lr
    0.2
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer)
        self.step_size = integer("step_size", step_size, minimum=1)
        self.gamma = number("gamma", gamma, low=0)

    def _rate(self) -> float:
        lr = float(self.optimizer.lr)
        return lr if self.epoch % self.step_size else lr * self.gamma


class ExponentialLR(StepLR):
    """Multiply the rate by gamma after every epoch.

    lr = lr gamma

    Args: optimizer; gamma >= 0.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: `torch.optim.lr_scheduler.ExponentialLR`.

    >>> import numpy as np
    >>> from solutions.optim import SGD
    >>> from solutions.parameter import Parameter
    >>> optimizer = SGD([Parameter(np.ones(2))], lr=0.8)
    >>> ExponentialLR(optimizer, gamma=0.5).step()
    >>> optimizer.lr
    0.4
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer, step_size=1, gamma=gamma)


class CosineLR(Schedule):
    """Lower the rate along half a cosine wave: slowly at first, fast in the middle, slowly at the end.

    lr_t = eta_min + (lr_0 - eta_min) (1 + cos(pi t / T_max)) / 2,  t epochs so far

    After T_max epochs the rate is eta_min; later it rises again, as in PyTorch (`CosineAnnealingLR`).

    Args: optimizer; T_max >= 1, in epochs; eta_min >= 0, the last rate.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: Loshchilov and Hutter 2017, formula 5, without restarts.

    >>> import numpy as np
    >>> from solutions.optim import SGD
    >>> from solutions.parameter import Parameter
    >>> optimizer = SGD([Parameter(np.ones(2))], lr=0.8)
    >>> schedule, rates = CosineLR(optimizer, T_max=4), []
    >>> for _ in range(4):
    ...     schedule.step()
    ...     rates.append(round(optimizer.lr, 3))
    >>> rates
    [0.683, 0.4, 0.117, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0) -> None:
        super().__init__(optimizer)
        self.T_max = integer("T_max", T_max, minimum=1)
        self.eta_min = number("eta_min", eta_min, low=0)

    def _rate(self) -> float:
        return self.eta_min + (self.base_lr - self.eta_min) * (1 + math.cos(math.pi * self.epoch / self.T_max)) / 2


class ReduceOnPlateau(Schedule):
    """Multiply the rate by `factor` when a metric has not become better for more than `patience` epochs.

    lr = max(factor lr, min_lr).  "min": better is below best (1 - threshold), with threshold_mode "abs" below
    best - threshold; "max": above best (1 + threshold), best + threshold. After a reduction `cooldown` epochs do not
    count. A change of at most eps is left out. NaN is never better.

    Args: optimizer; mode "min" (a loss) or "max" (an accuracy); factor from 0 to below 1; patience >= 0 and cooldown
        >= 0, in epochs; threshold >= 0; threshold_mode "rel" or "abs"; min_lr >= 0; eps >= 0.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: `torch.optim.lr_scheduler.ReduceLROnPlateau`.

    >>> import numpy as np
    >>> from solutions.optim import SGD
    >>> from solutions.parameter import Parameter
    >>> optimizer = SGD([Parameter(np.ones(2))], lr=0.8)
    >>> schedule = ReduceOnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (1.0, 0.9, 0.95, 0.91):
    ...     schedule.step(loss)
    >>> optimizer.lr
    0.4
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0,
        eps: float = 1e-8,
    ) -> None:
        super().__init__(optimizer)
        self.mode = one_of("mode", mode, ("min", "max"))
        self.factor = _fraction("factor", factor)
        self.patience = integer("patience", patience, minimum=0)
        self.threshold = number("threshold", threshold, low=0)
        self.threshold_mode = one_of("threshold_mode", threshold_mode, ("rel", "abs"))
        self.cooldown = integer("cooldown", cooldown, minimum=0)
        self.min_lr = number("min_lr", min_lr, low=0)
        self.eps = number("eps", eps, low=0)
        self.best = math.inf if self.mode == "min" else -math.inf
        self._bad_epochs = self._cooling = 0

    def step(self, metric: float) -> None:  # type: ignore[override]  # its rule needs to know how the epoch went
        """End an epoch with its loss (or accuracy): lower the rate if there was no better one for too long."""
        if isinstance(metric, bool) or not isinstance(metric, (int, float, np.number)):
            raise TypeError(f"metric must be a number, the epoch's loss or accuracy, got {described(metric)}")
        metric = float(metric)
        self.epoch += 1
        if self._is_better(metric):
            self.best, self._bad_epochs = metric, 0
        else:
            self._bad_epochs += 1
        if self._cooling:
            self._cooling, self._bad_epochs = self._cooling - 1, 0
        if self._bad_epochs > self.patience:
            lr = max(float(self.optimizer.lr) * self.factor, self.min_lr)
            if self.optimizer.lr - lr > self.eps:
                self.optimizer.lr = lr
            self._cooling, self._bad_epochs = self.cooldown, 0

    def _is_better(self, metric: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if math.isinf(self.best):
            return sign * metric < sign * self.best
        margin = self.threshold * (self.best if self.threshold_mode == "rel" else 1)
        # As PyTorch has it: relative to a negative best the margin points the other way.
        return sign * metric < sign * self.best - margin
