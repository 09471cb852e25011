import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solutions as s
from solutions.layers import BatchNorm1d, BatchNorm2d, LayerNorm

SHAPES = st.tuples(st.integers(2, 4), st.integers(1, 4)).flatmap(
    lambda start: st.lists(st.integers(1, 4), max_size=3).map(lambda space: (*start, *space))
)


def batch_by_loop(x, weight, bias, eps):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        values = [x[index] for index in np.ndindex(x.shape) if index[1] == c]
        mean = sum(values) / len(values)
        var = sum((value - mean) ** 2 for value in values) / len(values)
        y[:, c] = weight[c] * (x[:, c] - mean) / (var + eps) ** 0.5 + bias[c]
    return y


@given(shape=SHAPES, seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_batch_norm_is_the_definition_and_its_backward_the_slope(slope_error, shape, seed):
    rng = np.random.default_rng(seed)
    x, weight, bias = rng.normal(size=shape) + 3, rng.normal(size=shape[1]), rng.normal(size=shape[1])
    y = s.batch_norm(x, weight, bias, eps=0.1)
    np.testing.assert_allclose(y, batch_by_loop(x, weight, bias, 0.1), rtol=1e-9, atol=1e-11)
    grad_y = rng.normal(size=shape)
    grads = s.batch_norm_backward(grad_y, x, weight, bias, eps=0.1)
    arrays = (x, weight, bias)
    assert slope_error(lambda: (s.batch_norm(*arrays, eps=0.1) * grad_y).sum(), arrays, grads, rng) < 1e-6
    mean, var = rng.normal(size=shape[1]), rng.uniform(0.5, 2, shape[1])
    grads = s.batch_norm_backward(grad_y, x, weight, bias, mean, var)
    assert slope_error(lambda: (s.batch_norm(*arrays, mean, var) * grad_y).sum(), arrays, grads, rng) < 1e-6


@given(shape=SHAPES, axes=st.integers(1, 2), seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_layer_norm_is_the_definition_and_its_backward_the_slope(slope_error, shape, axes, seed):
    rng = np.random.default_rng(seed)
    x, weight, bias = rng.normal(size=shape) + 3, rng.normal(size=shape[-axes:]), rng.normal(size=shape[-axes:])
    y = s.layer_norm(x, weight, bias, axes, 0.1)
    for index in np.ndindex(shape[:-axes]):
        row = x[index]
        expected = weight * (row - row.mean()) / np.sqrt(row.var() + 0.1) + bias
        np.testing.assert_allclose(y[index], expected, rtol=1e-9, atol=1e-11)
    grad_y = rng.normal(size=shape)
    grads = s.layer_norm_backward(grad_y, x, weight, bias, axes, 0.1)
    arrays = (x, weight, bias)
    assert slope_error(lambda: (s.layer_norm(*arrays, axes, 0.1) * grad_y).sum(), arrays, grads, rng) < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["batch_norm", "layer_norm"])
def test_functions_leave_inputs_and_precision_alone(name, dtype):
    rng = np.random.default_rng(0)
    x, grad_y = (rng.normal(size=(2, 3, 5)).astype(dtype) for _ in range(2))
    size = 3 if name == "batch_norm" else 5
    inputs = [grad_y, x, *(rng.normal(size=size).astype(dtype) for _ in range(2))]
    for array in inputs:
        array.setflags(write=False)
    results = [getattr(s, name)(*inputs[1:]), *getattr(s, f"{name}_backward")(*inputs)]
    for result in results:
        assert result.dtype == dtype
        assert not any(np.shares_memory(result, array) for array in inputs)


def test_a_large_offset_costs_no_digits():
    x = np.array([[1e4], [1e4 + 1], [1e4 + 2]], np.float32)
    expected = np.array([[-1.2247], [0], [1.2247]])
    np.testing.assert_allclose(s.batch_norm(x, eps=1e-5), expected, atol=2e-3)
    np.testing.assert_allclose(s.layer_norm(x.T, eps=1e-5), expected.T, atol=2e-3)


def test_running_estimates_by_hand():
    # batches (1, 3) and (4, 8): means 2 and 6, unbiased variances 2 and 8, momentum 0.5 from mean 0, variance 1
    layer = BatchNorm1d(1, momentum=0.5, dtype=np.float64)
    layer(np.array([[1.0], [3.0]]))
    assert (layer.running_mean[0], layer.running_var[0], int(layer.num_batches_tracked)) == (1, 1.5, 1)
    layer(np.array([[4.0], [8.0]]))
    assert (layer.running_mean[0], layer.running_var[0], int(layer.num_batches_tracked)) == (3.5, 4.75, 2)
    layer.eval()
    np.testing.assert_allclose(layer(np.array([[3.5]])), [[0]])
    np.testing.assert_allclose(layer(np.array([[3.5 + 4.75**0.5]])), [[1]], rtol=1e-5)


@pytest.mark.parametrize(("layer", "shape"), [(BatchNorm1d(3), (1, 3)), (BatchNorm2d(3), (1, 3, 1, 1))])
def test_one_value_for_each_channel_is_refused_before_anything_is_remembered(layer, shape):
    before = layer.state_dict()
    message = r"x must have at least 2 values for each channel .*got 1 in shape .*last batch of one example, drop it"
    with pytest.raises(ValueError, match=message):
        layer(np.ones(shape, np.float32))
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    y = layer.eval()(np.ones(shape, np.float32))
    assert np.isfinite(y).all()
    layer.train()


def test_equal_values_are_finite():
    layer = BatchNorm1d(2)
    x = np.full((4, 2), 5, np.float32)
    assert not layer(x).any()
    assert np.isfinite(layer.backward(np.ones((4, 2), np.float32))).all()
    assert all(np.isfinite(value).all() for value in layer.state_dict().values())
    assert not LayerNorm(1)(x[:, :1]).any()
    with pytest.raises(ValueError, match="eps must be above 0 where all values that are normalized together are equal"):
        s.layer_norm(x, eps=0)


def test_backward_in_evaluation_takes_the_running_estimates_of_its_forward():
    layer = BatchNorm1d(1, dtype=np.float64).eval()
    layer(np.array([[2.0]]))
    layer.load_state_dict(layer.state_dict() | {"running_var": np.array([100.0])})
    np.testing.assert_allclose(layer.backward(np.array([[1.0]])), [[1]], rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: s.batch_norm(x, np.ones(2)),
            ValueError,
            r"weight must have one entry for each channel of x, \(3",
        ),
        (lambda x: s.batch_norm(x, None, np.ones(3, "f")), TypeError, "bias must have the dtype of x, float64, got"),
        (lambda x: s.batch_norm(x, mean=np.ones(3)), ValueError, "mean and var must be given both or neither"),
        (lambda x: s.batch_norm(x[0]), ValueError, r"x must have at least 2 axes \(N, C, ...\), got shape \(3,\)"),
        (lambda x: s.batch_norm(x[:, :0]), ValueError, r"x must not be empty along C \(axis 1\), got shape \(4, 0\)"),
        (lambda x: s.batch_norm(x, eps=-1), ValueError, "eps must be at least 0, got -1"),
        (lambda x: s.batch_norm_backward(x[:1], x), ValueError, r"grad_y must have the shape of x, \(4, 3\), got"),
        (lambda x: s.layer_norm(x, np.ones(4)), ValueError, r"weight must have the shape of x's normalized axes, \(3,"),
        (lambda x: s.layer_norm(x, axes=3), ValueError, r"axes must be from 1 to 2, the axes of x of shape \(4, 3\)"),
        (lambda x: s.layer_norm(x, axes=(1,)), TypeError, "axes must be an integer, how many of the last axes"),
        (
            lambda x: s.layer_norm(x[:, :0]),
            ValueError,
            r"x must not be empty along its last 1 axes, got shape \(4",
        ),
        (lambda x: s.layer_norm_backward(x.T, x), ValueError, r"grad_y must have the shape of x, \(4, 3\), got"),
        (
            lambda x: BatchNorm1d(4, dtype="d")(x),
            ValueError,
            r"num_features channels on axis 1, \(4, 4\), got \(4",
        ),
        (
            lambda x: BatchNorm2d(3, dtype="d")(x),
            ValueError,
            r"x must have the axes \(N, C, H, W\), got shape \(4",
        ),
        (lambda x: BatchNorm1d(3, dtype="d")(x[0]), ValueError, r"x must have the axes \(N, C\) or \(N, C, L\), got"),
        (lambda x: LayerNorm((4, 3), dtype="d")(x[0]), ValueError, r"x must end in the axes .* \(4, 3\), got shape"),
        (lambda x: LayerNorm(4, dtype="d")(x), ValueError, r"x must end in the axes normalized_shape = \(4,\), got"),
        (lambda x: LayerNorm(()), ValueError, "normalized_shape must name at least one axis, got none"),
        (lambda x: LayerNorm(0), ValueError, "normalized_shape must be at least 1, got 0"),
        (lambda x: BatchNorm1d(3, momentum=2), ValueError, "momentum must be at least 0 and at most 1, got 2"),
        (lambda x: BatchNorm1d(3, affine=1), TypeError, "affine must be True or False, got 1"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(np.arange(12.0).reshape(4, 3))


def test_prints_what_differs():
    assert repr(BatchNorm2d(3, affine=False)) == "BatchNorm2d(num_features=3, eps=1e-05, momentum=0.1, affine=False)"
    assert repr(LayerNorm((2, 3), bias=False)) == "LayerNorm(normalized_shape=(2, 3), eps=1e-05, bias=False)"
    text = "LayerNorm(normalized_shape=(2,), eps=1e-05, elementwise_affine=False, bias=False)"
    assert repr(LayerNorm(2, elementwise_affine=False)) == text
