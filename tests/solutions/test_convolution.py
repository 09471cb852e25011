import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

import solutions as s
from solutions.functional import _columns, _shifted
from solutions.functional._windows import Window
from solutions.functional.convolution import _conv_by_definition

CONV = {1: s.conv1d, 2: s.conv2d, 3: s.conv3d}
BACKWARD = {1: s.conv1d_backward, 2: s.conv2d_backward, 3: s.conv3d_backward}


def by_scipy(x, weight, bias, stride, padding, dilation, groups):
    """Correlate channel by channel: pad by hand, spread the kernel by hand, then keep every stride-th position."""
    x = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)])
    spread = np.zeros((*weight.shape[:2], *(d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True))))
    spread[(..., *(slice(None, None, d) for d in dilation))] = weight
    # "valid" swaps its arguments where the second is larger: never let it come to that
    assert all(n >= k for n, k in zip(x.shape[2:], spread.shape[2:], strict=True))
    per_group, filters = weight.shape[1], len(weight) // groups
    positions = tuple(n - k + 1 for n, k in zip(x.shape[2:], spread.shape[2:], strict=True))
    y = np.zeros((len(x), len(weight), *positions))
    for n in range(len(x)):
        for f in range(len(weight)):
            for c in range(per_group):
                y[n, f] += correlate(x[n, f // filters * per_group + c], spread[f, c], mode="valid", method="direct")
            y[n, f] += bias[f]
    return y[(..., *(slice(None, None, step) for step in stride))]


@st.composite
def problems(draw, dims):
    """Draw shapes, stride, padding, dilation and groups that fit together, and random arrays for them."""

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride, padding, dilation, extra = each(1, 3), each(1, 3), each(0, 3), each(1, 3), each(0, 4)
    space = tuple(
        max(1, d * (k - 1) + 1 - 2 * p) + e for k, p, d, e in zip(kernel, padding, dilation, extra, strict=True)
    )
    groups, c, f, n = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(st.integers(0, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.normal(size=(n, groups * c, *space))
    weight, bias = rng.normal(size=(groups * f, c, *kernel)), rng.normal(size=groups * f)
    return x, weight, bias, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}, rng


@pytest.mark.parametrize("dims", [1, 2, 3])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_forward_is_scipys_correlation(dims, data):
    x, weight, bias, options, _ = data.draw(problems(dims))
    y = CONV[dims](x, weight, bias, **options)
    np.testing.assert_allclose(y, by_scipy(x, weight, bias, **options), rtol=1e-10, atol=1e-11)
    y32 = CONV[dims](*(a.astype(np.float32) for a in (x, weight, bias)), **options)
    assert y32.dtype == np.float32
    np.testing.assert_allclose(y32, y, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dims", [1, 2, 3])
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_the_readable_loop_is_the_same_convolution(dims, data):
    x, weight, _, options, _ = data.draw(problems(dims))
    looped = _conv_by_definition(x[:1], weight, **options)
    np.testing.assert_allclose(CONV[dims](x[:1], weight, **options), looped, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("dims", [1, 2, 3])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_backward_is_the_measured_slope(slope_error, dims, data):
    x, weight, bias, options, rng = data.draw(problems(dims))
    conv, backward = CONV[dims], BACKWARD[dims]
    grad_y = rng.normal(size=conv(x, weight, bias, **options).shape)
    grads = backward(grad_y, x, weight, **options)
    error = slope_error(lambda: (conv(x, weight, bias, **options) * grad_y).sum(), (x, weight, bias), grads, rng)
    assert error < 1e-6
    grads32 = backward(*(a.astype(np.float32) for a in (grad_y, x, weight)), **options)
    for grad32, grad in zip(grads32, grads, strict=True):
        assert grad32.dtype == np.float32
        np.testing.assert_allclose(grad32, grad, rtol=1e-3, atol=1e-3)


# x, weight, stride, padding, dilation, groups: all sizes differ, kernels are not square, a batch of one, edges
TABLE = [
    ((2, 3, 11), (5, 3, 4), 1, 0, 1, 1),
    ((1, 6, 13), (4, 3, 5), 2, 3, 2, 2),
    ((3, 2, 1), (4, 2, 1), 1, 0, 1, 1),
    ((2, 3, 7, 9), (4, 3, 3, 2), 1, 0, 1, 1),
    ((1, 4, 8, 11), (6, 2, 2, 3), (2, 3), (1, 2), (3, 1), 2),
    ((3, 5, 6, 7), (10, 1, 3, 4), 2, 1, 1, 5),
    ((2, 3, 5, 4), (6, 3, 5, 4), 1, 0, 1, 1),
    ((1, 1, 3, 2), (2, 1, 5, 6), 4, (2, 3), 1, 1),
    ((2, 3, 5, 6, 7), (4, 3, 2, 3, 4), 1, 0, 1, 1),
    ((1, 4, 7, 6, 5), (6, 2, 3, 2, 1), (1, 2, 3), (2, 1, 0), (2, 1, 3), 2),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("x_shape", "w_shape", "stride", "padding", "dilation", "groups"), TABLE)
def test_same_as_torch(x_shape, w_shape, stride, padding, dilation, groups, dtype):
    torch = pytest.importorskip("torch")
    dims = len(x_shape) - 2
    rng = np.random.default_rng(7)
    x, weight, bias = (rng.normal(size=shape).astype(dtype) for shape in (x_shape, w_shape, w_shape[:1]))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    y = CONV[dims](x, weight, bias, **options)
    grad_y = rng.normal(size=y.shape).astype(dtype)
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    expected = getattr(torch.nn.functional, f"conv{dims}d")(*leaves, **options)
    expected.backward(torch.tensor(grad_y))
    tolerance = 1e-4 if dtype == np.float32 else 1e-11
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    for grad, leaf in zip(BACKWARD[dims](grad_y, x, weight, **options), leaves, strict=True):
        assert grad.dtype == dtype
        np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=tolerance, atol=tolerance)


def test_deck_000_sequence_and_image():
    x, theta = np.array([[[1.0, 1.0, 1.0, 0.0, 0.0]]]), np.array([[[1.0, 0.0, 1.0]]])
    np.testing.assert_array_equal(s.conv1d(x, theta), [[[2, 1, 1]]])
    rows = ["11100", "01110", "00111", "00110", "01100"]
    image = np.array([[float(digit) for digit in row] for row in rows])[None, None]
    kernel = np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]])[None, None]
    np.testing.assert_array_equal(s.conv2d(image, kernel)[0, 0], [[4, 3, 4], [2, 4, 3], [2, 3, 4]])


def test_the_kernel_is_not_flipped():
    y = s.conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, 10.0]]]))
    np.testing.assert_array_equal(y, [[[21, 42]]])


def test_groups_do_not_mix():
    x = np.ones((1, 4, 5))
    x[0, 2:] = 100
    y = s.conv1d(x, np.ones((6, 2, 3)), groups=2)
    assert (y[0, :3] == 6).all()
    assert (y[0, 3:] == 600).all()


def test_gradient_goes_only_where_a_window_read():
    # stride 3 with a kernel of 2: every third pixel is never read, nor is the rest at the end
    grad_x, _, _ = s.conv1d_backward(np.ones((1, 1, 2)), np.zeros((1, 1, 7)), np.ones((1, 1, 2)), stride=3)
    np.testing.assert_array_equal(grad_x, [[[1, 1, 0, 1, 1, 0, 0]]])


def test_one_integer_stands_for_all_axes_and_lists_are_taken():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(size=(2, 3, 8, 9)), rng.normal(size=(4, 3, 2, 3))
    expected = s.conv2d(x, weight, None, (2, 2), (1, 1), (2, 2))
    np.testing.assert_array_equal(s.conv2d(x, weight, None, 2, 1, 2), expected)
    np.testing.assert_array_equal(s.conv2d(x, weight, None, [2, 2], [1, 1], [np.int64(2), 2]), expected)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_empty_batch(dims):
    x, weight = np.zeros((0, 2, *(5,) * dims)), np.ones((3, 2, *(2,) * dims))
    y = CONV[dims](x, weight, np.ones(3))
    assert y.shape == (0, 3, *(4,) * dims)
    grad_x, grad_weight, grad_bias = BACKWARD[dims](y, x, weight)
    assert grad_x.shape == x.shape
    assert grad_weight.shape == weight.shape
    assert not grad_weight.any()
    np.testing.assert_array_equal(grad_bias, np.zeros(3))


def test_views_in_any_memory_order_are_taken():
    rng = np.random.default_rng(3)
    x, weight = rng.normal(size=(2, 6, 7, 3)).transpose(0, 3, 1, 2), np.asfortranarray(rng.normal(size=(4, 3, 2, 3)))
    grad_y = rng.normal(size=(5, 2, 5, 4)).transpose(1, 3, 2, 0)
    y = s.conv2d(x, weight)
    np.testing.assert_allclose(y, s.conv2d(x.copy(), weight.copy()), rtol=1e-13)
    assert y.flags.writeable
    grads = s.conv2d_backward(grad_y, x, weight)
    for ours, copied in zip(grads, s.conv2d_backward(grad_y.copy(), x.copy(), weight.copy()), strict=True):
        np.testing.assert_allclose(ours, copied, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("chunk", [1, 40, 150, 600], ids=lambda chunk: f"chunk {chunk}")
@pytest.mark.parametrize(
    ("space", "kernel", "padding", "dilation"),
    [((6, 7), (3, 2), (1, 4), (2, 1)), ((4, 3, 5), (2, 3, 1), (0, 1, 2), (1, 1, 2))],
)
def test_chunks_of_images_or_of_one_image_come_to_the_same_as_all_columns_at_once(
    chunk, space, kernel, padding, dilation, monkeypatch
):
    rng, window = np.random.default_rng(0), Window(space, kernel, (1,) * len(space), padding, dilation)
    x, weight, bias = rng.normal(size=(5, 4, *space)), rng.normal(size=(6, 2, *kernel)), rng.normal(size=6)
    y = _columns.conv(x, weight, bias, window, 2)
    grad_y = rng.normal(size=y.shape)
    expected = _columns.conv_backward(grad_y, x, weight, window, 2, need_grad_x=True)
    for way in (_shifted, _columns):
        monkeypatch.setattr(way, "CHUNK", chunk)
        np.testing.assert_allclose(way.conv(x, weight, bias, window, 2), y, rtol=1e-12, atol=1e-13)
        for ours, theirs in zip(way.conv_backward(grad_y, x, weight, window, 2, True), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)
