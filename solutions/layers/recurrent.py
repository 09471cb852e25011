"""Recurrent layers: they read sequences step by step and remember in a state.

Shape letters: N batch, T time, D features in, H hidden units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from solutions._validation import flag, integer, one_of
from solutions.functional import lstm, lstm_backward, rnn, rnn_backward
from solutions.functional.recurrent import Memory
from solutions.layers._initial import uniform
from solutions.layers.layer import Layer


class _Recurrent(Layer):
    _gates: int
    _function: Callable[..., tuple[np.ndarray, Any, Memory]]
    _derivative: Callable[..., tuple]
    _sizes = ("input_size", "hidden_size")
    _options = ("bias",)

    def _make(self, input_size: int, hidden_size: int, num_layers: int, bias: bool, batch_first: bool) -> None:
        self.input_size = integer("input_size", input_size, minimum=1)
        self.hidden_size = integer("hidden_size", hidden_size, minimum=1)
        if integer("num_layers", num_layers, minimum=1) != 1:
            raise ValueError(f"num_layers must be 1, got {num_layers}; put one layer after the other instead")
        if not flag("batch_first", batch_first):
            raise ValueError("batch_first must be True, got False; arrays are always (N, T, D)")
        self.bias = flag("bias", bias)
        columns, units = self.input_size, self.hidden_size
        rows = self._gates * units
        self.weight_ih_l0 = uniform(self.rng, (rows, columns), units, self.dtype)
        self.weight_hh_l0 = uniform(self.rng, (rows, units), units, self.dtype)
        if self.bias:
            self.bias_ih_l0 = uniform(self.rng, (rows,), units, self.dtype)
            self.bias_hh_l0 = uniform(self.rng, (rows,), units, self.dtype)
        self.grad_state: Any = None

    def forward(self, x: np.ndarray, lengths: np.ndarray | None = None, state: Any = None) -> tuple[np.ndarray, Any]:
        """Read sequences x (N, T, D); return (outputs (N, T, H), the state after each one's last real step)."""
        return self._run(x, lengths, state)

    def backward(self, grad_outputs: np.ndarray | None, grad_state: Any = None) -> np.ndarray:
        """Add to the gradients of the weights and return the gradient by x; that by the first state is `grad_state`.

        Args: grad_outputs (N, T, H) or None for zeros; grad_state, the gradient by the last state, or None for zeros.
        """
        return self._run_back(grad_outputs, grad_state)

    def _accepted(self, x: object) -> np.ndarray:
        return self._in_own_dtype(super()._accepted(x))

    def _forward(self, x: np.ndarray, lengths: Any, state: Any) -> tuple[Any, tuple]:
        weights = [p.value for p in self.parameters()]
        biases = [] if self.bias else [None, None]
        outputs, state, memory = type(self)._function(x, *weights, *biases, lengths, state)
        return (outputs, state), (memory,)

    def _backward(self, grad_outputs: np.ndarray | None, grad_state: Any, memory: Memory) -> np.ndarray:
        grad_x, *grads, self.grad_state = type(self)._derivative(grad_outputs, memory, grad_state)
        for parameter, grad in zip(self.parameters(), grads, strict=False):  # without biases the last two are left
            self._add(parameter, grad)
        return grad_x


class RNN(_Recurrent):
    """The standard recurrent network.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)

    `forward(x, lengths=None, state=None)` returns (outputs, state); without a state it starts at zero. Batches of
    sequences that are not equally long are padded to T steps: with `lengths`, outputs beyond a sequence's end are 0,
    its last state is that of its last real step, and no gradient flows through padding. `backward(grad_outputs,
    grad_state=None)` returns the gradient by x; that by the state before the first step is then in `.grad_state`.

    Args: input_size D; hidden_size H; num_layers, 1; nonlinearity, "tanh"; bias, False for none; batch_first, True;
        rng, dtype as in `Layer`. The weights start in U(-1/sqrt(H), 1/sqrt(H)).
    Shapes: x (N, T, D), lengths (N,) integers from 0 to T, state (N, H) to outputs (N, T, H), state (N, H);
        weight_ih_l0 (H, D), weight_hh_l0 (H, H), bias_ih_l0 and bias_hh_l0 (H,).
    Raises: TypeError or ValueError where an argument is out of its range or x, lengths or state does not fit.
    Source: deck 000 "Recurrent Neural Network"; Elman 1990. As torch.nn.RNN of one layer, one direction, batch first;
        the state has no axis for layers.

    >>> layer = RNN(3, 5, rng=0)
    >>> outputs, state = layer(np.ones((2, 4, 3), np.float32), lengths=np.array([4, 1]))
    >>> outputs.shape, bool(outputs[1, 1:].any()), bool((state[1] == outputs[1, 0]).all()), layer
    ((2, 4, 5), False, True, RNN(input_size=3, hidden_size=5))
    """

    _gates = 1
    _function = rnn
    _derivative = rnn_backward

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        one_of("nonlinearity", nonlinearity, ("tanh",))
        self._make(input_size, hidden_size, num_layers, bias, batch_first)


class LSTM(_Recurrent):
    """Long short-term memory: a cell that gates let in, keep and let out.

    (i, f, g, o)_t = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh, sigmoid of i, f and o, tanh of g
    c_t = f c_(t-1) + i g,  h_t = o tanh(c_t)

    `forward`, `backward`, lengths and `.grad_state` as in `RNN`; a state is a pair (h, c).

    Args: input_size D; hidden_size H; num_layers, 1; bias, False for none; batch_first, True; rng, dtype as in `Layer`.
        The weights start in U(-1/sqrt(H), 1/sqrt(H)).
    Shapes: x (N, T, D), lengths (N,), state (h, c) each (N, H) to outputs (N, T, H), state (h, c); weight_ih_l0
        (4 H, D), weight_hh_l0 (4 H, H), bias_ih_l0 and bias_hh_l0 (4 H,), the gates i, f, g, o stacked.
    Raises: TypeError or ValueError where an argument is out of its range or x, lengths or state does not fit.
    Source: deck 000 "LSTM"; Hochreiter and Schmidhuber 1997. As torch.nn.LSTM of one layer, one direction, batch first;
        the states have no axis for layers.

    >>> layer = LSTM(3, 5, rng=0)
    >>> outputs, (h, c) = layer(np.ones((2, 4, 3), np.float32), lengths=np.array([4, 1]))
    >>> layer.backward(None, grad_state=(h, None)).shape, c.shape, layer
    ((2, 4, 3), (2, 5), LSTM(input_size=3, hidden_size=5))
    """

    _gates = 4
    _function = lstm
    _derivative = lstm_backward

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(rng=rng, dtype=dtype)
        self._make(input_size, hidden_size, num_layers, bias, batch_first)
