import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions import Parameter
from solutions.optim import SGD

SHAPES = [(2, 3), (4,), ()]


def run(optimizer, parameters, gradients):
    """Take one step for each row of gradients, as a training loop does."""
    for row in gradients:
        optimizer.zero_grad()
        for parameter, gradient in zip(parameters, row, strict=True):
            parameter.grad += gradient
        optimizer.step()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    lr=st.floats(0, 1),
    momentum=st.sampled_from([0, 0.5, 0.9]),
    nesterov=st.booleans(),
    weight_decay=st.sampled_from([0, 0.1]),
)
@settings(max_examples=25, deadline=None)
def test_sgd_same_as_torch(dtype, lr, momentum, nesterov, weight_decay):
    torch = pytest.importorskip("torch")
    nesterov = nesterov and momentum > 0
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    gradients = [[rng.normal(size=shape).astype(dtype) for shape in SHAPES] for _ in range(5)]
    parameters = [Parameter(value) for value in values]
    options = {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
    run(SGD(parameters, **options), parameters, gradients)
    leaves = [torch.tensor(value, requires_grad=True) for value in values]
    theirs = torch.optim.SGD(leaves, **options)
    for row in gradients:
        for leaf, gradient in zip(leaves, row, strict=True):
            leaf.grad = torch.tensor(gradient)
        theirs.step()
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    for parameter, leaf in zip(parameters, leaves, strict=True):
        assert parameter.value.dtype == dtype
        np.testing.assert_allclose(parameter.value, leaf.detach().numpy(), rtol=tolerance, atol=tolerance)


def test_two_steps_of_momentum_by_hand():
    p = Parameter(np.array([1.0]))
    optimizer = SGD([p], lr=0.1, momentum=0.5)
    run(optimizer, [p], [[np.array([2.0])], [np.array([4.0])]])
    # v1 = 2, w1 = 1 - 0.2 = 0.8; v2 = 0.5 * 2 + 4 = 5, w2 = 0.8 - 0.5 = 0.3
    assert p.value[0] == pytest.approx(0.3)


def test_weight_decay_is_the_gradient_of_half_lambda_w_squared():
    p = Parameter(np.array([3.0, -2.0]))
    SGD([p], lr=0.5, weight_decay=0.1).step()
    np.testing.assert_allclose(p.value, np.array([3.0, -2.0]) * (1 - 0.5 * 0.1))


def test_values_change_in_place_and_gradients_do_not_change():
    p = Parameter(np.ones(3), grad=np.ones(3))
    value = p.value
    optimizer = SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)
    optimizer.step()
    optimizer.step()
    assert p.value is value
    np.testing.assert_array_equal(p.grad, np.ones(3))


def test_the_learning_rate_may_change_between_steps_and_keeps_float32():
    p = Parameter(np.zeros(2, np.float32), grad=np.ones(2, np.float32))
    optimizer = SGD([p], lr=np.float64(0.1))
    optimizer.step()
    optimizer.lr = np.float64(1.0)
    optimizer.step()
    assert p.value.dtype == np.float32
    np.testing.assert_allclose(p.value, -1.1, rtol=1e-6)


def test_zero_grad_clears_all_gradients():
    parameters = [Parameter(np.ones(2), grad=np.ones(2)), Parameter(np.ones((2, 3)), grad=np.ones((2, 3)))]
    SGD(parameters, lr=1).zero_grad()
    assert not any(p.grad.any() for p in parameters)


def test_gradient_descent_finds_the_minimum_of_a_bowl():
    p = Parameter(np.array([5.0, -3.0]))
    optimizer = SGD([p], lr=0.1, momentum=0.5)
    for _ in range(200):
        p.grad = 2 * (p.value - np.array([1.0, 2.0]))
        optimizer.step()
    np.testing.assert_allclose(p.value, [1, 2], atol=1e-8)


def test_it_takes_any_iterable_and_prints_its_sizes():
    optimizer = SGD((Parameter(np.ones(shape)) for shape in SHAPES), lr=0.1)
    assert repr(optimizer) == "SGD(lr=0.1, 3 parameters, 11 entries)"
