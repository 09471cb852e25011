import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions.functional import log_softmax
from solutions.losses import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, MultiLabelLoss, NLLLoss

N, K = 5, 3


def draw(name, rng, dtype=np.float64):
    """Return the loss class, the name of torch's, a prediction and a target."""
    z, indices = rng.normal(size=(N, K)).astype(dtype), rng.integers(0, K, N)
    share = rng.uniform(size=(N, K)).astype(dtype)
    return {
        "mse": (MSELoss, "MSELoss", z, share),
        "bce": (BCELoss, "BCELoss", rng.uniform(0.05, 0.95, (N, K)).astype(dtype), share),
        "bce with logits": (BCEWithLogitsLoss, "BCEWithLogitsLoss", z * 4, share),
        "multi-label": (MultiLabelLoss, "MultiLabelSoftMarginLoss", z * 4, np.round(share)),
        "cross-entropy": (CrossEntropyLoss, "CrossEntropyLoss", z * 4, indices),
        "cross-entropy of shares": (CrossEntropyLoss, "CrossEntropyLoss", z * 4, share),
        "cross-entropy of pixels": (
            CrossEntropyLoss,
            "CrossEntropyLoss",
            rng.normal(size=(N, K, 2, 4)).astype(dtype),
            rng.integers(0, K, (N, 2, 4)),
        ),
        "nll": (NLLLoss, "NLLLoss", log_softmax(z), indices),
        "nll of pixels": (
            NLLLoss,
            "NLLLoss",
            log_softmax(rng.normal(size=(N, K, 4)).astype(dtype), 1),
            rng.integers(0, K, (N, 4)),
        ),
    }[name]


NAMES = [
    "mse",
    "bce",
    "bce with logits",
    "multi-label",
    "cross-entropy",
    "cross-entropy of shares",
    "cross-entropy of pixels",
    "nll",
    "nll of pixels",
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", NAMES)
def test_same_as_torch(name, reduction, dtype):
    torch = pytest.importorskip("torch")
    cls, torch_name, prediction, target = draw(name, np.random.default_rng(0), dtype)
    loss = cls(reduction=reduction)
    value, grad = loss.forward(prediction, target), loss.backward()
    leaf = torch.tensor(prediction, requires_grad=True)
    expected = getattr(torch.nn, torch_name)(reduction=reduction)(leaf, torch.tensor(target))
    if name == "multi-label" and reduction == "sum":
        expected = expected * K  # torch's sum is over the batch only; ours, as our docstring says, over all entries
    expected.backward()
    tolerance = 2e-6 if dtype == np.float32 else 1e-12
    assert type(value) is float
    assert value == pytest.approx(expected.item(), rel=tolerance)
    assert grad.dtype == dtype
    np.testing.assert_allclose(grad, leaf.grad.numpy(), rtol=20 * tolerance, atol=tolerance)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_backward_is_the_measured_slope(slope_error, name, reduction, seed):
    rng = np.random.default_rng(seed)
    cls, _, prediction, target = draw(name, rng)
    loss = cls(reduction)
    loss.forward(prediction, target)
    grad = loss.backward()
    assert slope_error(lambda: loss(prediction, target), (prediction,), (grad,), rng) < 1e-6


def test_mean_squared_error_by_hand():
    loss = MSELoss()
    assert loss.forward(np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 0.0], [0.0, 4.0]])) == (4 + 9 + 1) / 4
    np.testing.assert_array_equal(loss.backward(), np.array([[0, 2], [3, 1]]) * 2 / 4)


def test_cross_entropy_by_hand():
    loss = CrossEntropyLoss()
    prediction = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]]))
    assert loss.forward(prediction, np.array([0, 2])) == pytest.approx(-(math.log(0.7) + math.log(0.5)) / 2)
    np.testing.assert_allclose(loss.backward(), np.array([[-0.3, 0.2, 0.1], [0.25, 0.25, -0.5]]) / 2, atol=1e-15)


def test_softmax_gradient_of_deck_002():
    # The deck prints yhat = (0.5, 0, 0.1, 0.2, 0.1), whose sum is 0.9: a sixth class takes what is left.
    yhat = np.array([[0.5, 0, 0.1, 0.2, 0.1, 0.1]])
    with np.errstate(divide="ignore"):
        z = np.log(yhat)
    loss = CrossEntropyLoss()
    assert loss.forward(z, np.array([0])) == pytest.approx(math.log(2))
    np.testing.assert_allclose(loss.backward()[0, :5], [-0.5, 0, 0.1, 0.2, 0.1], atol=1e-15)


def test_cross_entropy_is_log_softmax_then_nll_and_takes_one_hot_rows():
    rng = np.random.default_rng(3)
    z, indices = rng.normal(size=(N, K)), rng.integers(0, K, N)
    loss, one_hot = CrossEntropyLoss(), CrossEntropyLoss()
    value = loss.forward(z, indices)
    assert value == pytest.approx(NLLLoss().forward(log_softmax(z), indices), rel=1e-14)
    assert value == pytest.approx(one_hot.forward(z, np.eye(K)[indices]), rel=1e-14)
    np.testing.assert_allclose(loss.backward(), one_hot.backward(), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bce_is_finite_and_silent_at_zero_and_one(dtype):
    prediction, target = np.array([0, 1, 0, 1], dtype), np.array([0, 1, 1, 0], dtype)
    loss = BCELoss("sum")
    with warnings.catch_warnings(), np.errstate(invalid="raise", over="raise"):
        warnings.simplefilter("error")
        assert loss.forward(prediction, target) == 200
        np.testing.assert_allclose(loss.backward(), [0, 0, -1e12, 1e12], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cls", [BCEWithLogitsLoss, MultiLabelLoss])
def test_logits_of_ten_thousand_are_exact_and_silent(cls, dtype):
    z, target = np.array([[1e4, -1e4, 1e4, -1e4]], dtype), np.array([[1, 0, 0, 1]], dtype)
    loss = cls("sum")
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert loss.forward(z, target) == 2e4
        np.testing.assert_array_equal(loss.backward(), [[0, 0, 1, -1]])


def test_cross_entropy_of_ten_thousand_is_exact_and_silent():
    loss = CrossEntropyLoss("sum")
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert loss.forward(np.array([[1e4, -1e4], [-1e4, 1e4]]), np.array([0, 0])) == 2e4
        np.testing.assert_array_equal(loss.backward(), [[0, 0], [-1, 1]])


def test_a_masked_class_costs_nothing_while_it_is_not_the_target():
    loss = CrossEntropyLoss()
    assert loss.forward(np.array([[0.0, -np.inf, 0.0]]), np.array([2])) == pytest.approx(math.log(2))
    np.testing.assert_array_equal(loss.backward(), [[0.5, 0, -0.5]])


@pytest.mark.parametrize("target", [np.array([[1, 0, 1]]), np.array([[True, False, True]]), np.uint8([[1, 0, 1]])])
@pytest.mark.parametrize("cls", [BCELoss, BCEWithLogitsLoss, MultiLabelLoss])
def test_yes_or_no_may_be_integers_or_booleans(cls, target):
    prediction = np.array([[0.25, 0.5, 0.75]], np.float32)
    loss, expected = cls(), cls()
    assert loss.forward(prediction, target) == expected.forward(prediction, target.astype(np.float32))
    assert loss.backward().dtype == np.float32
    np.testing.assert_array_equal(loss.backward(), expected.backward())


@pytest.mark.parametrize("name", NAMES)
def test_backward_needs_forward_first_and_a_failed_forward_does_not_count(name):
    cls, _, prediction, target = draw(name, np.random.default_rng(0))
    loss = cls()
    message = rf"{cls.__name__}\.backward\(\) needs a forward pass: call {cls.__name__}\.forward\(prediction, target\)"
    with pytest.raises(RuntimeError, match=message):
        loss.backward()
    loss.forward(prediction, target)
    with pytest.raises(ValueError, match="target"):
        loss.forward(prediction, target[:-1])
    with pytest.raises(RuntimeError, match=message):
        loss.backward()


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_not_modified_and_may_be_reused_before_backward(name):
    cls, _, prediction, target = draw(name, np.random.default_rng(0))
    before = prediction.copy(), target.copy()
    loss = cls()
    loss.forward(prediction, target)
    grad = loss.backward()
    np.testing.assert_array_equal(prediction, before[0])
    np.testing.assert_array_equal(target, before[1])
    prediction[...] = 0.5
    target[...] = 0
    np.testing.assert_array_equal(loss.backward(), grad)
    grad[...] = 7
    assert (loss.backward() != 7).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_batch_sums_to_zero_and_has_no_mean(name):
    cls, _, prediction, target = draw(name, np.random.default_rng(0))
    loss = cls("sum")
    assert loss.forward(prediction[:0], target[:0]) == 0
    assert loss.backward().shape == prediction[:0].shape
    with pytest.raises(ValueError, match="prediction must not be empty for reduction='mean', got shape"):
        cls().forward(prediction[:0], target[:0])


def test_a_loss_prints_its_reduction():
    assert repr(MSELoss("sum")) == "MSELoss(reduction='sum')"
