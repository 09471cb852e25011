import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solutions as s

# name, further arguments, the formula for one number by Python's math module
SCALAR = [
    ("step", (), lambda x: 1.0 if x > 0 else 0.0),
    ("sigmoid", (), lambda x: 1 / (1 + math.exp(-x))),
    ("tanh", (), math.tanh),
    ("arctan", (), math.atan),
    ("relu", (), lambda x: max(0.0, x)),
    ("leaky_relu", (0.2,), lambda x: x if x > 0 else 0.2 * x),
    ("absolute", (), abs),
    ("softplus", (), lambda x: math.log(1 + math.exp(x))),
    ("swish", (), lambda x: x / (1 + math.exp(-x))),
]
ELEMENTWISE = [name for name, _, _ in SCALAR]
# every function with the arguments to call it on x (N, C) = (5, 6)
ALL = [
    *((name, args) for name, args, _ in SCALAR),
    ("prelu", (np.array([0.3, -0.2, 0.5, 1.5, 0.0, 0.1]),)),
    ("prelu", (np.array([0.25]),)),
    ("maxout", (3,)),
    ("softmax", ()),
    ("softmax", (0,)),
    ("log_softmax", ()),
    ("log_softmax", (0,)),
]
IDS = [f"{name}{args[0] if args and isinstance(args[0], (int, float)) else ''}" for name, args in ALL]


def functions(name):
    return getattr(s, name), getattr(s, f"{name}_backward")


def away_from_kinks(rng, shape):
    """Random numbers, none close to 0 and no two close to each other: multiples of 0.07, shuffled."""
    n = math.prod(shape)
    return rng.permutation(np.arange(n) - n // 2 + 0.5).reshape(shape) * 0.07


@pytest.mark.parametrize(("name", "args", "formula"), SCALAR, ids=ELEMENTWISE)
def test_forward_is_the_formula(name, args, formula):
    x = np.linspace(-6, 6, 41)
    expected = [formula(float(v)) for v in x]
    np.testing.assert_allclose(functions(name)[0](x, *args), expected, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("name", "args"), ALL, ids=IDS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_backward_is_the_measured_slope(slope_error, name, args, seed):
    rng = np.random.default_rng(seed)
    forward, backward = functions(name)
    x = away_from_kinks(rng, (5, 6))
    grad_y = rng.standard_normal(forward(x, *args).shape)
    gradients = backward(grad_y, x, *args)
    arrays = [x, *(a for a in args if isinstance(a, np.ndarray))]
    arrays = [a.copy() for a in arrays]
    rest = arrays[1:] or list(args)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    error = slope_error(lambda: (forward(arrays[0], *rest) * grad_y).sum(), arrays, gradients, rng)
    assert error < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (7,), (0, 3), (2, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_any_shape_and_dtype_in_is_what_comes_out(name, shape, dtype):
    forward, backward = functions(name)
    x = np.full(shape, 0.5, dtype)
    y = forward(x)
    grad = backward(np.ones(shape, dtype), x)
    assert np.shape(y) == np.shape(grad) == shape
    assert y.dtype == grad.dtype == dtype


def test_a_python_float_is_a_float64():
    assert s.sigmoid(0.0) == 0.5
    assert s.sigmoid_backward(2.0, 0.0) == 0.5
    assert s.relu(np.float32(-1)).dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "at_minus", "at_plus", "slope_at_minus", "slope_at_plus"),
    [
        ("sigmoid", 0, 1, 0, 0),
        ("tanh", -1, 1, 0, 0),
        ("softplus", 0, 1e4, 0, 1),
        ("swish", 0, 1e4, 0, 1),
        ("relu", 0, 1e4, 0, 1),
    ],
)
def test_exact_and_silent_at_ten_thousand(name, at_minus, at_plus, slope_at_minus, slope_at_plus, dtype):
    forward, backward = functions(name)
    x = np.array([-1e4, 1e4], dtype)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        np.testing.assert_array_equal(forward(x), np.array([at_minus, at_plus], dtype))
        np.testing.assert_array_equal(backward(np.ones(2, dtype), x), np.array([slope_at_minus, slope_at_plus], dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_is_exact_and_silent_at_ten_thousand(dtype):
    x = np.array([[1e4, -1e4, 1e4], [-1e4, -1e4, -1e4]], dtype)
    grad_y = np.array([[1.0, 2.0, 3.0], [3.0, 6.0, 9.0]], dtype)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        third = np.array(1, dtype) / 3
        np.testing.assert_array_equal(s.softmax(x), np.array([[0.5, 0, 0.5], [third] * 3], dtype))
        expected = np.array([[-math.log(2), -2e4 - math.log(2), -math.log(2)], [-math.log(3)] * 3])
        np.testing.assert_allclose(s.log_softmax(x), expected, rtol=5 * np.finfo(dtype).eps)
        np.testing.assert_allclose(s.softmax_backward(grad_y, x), [[-0.5, 0, 0.5], [-1, 0, 1]], atol=1e-6)
        np.testing.assert_allclose(s.log_softmax_backward(grad_y, x), [[-2, 2, 0], [-3, 0, 3]], atol=5e-6)


def test_slopes_keep_their_digits_where_the_functions_are_flat():
    x = np.array([20.0, -20.0])
    e = math.exp(-20)
    np.testing.assert_allclose(s.sigmoid_backward(np.ones(2), x), e / (1 + e) ** 2, rtol=1e-14)
    np.testing.assert_allclose(s.tanh_backward(np.ones(2), x), 4 * e**2 / (1 + e**2) ** 2, rtol=1e-14)


def test_arctan_slope_is_silent_where_the_square_overflows():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert s.arctan_backward(np.ones(1, np.float32), np.full(1, 1e30, np.float32))[0] == 0


@pytest.mark.parametrize(
    ("name", "args", "value", "slope"),
    [
        ("step", (), 0, 0),
        ("relu", (), 0, 0),
        ("leaky_relu", (0.2,), 0, 0.2),
        ("prelu", (np.array([0.2]),), 0, 0.2),
        ("absolute", (), 0, 0),
    ],
)
def test_at_the_kink(name, args, value, slope):
    forward, backward = functions(name)
    assert forward(np.zeros(1), *args)[0] == value
    grad = backward(np.ones(1), np.zeros(1), *args)
    assert (grad[0] if isinstance(grad, tuple) else grad)[0] == slope


def test_sigmoid_slope_is_at_most_a_quarter():
    slopes = s.sigmoid_backward(np.ones(201), np.linspace(-10, 10, 201))
    assert slopes.max() == slopes[100] == 0.25


def test_softmax_table_of_deck_003():
    z = np.array([2.0, 1.0, -1.0])
    np.testing.assert_array_equal(np.exp(z).round(2), [7.39, 2.72, 0.37])
    assert np.exp(z).sum() == pytest.approx(10.48, abs=0.01)  # the deck adds up rounded numbers; exactly 10.475
    np.testing.assert_array_equal(s.softmax(z).round(2), [0.71, 0.26, 0.04])


@given(seed=st.integers(0, 999), axis=st.integers(-3, 2))
@settings(max_examples=30, deadline=None)
def test_softmax_sums_to_one_and_forgets_a_shift(seed, axis):
    x = np.random.default_rng(seed).normal(size=(2, 3, 4)) * 5
    y = s.softmax(x, axis)
    np.testing.assert_allclose(y.sum(axis=axis), 1, rtol=1e-14)
    np.testing.assert_allclose(s.softmax(x + 300, axis), y, rtol=1e-11)
    np.testing.assert_allclose(np.exp(s.log_softmax(x, axis)), y, rtol=1e-12)


def test_softmax_of_a_masked_score_is_zero():
    np.testing.assert_array_equal(s.softmax(np.array([0.0, -np.inf, 0.0])), [0.5, 0, 0.5])


def test_maxout_takes_neighbours_and_gives_ties_to_the_first():
    x = np.array([[1.0, 4.0, 2.0, 3.0, 3.0, 0.0], [5.0, 5.0, 5.0, -1.0, -2.0, -1.0]])
    np.testing.assert_array_equal(s.maxout(x, 3), [[4, 3], [5, -1]])
    np.testing.assert_array_equal(s.maxout(x, 2), [[4, 3, 3], [5, 5, -1]])
    grad = s.maxout_backward(np.array([[10.0, 20.0], [30.0, 40.0]]), x, 3)
    np.testing.assert_array_equal(grad, [[0, 10, 0, 20, 0, 0], [30, 0, 0, 40, 0, 0]])


@pytest.mark.parametrize("k", [1, 3])
def test_maxout_of_an_empty_batch(k):
    assert s.maxout(np.zeros((0, 6)), k).shape == (0, 6 // k)
    assert s.maxout_backward(np.zeros((0, 6 // k)), np.zeros((0, 6)), k).shape == (0, 6)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5)])
def test_prelu_has_its_slopes_on_axis_one(shape):
    x, weight = -np.ones(shape), np.array([1.0, 2.0, 3.0])
    y = s.prelu(x, weight)
    grad_x, grad_weight = s.prelu_backward(np.ones(shape), x, weight)
    for c in range(3):
        assert (y[:, c] == -(c + 1)).all()
        assert (grad_x[:, c] == c + 1).all()
    np.testing.assert_array_equal(grad_weight, np.full(3, -x.size / 3))


def test_prelu_with_one_slope_takes_any_shape():
    for shape in [(), (4,), (0, 2), (2, 3, 4)]:
        x = np.full(shape, -2.0)
        assert np.shape(s.prelu(x, np.array([0.5]))) == shape
        grad_x, grad_weight = s.prelu_backward(np.ones(shape), x, np.array([0.5]))
        assert grad_x.shape == shape
        np.testing.assert_array_equal(grad_weight, [-2.0 * x.size])


@pytest.mark.parametrize(("name", "args"), ALL, ids=IDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_as_torch(name, args, dtype):
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    theirs = {
        "step": lambda x: (x > 0).to(x.dtype) + 0 * x,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "arctan": torch.arctan,
        "relu": F.relu,
        "leaky_relu": F.leaky_relu,
        "prelu": F.prelu,
        "absolute": torch.abs,
        "softplus": F.softplus,
        "swish": F.silu,
        "maxout": lambda x, k: x.reshape(len(x), -1, k).max(dim=2).values,
        "softmax": lambda x, axis=-1: F.softmax(x, dim=axis),
        "log_softmax": lambda x, axis=-1: F.log_softmax(x, dim=axis),
    }[name]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 6)).astype(dtype) * 3
    args = [a.astype(dtype) if isinstance(a, np.ndarray) else a for a in args]
    forward, backward = functions(name)
    y = forward(x, *args)
    grad_y = rng.normal(size=y.shape).astype(dtype)
    grads = backward(grad_y, x, *args)
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, *args) if isinstance(a, np.ndarray)]
    torch_args = leaves[1:] or args
    expected = theirs(leaves[0], *torch_args)
    expected.backward(torch.tensor(grad_y))
    tolerance = {"rtol": 2e-5, "atol": 2e-6} if dtype == np.float32 else {"rtol": 1e-11, "atol": 1e-13}
    np.testing.assert_allclose(y, expected.detach().numpy(), **tolerance)
    for grad, leaf in zip(grads if isinstance(grads, tuple) else (grads,), leaves, strict=True):
        np.testing.assert_allclose(grad, leaf.grad.numpy(), **tolerance)
