"""The course's data, shipped with it: no notebook needs the network.

    images, labels = mnist("train", size=1000)     # (1000, 28, 28) float32 in [0, 1], (1000,) int64
    photograph = image("camera")                   # (256, 256) float32 in [0, 1]
    surnames, labels, countries = names("train")   # 4,180 strings, (4180,) int64, 11 strings

`datasets/README.md` tells where each file comes from and under which licence.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHA256 = {
    "mnist_10k.npz": "f1a23f2fb1a1c97bb00a811807ddd50a888dbcdcdead94147993273c22ee3f37",
    "camera.npz": "564c0994122bececb5a2d670a2e5472236d6f597346c5f5cf8238f926e2206d1",
    "names.npz": "30ba9ed8d1368b1c5251da5a6644f99dc1c5c94d8539ccf19066134315a11270",
}
TRAINING_DIGITS = 8000  # the file is shuffled: the first 8,000 train, the last 2,000 test
TRAINING_NAMES = 4180  # 380 of each country, shuffled; the 95 others of each follow
IMAGES = ("camera",)


def mnist(split: str = "train", size: int | None = None) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Handwritten digits of MNIST: 8,000 to train with, 2,000 to test with.

    Args:
        split: "train" or "test".
        size: how many, from the front (they are in random order); all of them if None.

    Returns:
        images (size, 28, 28), float32 from 0 (background) to 1 (ink), and labels (size,), int64 from 0 to 9.

    Raises:
        ValueError: for another split, or a size that the split does not have.
        TypeError: for a size that is no integer.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    data = _load("mnist_10k.npz")
    part = slice(None, TRAINING_DIGITS) if split == "train" else slice(TRAINING_DIGITS, None)
    pixels, labels = data["images"][part], data["labels"][part]
    if size is not None:
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
            raise TypeError(f"size must be an integer or None, got {size!r}")
        if not 1 <= size <= len(labels):
            raise ValueError(f"size must be from 1 to {len(labels)}, the digits in {split!r}, got {size}")
    return pixels[:size].astype(np.float32) / np.float32(255), labels[:size].astype(np.int64)


def image(name: str = "camera") -> NDArray[np.float32]:
    """A grey photograph, float32 from 0 (black) to 1 (white).

    Args:
        name: "camera", a photographer behind a tripod, shape (256, 256).

    Raises:
        ValueError: there is no image of that name.
    """
    if name not in IMAGES:
        raise ValueError(f"name must be one of {', '.join(map(repr, IMAGES))}, got {name!r}")
    pixels: NDArray[np.uint8] = _load(f"{name}.npz")["image"]
    return pixels.astype(np.float32) / np.float32(255)


def names(split: str = "train") -> tuple[list[str], NDArray[np.int64], list[str]]:
    """Surnames of eleven countries of origin: 380 of each to train with, 95 of each to test with, in random order.

    They are as they are written there, capitals, diacritics, spaces and apostrophes included ("Szczęsny", "van Loon");
    a name that is at home in two of the countries is left out. Always guessing the same country is right for 1 in 11.

    Args:
        split: "train" or "test".

    Returns:
        surnames, a list of N strings; labels (N,), int64 from 0 to 10; countries, a list of 11 strings, so that
        surnames[i] comes from countries[labels[i]].

    Raises:
        ValueError: for another split.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    data = _load("names.npz")
    part = slice(None, TRAINING_NAMES) if split == "train" else slice(TRAINING_NAMES, None)
    return data["names"][part].tolist(), data["labels"][part].astype(np.int64), data["countries"].tolist()


@cache
def _load(name: str) -> dict[str, NDArray]:
    path = _folder() / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        state = "damaged" if content else "missing"
        raise RuntimeError(
            f"The data file {path} is {state}; install the course again, or copy the file from its origin."
        )
    with np.load(io.BytesIO(content)) as file:
        return {key: file[key] for key in file.files}


def _folder() -> Path:
    """Inside an installed kit and a student's bundle beside this file; in a checkout at its top."""
    beside = Path(__file__).parent / "datasets"
    return beside if beside.is_dir() else Path(__file__).parents[2] / "datasets"
