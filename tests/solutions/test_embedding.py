import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solutions as s
from solutions.layers import Embedding


@given(
    shape=st.lists(st.integers(0, 4), max_size=3),
    v=st.integers(1, 6),
    e=st.integers(1, 4),
    kind=st.sampled_from(["int64", "int32", "uint8"]),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_forward_looks_up_and_backward_adds_up(shape, v, e, kind, seed):
    rng = np.random.default_rng(seed)
    x, weight = rng.integers(0, v, shape).astype(kind), rng.normal(size=(v, e))
    y = s.embedding(np.asarray(x), weight)
    assert y.shape == (*shape, e)
    grad_y = rng.normal(size=y.shape)
    expected = np.zeros_like(weight)
    for index in np.ndindex(x.shape):
        np.testing.assert_array_equal(y[index], weight[x[index]])
        expected[x[index]] += grad_y[index]
    np.testing.assert_allclose(s.embedding_backward(grad_y, x, weight), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_and_inputs(dtype):
    x, weight = np.array([[0, 3], [3, 1]]), np.ones((5, 2), dtype)
    y = s.embedding(x, weight)
    grad_weight = s.embedding_backward(y, x, weight)
    assert y.dtype == grad_weight.dtype == dtype
    assert not np.shares_memory(y, weight)
    np.testing.assert_array_equal(grad_weight[:, 0], [1, 1, 0, 2, 0])


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.array([0, 5]), ValueError, "x must hold indices from 0 to 4, the rows of weight, got 5"),
        (np.array([0, -1]), ValueError, "x must hold indices from 0 to 4, the rows of weight, got -1"),
        (
            np.array([0.0]),
            TypeError,
            r"x must be a NumPy array of integers \(indices of rows of weight\), got an ar",
        ),
        ([0, 1], TypeError, "x must be a NumPy array of integers .* got a list"),
        (np.array([True]), TypeError, "x must be a NumPy array of integers .* got an array of bool"),
    ],
)
def test_indices_that_are_refused(x, error, message):
    for call in (lambda: s.embedding(x, np.ones((5, 2))), lambda: Embedding(5, 2)(x)):
        with pytest.raises(error, match=message):
            call()


def test_other_errors():
    x = np.array([1, 2])
    with pytest.raises(ValueError, match=r"grad_y must have the shape of the output, \(2, 3\), got \(2, 2\)"):
        s.embedding_backward(np.ones((2, 2)), x, np.ones((5, 3)))
    with pytest.raises(TypeError, match=r"grad_y must have the dtype of weight, float64, got float32"):
        s.embedding_backward(np.ones((2, 3), np.float32), x, np.ones((5, 3)))
    with pytest.raises(ValueError, match=r"weight must have 2 axes \(V, E\), got shape \(5,\)"):
        s.embedding(x, np.ones(5))
    with pytest.raises(ValueError, match=r"padding_idx must be at least 0, got -1"):
        Embedding(5, 3, padding_idx=-1)


def test_the_padding_row_stays_zero():
    layer = Embedding(5, 3, padding_idx=2, rng=0)
    assert not layer.weight.value[2].any()
    layer(np.array([2, 2, 1]))
    assert layer.backward(np.ones((3, 3), np.float32)) is None
    np.testing.assert_array_equal(layer.weight.grad[:, 0], [0, 1, 0, 0, 0])
