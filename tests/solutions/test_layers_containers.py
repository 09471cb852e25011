import numpy as np
import pytest

from solutions import Parameter, losses, optim
from solutions.layers import (
    LSTM,
    BatchNorm1d,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    Softmax,
    Tanh,
)


def network(dtype=np.float32):
    rng = np.random.default_rng(0)
    return Sequential(
        Sequential(Conv2d(1, 3, 3, rng=rng, dtype=dtype), ReLU(), MaxPool2d(2)),
        Flatten(),
        Linear(18, 5, rng=rng, dtype=dtype),
        Residual(Sequential(Linear(5, 5, rng=rng, dtype=dtype), BatchNorm1d(5, dtype=dtype), Tanh())),
        Dropout(0.4, rng=rng),
        Linear(5, 2, rng=rng, dtype=dtype),
    )


KEYS = [
    "0.0.weight",
    "0.0.bias",
    "2.weight",
    "2.bias",
    "3.layer.0.weight",
    "3.layer.0.bias",
    "3.layer.1.weight",
    "3.layer.1.bias",
    "3.layer.1.running_mean",
    "3.layer.1.running_var",
    "3.layer.1.num_batches_tracked",
    "5.weight",
    "5.bias",
]


def test_keys_and_names_go_through_all_levels():
    model = network()
    assert list(model.state_dict()) == KEYS
    assert [p.name for p in model.parameters()] == [key for key in KEYS if "running" not in key and "num_" not in key]
    assert list(model[0].state_dict()) == ["0.weight", "0.bias"]
    assert model[0][0].weight.name == "0.0.weight"  # the name in the outermost


def test_same_as_torch():
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Sequential(nn.Linear(5, 5), nn.BatchNorm1d(5), nn.Tanh())

        def forward(self, x):
            return x + self.layer(x)

    theirs = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        nn.Linear(18, 5),
        Block(),
        nn.Dropout(0.0),
        nn.Linear(5, 2),
    ).double()
    model = network(np.float64)
    model[4].p = 0.0
    model.load_state_dict(theirs.state_dict())
    rng = np.random.default_rng(1)
    x, grad = rng.normal(size=(4, 1, 6, 9)), rng.normal(size=(4, 2))
    x = x[:, :, :, :8]
    leaf = torch.tensor(x, requires_grad=True)
    expected = theirs(leaf)
    expected.backward(torch.tensor(grad))
    np.testing.assert_allclose(model(x), expected.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(model.backward(grad), leaf.grad.numpy(), rtol=1e-9, atol=1e-12)
    for parameter, value in zip(model.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(parameter.grad, value.grad.numpy(), rtol=1e-9, atol=1e-12)
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(model.state_dict()[key], value.numpy(), rtol=1e-10)


def test_prints_its_layers_and_the_shapes_that_passed():
    model = network()
    assert repr(model).splitlines()[:3] == [
        "Sequential(",
        "  0: Sequential(",
        "    0: Conv2d(in_channels=1, out_channels=3, kernel_size=(3, 3))",
    ]
    assert "->" not in repr(model)
    model(np.zeros((4, 1, 6, 8), np.float32))
    lines = repr(model).splitlines()
    assert lines[2].endswith("kernel_size=(3, 3))     (4, 1, 6, 8) -> (4, 3, 4, 6)")
    assert len({line.index("  (4") for line in lines[2:5]}) == 1, "the shapes stand in one column"
    assert lines[-2].startswith("  5: Linear(in_features=5, out_features=2)")
    assert lines[-2].endswith("  (4, 5) -> (4, 2)")
    assert repr(Sequential()) == "Sequential()"


def test_length_index_and_iteration():
    model = network()
    assert len(model) == 6
    assert isinstance(model[1], Flatten)
    assert model[-1] is model[5]
    assert [type(layer).__name__ for layer in model][:2] == ["Sequential", "Flatten"]
    with pytest.raises(IndexError, match="index must be from -6 to 5, got 6"):
        model[6]
    with pytest.raises(TypeError, match="index must be an integer, got a slice"):
        model[:2]


def test_no_layers_change_nothing():
    x = np.ones((2, 3))
    model = Sequential()
    np.testing.assert_array_equal(model(x), x)
    np.testing.assert_array_equal(model.backward(2 * x), 2 * x)
    assert model.parameters() == []
    assert model.state_dict() == {}


def test_names_instead_of_numbers():
    model = Sequential({"hidden": Linear(3, 4), "act": ReLU(), "out": Linear(4, 2)})
    assert list(model.state_dict()) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    assert model.out is model[2]
    for name in ("a.b", "forward", "", "training"):
        with pytest.raises(ValueError, match="layers must have names that are identifiers and not taken, got"):
            Sequential({name: ReLU()})


def test_a_layer_has_one_place():
    relu, block = ReLU(), Sequential(Tanh(), ReLU())
    with pytest.raises(ValueError, match=r"layer '2' of Sequential must be .* a ReLU that is also in layer '0'; .*sec"):
        Sequential(relu, Linear(3, 3), relu)
    with pytest.raises(ValueError, match=r"layer '1' of Sequential .* a Tanh that is also in layer '0'"):
        Sequential(block, Residual(block[0]))
    model = Sequential(relu)
    with pytest.raises(ValueError, match="also in itself"):
        relu.inner = model


def test_what_is_no_layer():
    with pytest.raises(TypeError, match=r"layers\[1\] must be a Layer, got a type; write ReLU\(\.\.\.\)"):
        Sequential(Linear(3, 2), ReLU)
    with pytest.raises(TypeError, match=r"layers\[0\] must be a Layer, got a function"):
        Sequential(lambda x: x)
    with pytest.raises(TypeError, match=r"layers\[0\] must be a Layer, got a list"):
        Sequential([Linear(3, 2)])
    with pytest.raises(TypeError, match=r"layer must be a Layer, got None"):
        Residual(None)


def test_a_recurrent_layer_is_the_last_one():
    model = Sequential(Embedding(7, 3, rng=0), LSTM(3, 4, rng=1))
    outputs, (h, c) = model(np.array([[1, 2, 6]]))
    assert outputs.shape == (1, 3, 4)
    assert h.shape == c.shape == (1, 4)
    assert model.backward(np.ones((1, 3, 4), np.float32)) is None
    assert all(parameter.grad.any() for parameter in model.parameters())
    model = Sequential(LSTM(3, 4), Softmax())
    with pytest.raises(TypeError, match=r"layer '1' \(Softmax\) must get one array, got 2 things from the layer bef"):
        model(np.ones((1, 2, 3), np.float32))


def test_residual_refuses_another_shape():
    with pytest.raises(ValueError, match=r"layer must return the shape of x, \(2, 3\), got \(2, 1\) from Linear: x "):
        Residual(Linear(3, 1))(np.ones((2, 3), np.float32))
    with pytest.raises(TypeError, match=r"layer must return one array, got 2 things from LSTM"):
        Residual(LSTM(3, 3))(np.ones((2, 4, 3), np.float32))


def test_train_and_eval_reach_every_level():
    model = network()
    assert model.eval() is model
    assert not model[3].layer[1].training
    assert not model[4].training
    x = np.random.default_rng(0).normal(size=(4, 1, 6, 8)).astype(np.float32)
    np.testing.assert_array_equal(model(x), model(x))
    model.train()
    assert model[4].training
    assert (model(x) != model(x)).any()
    with pytest.raises(TypeError, match="mode must be True or False, got 'eval'"):
        model.train("eval")


def test_a_float32_network_holds_and_returns_float32():
    model = network()
    y = model(np.ones((4, 1, 6, 8), np.float32))
    grad = model.backward(np.ones((4, 2), np.float32))
    assert y.dtype == grad.dtype == np.float32
    for parameter in model.parameters():
        assert parameter.value.dtype == parameter.grad.dtype == np.float32
    assert {key for key, value in model.state_dict().items() if value.dtype != np.float32} == {
        "3.layer.1.num_batches_tracked"
    }


def test_a_wrong_precision_names_both_ways_out():
    for layer, x in [
        (Linear(3, 2), np.ones((4, 3))),
        (Conv2d(1, 2, 3), np.ones((1, 1, 4, 5))),
        (BatchNorm1d(3), np.ones((4, 3))),
        (LSTM(3, 2), np.ones((1, 4, 3))),
    ]:
        with pytest.raises(
            TypeError,
            match=r"x must have the dtype of the layer's parameters, float32, got float64; convert it with "
            r"x\.astype\(np\.float32\) or make the layer with dtype=np\.float64",
        ):
            layer(x)


@pytest.mark.parametrize("dtype", [np.float16, int, "complex128", "nonsense", None, object])
def test_dtypes_that_are_refused(dtype):
    if dtype is None:  # NumPy reads None as float64
        assert Linear(3, 2, dtype=None).dtype == np.float64
        return
    with pytest.raises(TypeError, match=r"dtype must be np.float32 or np.float64, got"):
        Linear(3, 2, dtype=dtype)


class TestStateDict:
    def test_is_a_copy_and_is_copied(self):
        model, other = network(), network()
        state = model.state_dict()
        state["2.weight"][...] = 7
        assert not (model[2].weight.value == 7).any()
        other.load_state_dict(state)
        state["2.weight"][...] = 8
        assert (other[2].weight.value == 7).all()

    def test_arrays_keep_their_places(self):
        model = network()
        values = [parameter.value for parameter in model.parameters()]
        running = model[3].layer[1].running_mean
        model.load_state_dict(network().state_dict())
        assert all(a is b.value for a, b in zip(values, model.parameters(), strict=True))
        assert running is model[3].layer[1].running_mean

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda s: s.pop("2.bias"), r"missing key '2.bias', shape \(5,\)"),
            (lambda s: s.pop("3.layer.1.num_batches_tracked"), r"missing key '3.layer.1.num_batches_tracked'"),
            (lambda s: s.update({"9.weight": np.ones(3)}), r"extra key '9.weight'"),
            (lambda s: s.update({"2.bias": np.ones(4)}), r"key '2.bias' must have shape \(5,\), got \(4,\)"),
            (lambda s: s.update({"2.bias": np.ones((1, 5))}), r"key '2.bias' must have shape \(5,\), got \(1, 5\)"),
            (lambda s: s.update({"2.bias": np.ones(5, complex)}), r"key '2.bias' must hold float32, got complex128"),
            (lambda s: s.update({"2.bias": np.array(list("abcde"))}), r"key '2.bias' must hold float32, got <U1"),
            (
                lambda s: s.update({"3.layer.1.num_batches_tracked": np.array(1.5)}),
                r"key '3.layer.1.num_batches_tracked' must hold int64, got float64",
            ),
        ],
    )
    def test_what_does_not_fit_is_named_and_nothing_is_loaded(self, change, message):
        model = network()
        before = model.state_dict()
        state = {key: value + 1 for key, value in before.items()}
        change(state)
        with pytest.raises(ValueError, match=rf"state_dict does not fit Sequential:\n  {message}"):
            model.load_state_dict(state)
        for key, value in model.state_dict().items():
            np.testing.assert_array_equal(value, before[key])

    def test_all_problems_come_at_once(self):
        with pytest.raises(ValueError, match=r"(?s)missing key 'bias'.*extra key 'b'.*key 'weight' must have shape"):
            Linear(3, 2).load_state_dict({"weight": np.ones(3), "b": np.ones(2)})
        with pytest.raises(TypeError, match="state_dict must map keys to arrays, got a list"):
            Linear(3, 2).load_state_dict([np.ones(3)])

    def test_precision_is_converted_to_the_layers(self):
        layer = Linear(3, 2)
        layer.load_state_dict(Linear(3, 2, rng=5, dtype=np.float64).state_dict())
        np.testing.assert_array_equal(layer.weight.value, Linear(3, 2, rng=5).weight.value)


def test_gradients_add_up_until_they_are_cleared():
    model = network()
    x = np.ones((4, 1, 6, 8), np.float32)
    model(x)
    model.backward(np.ones((4, 2), np.float32))
    assert any(parameter.grad.any() for parameter in model.parameters())
    model.zero_grad()
    assert not any(parameter.grad.any() for parameter in model.parameters())


def test_values_and_gradients_can_be_written_in_place():
    layer = Linear(3, 2, bias=False)
    layer.weight.value[...] = [[1, 2, 3], [4, 5, 6]]
    layer.weight.grad[...] = 1
    np.testing.assert_array_equal(layer(np.ones((1, 3), np.float32)), [[6, 15]])
    layer.backward(np.ones((1, 2), np.float32))
    np.testing.assert_array_equal(layer.weight.grad, np.full((2, 3), 2))


def test_small_integers_of_numpy_are_sizes_like_others():
    small = LSTM(np.uint8(3), np.uint8(64), rng=0)
    assert small.weight_ih_l0.value.shape == (256, 3)
    wide, same = Conv2d(np.int8(64), np.int8(4), np.int8(5), rng=0), Conv2d(64, 4, 5, rng=0)
    np.testing.assert_array_equal(wide.weight.value, same.weight.value)


def test_layers_of_ones_own():
    class Scale(Layer):
        def __init__(self):
            super().__init__()
            self.factor = Parameter(np.array([2.0], np.float32))

        def _forward(self, x):
            return x * self.factor.value, (x,)

        def _backward(self, grad_output, x):
            self._add(self.factor, (grad_output * x).sum(keepdims=True).ravel())
            return grad_output * self.factor.value

    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = Scale(), Sequential(Scale())

        def _forward(self, x):
            return self.second(self.first(x)), ()

        def _backward(self, grad_output):
            return self.first.backward(self.second.backward(grad_output))

    layer = Twice()
    assert [p.name for p in layer.parameters()] == ["first.factor", "second.0.factor"]
    assert layer(np.ones((1, 3), np.float32)).tolist() == [[4, 4, 4]]
    layer.backward(np.ones((1, 3), np.float32))
    assert [float(p.grad[0]) for p in layer.parameters()] == [6, 6]
    with pytest.raises(NotImplementedError, match="Layer has no _forward"):
        Layer()(np.ones(3))


def test_a_network_learns_what_no_line_can_separate():
    rng = np.random.default_rng(0)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([0, 1, 1, 0])
    model = Sequential(Linear(2, 8, rng=rng), Tanh(), Linear(8, 2, rng=rng))
    loss, optimizer = losses.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.5)
    for _ in range(300):
        optimizer.zero_grad()
        loss.forward(model(x), y)
        model.backward(loss.backward())
        optimizer.step()
    assert (model(x).argmax(axis=1) == y).all()


def test_dropout_draws_in_training_as_the_function_does():
    from solutions import dropout

    layer, rng = Dropout(0.3, rng=3), np.random.default_rng(3)
    x = np.ones((5, 4))
    for _ in range(2):  # each forward draws on
        np.testing.assert_array_equal(layer(x), dropout(x, 0.3, True, rng)[0])


def test_flatten_errors():
    with pytest.raises(ValueError, match=r"x must have axis start_dim = 1, got shape \(3,\)"):
        Flatten()(np.ones(3))
    with pytest.raises(ValueError, match=r"end_dim must not lie before start_dim, got start_dim = 2 and end_dim = 1"):
        Flatten(2, 1)(np.ones((2, 3, 4)))
    with pytest.raises(TypeError, match=r"start_dim must be an integer, got 1\.5"):
        Flatten(1.5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Linear(0, 2), ValueError, "in_features must be at least 1, got 0"),
        (lambda: Linear(3, 2.0), TypeError, "out_features must be an integer, got 2.0"),
        (lambda: Linear(3, 2, np.float32), TypeError, "bias must be True or False, got a type"),
        (lambda: Linear(3, 2, rng="x"), TypeError, "rng must be a numpy.random.Generator, an integer seed or None"),
        (lambda: Conv2d(3, 4, 3, groups=2), ValueError, "groups must divide in_channels and out_channels, got 2 for 3"),
        (lambda: Conv2d(3, 4, 3, padding="same"), TypeError, "padding must be an integer or one for each of H, W, got"),
        (lambda: Conv2d(3, 4, (1, 2, 3)), ValueError, r"kernel_size must be .* each of H, W, got \(1, 2, 3\)"),
        (lambda: MaxPool2d(2, padding=2), ValueError, r"padding must be at most half of kernel_size \(2, 2\), got"),
        (lambda: Dropout(1.5), ValueError, "p must be at least 0 and at most 1, got 1.5"),
        (lambda: Embedding(5, 3, padding_idx=5), ValueError, "padding_idx must be at most 4, the last row, got 5"),
        (lambda: Softmax("x"), TypeError, "dim must be an integer, got 'x'"),
    ],
)
def test_arguments_that_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_wrong_number_of_channels_is_the_functions_error():
    with pytest.raises(ValueError, match="weight must have C/groups = 2/1"):
        Conv2d(3, 4, 3)(np.ones((1, 2, 5, 6), np.float32))
    with pytest.raises(ValueError, match="x must have I = 3 features on its last axis, got shape"):
        Linear(3, 2)(np.ones((1, 4), np.float32))
