"""The record of a training run: one number for each epoch and quantity, a table to print, a picture to show."""

from __future__ import annotations

from typing import Any

from solutions._optional import optional


class History:
    """How a run went. Lists hold one entry for each epoch that was completed; epochs count from 1.

    Attributes: epochs [1, 2, ...]; train_loss, the mean over the epoch while the weights were changing, as a loss with
    reduction="sum" the sum; validation_loss, measured at its end ([] without validation data); train_accuracy and
    validation_accuracy, from 0 to 1 ([] where the targets are not class indices); lr, the rate the epoch used; seconds
    it took; best_epoch, the one with the lowest validation loss (train_loss without validation data), or None; stopped,
    why the run ended: "finished", "early stopping", "diverged" (the training loss became infinite or NaN) or
    "interrupted" (Ctrl-C); None while it runs.

    Args: none; `fit` makes and fills it.
    Raises: ImportError from `plot` where matplotlib is not installed; ValueError from it where no epoch was completed.
    Source: Keras, `History`; scikit-learn, `loss_curve_`.

    >>> history = History()
    >>> history.record(train_loss=0.5, validation_loss=0.6, lr=0.1, seconds=1.5)
    >>> history.record(train_loss=0.25, validation_loss=0.5, lr=0.1, seconds=1.5)
    >>> history.stopped, history.best_epoch = "finished", 2
    >>> history
    History: 2 epochs in 3.0 s, finished; best epoch 2
    epoch  train_loss  validation_loss   lr  seconds
        1         0.5              0.6  0.1      1.5
        2        0.25              0.5  0.1      1.5
    """

    COLUMNS = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "lr", "seconds")

    def __init__(self) -> None:
        self.train_loss: list[float] = []
        self.validation_loss: list[float] = []
        self.train_accuracy: list[float] = []
        self.validation_accuracy: list[float] = []
        self.lr: list[float] = []
        self.seconds: list[float] = []
        self.best_epoch: int | None = None
        self.stopped: str | None = None

    @property
    def epochs(self) -> list[int]:
        """The numbers of the completed epochs, from 1."""
        return list(range(1, len(self.train_loss) + 1))

    @property
    def watched_loss(self) -> list[float]:
        """The losses that say how good the model is: those of the validation data where there are any."""
        return self.validation_loss or self.train_loss

    def record(self, **values: float | None) -> None:
        """Add an epoch; quantities that are None have no list."""
        for name, value in values.items():
            if value is not None:
                getattr(self, name).append(float(value))

    def plot(self, ax: Any = None) -> Any:
        """Draw the losses over the epochs, and the accuracies on a second axis; return matplotlib's `Axes`."""
        if not self.train_loss:
            raise ValueError("history must have at least one completed epoch to plot, got none")
        if ax is None:
            _, ax = optional("matplotlib.pyplot", "student", "History.plot").subplots()
        ax.plot(self.epochs, self.train_loss, "o-", ms=3, color="#0072B2", label="training loss")
        if self.validation_loss:
            ax.plot(self.epochs, self.validation_loss, "s-", ms=3, color="#D55E00", label="validation loss")
        if self.best_epoch is not None:
            ax.axvline(self.best_epoch, color="0.6", lw=1, ls=":", label=f"best epoch, {self.best_epoch}")
        ax.set(title=f"Training: {len(self.epochs)} epochs, {self.stopped or 'running'}", xlabel="epoch", ylabel="loss")
        lines, names = ax.get_legend_handles_labels()
        if self.train_accuracy or self.validation_accuracy:
            right = ax.twinx()
            right.set_ylabel("accuracy")
            for values, marker, name in (
                (self.train_accuracy, "o", "training"),
                (self.validation_accuracy, "s", "validation"),
            ):
                if values:
                    color = "#56B4E9" if marker == "o" else "#E69F00"
                    right.plot(self.epochs, values, f"{marker}--", ms=3, color=color, label=f"{name} accuracy")
            more_lines, more_names = right.get_legend_handles_labels()
            lines, names = lines + more_lines, names + more_names
        ax.legend(lines, names, loc="center right")
        return ax

    def __len__(self) -> int:
        return len(self.train_loss)

    def __repr__(self) -> str:
        best = f"; best epoch {self.best_epoch}" if self.best_epoch is not None else ""
        head = f"History: {len(self)} epochs in {sum(self.seconds):.1f} s, {self.stopped or 'running'}{best}"
        columns = [name for name in self.COLUMNS if getattr(self, name)]
        shown = self.epochs if len(self) <= 12 else [*self.epochs[:5], None, *self.epochs[-6:]]
        rows = [["epoch", *columns]] if columns else []
        for epoch in shown:
            numbers = [f"{getattr(self, name)[epoch - 1]:.4g}" if epoch else "..." for name in columns]
            rows.append([str(epoch) if epoch else "...", *numbers])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([head, *lines])
