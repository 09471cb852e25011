"""How fast `solutions` is beside its peers, measured in one run on the same threads, in float32.

    python tests/benchmarks/solutions_speed.py                 # everything, some minutes
    python tests/benchmarks/solutions_speed.py lenet mlp       # some of it
    python tests/benchmarks/solutions_speed.py --runs 9 conv

needs the extra `bench`. A ratio is the peer's time over ours, so above 1 is faster than the peer. Ours and the peer's
runs take turns, and the medians are compared: on a busy machine both suffer, and the ratio stays.

A setting such as OPENBLAS_CORETYPE holds NumPy to an older processor's instructions and nobody else: unset it first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from scipy.signal import correlate
from sklearn.neural_network import MLPClassifier as PeerMLP
from torch import nn

import solutions
from solutions import layers, losses, models, optim, training

THREADS = 2
BLOCKS = 3
Row = tuple[str, float, float]  # what, our seconds, the peer's seconds
rng = np.random.default_rng(0)


def medians(ours: Callable[[], object], peer: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median seconds of both, in blocks that take turns.

    The threads of a library go on waiting busily for a while after their last work, and would slow down the other one:
    so each block begins with a pause and a warm-up.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(BLOCKS):
        for function, kept in zip((ours, peer), times, strict=True):
            time.sleep(0.3)
            function()
            for _ in range(max(1, runs // BLOCKS)):
                began = time.perf_counter()
                function()
                kept.append(time.perf_counter() - began)
    return float(np.median(times[0])), float(np.median(times[1]))


def normal(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def training_step(model: layers.Layer, x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    """A step as `training.fit` takes it. Neither library computes the gradient by x, which no step needs."""
    optimizer, loss = optim.SGD(model.parameters(), lr=0.01, momentum=0.9), losses.CrossEntropyLoss()

    def step() -> None:
        optimizer.zero_grad()
        loss.forward(model(x), y)
        with training.no_grad_x(model):
            model.backward(loss.backward())
        optimizer.step()

    return step


def peer_training_step(model: nn.Module, x: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), nn.CrossEntropyLoss()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)

    def step() -> None:
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        optimizer.step()

    return step


def lenet(runs: int) -> Iterator[Row]:
    """A training step of LeNet-5 (ReLU, max pooling), against PyTorch."""
    for batch in (32, 128, 512):
        x, y = normal(batch, 1, 28, 28), rng.integers(0, 10, batch)
        peer = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )  # fmt: skip
        yield f"batch {batch}", *medians(training_step(models.LeNet5(), x, y), peer_training_step(peer, x, y), runs)


def mlp(runs: int) -> Iterator[Row]:
    """784-256-128-10 at batch 128: a training step against PyTorch, an epoch of 4,000 examples against scikit-learn."""

    def ours() -> layers.Layer:
        return layers.Sequential(
            layers.Linear(784, 256), layers.ReLU(), layers.Linear(256, 128), layers.ReLU(), layers.Linear(128, 10)
        )

    peer = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    x, y = normal(128, 784), rng.integers(0, 10, 128)
    yield "step, PyTorch", *medians(training_step(ours(), x, y), peer_training_step(peer, x, y), runs)

    x, y = normal(4000, 784), rng.integers(0, 10, 4000)
    same = {"hidden_layer_sizes": (256, 128), "batch_size": 128, "max_iter": 1, "early_stopping": False, "tol": 0.0}

    def epoch_of_ours() -> None:
        models.MLPClassifier(**same).fit(x, y)

    def epoch_of_peer() -> None:
        PeerMLP(**same).fit(x, y)

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both say that one epoch is not enough
        yield "epoch, scikit-learn", *medians(epoch_of_ours, epoch_of_peer, max(3, runs // 4))


COURSE = (  # dimensions, batch, channels, side, filters, kernel, padding
    (1, 64, 4, 100, 8, 5, 2),
    (1, 128, 16, 50, 32, 3, 1),
    (2, 64, 1, 28, 6, 5, 2),
    (2, 64, 6, 14, 16, 5, 0),
    (2, 128, 3, 16, 8, 3, 1),
    (2, 32, 8, 12, 16, 3, 0),
    (3, 8, 1, 12, 4, 3, 1),
    (3, 8, 4, 8, 8, 3, 0),
)
LARGE = (
    (1, 16, 64, 500, 64, 5, 2),
    (2, 8, 16, 56, 16, 3, 1),
    (2, 8, 32, 56, 32, 3, 1),
    (2, 4, 64, 56, 64, 3, 1),
    (2, 8, 64, 28, 64, 3, 1),
    (2, 8, 3, 56, 64, 7, 3),
    (3, 4, 8, 24, 16, 3, 1),
    (3, 2, 16, 20, 32, 3, 1),
)


def conv(runs: int) -> Iterator[Row]:
    """Convolution forward and backward, against PyTorch: course-sized, then large; each half ends with its mean."""
    for half, cases in (("course-sized", COURSE), ("large", LARGE)):
        logs = []
        for dims, n, c, side, f, k, p in cases:
            forward = getattr(solutions, f"conv{dims}d")
            backward = getattr(solutions, f"conv{dims}d_backward")
            peer = getattr(torch.nn.functional, f"conv{dims}d")
            x, w, b = normal(n, c, *(side,) * dims), normal(f, c, *(k,) * dims), normal(f)
            tensors = [torch.from_numpy(array).requires_grad_() for array in (x, w, b)]
            grad = normal(*forward(x, w, b, padding=p).shape)
            grad_tensor = torch.from_numpy(grad)

            def ours(x=x, w=w, b=b, grad=grad, p=p, forward=forward, backward=backward) -> None:
                forward(x, w, b, padding=p)
                backward(grad, x, w, padding=p)

            def theirs(tensors=tensors, grad=grad_tensor, p=p, peer=peer) -> None:
                peer(*tensors, padding=p).backward(grad)
                for tensor in tensors:
                    tensor.grad = None

            times = medians(ours, theirs, runs)
            logs.append(np.log(times[1] / times[0]))
            yield f"{half} {dims}d N={n} C={c} side={side} F={f} K={k}", *times
        yield f"{half}, geometric mean", 1.0, float(np.exp(np.mean(logs)))


def pool(runs: int) -> Iterator[Row]:
    """Max pooling forward and backward, against PyTorch."""
    for n, c, side, k in ((64, 6, 28, 2), (64, 16, 10, 2), (8, 64, 56, 2), (16, 16, 32, 3)):
        x = normal(n, c, side, side)
        grad = normal(*solutions.max_pool2d(x, k).shape)
        tensor, grad_tensor = torch.from_numpy(x).requires_grad_(), torch.from_numpy(grad)

        def ours(x=x, k=k, grad=grad) -> None:
            solutions.max_pool2d(x, k)
            solutions.max_pool2d_backward(grad, x, k)

        def theirs(tensor=tensor, k=k, grad=grad_tensor) -> None:
            torch.nn.functional.max_pool2d(tensor, k).backward(grad)
            tensor.grad = None

        yield f"max 2d N={n} C={c} side={side} K={k}", *medians(ours, theirs, runs)


def lstm(runs: int) -> Iterator[Row]:
    """An LSTM forward and backward over padded batches as long as names, against PyTorch."""
    for n, t, d, h in ((32, 12, 32, 64), (128, 16, 32, 128)):
        x, grad = normal(n, t, d), normal(n, t, h)
        layer, peer = layers.LSTM(d, h), nn.LSTM(d, h, batch_first=True)
        inputs, grad_tensor = torch.from_numpy(x), torch.from_numpy(grad)

        def ours(layer=layer, x=x, grad=grad) -> None:
            layer(x)
            layer.backward(grad)

        def theirs(peer=peer, inputs=inputs, grad=grad_tensor) -> None:
            peer(inputs)[0].backward(grad)

        yield f"N={n} T={t} D={d} H={h}", *medians(ours, theirs, runs)


def scipy(runs: int) -> Iterator[Row]:
    """One image through one filter, against scipy.signal.correlate (direct)."""
    for side, k in ((28, 5), (256, 3), (256, 9)):
        x, w = normal(1, 1, side, side), normal(1, 1, k, k)
        yield (
            f"{side} x {side}, kernel {k} x {k}",
            *medians(
                lambda x=x, w=w: solutions.conv2d(x, w),
                lambda x=x, w=w: correlate(x[0, 0], w[0, 0], mode="valid", method="direct"),
                runs,
            ),
        )


BENCHMARKS = {function.__name__: function for function in (lenet, mlp, conv, pool, lstm, scipy)}

_PEAK = """
import re, numpy as np
def highest():  # of this process alone: getrusage would count what its parent held when it forked
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
n, c, side, f, k = 8, 32, 56, 32, 3
x = np.ones((n, c, side, side), np.float32); w = np.ones((f, c, k, k), np.float32)
{setup}
before = highest()
{work}
print(highest() - before)
"""


def memory() -> tuple[int, int]:
    """Peak memory in kB of a large convolution and its gradients: ours and PyTorch's, each in a process of its own."""
    ours = _PEAK.format(
        setup="import solutions",
        work="y = solutions.conv2d(x, w, padding=1); g = solutions.conv2d_backward(y, x, w, padding=1)",
    )
    peer = _PEAK.format(
        setup="import torch; x = torch.from_numpy(x).requires_grad_(); w = torch.from_numpy(w).requires_grad_()",
        work="y = torch.nn.functional.conv2d(x, w, padding=1); y.backward(y.detach())",
    )
    return tuple(  # type: ignore[return-value]
        int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        for code in (ours, peer)
    )


def peak() -> float:
    """Billions of operations a second of a large matrix product: the most that this machine gives NumPy."""
    a, b = normal(1500, 1500), normal(1500, 1500)
    times = []
    for _ in range(7):
        began = time.perf_counter()
        np.matmul(a, b)
        times.append(time.perf_counter() - began)
    return 2 * 1500**3 / min(times) / 1e9


def lenet_operations(batch: int) -> float:
    """Multiplications and additions that a training step of LeNet-5 needs: three products for each layer."""
    products = 28 * 28 * 25 * 6 + 10 * 10 * 150 * 16 + 400 * 120 + 120 * 84 + 84 * 10
    return 2 * batch * (3 * products - 28 * 28 * 25 * 6)  # nobody needs the gradient of the images


def main() -> None:
    parser = argparse.ArgumentParser(description="Ratios of solutions against its peers.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all when none is given")
    parser.add_argument("--runs", type=int, default=21, help="counted runs of each (default: %(default)s)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"unknown name {', '.join(sorted(unknown))}: choose from {', '.join(BENCHMARKS)}")
    torch.set_num_threads(THREADS)
    console = Console(width=110)
    held = (
        f", held to {os.environ['OPENBLAS_CORETYPE']} by OPENBLAS_CORETYPE" if "OPENBLAS_CORETYPE" in os.environ else ""
    )
    most = peak()
    console.print(f"NumPy {np.__version__} ({most:.0f} Gflop/s in a large product{held}), PyTorch {torch.__version__}")
    for name in arguments.names or BENCHMARKS:
        table = Table(
            "case", "ours, ms", "peer, ms", "ratio", title=BENCHMARKS[name].__doc__, box=None, title_justify="left"
        )
        for case, ours, theirs in BENCHMARKS[name](arguments.runs):
            mean = "mean" in case
            share = ""
            if name == "lenet":
                share = f"  ({lenet_operations(int(case.split()[1])) / ours / most / 1e7:.0f} % of the peak)"
            cells = ["", ""] if mean else [f"{1000 * ours:.2f}", f"{1000 * theirs:.2f}"]
            table.add_row(case, *cells, f"{theirs / ours:.2f}{share}")
        console.print(table, "")
    if not arguments.names or "conv" in arguments.names:
        ours_kb, peer_kb = memory()
        console.print(f"peak memory of a convolution 32 to 32 channels at 56 x 56: {ours_kb} kB, PyTorch {peer_kb} kB")


if __name__ == "__main__":
    main()
