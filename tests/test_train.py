"""`course train`: accuracy and pictures of every model, wrong use, Ctrl-C, and LeNet-5's digits turned and moved."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from course import cli
from course.kit import data
from course.training import lenet, names

COURSE = str(Path(sys.executable).parent / "course")
PICTURES = {
    "lenet": ["confusion.png", "filters.png", "loss.png", "mistakes.png"],
    "logistic": ["confusion.png", "loss.png", "mistakes.png", "weights.png"],
    "mlp": ["confusion.png", "loss.png", "mistakes.png", "weights.png"],
    "names": ["confusion.png", "letters.png", "loss.png"],
}


@pytest.fixture
def train(tmp_path):
    """Runs the command in a process of its own, which may choose the number of its threads, in `tmp_path`."""

    def call(*arguments):
        done = subprocess.run(
            [COURSE, "train", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return call


def accuracies(out):
    return [float(percent) / 100 for percent in re.findall(r"test accuracy (\d+\.\d\d)%", out)]


@pytest.mark.parametrize(("model", "at_least"), [
    ("lenet", [0.85]), ("logistic", [0.8]), ("mlp", [0.85]), ("names", [0.55, 0.45]),
])  # fmt: skip
def test_a_model_is_trained_tested_and_drawn(train, tmp_path, model, at_least):
    # epochs so few that only a mistake in the program stays below these accuracies
    status, out, _ = train(model, "--epochs", "1", "--seed", "1")
    assert status == 0
    reached = accuracies(out)
    assert len(reached) == len(at_least)
    assert all(accuracy >= least for accuracy, least in zip(reached, at_least, strict=True)), reached
    folder = tmp_path / f"course-train-{model}"
    assert sorted(path.name for path in folder.iterdir()) == PICTURES[model]
    assert all(path.read_bytes().startswith(b"\x89PNG\r\n") for path in folder.iterdir())
    assert re.search(rf"^Pictures in {folder.name}: .*\.png\.$", out, re.M)
    assert re.search(r"^1 epochs?, finished; \d+ s in all\.$", out, re.M)


def test_the_same_seed_gives_the_same_pictures_wherever_they_go(train, tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    printed = []
    for out in ("new/pictures", "."):  # made with its parents, or there already
        status, words, _ = train("logistic", "--epochs", "1", "--seed", "7", "--out", out)
        assert status == 0
        assert f"Pictures in {out}: " in words
        printed.append(words.splitlines()[0])
    assert printed[0] == printed[1]
    for name in PICTURES["logistic"]:
        assert (tmp_path / name).read_bytes() == (tmp_path / "new" / "pictures" / name).read_bytes()
    assert (tmp_path / "kept.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument.*MODEL"),
        (["alexnet"], "'alexnet' is not one of 'lenet', 'logistic', 'mlp', 'names'"),
        (["lenet", "--epochs", "0"], "--epochs.*0 is not in the range"),
        (["lenet", "--epochs", "many"], "'many' is not a valid integer"),
        (["lenet", "--seed", "-1"], "--seed.*-1 is not in the range"),
        (["lenet", "--out", "file.txt"], r"file\.txt cannot be used: File exists"),
        (["lenet", "--out", "file.txt/inside"], r"cannot be used: Not a directory"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(capsys, monkeypatch, tmp_path, arguments, says):
    (tmp_path / "file.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    status = cli.main(["train", *arguments])
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert re.fullmatch(r"course: [^\n]+\.\n", err), err
    assert re.search(says, err)
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_ctrl_c_tests_and_draws_what_was_learned_until_then(tmp_path):
    command = [COURSE, "train", "logistic", "--epochs", "100000", "--out", str(tmp_path)]
    with (tmp_path / "err.txt").open("w") as err:
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True)
        began = time.monotonic()
        while "epoch 2" not in (tmp_path / "err.txt").read_text():  # the bar: it has learned something
            assert running.poll() is None
            assert time.monotonic() - began < 30
            time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert accuracies(out)[0] > 0.8
    assert "epochs, interrupted;" in out
    assert "Traceback" not in (tmp_path / "err.txt").read_text()
    assert {"loss.png", "confusion.png"} <= {path.name for path in tmp_path.iterdir()}


def test_digits_are_turned_and_moved_a_little():
    images = data.mnist("test", 50)[0][:, None]
    before = images.copy()
    varied = lenet.turn_and_move(images, np.random.default_rng(0))
    np.testing.assert_array_equal(images, before)
    assert (varied.shape, varied.dtype) == (images.shape, np.float32)
    assert varied.min() >= 0
    assert varied.max() <= 1 + 1e-6
    assert all(abs(new.sum() / old.sum() - 1) < 0.4 for new, old in zip(varied, images, strict=True))
    assert not any(np.array_equal(new, old) for new, old in zip(varied, images, strict=True))
    np.testing.assert_array_equal(varied, lenet.turn_and_move(images, np.random.default_rng(0)))


def test_digits_that_are_turned_by_nothing_stay_as_they_are():
    class Still:
        """A generator that draws the middle of every range."""

        def uniform(self, low, high, size):
            return np.full(size, (low + high) / 2)

    images = data.mnist("test", 5)[0][:, None]
    np.testing.assert_allclose(lenet.turn_and_move(images, Still())[..., :-1, :-1], images[..., :-1, :-1], atol=1e-6)


def test_letters_are_counted_in_any_order():
    np.testing.assert_array_equal(names.count_letters(["anna", "nan", "ö"], ["a", "n"]), [[2, 2], [1, 2], [0, 0]])
