"""The shipped data: what comes back, what is refused, and where the files are found."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from course.kit import data

ROOT = Path(__file__).resolve().parents[2]
DATASETS = ROOT / "datasets"


@pytest.mark.parametrize(("split", "counts"), [
    ("train", [784, 882, 805, 828, 789, 679, 811, 882, 755, 785]),
    ("test", [217, 245, 186, 204, 191, 184, 203, 188, 189, 193]),
])  # fmt: skip
def test_a_split_has_the_digits_that_the_readme_counts(split, counts):
    images, labels = data.mnist(split)
    assert images.shape == (sum(counts), 28, 28)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert np.bincount(labels).tolist() == counts
    assert " | ".join(map(str, counts)) in (DATASETS / "README.md").read_text(encoding="utf-8")


def test_the_splits_are_the_two_parts_of_the_file():
    with np.load(DATASETS / "mnist_10k.npz") as file:
        pixels, labels = file["images"], file["labels"]
    for split, part in {"train": slice(0, 8000), "test": slice(8000, 10000)}.items():
        images, names = data.mnist(split)
        np.testing.assert_array_equal(np.rint(images * 255), pixels[part])
        np.testing.assert_array_equal(names, labels[part])
    assert len(np.unique(pixels, axis=0)) == 10_000, "an image occurs twice, perhaps in both splits"


@pytest.mark.parametrize("size", [1, 7, 2000, np.int64(3)])
def test_a_size_takes_the_first_of_the_split(size):
    images, labels = data.mnist("test", size)
    everything = data.mnist("test")
    assert len(images) == len(labels) == size
    np.testing.assert_array_equal(images, everything[0][:size])
    np.testing.assert_array_equal(labels, everything[1][:size])


def test_the_photograph():
    photograph = data.image("camera")
    assert (photograph.shape, photograph.dtype) == ((256, 256), np.float32)
    with np.load(DATASETS / "camera.npz") as file:
        np.testing.assert_array_equal(np.rint(photograph * 255), file["image"])
    assert (photograph.min(), photograph.max()) == (np.float32(2 / 255), 1)
    assert photograph[:30].mean() > 3 * photograph[-60:, 20:60].mean(), "bright sky above, a dark coat below"


@pytest.mark.parametrize(("split", "each"), [("train", 380), ("test", 95)])
def test_names_come_in_equal_numbers_from_each_country(split, each):
    surnames, labels, countries = data.names(split)
    assert len(countries) == 11
    assert countries == sorted(countries)
    assert len(surnames) == len(labels) == 11 * each
    assert labels.dtype == np.int64
    assert np.bincount(labels).tolist() == [each] * 11
    assert {type(text) for text in surnames + countries} == {str}
    assert len(set(labels[:60])) > 5, "in random order"


def test_no_name_is_of_two_countries_or_in_both_splits():
    surnames = data.names("train")[0] + data.names("test")[0]
    assert len({surname.casefold() for surname in surnames}) == len(surnames) == 5225
    assert all(re.fullmatch(r"[^\W\d_]+([ '-]+[^\W\d_]+)*", surname) for surname in surnames)
    assert all(unicodedata.is_normalized("NFC", surname) for surname in surnames)
    assert {unicodedata.name(letter)[:5] for letter in "".join(surnames) if letter.isalpha()} == {"LATIN"}


def test_the_readme_lists_the_countries_in_the_order_of_their_labels():
    rows = re.findall(r"^\| (\d+) \| ([A-Z][\w ]+) \| `", (DATASETS / "README.md").read_text("utf-8"), re.M)
    assert rows == [(str(label), country) for label, country in enumerate(data.names()[2])]


@pytest.mark.parametrize(("end", "country"), [("ović", "Croatia"), ("ström", "Sweden"), ("mann", "Austria")])
def test_most_names_with_a_country_s_ending_have_its_label(end, country):
    surnames, labels, countries = data.names("train")
    found = [countries[label] for surname, label in zip(surnames, labels, strict=True) if surname.endswith(end)]
    assert found.count(country) > len(found) / 2


def test_each_caller_gets_arrays_of_its_own():
    for read in (
        lambda: data.mnist("test", 4)[0], lambda: data.mnist("test", 4)[1], data.image, lambda: data.names("test")[1],
    ):  # fmt: skip
        mine = read()
        kept = mine.copy()
        mine[:] = 5
        np.testing.assert_array_equal(read(), kept)


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: data.mnist("valid"), ValueError, r"split .*'train'.*'test'.*'valid'"),
    (lambda: data.mnist("test", 0), ValueError, r"size .*1 to 2000.*got 0"),
    (lambda: data.mnist("train", 8001), ValueError, r"size .*1 to 8000.*got 8001"),
    (lambda: data.mnist("train", 2.0), TypeError, r"size .*integer.*got 2\.0"),
    (lambda: data.mnist("train", True), TypeError, r"size .*integer.*got True"),
    (lambda: data.names("valid"), ValueError, r"split .*'train'.*'test'.*'valid'"),
    (lambda: data.image("lena"), ValueError, r"name .*'camera'.*'lena'"),
])  # fmt: skip
def test_wrong_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_readme_and_code_name_the_hash_that_each_file_has():
    rows = re.findall(r"^\| `(\w+\.npz)` .* `([0-9a-f]{64})` \|$", (DATASETS / "README.md").read_text("utf-8"), re.M)
    actual = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in DATASETS.glob("*.npz")}
    assert dict(rows) == actual == data.SHA256


@pytest.fixture
def bundle(tmp_path):
    """The kit as the students' zip holds it: the package, and the data inside it."""
    kit = tmp_path / "course" / "kit"
    kit.mkdir(parents=True)
    for module in ("course/__init__.py", "course/kit/__init__.py", "course/kit/data.py"):
        shutil.copy(ROOT / module, tmp_path / module)
    (kit / "datasets").mkdir()
    for name in data.SHA256:
        shutil.copy(DATASETS / name, kit / "datasets" / name)
        (kit / "datasets" / name).chmod(0o644)
    return tmp_path


def run_in(bundle, code):
    # -P and PYTHONPATH: only the bundle can be the `course` that is found, not the checkout's editable install
    environment = os.environ | {"PYTHONPATH": str(bundle)}
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, cwd=bundle, env=environment, capture_output=True, text=True, timeout=60)


def test_the_bundle_reads_its_own_data_without_network_or_other_packages(bundle):
    done = run_in(bundle, (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from course.kit import data\n"
        "images, labels = data.mnist('test', 5)\n"
        "print(data.__file__, images.shape, data.image().shape, len(data.names()[0]))\n"
        "print(*({'matplotlib', 'scipy', 'solutions', 'course.authoring', 'course.grading'} & set(sys.modules)))\n"
    ))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{bundle / 'course/kit/data.py'} (5, 28, 28) (256, 256) 4180\n\n"


@pytest.mark.parametrize(("harm", "word"), [
    (lambda path: path.write_bytes(path.read_bytes()[:-1]), "damaged"),
    (lambda path: path.unlink(), "missing"),
])  # fmt: skip
def test_a_damaged_or_missing_file_is_named_with_the_mend(bundle, harm, word):
    harm(bundle / "course/kit/datasets/camera.npz")
    done = run_in(bundle, "from course.kit import data; data.image()")
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert f"camera.npz is {word}" in last
    assert "install the course again" in last
