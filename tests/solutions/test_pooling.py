import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solutions as s

POOL = {(kind, d): getattr(s, f"{kind}_pool{d}d") for kind in ("max", "avg") for d in (1, 2, 3)}
BACKWARD = {(kind, d): getattr(s, f"{kind}_pool{d}d_backward") for kind in ("max", "avg") for d in (1, 2, 3)}


def by_loop(kind, x, kernel, stride, padding):
    """Pool by the definition, one window at a time, on an input that is padded by hand."""
    fill = -np.inf if kind == "max" else 0.0
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], constant_values=fill)
    out = tuple((n - k) // step + 1 for n, k, step in zip(x.shape[2:], kernel, stride, strict=True))
    y = np.zeros((*x.shape[:2], *out))
    for position in np.ndindex(out):
        window = x[(..., *(slice(i * step, i * step + k) for i, step, k in zip(position, stride, kernel, strict=True)))]
        axes = tuple(range(2, x.ndim))
        y[(..., *position)] = window.max(axis=axes) if kind == "max" else window.mean(axis=axes)
    return y


@st.composite
def problems(draw, dims):
    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride, extra = each(1, 4), each(1, 4), each(0, 5)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    space = tuple(max(1, k - 2 * p) + e for k, p, e in zip(kernel, padding, extra, strict=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (draw(st.integers(0, 3)), draw(st.integers(1, 3)), *space)
    # distinct numbers, none closer than 0.1 to another: no ties
    x = rng.permutation(np.prod(shape)).reshape(shape) * 0.1 - 3
    return x, kernel, stride, padding, rng


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("dims", [1, 2, 3])
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_forward_is_the_definition(kind, dims, data):
    x, kernel, stride, padding, _ = data.draw(problems(dims))
    y = POOL[kind, dims](x, kernel, stride, padding)
    np.testing.assert_allclose(y, by_loop(kind, x, kernel, stride, padding), rtol=1e-12, atol=1e-12)
    y32 = POOL[kind, dims](x.astype(np.float32), kernel, stride, padding)
    assert y32.dtype == np.float32
    np.testing.assert_allclose(y32, y, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("dims", [1, 2, 3])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_backward_is_the_measured_slope(slope_error, kind, dims, data):
    x, kernel, stride, padding, rng = data.draw(problems(dims))
    pool, backward = POOL[kind, dims], BACKWARD[kind, dims]
    grad_y = rng.normal(size=pool(x, kernel, stride, padding).shape)
    grad_x = backward(grad_y, x, kernel, stride, padding)
    error = slope_error(lambda: (pool(x, kernel, stride, padding) * grad_y).sum(), (x,), (grad_x,), rng)
    assert error < 1e-6
    grad32 = backward(grad_y.astype(np.float32), x.astype(np.float32), kernel, stride, padding)
    assert grad32.dtype == np.float32
    np.testing.assert_allclose(grad32, grad_x, rtol=1e-4, atol=1e-5)


# x, kernel, stride, padding: all sizes differ, kernels are not square, a batch of one, overlapping, gaps, edges
TABLE = [
    ((2, 3, 11), 4, None, 0),
    ((1, 2, 9), 3, 2, 1),
    ((2, 3, 7), 2, 5, 1),
    ((2, 3, 9, 7), 2, None, 0),
    ((1, 4, 6, 11), (3, 5), (2, 3), (1, 2)),
    ((3, 2, 5, 4), (5, 4), 1, 0),
    ((2, 3, 1, 1), 2, 1, 1),
    ((1, 2, 7, 6, 5), (3, 2, 1), None, 0),
    ((2, 1, 5, 6, 7), (2, 3, 4), (1, 2, 3), (1, 0, 2)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize(("shape", "kernel", "stride", "padding"), TABLE)
def test_same_as_torch(kind, shape, kernel, stride, padding, dtype):
    torch = pytest.importorskip("torch")
    dims = len(shape) - 2
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, shape).astype(dtype)  # few values, many ties: the first maximum takes the gradient
    y = POOL[kind, dims](x, kernel, stride, padding)
    grad_y = rng.normal(size=y.shape).astype(dtype)
    leaf = torch.tensor(x, requires_grad=True)
    expected = getattr(torch.nn.functional, f"{kind}_pool{dims}d")(leaf, kernel, stride, padding)
    expected.backward(torch.tensor(grad_y))
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-6, atol=1e-6)
    grad_x = BACKWARD[kind, dims](grad_y, x, kernel, stride, padding)
    np.testing.assert_allclose(grad_x, leaf.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_ties_go_to_the_first_maximum_in_reading_order():
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, :, 2:] = [[1, 5], [5, 5]]
    grad_x = s.max_pool2d_backward(np.array([[[[7.0, 9.0]]]]), x, 2)
    np.testing.assert_array_equal(grad_x[0, 0], [[7, 0, 0, 9], [0, 0, 0, 0]])


def test_overlapping_windows_add_up_their_gradients():
    grad_x = s.max_pool1d_backward(np.array([[[1.0, 10.0]]]), np.array([[[1.0, 5.0, 2.0]]]), 2, stride=1)
    np.testing.assert_array_equal(grad_x, [[[0, 11, 0]]])


def test_padding_is_minus_infinity_for_the_maximum_and_zero_for_the_average():
    x = np.full((1, 1, 2), -4.0)
    np.testing.assert_array_equal(s.max_pool1d(x, 2, 2, 1), [[[-4, -4]]])
    np.testing.assert_array_equal(s.avg_pool1d(x, 2, 2, 1), [[[-2, -2]]])


def test_the_gradient_of_a_window_of_minus_infinity_stays_inside():
    x = np.full((1, 1, 2), -np.inf)
    np.testing.assert_array_equal(s.max_pool1d_backward(np.array([[[3.0, 5.0]]]), x, 2, 2, 1), [[[3, 5]]])


def test_nan_is_not_lost():
    x = np.array([[[1.0, np.nan, 2.0, 3.0]]])
    np.testing.assert_array_equal(s.max_pool1d(x, 2), [[[np.nan, 3]]])
    np.testing.assert_array_equal(s.max_pool1d_backward(np.array([[[5.0, 6.0]]]), x, 2), [[[0, 5, 0, 6]]])


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_the_stride_is_the_kernel_unless_given_and_sizes_round_down(kind):
    x = np.arange(2 * 3 * 7 * 8.0).reshape(2, 3, 7, 8)
    y = POOL[kind, 2](x, (2, 3))
    assert y.shape == (2, 3, 3, 2)
    np.testing.assert_array_equal(y, POOL[kind, 2](x, (2, 3), (2, 3)))
    grad_x = BACKWARD[kind, 2](np.ones(y.shape), x, (2, 3))
    assert grad_x.sum() == pytest.approx(y.size)
    assert not grad_x[:, :, 6].any()  # the rest that no window covers
    assert not grad_x[:, :, :, 6:].any()


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_empty_batch(kind, dims):
    x = np.zeros((0, 2, *(5,) * dims))
    y = POOL[kind, dims](x, 2)
    assert y.shape == (0, 2, *(2,) * dims)
    assert BACKWARD[kind, dims](y, x, 2).shape == x.shape
