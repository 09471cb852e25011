"""The training loop: epoch after epoch, batch after batch, forward, loss, backward, step."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any

import numpy as np

from solutions._validation import described, flag, generator, integer, is_integer, number
from solutions.layers.layer import Layer
from solutions.optim import Optimizer, ReduceOnPlateau, Schedule
from solutions.training.batches import _pair, minibatches
from solutions.training.history import History

Pair = tuple[Any, Any]
EVALUATION_BATCH = 256  # enough to be fast; memory stays small


class EarlyStopping:
    """End a run when the validation loss (without validation data the training loss) has stopped falling.

    A loss is better if it is below best - min_delta. After `patience` epochs without a better one the run ends; at the
    end of the run, whatever ends it, the model gets back the weights of its best epoch.

    Args: patience >= 1, in epochs; min_delta >= 0.
    Raises: TypeError or ValueError where an argument is out of its range.
    Source: deck 001 "Regularization: Early Stopping"; Goodfellow et al. 2016, algorithm 7.1.

    >>> EarlyStopping(patience=3)
    EarlyStopping(patience=3, min_delta=0)
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        self.patience = integer("patience", patience, minimum=1)
        self.min_delta = number("min_delta", min_delta, low=0)

    def __repr__(self) -> str:
        return f"EarlyStopping(patience={self.patience}, min_delta={self.min_delta:g})"


class _Best:
    """The best epoch so far and, where asked for, the weights it ended with."""

    def __init__(self, model: Any, stopping: EarlyStopping | None) -> None:
        self.model, self.stopping = model, stopping
        self.loss, self.epoch = math.inf, 0
        self.state: dict[str, np.ndarray] | None = None

    def see(self, loss: float, epoch: int) -> None:
        if loss < self.loss - (self.stopping.min_delta if self.stopping and self.epoch else 0):
            self.loss, self.epoch = loss, epoch
            if self.stopping:
                self.state = {key: array.copy() for key, array in self.model.state_dict().items()}

    def is_long_ago(self, epoch: int) -> bool:
        return self.stopping is not None and epoch - self.epoch >= self.stopping.patience

    def restore(self) -> None:
        if self.state is not None:
            self.model.load_state_dict(self.state)


def fit(
    model: Any,
    loss: Any,
    optimizer: Optimizer,
    train: Pair,
    validation: Pair | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    schedule: Schedule | None = None,
    early_stopping: EarlyStopping | int | None = None,
    rng: np.random.Generator | int | None = None,
    progress: bool = True,
    augment: Callable[[np.ndarray, np.random.Generator], np.ndarray] | None = None,
) -> History:
    """Train a model by mini-batches and return how it went.

    for each epoch: for each batch in random order: w = w - step(dL(model(x), y)/dw)

    The same seeds (of the layers and here) give the same bits. The model is in eval mode afterwards. Ctrl-C ends the
    run at once, and `fit` returns as after its last epoch: the history of the completed epochs says "interrupted".
    No step needs the gradient by the examples themselves: while `fit` runs, a model whose first layer is a convolution
    or fully connected returns None for it from `backward`.

    Args: model, a layer: forward, backward, parameters, train, eval, and state_dict for early stopping; loss, one of
        `solutions.losses`; optimizer, made with `model.parameters()`; train and validation, pairs (X (N, ...),
        y (N, ...)) as the model and the loss take them; epochs >= 1; batch_size >= 1; schedule, stepped after every
        epoch (`ReduceOnPlateau` with the validation loss, without validation data the training loss); early_stopping,
        a patience in epochs or an `EarlyStopping`; rng, a generator, a seed or None, for the order of the examples and
        for augment; progress, a bar where tqdm is installed; augment, a function (X_batch, rng) -> X_batch that varies
        training examples.
    Returns: a `History`.
    Raises: TypeError or ValueError where an argument does not fit; what the model and the loss raise.
    Source: deck 001 "Stochastic Gradient Descent", "Regularization: Early Stopping".

    >>> from solutions.losses import MSELoss
    >>> from solutions.optim import SGD
    >>> from solutions.parameter import Parameter
    >>> class Line:  # y = w x
    ...     w = Parameter(np.zeros(1), name="w")
    ...     def forward(self, x):
    ...         self.x = x
    ...         return self.w.value * x
    ...     def backward(self, grad_y):
    ...         self.w.grad += (grad_y * self.x).sum()
    ...     def parameters(self):
    ...         return [self.w]
    ...     def train(self): ...
    ...     def eval(self): ...
    >>> x, model = np.array([1.0, 2.0, 3.0, 4.0]), Line()
    >>> history = fit(model, MSELoss(), SGD([model.w], lr=0.05), (x, 3 * x), epochs=20, rng=0, progress=False)
    >>> model.w.value.round(3), len(history), history.stopped
    (array([3.]), 20, 'finished')
    """
    X, y = _examples("train", train)
    held_out = None if validation is None else _examples("validation", validation)
    epochs, batch_size = integer("epochs", epochs, minimum=1), integer("batch_size", batch_size, minimum=1)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, got {described(optimizer)}")
    missing = [name for name in ("forward", "backward", "parameters", "train", "eval") if not hasattr(model, name)]
    if missing:
        raise TypeError(f"model must be a layer, got {described(model)} without {', '.join(missing)}")
    if isinstance(loss, type) or not (hasattr(loss, "forward") and hasattr(loss, "backward")):
        cause = f"; write {loss.__name__}()" if isinstance(loss, type) else ""
        raise TypeError(f"loss must be one of solutions.losses, got {described(loss)}{cause}")
    own = {id(parameter) for parameter in model.parameters()}
    if own.isdisjoint(map(id, optimizer.parameters)):
        raise ValueError("optimizer must hold parameters of model, got none of them; make it with model.parameters()")
    if schedule is not None and not isinstance(schedule, Schedule):
        raise TypeError(f"schedule must be a Schedule or None, got {described(schedule)}")
    if schedule is not None and schedule.optimizer is not optimizer:
        raise ValueError("schedule must change the rate of optimizer, got one that was made with another optimizer")
    if augment is not None and not callable(augment):
        raise TypeError(f"augment must be a function (X, rng) -> X or None, got {described(augment)}")
    rng, history = generator(rng), History()
    best = _Best(model, _stopping(early_stopping))

    def epoch_of_training(bar: Any) -> tuple[float, float | None]:
        model.train()
        seen = _Mean(loss)
        for X_batch, y_batch in minibatches(X, y, batch_size, rng):
            prediction = model.forward(X_batch if augment is None else augment(X_batch, rng))
            seen.add(loss.forward(prediction, y_batch), prediction, y_batch)
            optimizer.zero_grad()
            model.backward(loss.backward())
            optimizer.step()
            if bar is not None:
                bar.update()
        return seen.loss, seen.accuracy

    steps = epochs * math.ceil(len(X) / batch_size)
    with _progress_bar(flag("progress", progress), steps) as bar, no_grad_x(model):
        try:
            for epoch in range(1, epochs + 1):
                start, rate = time.perf_counter(), float(optimizer.lr)
                train_loss, train_accuracy = epoch_of_training(bar)
                validation_loss, validation_accuracy = (
                    (None, None) if held_out is None else _evaluate(model, loss, *held_out)
                )
                history.record(
                    train_loss=train_loss,
                    validation_loss=validation_loss,
                    train_accuracy=train_accuracy,
                    validation_accuracy=validation_accuracy,
                    lr=rate,
                    seconds=time.perf_counter() - start,
                )
                watched = history.watched_loss[-1]
                best.see(watched, epoch)
                if schedule is not None:
                    schedule.step(*([watched] if isinstance(schedule, ReduceOnPlateau) else []))
                if bar is not None:
                    bar.set_postfix_str(_summary(history))
                if not math.isfinite(train_loss):
                    history.stopped = "diverged"
                    break
                if best.is_long_ago(epoch):
                    history.stopped = "early stopping"
                    break
        except KeyboardInterrupt:
            history.stopped = "interrupted"
        finally:
            best.restore()
            model.eval()
    history.stopped = history.stopped or "finished"
    history.best_epoch = best.epoch or None
    return history


@contextmanager
def no_grad_x(model: Any) -> Iterator[None]:
    """Spare the first layer of a model its gradient by x inside a `with` block: training does not need it.

    For a convolution it is up to a third of the layer's work. `backward` then returns None where the first layer is a
    convolution or fully connected. `fit` uses it; so may a training loop of your own.

    Args: model, a layer.
    Raises: nothing; a model that is no `Layer` is left as it is.
    Source: as requires_grad=False of an input in PyTorch, where that is the default.

    >>> from solutions.layers import Linear
    >>> layer, x = Linear(3, 2), np.ones((5, 3), np.float32)
    >>> with no_grad_x(layer):
    ...     print(layer.backward(layer(x)))
    None
    """
    first = model._entrance() if isinstance(model, Layer) else None
    if first is not None:
        first._wants_grad_x = False
    try:
        yield
    finally:
        if first is not None:
            first._wants_grad_x = True


class _Mean:
    """Adds up losses and right answers of batches, to the mean over examples (or the sum, if the loss is one)."""

    def __init__(self, loss: Any) -> None:
        self.is_sum = getattr(loss, "reduction", "mean") == "sum"
        self.total = 0.0
        self.examples = self.answers = self.right = 0

    def add(self, loss: float, prediction: np.ndarray, target: np.ndarray) -> None:
        self.examples += len(target)
        self.total += loss if self.is_sum else loss * len(target)
        if target.dtype.kind in "iu" and prediction.ndim == target.ndim + 1:  # class indices: scores lie on axis 1
            self.answers += target.size
            self.right += int(np.count_nonzero(prediction.argmax(axis=1) == target))

    @property
    def loss(self) -> float:
        return self.total if self.is_sum else self.total / self.examples

    @property
    def accuracy(self) -> float | None:
        return self.right / self.answers if self.answers else None


def _evaluate(model: Any, loss: Any, X: np.ndarray, y: np.ndarray) -> tuple[float, float | None]:
    """Return the loss and the accuracy in eval mode, learning nothing."""
    model.eval()
    seen = _Mean(loss)
    for X_batch, y_batch in minibatches(X, y, EVALUATION_BATCH):
        prediction = model.forward(X_batch)
        seen.add(loss.forward(prediction, y_batch), prediction, y_batch)
    return seen.loss, seen.accuracy


def _examples(name: str, pair: object) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} must be a pair (X, y), got {described(pair)}")
    try:
        return _pair(*pair)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _stopping(early_stopping: object) -> EarlyStopping | None:
    if early_stopping is None or isinstance(early_stopping, EarlyStopping):
        return early_stopping
    if not is_integer(early_stopping):
        raise TypeError(
            f"early_stopping must be a patience in epochs, an EarlyStopping or None, got {described(early_stopping)}"
        )
    return EarlyStopping(integer("early_stopping", early_stopping, minimum=1))


def _progress_bar(wanted: bool, steps: int) -> Any:
    """Return a bar of tqdm as a context, or a context around None where there is none."""
    if not wanted:
        return nullcontext()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # in a notebook without widgets the bar is plain text
            return import_module("tqdm.auto").tqdm(total=steps, unit="batch", desc="training")
    except ImportError:
        return nullcontext()


def _summary(history: History) -> str:
    parts = [f"epoch {len(history)}", f"loss {history.train_loss[-1]:.4g}"]
    parts += [f"validation {values[-1]:.4g}" for values in (history.validation_loss,) if values]
    accuracy = history.validation_accuracy or history.train_accuracy
    return ", ".join(parts + [f"accuracy {values[-1]:.1%}" for values in (accuracy,) if values])
