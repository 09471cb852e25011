import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.graph import Value

# operation, as Value has it and as mathematics has it, and where it is smooth
ONE = {
    "neg": (lambda v: -v, lambda x: -x, (-3, 3)),
    "exp": (lambda v: v.exp(), math.exp, (-3, 3)),
    "log": (lambda v: v.log(), math.log, (0.2, 3)),
    "tanh": (lambda v: v.tanh(), math.tanh, (-3, 3)),
    "relu": (lambda v: v.relu(), lambda x: max(x, 0), (0.1, 3)),
    "relu below": (lambda v: v.relu(), lambda x: max(x, 0), (-3, -0.1)),
    "sigmoid": (lambda v: v.sigmoid(), lambda x: 1 / (1 + math.exp(-x)), (-3, 3)),
    "cube": (lambda v: v**3, lambda x: x**3, (-3, 3)),
    "root": (lambda v: v**0.5, math.sqrt, (0.2, 3)),
    "inverse": (lambda v: v**-1, lambda x: 1 / x, (0.2, 3)),
    "number on the left": (lambda v: 2 + 3 * v - (1 - v) / (2 / v), lambda x: 2 + 3 * x - (1 - x) / (2 / x), (0.2, 3)),
    "itself": (lambda v: v * v + v / v - v - v, lambda x: x * x + 1 - 2 * x, (0.2, 3)),
}


@pytest.mark.parametrize("name", ONE)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_value_and_slope_of_one_argument(name, data):
    operation, function, limits = ONE[name]
    x = data.draw(st.floats(*limits))
    leaf = Value(x)
    result = operation(leaf)
    result.backward()
    assert result.data == pytest.approx(function(x), rel=1e-12)
    eps = 1e-6
    assert leaf.grad == pytest.approx((function(x + eps) - function(x - eps)) / (2 * eps), rel=1e-6, abs=1e-8)


TWO = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


@pytest.mark.parametrize("name", TWO)
@given(a=st.floats(-3, 3), b=st.floats(0.2, 3))
@settings(max_examples=30, deadline=None)
def test_value_and_slopes_of_two_arguments(name, a, b):
    operation, eps = TWO[name], 1e-6
    left, right = Value(a), Value(b)
    result = operation(left, right)
    result.backward()
    assert result.data == operation(a, b)
    assert left.grad == pytest.approx((operation(a + eps, b) - operation(a - eps, b)) / (2 * eps), rel=1e-6, abs=1e-8)
    assert right.grad == pytest.approx((operation(a, b + eps) - operation(a, b - eps)) / (2 * eps), rel=1e-6, abs=1e-8)


def test_circuit_of_deck_003():
    x, y, z = Value(-2), Value(5), Value(-4)
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3, -12)
    assert (f.grad, q.grad, z.grad, x.grad, y.grad) == (1, -4, 3, -4, -4)


def test_same_as_torch():
    torch = pytest.importorskip("torch")

    def f(a, b):
        c = a * b + a**3
        d = c.sigmoid() * (a - b).tanh() + (b * b + 1).log()
        return d / (c * c + 2) - (-d).exp() + (c - d).relu() * a

    def leaves(x, y):
        return torch.tensor(x, dtype=torch.float64, requires_grad=True), torch.tensor(
            y, dtype=torch.float64, requires_grad=True
        )

    for x, y in [(1.3, -0.7), (-0.4, 2.1), (0.6, 0.9)]:
        mine, theirs = (Value(x), Value(y)), leaves(x, y)
        result, expected = f(*mine), f(*theirs)
        result.backward()
        expected.backward()
        assert result.data == pytest.approx(expected.item(), rel=1e-12)
        for a, b in zip(mine, theirs, strict=True):
            assert a.grad == pytest.approx(b.grad.item(), rel=1e-10)


def test_a_second_backward_gives_the_same_again():
    x = Value(3)
    y = x * x
    z = y + x
    for _ in range(2):
        z.backward()
        assert (x.grad, y.grad) == (7, 1)
    y.backward()  # of another result: set, not added
    assert x.grad == 6
    assert z.grad == 1  # not below y, so not touched


def test_a_graph_deeper_than_pythons_stack():
    x = Value(1.5)
    y = x
    for _ in range(30_000):
        y = y + x
    y.backward()
    assert x.grad == 30_001


def test_numpy_numbers():
    x = Value(np.float32(2))
    for y in (np.float64(3) * x, x * np.float64(3), np.int64(3) * x, np.float64(1) + x, np.float64(1) / x):
        assert isinstance(y, Value)
    with pytest.raises(TypeError):
        np.ones(3) * x


def test_saturation_is_silent():
    assert Value(-1000).sigmoid().data == 0
    assert Value(1000).sigmoid().data == 1
    assert Value(1000).tanh().data == 1


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Value(0).log(), ValueError, r"log and its slopes must be finite, they are not at 0\.0"),
        (lambda: Value(-1).log(), ValueError, r"log and its slopes must be finite, they are not at -1\.0"),
        (lambda: Value(1) / 0, ValueError, r"/ and its slopes must be finite, they are not at 1\.0 and 0\.0"),
        (lambda: Value(1000).exp(), ValueError, r"exp and its slopes must be finite, they are not at 1000\.0"),
        (lambda: Value(0) ** -1, ValueError, r"\*\* -1 and its slopes must be finite, they are not at 0\.0"),
        (lambda: Value(0) ** 0.5, ValueError, r"\*\* 0\.5 and its slopes must be finite, they are not at 0\.0"),
        (lambda: Value(-2) ** 0.5, ValueError, r"\*\* 0\.5 and its slopes must be finite, they are not at -2\.0"),
        (lambda: Value(1e200) * 1e200, ValueError, r"\* and its slopes must be finite"),
        (lambda: Value(math.nan), ValueError, "data must be finite, got nan"),
        (lambda: Value("2"), TypeError, "data must be a number, got '2'"),
        (lambda: Value(2) + None, TypeError, "operand must be a number, got None"),
        (lambda: Value(2) ** Value(3), TypeError, r"exponent must be a number, got a Value; write \(exponent \* base"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_powers_that_are_whole():
    for exponent, slope in [(0, 0), (1, 1), (2, 0)]:
        x = Value(0)
        (x**exponent).backward()
        assert x.grad == slope


def test_prints():
    assert repr(Value(3)) == "Value(3.0, grad=0.0)"
