"""Backpropagation through time: padded batches, states that come in and go out, gradients through both."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import solutions as s
from solutions.layers import LSTM, RNN

KINDS = {"rnn": (s.rnn, s.rnn_backward, 1), "lstm": (s.lstm, s.lstm_backward, 4)}
kinds = pytest.mark.parametrize("kind", KINDS)


def problem(kind, n, t, d, h, rng, dtype=np.float64):
    """Return x, the four weights, the first state and gradients by outputs and last state."""
    rows = KINDS[kind][2] * h

    def draw(*shape):
        return rng.normal(size=shape).astype(dtype)

    weights = [draw(rows, d), draw(rows, h), draw(rows), draw(rows)]
    states = [draw(n, h) if kind == "rnn" else (draw(n, h), draw(n, h)) for _ in range(2)]
    return draw(n, t, d), weights, states[0], draw(n, t, h), states[1]


def one_by_one(kind, x, weights, state):
    """Run one sequence x (T, D) by the definition: the outputs and the last state."""
    w, u, b, c = weights
    outputs = []
    h, cell = (state, None) if kind == "rnn" else state
    for x_t in x:
        z = w @ x_t + b + u @ h + c
        if kind == "rnn":
            h = np.tanh(z)
        else:
            i, f, g, o = np.split(z, 4)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            cell = f * cell + i * np.tanh(g)
            h = o * np.tanh(cell)
        outputs.append(h)
    return np.array(outputs).reshape(len(x), len(u[0])), (h if kind == "rnn" else (h, cell))


def row(state, n):
    return tuple(part[n] for part in state) if isinstance(state, tuple) else state[n]


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def closes(a, b, **tolerance):
    for one, other in zip(parts(a), parts(b), strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


SIZES = {
    "n": st.integers(0, 4),
    "t": st.integers(0, 5),
    "d": st.integers(1, 3),
    "h": st.integers(1, 4),
    "seed": st.integers(0, 999),
}


@kinds
@given(**SIZES)
@settings(max_examples=60, deadline=None)
def test_padded_batches_are_their_sequences_one_by_one(kind, n, t, d, h, seed):
    rng = np.random.default_rng(seed)
    x, weights, state, _, _ = problem(kind, n, t, d, h, rng)
    lengths = rng.integers(0, t + 1, n)
    for i, length in enumerate(lengths):
        x[i, length:] = np.nan  # what stands in the padding has no say
    outputs, last, _ = KINDS[kind][0](x, *weights, lengths, state)
    assert outputs.shape == (n, t, h)
    for i, length in enumerate(lengths):
        expected, end = one_by_one(kind, x[i, :length], weights, row(state, i))
        np.testing.assert_allclose(outputs[i, :length], expected, rtol=1e-12, atol=1e-14)
        assert not outputs[i, length:].any()
        closes(row(last, i), end, rtol=1e-12, atol=1e-14)


@kinds
@given(**SIZES)
@settings(max_examples=25, deadline=None)
def test_backward_is_the_measured_slope(slope_error, kind, n, t, d, h, seed):
    rng = np.random.default_rng(seed)
    x, weights, state, grad_outputs, grad_state = problem(kind, n, t, d, h, rng)
    lengths = rng.integers(0, t + 1, n)
    forward, backward, _ = KINDS[kind]

    def loss():
        outputs, last, _ = forward(x, *weights, lengths, state)
        ends = sum((a * b).sum() for a, b in zip(parts(last), parts(grad_state), strict=True))
        return (outputs * grad_outputs).sum() + ends

    *_, memory = forward(x, *weights, lengths, state)
    *grads, grad_first = backward(grad_outputs, memory, grad_state)
    arrays, gradients = [x, *weights, *parts(state)], [*grads, *parts(grad_first)]
    assert slope_error(loss, arrays, gradients, rng) < 1e-6
    for i, length in enumerate(lengths):
        assert not grads[0][i, length:].any()


@kinds
def test_gradients_of_padded_batches_are_those_of_the_sequences(kind):
    rng = np.random.default_rng(0)
    x, weights, state, grad_outputs, grad_state = problem(kind, 5, 7, 3, 4, rng)
    lengths = np.array([3, 7, 0, 1, 5])
    forward, backward, _ = KINDS[kind]
    for i, length in enumerate(lengths):
        x[i, length:] = grad_outputs[i, length:] = np.nan
    *_, memory = forward(x, *weights, lengths, state)
    *got, got_state = backward(grad_outputs, memory, grad_state)
    sums = [np.zeros_like(w) for w in weights]
    for i, length in enumerate(lengths):
        one = slice(i, i + 1)
        *_, memory = forward(x[one, :length], *weights, None, row(state, one))
        grad_x, *grads, grad_first = backward(grad_outputs[one, :length], memory, row(grad_state, one))
        np.testing.assert_allclose(got[0][one, :length], grad_x, rtol=1e-11)
        closes(row(got_state, one), grad_first, rtol=1e-11)
        sums = [a + b for a, b in zip(sums, grads, strict=True)]
    for a, b in zip(got[1:], sums, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [RNN, LSTM])
def test_same_as_torch_with_lengths_and_states(kind, dtype):
    torch = pytest.importorskip("torch")
    name = kind.__name__.lower()
    x, _, state, grad_outputs, grad_state = problem(name, 5, 7, 3, 4, np.random.default_rng(2), dtype)
    lengths = np.array([3, 7, 2, 1, 5])
    mine = kind(3, 4, rng=1, dtype=dtype)
    theirs = getattr(torch.nn, kind.__name__)(3, 4, batch_first=True)
    theirs = theirs.to(torch.float64 if dtype == np.float64 else torch.float32)
    theirs.load_state_dict({key: torch.tensor(value) for key, value in mine.state_dict().items()})
    leaf = torch.tensor(x, requires_grad=True)
    firsts = [torch.tensor(part[None], requires_grad=True) for part in parts(state)]
    packed = torch.nn.utils.rnn.pack_padded_sequence(leaf, torch.tensor(lengths), True, enforce_sorted=False)
    expected, last = theirs(packed, tuple(firsts) if kind is LSTM else firsts[0])
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    total = (expected * torch.tensor(grad_outputs)).sum()
    for part, grad in zip(parts(last), parts(grad_state), strict=True):
        total = total + (part[0] * torch.tensor(grad)).sum()
    total.backward()

    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-12}
    outputs, end = mine(x, lengths, state)
    np.testing.assert_allclose(outputs, expected.detach().numpy(), **tolerance)
    closes(end, tuple(part[0].detach().numpy() for part in parts(last)), **tolerance)
    np.testing.assert_allclose(mine.backward(grad_outputs, grad_state), leaf.grad.numpy(), **tolerance)
    closes(mine.grad_state, tuple(part.grad[0].numpy() for part in firsts), **tolerance)
    for parameter, value in zip(mine.parameters(), theirs.parameters(), strict=True):
        assert parameter.grad.dtype == dtype
        np.testing.assert_allclose(parameter.grad, value.grad.numpy(), err_msg=parameter.name, **tolerance)


@kinds
def test_without_lengths_states_or_biases(kind):
    rng = np.random.default_rng(0)
    x, weights, state, grad_outputs, _ = problem(kind, 3, 6, 2, 4, rng)
    forward, backward, _ = KINDS[kind]
    zeros = [np.zeros_like(weights[2]), np.zeros_like(weights[3])]
    none = tuple(np.zeros_like(part) for part in parts(state))
    short = forward(x, *weights[:2])
    full = forward(x, *weights[:2], *zeros, np.full(3, 6), none if kind == "lstm" else none[0])
    np.testing.assert_array_equal(short[0], full[0])
    closes(short[1], full[1])
    one = backward(grad_outputs, short[2])
    other = backward(grad_outputs, full[2], none if kind == "lstm" else none[0])
    for a, b in zip(one, other, strict=True):
        closes(a, b)
    for grad in backward(None, short[2])[:5]:
        assert not grad.any()


@kinds
def test_a_sequence_in_two_halves_is_the_whole(kind):
    x, weights, state, grad_outputs, grad_state = problem(kind, 3, 6, 2, 4, np.random.default_rng(0))
    forward, backward, _ = KINDS[kind]
    outputs, last, memory = forward(x, *weights, None, state)
    first, middle, memory_1 = forward(x[:, :2], *weights, None, state)
    second, end, memory_2 = forward(x[:, 2:], *weights, None, middle)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), outputs, rtol=1e-13)
    closes(end, last, rtol=1e-13)
    whole = backward(grad_outputs, memory, grad_state)
    late = backward(grad_outputs[:, 2:], memory_2, grad_state)
    early = backward(grad_outputs[:, :2], memory_1, late[5])
    np.testing.assert_allclose(np.concatenate([early[0], late[0]], axis=1), whole[0], rtol=1e-11)
    closes(early[5], whole[5], rtol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@kinds
def test_precision_and_inputs_are_left_alone(kind, dtype):
    x, weights, state, grad_outputs, grad_state = problem(kind, 3, 6, 2, 4, np.random.default_rng(0), dtype)
    lengths = np.array([2, 6, 3])
    inputs = [x, *weights, *parts(state), grad_outputs, *parts(grad_state), lengths]
    before = [array.copy() for array in inputs]
    for array in inputs:
        array.setflags(write=False)
    forward, backward, _ = KINDS[kind]
    outputs, last, memory = forward(x, *weights, lengths, state)
    *grads, grad_first = backward(grad_outputs, memory, grad_state)
    for result in [outputs, *parts(last), *grads, *parts(grad_first)]:
        assert result.dtype == dtype
        assert result.flags.writeable
        assert not any(np.shares_memory(result, array) for array in inputs)
    again = backward(grad_outputs, memory, grad_state)  # the memory is not used up
    for a, b in zip(grads, again, strict=False):
        np.testing.assert_array_equal(a, b)
    for array, copy in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@kinds
def test_large_numbers_saturate_silently(kind):
    x, weights, *_ = problem(kind, 3, 5, 2, 4, np.random.default_rng(0), np.float32)
    forward, backward, _ = KINDS[kind]
    with np.errstate(all="raise", under="ignore"):
        outputs, last, memory = forward(x * np.float32(1e4), *weights)
        grads = backward(np.ones_like(outputs), memory)
    assert all(np.isfinite(array).all() for array in [outputs, *parts(last), *grads[:5]])


def test_an_lstm_can_carry_a_number_over_many_steps():
    # forget gate open, everything else shut: the cell keeps what it was given
    weight = np.zeros((4, 1))
    bias = np.array([-100.0, 100, 0, 100])
    x, state = np.ones((1, 50, 1)), (np.zeros((1, 1)), np.array([[0.5]]))
    outputs, (_, cell), memory = s.lstm(x, weight, weight, bias, None, None, state)
    np.testing.assert_allclose(cell, 0.5)
    np.testing.assert_allclose(outputs, np.tanh(0.5))
    assert s.lstm_backward(None, memory, (None, np.ones((1, 1))))[5][1] == pytest.approx(1)


class TestErrors:
    def layer(self):
        return LSTM(3, 2, rng=0), np.ones((4, 5, 3), np.float32)

    @pytest.mark.parametrize(
        ("lengths", "error", "message"),
        [
            ([1, 2, 3, 4], TypeError, "lengths must be a NumPy array of integers, one for each sequence, got a list"),
            (np.ones(4), TypeError, "lengths must be a NumPy array of integers, .* got an array of float64"),
            (
                (np.ones((4, 2)),) * 2,
                TypeError,
                "lengths must be .* got a tuple of 2; a state is given by name: sta",
            ),
            (
                np.array([1, 2, 3]),
                ValueError,
                r"lengths must have one entry for each sequence of x, \(4,\), got \(3",
            ),
            (np.array([1, 2, 3, 6]), ValueError, "lengths must lie between 0 and T = 5, the steps of x, got 6"),
            (np.array([1, -2, 3, 4]), ValueError, "lengths must lie between 0 and T = 5, the steps of x, got -2"),
        ],
    )
    def test_lengths(self, lengths, error, message):
        layer, x = self.layer()
        with pytest.raises(error, match=message):
            layer(x, lengths)

    @pytest.mark.parametrize(
        ("state", "error", "message"),
        [
            (np.ones((4, 2)), TypeError, r"state must be a tuple \(h, c\) of two arrays, got an array of float64"),
            ((1, 2, 3), TypeError, r"state must be a tuple \(h, c\) of two arrays, got a tuple of 3"),
            ((np.ones((4, 2)), None), TypeError, r"state\[0\] must have the dtype of .*float32, got float64"),
            (
                (None, np.ones((1, 2), np.float32)),
                ValueError,
                r"state\[1\] must have the shape of one state for each sequence, \(4, 2\), got \(1, 2\)",
            ),
        ],
    )
    def test_states(self, state, error, message):
        layer, x = self.layer()
        with pytest.raises(error, match=message):
            layer(x, state=state)
        layer(x)
        with pytest.raises(error, match=f"grad_{message}"):
            layer.backward(None, state)

    def test_inputs(self):
        layer, _ = self.layer()
        with pytest.raises(ValueError, match=r"x must have 3 axes \(N, T, D\), got shape \(5, 3\); .*x\[None\]"):
            layer(np.ones((5, 3), np.float32))
        with pytest.raises(ValueError, match=r"weight_ih must have a column for each of the D features of x, \(8, 4\)"):
            layer(np.ones((4, 5, 4), np.float32))

    @pytest.mark.parametrize("kind", [RNN, LSTM])
    def test_constructors(self, kind):
        with pytest.raises(ValueError, match="num_layers must be 1, got 2; put one layer after the other"):
            kind(3, 2, 2)
        with pytest.raises(ValueError, match=r"batch_first must be True, got False; arrays are always \(N, T, D\)"):
            kind(3, 2, batch_first=False)
        with pytest.raises(ValueError, match="nonlinearity must be one of 'tanh', got 'relu'"):
            RNN(3, 2, 1, "relu")

    def test_backward(self):
        layer, x = self.layer()
        layer(x)
        with pytest.raises(ValueError, match=r"grad_output must have the shape of the output, \(4, 5, 2\), got"):
            layer.backward(np.ones((4, 2), np.float32))
        *_, memory = s.rnn(np.ones((1, 2, 3)), np.ones((4, 3)), np.ones((4, 4)))
        with pytest.raises(ValueError, match=r"grad_outputs must have the shape of the outputs, \(1, 2, 4\), got"):
            s.rnn_backward(np.ones((1, 1, 4)), memory)
        with pytest.raises(TypeError, match=r"grad_outputs must have the dtype of x, float64, got float32"):
            s.rnn_backward(np.ones((1, 2, 4), np.float32), memory)

    def test_weights(self):
        x = np.ones((1, 2, 3))
        with pytest.raises(ValueError, match=r"weight_hh must have the rows of weight_ih and H columns, \(4, 4\), got"):
            s.rnn(x, np.ones((4, 3)), np.ones((4, 3)))
        with pytest.raises(ValueError, match=r"weight_ih must have 4 H rows, a multiple of 4, got shape \(6, 3\)"):
            s.lstm(x, np.ones((6, 3)), np.ones((6, 1)))
        with pytest.raises(ValueError, match=r"bias_hh must have one entry for each row of weight_ih, \(4,\), got"):
            s.rnn(x, np.ones((4, 3)), np.ones((4, 4)), None, np.ones(1))
        with pytest.raises(TypeError, match=r"weight_hh must have the dtype of x, float64, got float32"):
            s.rnn(x, np.ones((4, 3)), np.ones((4, 4), np.float32))


def test_a_layer_without_biases_has_none():
    layer = LSTM(3, 4, bias=False)
    assert list(layer.state_dict()) == ["weight_ih_l0", "weight_hh_l0"]
    assert repr(layer) == "LSTM(input_size=3, hidden_size=4, bias=False)"
    assert LSTM(3, 4, 1, False).state_dict().keys() == layer.state_dict().keys()  # torch's positions
    assert RNN(3, 4, 1, "tanh", False).state_dict().keys() == layer.state_dict().keys()
