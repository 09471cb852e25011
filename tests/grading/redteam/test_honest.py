# ruff: noqa: E501  (each attack is one entry of a table)
"""Honest students, who do many things that nobody foresaw, and lose nothing by it."""

import json

import pytest

from .conftest import MODEL, own

DOUBLES = {
    "warnings": "import warnings\ndef double(x):\n    warnings.warn('careful')\n    warnings.warn('old', DeprecationWarning)\n    return 2 * x",
    "warnings of NumPy": "def double(x):\n    np.log(np.zeros(3)) / np.zeros(3)\n    return 2 * x",
    "warnings as errors": "import warnings\nwarnings.simplefilter('error')\nnp.seterr(all='raise')\ndef double(x):\n    return 2 * x",
    "prints": "import sys\ndef double(x):\n    print('here', x)\n    print('there', file=sys.stderr)\n    return 2 * x",
    "prints without end": "def double(x):\n    for _ in range(20_000):\n        print('x' * 100)\n    return 2 * x",
    "logging": "import logging\nlogging.basicConfig(level=0)\ndef double(x):\n    logging.warning('x')\n    return 2 * x",
    "plots": "import matplotlib.pyplot as plt\ndef double(x):\n    plt.plot(np.ravel(x)); plt.show()\n    return 2 * x",
    "tqdm": "try:\n    from tqdm import tqdm\nexcept ImportError:\n    tqdm = list\ndef double(x):\n    for _ in tqdm(range(10)): pass\n    return 2 * x",
    "a slow import": "import time; time.sleep(0.1)\nimport scipy.stats, scipy.optimize\ndef double(x):\n    return 2 * x",
    "a helper above": "def helper(x):\n    return x + x\ndef double(x):\n    return helper(x)",
    "a class": "class double:\n    def __new__(cls, x):\n        return 2 * x",
    "an object that can be called": "class Double:\n    def __call__(self, x):\n        return 2 * x\ndouble = Double()",
    "a lambda": "double = lambda x: 2 * x",
    "a partial": "from functools import partial\ndouble = partial(np.multiply, 2)",
    "a ufunc": "double = np.vectorize(lambda v: 2 * v)",
    "a cached function": "from functools import lru_cache\n@lru_cache\ndef two(): return 2\ndef double(x):\n    return two() * x",
    "recursion": "def double(x, n=200):\n    return 2 * x if n == 0 else double(x, n - 1)",
    "a deep recursion": "import sys\nsys.setrecursionlimit(5000)\ndef double(x, n=2500):\n    return 2 * x if n == 0 else double(x, n - 1)",
    "lists": "def double(x):\n    return (2 * x).tolist()",
    "tuples": "def double(x):\n    return tuple(2 * x)",
    "arrays in a list": "def double(x):\n    return [2 * part for part in x]",
    "an object array": "def double(x):\n    return np.array((2 * x).tolist(), dtype=object)",
    "a matrix": "def double(x):\n    return np.matrix(2 * x) if np.ndim(x) == 2 else 2 * x",
    "a masked array": "def double(x):\n    return np.ma.array(2 * x)",
    "a subclass of ndarray": "class Mine(np.ndarray): pass\ndef double(x):\n    return (2 * x).view(Mine)",
    "a view that is not contiguous": "def double(x):\n    return np.repeat(2 * x, 2, axis=0)[::2]",
    "Fortran's order": "def double(x):\n    return np.asfortranarray(2 * x)",
    "long doubles": "def double(x):\n    return 2 * np.asarray(x, np.longdouble)",
    "big-endian numbers": "def double(x):\n    return (2 * x).astype('>f8')",
    "in place": "def double(x):\n    x *= 2\n    return x",
    "in place on a copy": "def double(x):\n    x = np.array(x); x += x\n    return x",
    "threads": "from concurrent.futures import ThreadPoolExecutor\ndef double(x):\n    with ThreadPoolExecutor(4) as pool:\n        return list(pool.map(lambda part: 2 * part, x))",
    "state between calls": "calls = 0\ndef double(x):\n    global calls\n    calls += 1\n    return 2 * x",
    "random numbers": "def double(x):\n    np.random.seed(0); np.random.rand(3)\n    return 2 * x",
    "magics": "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\ndef double(x):\n    return 2 * x\n%time 1 + 1",
    "a cell magic": "%%time\ndef double(x):\n    return 2 * x",
    "a shell command": "!echo hello\nfiles = !ls\ndef double(x):\n    return 2 * x",
    "display": "from IPython.display import display, clear_output, Markdown\ndef double(x):\n    display(Markdown('*x*')); clear_output(wait=True)\n    return 2 * x",
    "top-level await": "import asyncio\nawait asyncio.sleep(0.01)\ndef double(x):\n    return 2 * x",
    "asyncio.run": "import asyncio\nasync def work(x):\n    return 2 * x\ndef double(x):\n    return asyncio.run(work(x))",
    "files": "def double(x):\n    np.save('x.npy', x)\n    return 2 * np.load('x.npy')",
    "a temporary folder": "import tempfile\ndef double(x):\n    with tempfile.NamedTemporaryFile() as file:\n        np.save(file, x)\n    return 2 * x",
    "docstrings and annotations": 'from __future__ import annotations\ndef double(x: np.ndarray) -> np.ndarray:\n    """Doubles \\alpha."""\n    return 2 * x',
    "names of other alphabets": "def doppelt_größe(α):\n    return 2 * α\ndouble = doppelt_größe",
    "tabs and Windows lines": "def double(x):\r\n\treturn 2 * x\r\n",
    "a last expression": "def double(x):\n    return 2 * x\ndouble(np.arange(3))",
    "an assertion of their own": "def double(x):\n    assert np.all(np.isfinite(x))\n    return 2 * x\nassert double(2) == 4",
    "input()": "def double(x):\n    return 2 * x\ntry:\n    input('name? ')\nexcept Exception:\n    pass",
    "a name of Python's": "list = [1]\nsum = 0\ndef double(x):\n    return 2 * x",
    "a name of the tests'": "assert_close = rng = None\ndef double(x):\n    return 2 * x",
    "the kit": "from course.kit import data, plots\ndef double(x):\n    data.image('camera')\n    return 2 * x",
}


@pytest.mark.parametrize("double", DOUBLES.values(), ids=DOUBLES)
def test_an_honest_answer_scores_everything(honest, double):
    graded = honest(double=double)
    assert graded.points == {"double-values": 2, "double-shape": 1, "mean-value": 1.5}
    assert graded.result.broken == ()


MEANS = {
    "float32": "def mean(x):\n    return np.float32(1) * np.mean(x, dtype=np.float64)",
    "an array of one axis less": "def mean(x):\n    return np.mean(x, keepdims=True)[0]",
    "an array without axes": "def mean(x):\n    return np.array(np.mean(x))",
    "Python's sum": "def mean(x):\n    return sum(x) / len(x)",
    "a fraction": "from fractions import Fraction\ndef mean(x):\n    return float(sum(map(Fraction, x)) / len(x))",
    "statistics": "from statistics import fmean as mean",
    "a loop": "def mean(x):\n    total = 0\n    for k in range(x.shape[0]):\n        total += x[k]\n    return total / (k + 1)",
}


@pytest.mark.parametrize("mean", MEANS.values(), ids=MEANS)
def test_an_honest_mean_scores_everything(honest, mean):
    assert honest(mean=mean).mean == 1.5


RETURNED = {
    "a generator": ("def double(x):\n    return (2 * v for v in x)", "assert list(double([1, 2, 3])) == [2, 4, 6]"),
    "a range": ("def double(x):\n    return range(0, 2 * x, 2)", "assert list(double(3)) == [0, 2, 4]"),
    "a zip": (
        "def double(x):\n    return zip(x, x)",
        "assert [tuple(pair) for pair in double([1, 2])] == [(1, 1), (2, 2)]",
    ),
    "a dict": (
        "def double(x):\n    return {'a': x, 1: [x], (1, 2): None}",
        "assert double(3) == {'a': 3, 1: [3], (1, 2): None}",
    ),
    "a dict's keys": ("def double(x):\n    return dict.fromkeys(x).keys()", "assert set(double([1, 2])) == {1, 2}"),
    "a set": ("def double(x):\n    return {x, 2 * x}", "assert double(2) == {2, 4}"),
    "a named tuple": (
        "from collections import namedtuple\nPair = namedtuple('Pair', 'a b')\ndef double(x):\n    return Pair(x, 2 * x)",
        "a, b = double(2)\nassert (a, b) == (2, 4)",
    ),
    "a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass Both:\n    x: int\n    y: int\ndef double(x):\n    return Both(x, 2 * x)",
        "assert double(2).y == 4",
    ),
    "a deque": (
        "from collections import deque\ndef double(x):\n    return deque([x, 2 * x])",
        "assert list(double(2)) == [2, 4]",
    ),
    "a defaultdict": (
        "from collections import defaultdict\ndef double(x):\n    return defaultdict(int, a=2 * x)",
        "assert double(2)['a'] == 4",
    ),
    "an iterator of its own": (
        "class Count:\n    def __init__(self, n): self.n = n\n    def __len__(self): return self.n\n"
        "    def __getitem__(self, k):\n        if k >= self.n: raise IndexError(k)\n        return 2 * k\ndef double(x):\n    return Count(x)",
        "assert len(double(3)) == 3 and double(3)[1] == 2\nassert list(double(3)) == [0, 2, 4]\n"
        "assert_close(double(3), [0, 2, 4], 'x')",
    ),
    "a function": ("def double(x):\n    return lambda y: x * y", "assert double(2)(3) == 6"),
    "an object with methods": (
        "class Layer:\n    def __init__(self, k):\n        self.k = k\n    def forward(self, x):\n        self.seen = x\n        return self.k * x\n"
        "double = Layer",
        "layer = double(2)\nassert_close(layer.forward(np.arange(3.0)), [0, 2, 4], 'x')\nassert_close(layer.seen, [0, 1, 2], 'x')\n"
        "layer.k = 5\nassert layer.forward(1) == 5",
    ),
    "strings and bytes": (
        "def double(x):\n    return (str(x), bytes([x]), 'ä\\n')",
        "assert double(2) == ('2', b'\\x02', 'ä\\n')",
    ),
    "large integers": ("def double(x):\n    return 2 ** 100 * x", "assert double(3) == 3 * 2 ** 100"),
    "infinities": (
        "def double(x):\n    return [np.inf, -np.inf, np.nan]",
        "assert_close(double(1), [np.inf, -np.inf, np.nan], 'x')",
    ),
    "complex numbers": ("def double(x):\n    return np.array([2j * x])", "assert np.allclose(double(1), 2j)"),
    "an error that was asked for": (
        "def double(x):\n    if x < 0:\n        raise ValueError('negative')\n    return 2 * x",
        "try:\n    double(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\nelse:\n    raise AssertionError\n"
        "np.testing.assert_raises(ValueError, double, -1)",
    ),
    "a callback": (
        "def double(f, x):\n    return 2 * f(x)",
        "assert double(lambda x: x + 1, 3) == 8\nassert double(np.sqrt, 4) == 4",
    ),
    "a callback that fails": (
        "def double(f):\n    try:\n        return f()\n    except ZeroDivisionError:\n        return 2",
        "assert double(lambda: 1 / 0) == 2",
    ),
    "many callbacks": (
        "def double(f):\n    return sum(f(k) for k in range(500))",
        "assert double(lambda k: 2 * k) == 499 * 500",
    ),
    "arguments by name": (
        "def double(x, *, factor=2, **more):\n    return factor * x + len(more)",
        "assert double(2, factor=3, a=1) == 7",
    ),
    "a random generator": (
        "def double(rng):\n    return rng.standard_normal(3)",
        "assert_close(double(np.random.default_rng(1)), np.random.default_rng(1).standard_normal(3), 'x')",
    ),
    "an argument changed on purpose": (
        "def double(w):\n    w *= 2",
        "w = np.ones(3)\ndouble(w)\nassert_close(w, [2, 2, 2], 'w')\ndouble(w)\nassert_close(w, [4, 4, 4], 'w')",
    ),
    "an attribute changed in place": (
        "class double:\n    def __init__(self, w): self.w = w\n    def step(self): self.w -= 1",
        "layer = double(np.zeros(2))\nlayer.step()\nlayer.step()\nassert_close(layer.w, [-2, -2], 'w')",
    ),
}


@pytest.mark.parametrize(("answer", "test"), RETURNED.values(), ids=RETURNED)
def test_an_honest_value_arrives(graded_with, answer, test):
    graded = graded_with({"double_values": None, "double_shape": f"# t\n{test}"}, double=answer)
    assert graded.points["double-shape"] == 1, graded.told


def test_an_input_that_was_changed_is_seen(graded_with):
    setup = "import numpy as np\nfrom course.kit.checks import assert_close, assert_shape, assert_unchanged\nrng = np.random.default_rng(7)"
    check = "x = np.arange(6.0).reshape(2, 3)\nbefore = x.copy()\nassert_close(double(x[WHERE]), 2 * before[WHERE], 'd')\nassert_unchanged(x, before, 'x')"
    cells = {
        "setup": setup,
        "double_values": f"# t\n{check}".replace("WHERE", ":"),
        "double_shape": f"# t\n{check}".replace("WHERE", "0"),
    }
    assert graded_with(cells, double="def double(x):\n    x *= 2\n    return x").double == (0, 0)
    assert graded_with(cells, double="def double(x):\n    y = 2 * x\n    x *= 2\n    x /= 2\n    return y").double == (
        2,
        1,
    )
    assert (
        "modified its input"
        in graded_with(cells, double="def double(x):\n    x *= 2\n    return x").told["double-values"]
    )


def test_cells_of_ones_own_cost_nothing(attack):
    graded = attack(
        before=[
            "helper = lambda x: x + x",
            "1 / 0",
            "import antigravity_",
            "raise SystemExit",
            "%%html\n<b>x</b>",
            "?print",
        ],
        after=["print(double([1, 2]))", "# YOUR CODE HERE\nraise NotImplementedError()", "exit()", "while True: pass"],
        double="def double(x):\n    return helper(np.asarray(x))",
    )
    assert graded.result.points == 4.5


@pytest.mark.parametrize("name", ["exit", "quit", "raise SystemExit"])
def test_exit_costs_nothing_but_its_cell(attack, name):
    graded = attack(before=[name + "()" * ("raise" not in name)], after=[name + "()" * ("raise" not in name)])
    assert graded.result.points == 4.5


def test_cells_in_another_order_cost_nothing(mini_assignment, mini_release, hand_over):
    from course.authoring.answers import submission

    notebook = json.loads(submission(mini_assignment, mini_release, MODEL))
    notebook["cells"].reverse()
    notebook["cells"][3:3] = [own("helper = 3"), own("*notes*", "notes", "markdown")]
    assert hand_over(json.dumps(notebook).encode(), mini_assignment).result.points == 4.5


def test_a_cell_that_needs_a_later_one_is_told_so(attack):
    graded = attack(double="def double(x):\n    return later(x)", after=["def later(x):\n    return 2 * x"])
    assert graded.double == (0, 0)
    assert "later" in graded.told["double-values"]


def test_a_visible_test_that_fails_after_hidden_ones_is_told_in_full(attack):
    # its text is made in a process that has seen no hidden test
    graded = attack(mean="def mean(x):\n    return np.sum(x)")
    assert graded.told["mean-value"].startswith("CheckFailed: mean([1, 2, 6])")
    assert "expected  3" in graded.told["mean-value"]
    graded = attack(mean="def mean(x):\n    return np.sum(x, axis=1)")
    assert "AxisError" in graded.told["mean-value"]
    assert "line 2: return np.sum(x, axis=1)" in graded.told["mean-value"]
