"""Pictures of what a student just built. Colours are safe for colour-blind eyes; every function returns its `Axes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

BLUE, ORANGE, PALE, INK = "#0072B2", "#D55E00", "#F2F2F2", "#222222"  # Okabe and Ito's blue and vermilion
WRITTEN = 20  # a side of so many cells still has room for its numbers


def image_grid(
    images: Sequence[ArrayLike] | NDArray,
    titles: Sequence[str] | None = None,
    columns: int = 5,
    title: str = "",
) -> NDArray[Any]:
    """Show grey images side by side, each scaled from its own smallest value (black) to its largest (white).

    Args:
        images: (n, H, W), or a sequence of (H, W) arrays that may differ in size.
        titles: one for each image.
        columns: how many stand in a row.
        title: of the whole figure.

    Returns:
        The n Axes, shape (n,).

    Raises:
        ValueError: no image, an image that is not two-dimensional, or another number of titles.
    """
    pictures = [_array("images", image, 2) for image in images]
    if not pictures:
        raise ValueError("images must hold at least one image, got none")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"titles must have one entry for each of {len(pictures)} images, got {len(titles)}")
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    tall = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    figure, axes = plt.subplots(
        rows, columns, figsize=(min(2.6, 12 / columns) * columns, (min(2.6, 12 / columns) * tall + 0.3) * rows + 0.4),
        layout="constrained", squeeze=False,
    )  # fmt: skip
    for ax in axes.flat:
        ax.axis("off")
    for ax, picture, name in zip(axes.flat, pictures, titles or [""] * len(pictures), strict=False):
        ax.imshow(picture, cmap="gray")
        ax.set_title(name, fontsize=9)
    figure.suptitle(title)
    return axes.ravel()[: len(pictures)]


def filters(weights: ArrayLike, titles: Sequence[str] | None = None, title: str = "Filters") -> NDArray[Any]:
    """Show filters on one scale: blue below zero, white at zero, red above.

    Args:
        weights: (F, h, w), or (F, C, h, w): then one row a filter, one column a channel.
        titles: one for each filter.
        title: of the whole figure.

    Returns:
        The Axes, shape (F,), or (F, C) for four-dimensional weights.

    Raises:
        ValueError: weights of another number of axes, or another number of titles.
    """
    array = np.asarray(weights, dtype=float)
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise ValueError(f"weights must have shape (F, h, w) or (F, C, h, w), got {array.shape}")
    if titles is not None and len(titles) != len(array):
        raise ValueError(f"titles must have one entry for each of {len(array)} filters, got {len(titles)}")
    by_channel = array if array.ndim == 4 else array[np.newaxis]  # three axes: all filters in one row
    limit = float(np.abs(array).max()) or 1.0
    rows, columns = by_channel.shape[:2]
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.6 * columns + 1, 1.7 * rows + 0.5), layout="constrained", squeeze=False
    )
    for ax, filter_ in zip(axes.flat, by_channel.reshape(-1, *array.shape[-2:]), strict=True):
        picture = ax.imshow(filter_, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set(xticks=[], yticks=[])
    for k in range(len(array)):
        first = axes[k, 0] if array.ndim == 4 else axes[0, k]
        first.set_title(titles[k] if titles else f"filter {k}", fontsize=9)
    figure.colorbar(picture, ax=axes, label="weight", shrink=0.8)
    figure.suptitle(title)
    return axes if array.ndim == 4 else axes[0]


def loss_curve(train: ArrayLike, validation: ArrayLike | None = None, title: str = "Loss") -> Axes:
    """Draw the loss after each epoch, and mark the best epoch of the validation loss.

    Args:
        train: (epochs,).
        validation: (epochs,) or None.
        title: of the picture.

    Raises:
        ValueError: a curve that is not one-dimensional, or curves of different lengths.
    """
    curve = _array("train", train, 1)
    _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    epochs = np.arange(1, len(curve) + 1)
    ax.plot(epochs, curve, color=BLUE, label="training")
    if validation is not None:
        held_out = _array("validation", validation, 1)
        if len(held_out) != len(curve):
            raise ValueError(f"validation must have one loss for each of {len(curve)} epochs, got {len(held_out)}")
        ax.plot(epochs, held_out, color=ORANGE, linestyle="--", label="validation")
        best = int(np.nanargmin(held_out))
        ax.plot(best + 1, held_out[best], "o", color=ORANGE, label=f"best: {held_out[best]:.4g} after epoch {best + 1}")
    ax.legend()
    ax.set(title=title, xlabel="epoch", ylabel="loss")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def toeplitz(matrix: ArrayLike, title: str = "The matrix of a convolution", ax: Axes | None = None) -> Axes:
    """Show a weight matrix: equal weights in equal colours, zeros pale, numbers where there is room.

    Args:
        matrix: (outputs, inputs).
        title: of the picture.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: a matrix that is not two-dimensional.
    """
    weights = _array("matrix", matrix, 2)
    values, which = np.unique(weights[weights != 0], return_inverse=True)
    shade = np.full(weights.shape, np.nan)
    shade[weights != 0] = (which.ravel() + 0.5) / len(values) if len(values) else 0
    if ax is None:
        side = 0.45 * max(weights.shape)
        _, ax = plt.subplots(figsize=(min(9, max(3.5, side)), min(7, max(3, side))), layout="constrained")
    colours = plt.get_cmap("viridis").with_extremes(bad=PALE)
    ax.imshow(np.ma.masked_invalid(shade), cmap=colours, vmin=0, vmax=1)
    ax.set(title=title, xlabel="input j", ylabel="output i")
    _label_cells(ax, weights.shape)
    if max(weights.shape) <= WRITTEN:
        for (i, j), weight in np.ndenumerate(weights):
            dark = weight != 0 and shade[i, j] < 0.6
            ax.text(j, i, f"{weight:.3g}", ha="center", va="center", fontsize=9, color="white" if dark else INK)
    return ax


def sliding_window(x: ArrayLike, kernel: ArrayLike, output: ArrayLike | None = None) -> FuncAnimation:
    """Play a window that slides over a signal or an image, product by product (stride 1, no padding).

    Args:
        x: (n,) or (H, W).
        kernel: (m,) or (M, N), no larger than x.
        output: what the student's function gave, shown as it is, right or wrong; by the formula
            sum_m sum_n x[i + m, j + n] kernel[m, n] if None.

    Returns:
        The animation, one frame for each place of the window; in a notebook it shows as a player.

    Raises:
        ValueError: arrays that are neither both one- nor both two-dimensional, a kernel that is larger than x, or an
            output of another shape than the places of the window.
    """
    signal, weights = np.asarray(x, dtype=float), np.asarray(kernel, dtype=float)
    if signal.ndim not in (1, 2) or weights.ndim != signal.ndim:
        raise ValueError(f"x and kernel must both be (n,) or both (H, W), got {signal.shape} and {weights.shape}")
    flat = signal.ndim == 1
    image, window = np.atleast_2d(signal), np.atleast_2d(weights)
    places = (image.shape[0] - window.shape[0] + 1, image.shape[1] - window.shape[1] + 1)
    if min(places) < 1 or 0 in window.shape:
        raise ValueError(f"kernel must fit into x of shape {signal.shape}, got shape {weights.shape}")
    views = np.lib.stride_tricks.sliding_window_view(image, window.shape)
    result = np.einsum("ijmn,mn->ij", views, window) if output is None else np.atleast_2d(np.asarray(output, float))
    if result.shape != places:
        wanted, came = (places[1:], result.shape[1:]) if flat else (places, result.shape)
        raise ValueError(f"output must have shape {wanted}, one entry for each place, got {came}")
    return _Film(image, window, result, flat)


class _Film(FuncAnimation):
    """Three panels: the input with the window on it, the products in the window, the output as it fills."""

    def __init__(self, image: NDArray, kernel: NDArray, result: NDArray, flat: bool) -> None:
        self.image, self.kernel, self.result, self.flat = image, kernel, result, flat
        widths = [max(array.shape[1], 3) for array in (image, kernel, result)]
        figure, self.axes = plt.subplots(
            1, 3, figsize=(9, 1.9 if flat else 3.6), width_ratios=widths, layout="constrained"
        )
        super().__init__(figure, self.draw, frames=result.size, interval=700, repeat=False)
        plt.close(figure)  # or the notebook would show the last frame as well

    def draw(self, frame: int) -> list[Any]:
        i, j = divmod(frame, self.result.shape[1])
        M, N = self.kernel.shape
        inside = self.image[i : i + M, j : j + N]
        filled = np.where(np.arange(self.result.size).reshape(self.result.shape) <= frame, self.result, np.nan)
        place = f"i = {j}" if self.flat else f"(i, j) = ({i}, {j})"
        for ax in self.axes:
            ax.clear()
        before, products, after = self.axes
        _cells(before, self.image, self.image, f"input, window at {place}")
        before.add_patch(Rectangle((j - 0.5, i - 0.5), N, M, fill=False, edgecolor=ORANGE, linewidth=3, zorder=5))
        _cells(products, inside * self.kernel, self.image, "input × kernel",
               [f"{a:.3g}·{k:.3g}" for a, k in zip(inside.flat, self.kernel.flat, strict=True)])  # fmt: skip
        _cells(after, filled, self.result, f"their sum: {self.result[i, j]:.4g}")
        after.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=3, zorder=5))
        return []

    def _repr_html_(self) -> str:
        # matplotlib leaves this to a setting; a notebook should show the player without one
        html: str = self.to_jshtml(default_mode="once")
        return html


def _cells(ax: Axes, values: NDArray, scale: NDArray, title: str, words: list[str] | None = None) -> None:
    colours = plt.get_cmap("Blues").with_extremes(bad="white")
    low, high = float(np.nanmin(scale)), float(np.nanmax(scale))
    ax.imshow(values, cmap=colours, vmin=low, vmax=high + (high - low or 1))  # pale enough for dark numbers
    ax.set_title(title, fontsize=10)
    _label_cells(ax, values.shape)
    if max(values.shape) <= WRITTEN:
        texts = words or [f"{value:.3g}" for value in values.flat]
        for (i, j), text in zip(np.ndindex(values.shape), texts, strict=True):
            if text != "nan":
                ax.text(j, i, text, ha="center", va="center", fontsize=9 if words is None else 8, color=INK)


def _label_cells(ax: Axes, shape: tuple[int, ...]) -> None:
    """Thin lines between the cells and an index on each, while there is room for them."""
    rows, columns = shape
    if max(shape) > WRITTEN:
        return
    ax.set_xticks(range(columns))
    ax.set_yticks(range(rows) if rows > 1 else [])
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="both", length=0, labelsize=8)


def _array(name: str, value: ArrayLike, ndim: int) -> NDArray[np.float64]:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers in {ndim} dimensions, got {type(value).__name__}") from None
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"{name} must have {ndim} non-empty dimensions, got shape {array.shape}")
    return array
