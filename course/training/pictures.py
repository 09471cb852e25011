"""What the training programs share: a report in words, and pictures as PNG files in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from course.kit import plots

if TYPE_CHECKING:
    from solutions.training import History

mpl.use("Agg")  # files only: no window opens
SHOWN = 20  # mistakes in one picture


class Pictures:
    """Reports on a trained model; pictures go into `folder` as PNG files, and their names into `written`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[str] = []

    def report(self, name: str, labels: NDArray, predicted: NDArray) -> None:
        """Print the test accuracy: how many of the answers are right."""
        right = int(np.count_nonzero(labels == predicted))
        print(
            f"{name}: test accuracy {right / len(labels):.2%}, {len(labels) - right} of {len(labels):,} wrong",
            flush=True,
        )

    def save(self, name: str) -> None:
        """Write the current figure as `name`.png into the folder, and close it."""
        plt.savefig(self.folder / f"{name}.png", dpi=120)
        plt.close()
        self.written.append(f"{name}.png")

    def loss(self, history: History) -> None:
        """Write loss.png: the losses after each epoch; nothing where a run was stopped in its first epoch."""
        if len(history):
            plots.loss_curve(history.train_loss, history.validation_loss or None)
            self.save("loss")

    def confusion(self, labels: NDArray, predicted: NDArray, classes: Sequence[str], title: str) -> None:
        """Write confusion.png: how many examples of each true class (row) got each answer (column)."""
        K = len(classes)
        counts = np.zeros((K, K), int)
        np.add.at(counts, (labels, predicted), 1)
        figure, ax = plt.subplots(figsize=(0.5 * K + 2.5, 0.5 * K + 2), layout="constrained")
        share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)  # of each true class: rows are comparable
        picture = ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (i, j), count in np.ndenumerate(counts):
            if count:
                ax.text(
                    j, i, str(count), ha="center", va="center", fontsize=8, color="white" if share[i, j] > 0.5 else "k"
                )
        ax.set(title=title, xlabel="answer", ylabel="truth", xticks=range(K), yticks=range(K))
        ax.set_xticklabels(classes, rotation=0 if max(map(len, classes)) < 3 else 90)
        ax.set_yticklabels(classes)
        figure.colorbar(picture, ax=ax, label="share of the true class", shrink=0.8)
        self.save("confusion")

    def mistakes(self, images: NDArray, labels: NDArray, probabilities: NDArray) -> None:
        """Write mistakes.png: digits that were read wrong, those first of which the model was most sure."""
        predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
        wrong = np.flatnonzero(predicted != labels)
        wrong = wrong[np.argsort(-sure[wrong])][:SHOWN]
        if len(wrong):
            titles = [f"{labels[i]} read as {predicted[i]}\n{sure[i]:.0%} sure" for i in wrong]
            plots.image_grid(images[wrong], titles, title="Read wrong, the surest first")
            self.save("mistakes")

    def letters(self, weights: NDArray, alphabet: Sequence[str], classes: Sequence[str]) -> None:
        """Write letters.png: how much a letter speaks for (red) or against (blue) a class; weights (K, letters)."""
        limit = np.abs(weights).max()
        figure, ax = plt.subplots(figsize=(0.2 * len(alphabet) + 2.5, 0.3 * len(classes) + 1.5), layout="constrained")
        picture = ax.imshow(weights, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        ax.set(title="What each letter says in counting letters", xlabel="letter", ylabel="country")
        ax.set_xticks(range(len(alphabet)), ["␣" if letter == " " else letter for letter in alphabet], fontsize=8)
        ax.set_yticks(range(len(classes)), classes)
        figure.colorbar(picture, ax=ax, label="weight")
        self.save("letters")
