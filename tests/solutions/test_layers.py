"""Every kind of layer in one table: against torch.nn, against measured slopes, in both precisions, from seeds."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solutions import gradients, layers
from solutions.layers import (
    LSTM,
    RNN,
    Absolute,
    Arctan,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    Conv3d,
    Dropout,
    Embedding,
    Flatten,
    LayerNorm,
    LeakyReLU,
    Linear,
    LogSoftmax,
    Maxout,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    PReLU,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Softplus,
    Step,
    Swish,
    Tanh,
)

# class, arguments of both constructors, name in torch.nn (None: not there), shape of x
TABLE = [
    (Linear, {"in_features": 4, "out_features": 3}, "Linear", (5, 4)),
    (Linear, {"in_features": 4, "out_features": 7, "bias": False}, "Linear", (2, 3, 4)),
    (Conv1d, {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "stride": 2, "groups": 2}, "Conv1d", (2, 4, 9)),
    (
        Conv2d,
        {"in_channels": 3, "out_channels": 5, "kernel_size": (3, 2), "padding": (2, 1), "dilation": (1, 2)},
        "Conv2d",
        (2, 3, 7, 6),
    ),
    (Conv2d, {"in_channels": 3, "out_channels": 5, "kernel_size": 4, "bias": False}, "Conv2d", (1, 3, 4, 6)),
    (Conv3d, {"in_channels": 2, "out_channels": 3, "kernel_size": (2, 1, 3), "stride": 2}, "Conv3d", (1, 2, 5, 4, 6)),
    (MaxPool1d, {"kernel_size": 3, "stride": 2, "padding": 1}, "MaxPool1d", (2, 3, 11)),
    (MaxPool2d, {"kernel_size": (2, 3)}, "MaxPool2d", (2, 3, 7, 9)),
    (MaxPool3d, {"kernel_size": 2, "stride": (1, 2, 3)}, "MaxPool3d", (2, 3, 4, 5, 6)),
    (AvgPool1d, {"kernel_size": 3, "stride": 2, "padding": 1}, "AvgPool1d", (2, 3, 11)),
    (AvgPool2d, {"kernel_size": (2, 3), "padding": (1, 0)}, "AvgPool2d", (2, 3, 7, 9)),
    (AvgPool3d, {"kernel_size": 2, "stride": (1, 2, 3)}, "AvgPool3d", (2, 3, 4, 5, 6)),
    (Flatten, {}, "Flatten", (2, 3, 4, 5)),
    (Flatten, {"start_dim": -3, "end_dim": 2}, "Flatten", (2, 3, 4, 5)),
    (Dropout, {"p": 0.0}, "Dropout", (5, 4)),
    (BatchNorm1d, {"num_features": 4}, "BatchNorm1d", (5, 4)),
    (BatchNorm1d, {"num_features": 3, "eps": 1e-3, "momentum": None}, "BatchNorm1d", (2, 3, 7)),
    (BatchNorm2d, {"num_features": 3, "momentum": 0.3}, "BatchNorm2d", (2, 3, 5, 4)),
    (BatchNorm2d, {"num_features": 3, "affine": False}, "BatchNorm2d", (2, 3, 5, 4)),
    (BatchNorm2d, {"num_features": 3, "track_running_stats": False}, "BatchNorm2d", (2, 3, 5, 4)),
    (LayerNorm, {"normalized_shape": 4}, "LayerNorm", (2, 3, 4)),
    (LayerNorm, {"normalized_shape": (3, 4), "eps": 0.1, "bias": False}, "LayerNorm", (5, 3, 4)),
    (LayerNorm, {"normalized_shape": [4], "elementwise_affine": False}, "LayerNorm", (5, 4)),
    (RNN, {"input_size": 3, "hidden_size": 4}, "RNN", (2, 5, 3)),
    (RNN, {"input_size": 3, "hidden_size": 4, "bias": False}, "RNN", (2, 5, 3)),
    (LSTM, {"input_size": 3, "hidden_size": 4}, "LSTM", (2, 5, 3)),
    (LSTM, {"input_size": 3, "hidden_size": 4, "bias": False}, "LSTM", (2, 5, 3)),
    (Embedding, {"num_embeddings": 7, "embedding_dim": 3}, "Embedding", (2, 5)),
    (Embedding, {"num_embeddings": 7, "embedding_dim": 3, "padding_idx": 2}, "Embedding", (4, 5)),
    (Step, {}, None, (5, 4)),
    (Sigmoid, {}, "Sigmoid", (5, 4)),
    (Tanh, {}, "Tanh", (2, 5, 4)),
    (Arctan, {}, None, (5, 4)),
    (ReLU, {}, "ReLU", (5, 4)),
    (LeakyReLU, {"negative_slope": 0.2}, "LeakyReLU", (5, 4)),
    (PReLU, {}, "PReLU", (5, 4, 3)),
    (PReLU, {"num_parameters": 4, "init": 0.1}, "PReLU", (5, 4, 3)),
    (Absolute, {}, None, (5, 4)),
    (Maxout, {"k": 2}, None, (5, 6)),
    (Softplus, {}, "Softplus", (5, 4)),
    (Swish, {}, "SiLU", (5, 4)),
    (Softmax, {"dim": 1}, "Softmax", (5, 4, 3)),
    (LogSoftmax, {"dim": -1}, "LogSoftmax", (5, 4)),
]
IDS = [f"{row[0].__name__}{i}" for i, row in enumerate(TABLE)]
table = pytest.mark.parametrize(("kind", "options", "name", "shape"), TABLE, ids=IDS)


def batch(kind, shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if kind is Embedding:
        return rng.integers(0, 7, shape)
    x = rng.normal(size=shape)
    return (x + 0.1 * np.sign(x)).astype(dtype)  # away from the kinks at 0


def first(y):
    return y[0] if isinstance(y, tuple) else y


def everything(layer):
    """Yield each array that a layer holds, wherever it is: parameters, gradients, buffers, what backward needs."""
    waiting, seen = [layer], set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            yield thing
        elif isinstance(thing, dict):
            waiting.extend(thing.values())
        elif isinstance(thing, (tuple, list)):
            waiting.extend(thing)
        elif type(thing).__module__.startswith("solutions"):
            waiting.append(vars(thing))


def test_the_table_holds_every_layer():
    kinds = {value for name, value in vars(layers).items() if name in layers.__all__}
    assert kinds - {row[0] for row in TABLE} == {layers.Layer, Sequential, Residual}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@table
def test_same_as_torch_with_weights_moved_both_ways(kind, options, name, shape, dtype):
    torch = pytest.importorskip("torch")
    if name is None:
        pytest.skip("torch.nn has no such layer")
    extra = {"batch_first": True} if kind in (RNN, LSTM) else {}
    theirs = getattr(torch.nn, name)(**options, **extra)
    theirs = theirs.to(torch.float64 if dtype == np.float64 else torch.float32)
    mine = kind(**options, rng=1, dtype=dtype)
    state = mine.state_dict()
    assert {key: value.shape for key, value in state.items()} == {
        key: tuple(value.shape) for key, value in theirs.state_dict().items()
    }
    assert list(state) == list(theirs.state_dict())
    assert [p.name for p in mine.parameters()] == [key for key, _ in theirs.named_parameters()]
    theirs.load_state_dict({key: torch.tensor(value) for key, value in state.items()})  # from here to there

    tolerance = {"rtol": 2e-4, "atol": 2e-5} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-10}
    for step in range(3):  # what is remembered from batch to batch has to agree too
        x = batch(kind, shape, dtype, seed=step)
        leaf = torch.tensor(x, requires_grad=kind is not Embedding)
        y, expected = mine(x), theirs(leaf)
        np.testing.assert_allclose(first(y), first(expected).detach().numpy(), **tolerance)
        grad = np.random.default_rng(9).normal(size=first(y).shape).astype(dtype)
        first(expected).backward(torch.tensor(grad))
        grad_x = mine.backward(grad)
        if kind is Embedding:
            assert grad_x is None
        else:
            np.testing.assert_allclose(grad_x, leaf.grad.numpy(), **tolerance)
        for parameter, (key, value) in zip(mine.parameters(), theirs.named_parameters(), strict=True):
            np.testing.assert_allclose(parameter.grad, value.grad.numpy(), err_msg=key, **tolerance)  # they add up

    with torch.no_grad():
        for value in theirs.parameters():
            value.copy_(torch.tensor(np.random.default_rng(3).normal(size=value.shape)))
    of_a_graph = dict(theirs.named_parameters())
    mine.load_state_dict(theirs.state_dict() | of_a_graph)  # and back again, tensors as they are
    mine.eval()
    theirs.eval()
    x = batch(kind, shape, dtype, seed=5)
    with torch.no_grad():
        np.testing.assert_allclose(first(mine(x)), first(theirs(torch.tensor(x))).numpy(), **tolerance)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(mine.state_dict()[key], value.numpy(), err_msg=key, **tolerance)


@table
def test_backward_is_the_measured_slope(kind, options, name, shape):
    if "padding_idx" in options:
        pytest.skip("its row gets no gradient, whatever the slope")
    layer = kind(**options, rng=1, dtype=np.float64)
    assert gradients.check_layer(layer, batch(kind, shape, np.float64)) < 1e-6
    assert gradients.check_layer(layer.eval(), batch(kind, shape, np.float64, seed=1)) < 1e-6


SHAPED = {
    "linear": lambda n, a, b: (Linear(a, b, rng=n, dtype=np.float64), (n, a)),
    "conv": lambda n, a, b: (Conv2d(a, b, (2, 3), padding=1, rng=n, dtype=np.float64), (n, a, b + 1, a + 2)),
    "batch norm": lambda n, a, b: (BatchNorm1d(a, dtype=np.float64), (n + 1, a, b)),
    "layer norm": lambda n, a, b: (LayerNorm((a, b + 3), dtype=np.float64), (n, a, b + 3)),
    "residual": lambda n, a, b: (
        Residual(
            Sequential(Linear(a, b, rng=n, dtype=np.float64), Tanh(), Linear(b, a, rng=a, dtype=np.float64)),
        ),
        (n, a),
    ),
    "recurrent": lambda n, a, b: (LSTM(a, b, rng=n, dtype=np.float64), (n, b + 2, a)),
}


@pytest.mark.parametrize("make", SHAPED.values(), ids=SHAPED)
@given(sizes=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)), seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_backward_is_the_measured_slope_for_any_sizes(make, sizes, seed):
    layer, shape = make(*sizes)
    x = np.random.default_rng(seed).normal(size=shape)
    assert gradients.check_layer(layer, x, samples=4, rng=seed) < 1e-6


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@table
def test_nothing_leaves_its_precision(kind, options, name, shape, dtype):
    layer = kind(**options, rng=1, dtype=dtype)
    x = batch(kind, shape, dtype)
    x.setflags(write=False)  # writing to the input would raise
    copy = x.copy()
    y = layer(x)
    grad = np.ones(first(y).shape, dtype)
    grad.setflags(write=False)
    results = [first(y), *([y[1]] if isinstance(y, tuple) else []), layer.backward(grad)]
    np.testing.assert_array_equal(x, copy)
    assert not np.shares_memory(first(y), x)
    arrays = list(everything(results)) + list(everything(layer))
    assert len(arrays) > 2 or kind in (Dropout, Flatten)
    for array in arrays:
        counts = array.dtype.kind in "iu" and array.dtype == np.int64
        assert array.dtype == dtype or counts, f"{array.dtype} {array.shape}"
    counters = [key for key, value in layer.state_dict().items() if value.dtype != dtype]
    assert set(counters) <= {"num_batches_tracked"}


@table
def test_evaluation_changes_nothing(kind, options, name, shape):
    layer = kind(**options, rng=1)
    assert layer.training
    layer(batch(kind, shape, np.float32))
    before = layer.state_dict()
    assert layer.eval() is layer
    assert not layer.training
    bits = layer.rng.bit_generator.state
    x = batch(kind, shape, np.float32, seed=1)
    y, again = layer(x), layer(x)
    np.testing.assert_array_equal(first(y), first(again))
    assert layer.rng.bit_generator.state == bits
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)
    assert layer.train().training


@table
def test_one_seed_gives_the_same_bits(kind, options, name, shape):
    global_state = np.random.get_state()[1].copy()  # noqa: NPY002 - it must not be touched
    one, same = kind(**options, rng=3), kind(**options, rng=np.random.default_rng(3))
    other = kind(**options, rng=4)
    drawn = [key for key in one.state_dict() if not np.isin(one.state_dict()[key], [0, 1, 0.25, 0.1]).all()]
    for key, value in one.state_dict().items():
        np.testing.assert_array_equal(value, same.state_dict()[key])
        if key in drawn and kind is not PReLU:
            assert (value != other.state_dict()[key]).any()
    np.testing.assert_array_equal(global_state, np.random.get_state()[1])  # noqa: NPY002


@table
def test_one_seed_makes_one_network_in_both_precisions(kind, options, name, shape):
    single, double = kind(**options, rng=3), kind(**options, rng=3, dtype=np.float64)
    for key, value in single.state_dict().items():
        np.testing.assert_allclose(value, double.state_dict()[key], rtol=1e-6)


@table
def test_constructors_take_torchs_arguments_in_its_order(kind, options, name, shape):
    torch = pytest.importorskip("torch")
    own = inspect.signature(kind).parameters
    assert list(own)[-2:] == ["rng", "dtype"]
    assert {own[key].kind for key in ("rng", "dtype")} == {inspect.Parameter.KEYWORD_ONLY}
    if name is None or kind in (RNN, LSTM):  # torch's RNN hides its arguments behind *args
        return
    theirs = [key for key in inspect.signature(getattr(torch.nn, name)).parameters if key in own and key != "dtype"]
    assert theirs == list(own)[:-2]


@table
def test_an_empty_batch_passes_or_is_refused(kind, options, name, shape):
    layer = kind(**options, rng=1)
    x = batch(kind, shape, np.float32)[:0]
    before = layer.state_dict()
    if kind in (BatchNorm1d, BatchNorm2d):
        with pytest.raises(ValueError, match="at least 2 values for each channel"):
            layer(x)
    else:
        y = layer(x)
        assert len(first(y)) == 0 or kind is Flatten
        grad_x = layer.backward(np.zeros_like(first(y)))
        assert kind is Embedding or grad_x.shape == x.shape
        assert not any(parameter.grad.any() for parameter in layer.parameters())
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


@table
def test_backward_needs_a_forward_and_a_fitting_gradient(kind, options, name, shape):
    layer = kind(**options, rng=1)
    with pytest.raises(RuntimeError, match=rf"{kind.__name__}.backward needs a forward before it.*call forward\(x\)"):
        layer.backward(np.ones(shape, np.float32))
    y = first(layer(batch(kind, shape, np.float32)))
    with pytest.raises(ValueError, match=r"grad_output must have the shape of the output, \(.*, got \("):
        layer.backward(np.ones((*y.shape, 1), np.float32))
    with pytest.raises(TypeError, match=r"grad_output must have the dtype of the output, float32, got float64; conv"):
        layer.backward(np.ones(y.shape))
    with pytest.raises(TypeError, match=r"grad_output must be a NumPy array of float32 or float64, got a list"):
        layer.backward([1.0])
    with pytest.raises((TypeError, ValueError)):
        layer(np.array(["a"]))
    with pytest.raises(RuntimeError, match="needs a forward before it, got none \\(or one that failed\\)"):
        layer.backward(np.ones(y.shape, np.float32))


@table
def test_backward_belongs_to_the_last_forward_and_may_be_repeated(kind, options, name, shape):
    layer, fresh = kind(**options, rng=1), kind(**options, rng=1)
    x = batch(kind, shape, np.float32)
    layer(batch(kind, shape, np.float32, seed=8)[:2])
    y, expected = first(layer(x)), first(fresh(x))
    grad = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
    right = fresh.backward(grad)
    for times in (1, 2):
        grad_x = layer.backward(grad)
        if right is not None:
            np.testing.assert_array_equal(grad_x, right)
        for parameter, other in zip(layer.parameters(), fresh.parameters(), strict=True):
            np.testing.assert_allclose(parameter.grad, times * other.grad, rtol=1e-6)
    np.testing.assert_array_equal(y, expected)  # and what forward gave stays what it was
    y *= -1  # whoever got it may do with it as they like
    if right is not None:
        np.testing.assert_array_equal(layer.backward(grad), right)


@table
def test_copies_and_prints(kind, options, name, shape):
    import copy
    import pickle

    layer = kind(**options, rng=1)
    layer(batch(kind, shape, np.float32))
    text = repr(layer)
    assert text.startswith(f"{kind.__name__}(")
    assert text.endswith(")")
    x = batch(kind, shape, np.float32, seed=2)
    twins = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
    y = first(layer(x))
    for twin in twins:
        np.testing.assert_array_equal(first(twin(x)), y)
        assert repr(twin) == text
        assert [p.name for p in twin.parameters()] == [p.name for p in layer.parameters()]


def test_first_weights_are_spread_as_torchs_are():
    for layer, fan_in in [
        (Linear(300, 400, rng=0), 300),
        (Conv2d(20, 60, (3, 5), groups=2, rng=0), 150),
        (RNN(30, 90, rng=0), 90),
        (LSTM(30, 50, rng=0), 50),
    ]:
        bound = fan_in**-0.5
        for parameter in layer.parameters():
            assert np.abs(parameter.value).max() <= bound * 1.0001
            if parameter.value.size > 3000:
                assert np.abs(parameter.value).max() > 0.99 * bound
                assert parameter.value.std() == pytest.approx(bound / 3**0.5, rel=0.03)
                assert abs(parameter.value.mean()) < 0.03 * bound
    rows = Embedding(100, 70, rng=0).weight.value
    assert rows.std() == pytest.approx(1, rel=0.03)
    assert abs(rows.mean()) < 0.03


def test_bound_of_the_first_weights_against_torch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    for ours, theirs in [
        (Linear(300, 400, rng=0), torch.nn.Linear(300, 400)),
        (Conv2d(20, 60, 5, groups=2, rng=0), torch.nn.Conv2d(20, 60, 5, groups=2)),
        (LSTM(30, 50, rng=0), torch.nn.LSTM(30, 50)),
    ]:
        for parameter, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            a, b = np.abs(parameter.value).max(), float(other.detach().abs().max())
            assert a == pytest.approx(b, rel=0.05)
