import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solutions as s


def test_deck_003_network_by_hand():
    # w1 = [[1,2],[3,4],[5,6]], w2 = [7,8,9]: a 2-3-1 network; z1 = w1 x and z2 = w2 z1 for x = (1, -1)
    w1, w2 = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[7.0, 8.0, 9.0]])
    z1 = s.linear(np.array([[1.0, -1.0]]), w1)
    np.testing.assert_array_equal(z1, [[-1, -1, -1]])
    np.testing.assert_array_equal(s.linear(z1, w2, np.array([0.5])), [[-23.5]])


@given(
    n=st.integers(0, 4),
    middle=st.lists(st.integers(1, 3), max_size=2),
    i=st.integers(1, 5),
    o=st.integers(1, 5),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_forward_is_the_sum_and_backward_its_slope(slope_error, n, middle, i, o, seed):
    rng = np.random.default_rng(seed)
    x, weight, bias = rng.normal(size=(n, *middle, i)), rng.normal(size=(o, i)), rng.normal(size=o)
    y = s.linear(x, weight, bias)
    expected = np.zeros((n, *middle, o))
    for index in np.ndindex(expected.shape):
        expected[index] = bias[index[-1]] + sum(weight[index[-1], j] * x[(*index[:-1], j)] for j in range(i))
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(s.linear(x, weight), s.linear(x, weight, np.zeros(o)))
    grad_y = rng.normal(size=y.shape)
    grads = s.linear_backward(grad_y, x, weight)
    assert slope_error(lambda: (s.linear(x, weight, bias) * grad_y).sum(), (x, weight, bias), grads, rng) < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_as_torch(dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    x, weight, bias, grad_y = (rng.normal(size=shape).astype(dtype) for shape in [(2, 3, 4), (5, 4), (5,), (2, 3, 5)])
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, weight, bias)]
    expected = torch.nn.functional.linear(*leaves)
    expected.backward(torch.tensor(grad_y))
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(s.linear(x, weight, bias), expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    for grad, leaf in zip(s.linear_backward(grad_y, x, weight, bias), leaves, strict=True):
        assert grad.dtype == dtype
        np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=tolerance, atol=tolerance)
