"""Pictures of what a student just built. Colours are safe for colour-blind eyes; every function returns its `Axes`."""

from __future__ import annotations

import re
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
FRAMES = 40  # of a film at most: each takes about 0.1 s and 20 kB
# The player draws its buttons with a font from the network, which no notebook may need.
BUTTONS = {"minus": "−", "fast-backward": "⏮", "step-backward": "◂", "play fa-flip-horizontal": "◀", "pause": "❚❚",
           "play": "▶", "step-forward": "▸", "fast-forward": "⏭", "plus": "+"}  # fmt: skip


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
        ValueError: no image, an image that is not two-dimensional, another number of titles, or columns below 1.
    """
    if np.ndim(columns) or not isinstance(columns, int | np.integer) or columns < 1:
        raise ValueError(f"columns must be an integer of at least 1, got {columns!r}")
    if not np.iterable(images):
        raise ValueError(f"images must be a sequence of (H, W) arrays, got {type(images).__name__}")
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
        weights: (F, h, w), eight in a row, or (F, C, h, w): then one row a filter, one column a channel.
        titles: one for each filter.
        title: of the whole figure.

    Returns:
        The Axes, shape (F,), or (F, C) for four-dimensional weights.

    Raises:
        ValueError: weights of another number of axes, or another number of titles.
    """
    array = _array("weights", weights, 3, 4)
    if titles is not None and len(titles) != len(array):
        raise ValueError(f"titles must have one entry for each of {len(array)} filters, got {len(titles)}")
    limit = _largest(array)
    rows, columns = array.shape[:2] if array.ndim == 4 else (-(-len(array) // 8), min(len(array), 8))
    figure, axes = plt.subplots(
        rows, columns, figsize=(1.6 * columns + 1, 1.7 * rows + 0.5), layout="constrained", squeeze=False
    )
    for ax, filter_ in zip(axes.flat, array.reshape(-1, *array.shape[-2:]), strict=False):
        picture = ax.imshow(filter_, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set(xticks=[], yticks=[])
    for ax in axes.flat[rows * columns if array.ndim == 4 else len(array) :]:
        ax.axis("off")
    for k in range(len(array)):
        first = axes[k, 0] if array.ndim == 4 else axes.flat[k]
        first.set_title(titles[k] if titles is not None else f"filter {k}", fontsize=9)
    figure.colorbar(picture, ax=axes, label="weight", shrink=0.8)
    figure.suptitle(title)
    return axes if array.ndim == 4 else axes.ravel()[: len(array)]


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
    held_out = None if validation is None else _array("validation", validation, 1)
    if held_out is not None and len(held_out) != len(curve):
        raise ValueError(f"validation must have one loss for each of {len(curve)} epochs, got {len(held_out)}")
    _, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    epochs = np.arange(1, len(curve) + 1)
    dot = "." if len(curve) <= 2 else None  # one epoch makes no line
    ax.plot(epochs, curve, color=BLUE, marker=dot, label="training")
    if held_out is not None:
        ax.plot(epochs, held_out, color=ORANGE, linestyle="--", marker=dot, label="validation")
    if held_out is not None and not np.isnan(held_out).all():  # a training run that diverged has no best epoch
        best = int(np.nanargmin(held_out))
        ax.plot(best + 1, held_out[best], "o", color=ORANGE, label=f"best: {held_out[best]:.4g} after epoch {best + 1}")
    ax.legend()
    ax.set(title=title, xlabel="epoch", ylabel="loss")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
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
        The animation, one frame for each place of the window (40 places, evenly spread, where there are more); in a
        notebook it shows as a player, which needs no network.

    Raises:
        ValueError: arrays that are neither both one- nor both two-dimensional, a kernel that is larger than x, or an
            output of another shape than the places of the window.
    """
    signal, weights = _array("x", x, 1, 2), _array("kernel", kernel, 1, 2)
    if weights.ndim != signal.ndim:
        raise ValueError(f"x and kernel must both be (n,) or both (H, W), got {signal.shape} and {weights.shape}")
    places = tuple(n - m + 1 for n, m in zip(signal.shape, weights.shape, strict=True))
    if min(places) < 1:
        raise ValueError(f"kernel must fit into x of shape {signal.shape}, got shape {weights.shape}")
    windows = np.lib.stride_tricks.sliding_window_view(signal, weights.shape)
    products = windows * weights  # (places..., kernel...)
    result = products.sum(axis=tuple(range(-signal.ndim, 0))) if output is None else np.asarray(output)
    if result.dtype.kind not in "biuf":
        raise ValueError(f"output must hold real numbers, got {result.dtype}")
    if result.shape != places:
        raise ValueError(f"output must have shape {places}, one entry for each place, got {result.shape}")
    return _Film(signal, weights, products, result.astype(float), "output" if output is None else "your output")


class _Film(FuncAnimation):
    """Three panels: the input with the window on it, the products in the window, the output as it fills.

    The panels of a signal stand below one another, so that each number stands under those it was made from.
    """

    def __init__(self, x: NDArray, kernel: NDArray, products: NDArray, result: NDArray, name: str) -> None:
        self.flat = x.ndim == 1
        self.name = name
        self.image, self.kernel, self.result = np.atleast_2d(x), np.atleast_2d(kernel), np.atleast_2d(result)
        self.products = products.reshape(self.result.shape + self.kernel.shape)
        self.limits = [_largest(array) for array in (x, products, result)]
        count = min(self.result.size, FRAMES)
        self.steps = np.linspace(0, self.result.size - 1, count).round().astype(int)
        figure, self.axes = self._panels()
        M, N = self.kernel.shape
        self.before = _Panel(self.axes[0], self.image.shape, self.limits[0], (M, N))
        self.between = _Panel(self.axes[1], self.kernel.shape, self.limits[1])
        self.after = _Panel(self.axes[2], self.result.shape, self.limits[2], (1, 1))
        for ax, array in zip(self.axes, (self.image, self.kernel, self.result), strict=True):
            _label_cells(ax, self.image.shape if self.flat else array.shape)  # a signal's panels share their axis
        super().__init__(figure, self.draw, frames=count, interval=700, repeat=False)
        plt.close(figure)  # or the notebook would show the last frame as well
        self.draw(0)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once: panels that jump from frame to frame are hard to follow

    def _panels(self) -> tuple[Any, Any]:
        if self.flat:
            width = min(11.0, max(4.5, 0.8 * self.image.shape[1]))
            return plt.subplots(3, 1, figsize=(width, 4.2), layout="constrained", sharex=True)
        widest = self.image.shape[1]  # a small panel still needs room for its words
        widths = [max(array.shape[1], 3, 0.6 * widest) for array in (self.image, self.kernel, self.result)]
        return plt.subplots(1, 3, figsize=(10, 3.8), width_ratios=widths, layout="constrained")

    def draw(self, frame: int) -> list[Any]:
        """Draw one place of the window, and the output up to it."""
        step = int(self.steps[frame])
        i, j = divmod(step, self.result.shape[1])
        M, N = self.kernel.shape
        inside, products = self.image[i : i + M, j : j + N], self.products[i, j]
        reached = np.arange(self.result.size).reshape(self.result.shape) <= step
        place, left = (f"{j}", j) if self.flat else (f"{i}, {j}", 0)

        numbers = [_number(value) for value in self.image.flat]
        self.before.show(self.image, numbers, f"input, window at {place if self.flat else f'({place})'}", (i, j))

        words = [f"{_number(a)} · {_number(k)}" for a, k in zip(inside.flat, self.kernel.flat, strict=True)]
        if any(len(word) > 9 for word in words):
            words = [word.replace(" · ", "\n· ") for word in words]
        self.between.show(products, words, f"input · kernel, sum {_number(products.sum())}", left=left)

        shown = np.ma.masked_array(self.result, mask=~reached)
        values = [_number(v) if seen else "" for v, seen in zip(self.result.flat, reached.flat, strict=True)]
        self.after.show(shown, values, f"{self.name}[{place}] = {_number(self.result[i, j])}", (i, j))
        if self.flat:
            self.before.ax.set_xlim(-0.5, self.image.shape[1] - 0.5)
        return []

    def _repr_html_(self) -> str:
        # matplotlib leaves this to a setting; a notebook should show the player without one
        html: str = self.to_jshtml(default_mode="once")
        html = re.sub(r'<link rel="stylesheet"[^>]*>', "", html)
        return re.sub(r'<i class="fa fa-([\w -]+)"></i>', lambda icon: BUTTONS.get(icon[1], icon[1]), html)

    def __del__(self) -> None:
        """Say nothing: a film that was made and never shown is no mistake."""


class _Panel:
    """Cells with their numbers, and a frame around some of them; made once and changed from frame to frame."""

    def __init__(self, ax: Axes, shape: tuple[int, int], limit: float, frame: tuple[int, int] | None = None) -> None:
        self.ax = ax
        ax.set_facecolor(PALE)
        # Half of the colours only: blue below zero, white at zero, red above, all pale enough for dark numbers.
        self.cells = ax.imshow(np.zeros(shape), cmap="RdBu_r", vmin=-2 * limit, vmax=2 * limit)
        ax.set_title("", fontsize=10)
        rows, columns = shape
        written = rows <= 10 and columns <= (14 if rows == 1 else 10)
        centred: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "color": INK}
        self.words = [ax.text(j, i, "", **centred) for i, j in np.ndindex(shape)] if written else []
        self.frame = None
        if frame:
            height, width = frame
            self.frame = Rectangle((0, 0), width, height, fill=False, edgecolor=INK, linewidth=2.5, zorder=5)
            ax.add_patch(self.frame)

    def show(self, values: NDArray, words: list[str], title: str, at: tuple[int, int] = (0, 0), left: int = 0) -> None:
        rows, columns = values.shape
        self.cells.set_data(values)
        self.cells.set_extent((left - 0.5, left + columns - 0.5, rows - 0.5, -0.5))
        self.ax.title.set_text(title)
        for place, (text, word) in enumerate(zip(self.words, words, strict=False)):
            text.set(text=word, x=left + place % columns)
        if self.frame:
            self.frame.set_xy((at[1] - 0.5, at[0] - 0.5))


def _number(value: float) -> str:
    return f"{value + 0.0:.3g}".replace("-", "−")  # + 0.0: no minus before zero


def _largest(array: NDArray) -> float:
    """The largest finite magnitude, or 1 where there is none."""
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max(initial=0.0)) or 1.0


def _label_cells(ax: Axes, shape: tuple[int, ...]) -> None:
    """Thin lines between the cells and an index on each, while there is room for them."""
    rows, columns = shape
    if rows == 1:
        ax.set_yticks([])
    if max(shape) > WRITTEN:
        return
    ax.set_xticks(range(columns))
    ax.set_yticks(range(rows) if rows > 1 else [])
    ax.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="both", length=0, labelsize=8)


def _array(name: str, value: ArrayLike, *ndims: int) -> NDArray[np.float64]:
    expected = " or ".join(map(str, ndims))
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers in {expected} dimensions, got {type(value).__name__}")
    if array.ndim not in ndims or array.size == 0:
        raise ValueError(f"{name} must have {expected} non-empty dimensions, got shape {array.shape}")
    return array.astype(float)
