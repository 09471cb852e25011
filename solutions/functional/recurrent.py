"""Recurrent networks: one set of weights, applied step after step to a sequence and to its own last answer.

The gradient goes back through time: step T first, and what reaches the state before a step is added to what the step
before sends on by itself. Products with the inputs and gradients of the weights are taken over all steps at once; only
the product with the state has to wait for the step before.

Shape letters: N batch, T time, D features in, H hidden units. Batches are padded to T steps: sequence n has lengths[n]
real ones, its outputs beyond are 0, its last state is that of its last real step, and nothing flows through padding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from solutions._validation import described, float_array, has_shape, like, not_empty, same_dtype
from solutions.functional._packing import Packing

State = tuple[np.ndarray, np.ndarray]


class Memory(NamedTuple):
    """What a forward pass keeps for its backward pass; rows are packed, as `Packing` says, and states sorted.

    Args: packing, which row is which; x (S, D); weight_ih, weight_hh as given; first, the states before step 0 (N, H);
        rows, what each step made: (h,) (S, H) for `rnn`, (gates (S, 4, H), c, h) for `lstm`.
    Raises: nothing.
    Source: Goodfellow et al. 2016, section 10.2.2.

    >>> Memory._fields
    ('packing', 'x', 'weight_ih', 'weight_hh', 'first', 'rows')
    """

    packing: Packing
    x: np.ndarray
    weight_ih: np.ndarray
    weight_hh: np.ndarray
    first: tuple[np.ndarray, ...]
    rows: tuple[np.ndarray, ...]


def _weights(
    x: object, weight_ih: object, weight_hh: object, bias_ih: object, bias_hh: object, gates: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return x, both weights and the sum of the biases, checked."""
    x = float_array("x", x, ("N", "T", "D"))
    weight_ih = float_array("weight_ih", weight_ih, ("H", "D") if gates == 1 else (f"{gates} H", "D"))
    weight_hh = float_array("weight_hh", weight_hh, ("H", "H") if gates == 1 else (f"{gates} H", "H"))
    not_empty("weight_ih", weight_ih, "HD", batch=False)
    hidden, rest = divmod(len(weight_ih), gates)
    if rest or not hidden:
        raise ValueError(f"weight_ih must have {gates} H rows, a multiple of {gates}, got shape {weight_ih.shape}")
    has_shape("weight_ih", weight_ih, (gates * hidden, x.shape[2]), "a column for each of the D features of x")
    has_shape("weight_hh", weight_hh, (gates * hidden, hidden), "the rows of weight_ih and H columns")
    total = np.zeros(gates * hidden, x.dtype)
    for name, bias in (("bias_ih", bias_ih), ("bias_hh", bias_hh)):
        if bias is not None:
            array = float_array(name, bias)
            has_shape(name, array, total.shape, "one entry for each row of weight_ih")
            same_dtype(name, array, "x", x)
            total += array
    same_dtype("weight_ih", weight_ih, "x", x)
    same_dtype("weight_hh", weight_hh, "x", x)
    return x, weight_ih, weight_hh, total


def _state(name: str, value: object, x: np.ndarray, hidden: int) -> np.ndarray:
    zeros = np.zeros((len(x), hidden), x.dtype)
    return zeros if value is None else like(name, value, "one state for each sequence", zeros)


def _pair(name: str, value: object) -> tuple[Any, Any]:
    if value is None:
        return None, None
    if not isinstance(value, tuple) or len(value) != 2:
        got = f"a tuple of {len(value)}" if isinstance(value, tuple) else described(value)
        raise TypeError(f"{name} must be a tuple (h, c) of two arrays, got {got}")
    return value


def _grad_rows(grad_outputs: object, packing: Packing, like_rows: np.ndarray) -> np.ndarray:
    """Return the gradients of the real steps, packed; None stands for zeros."""
    if grad_outputs is None:
        return np.zeros_like(like_rows)
    grad = float_array("grad_outputs", grad_outputs)
    has_shape("grad_outputs", grad, (packing.batch, packing.steps, like_rows.shape[1]), "the shape of the outputs")
    same_dtype("grad_outputs", grad, "x", like_rows)
    return packing.pack(grad)


def rnn(
    x: np.ndarray,
    weight_ih: np.ndarray,
    weight_hh: np.ndarray,
    bias_ih: np.ndarray | None = None,
    bias_hh: np.ndarray | None = None,
    lengths: np.ndarray | None = None,
    state: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, Memory]:
    """Read sequences with the standard recurrent network.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)

    Args: x (N, T, D); weight_ih (H, D); weight_hh (H, H); bias_ih and bias_hh (H,) or None; lengths (N,), integers from
        0 to T, or None where no sequence is padded; state (N, H), h_0, or None for zeros.
    Returns: (outputs (N, T, H), state (N, H) after the last real step, memory for `rnn_backward`).
    Raises: TypeError or ValueError where arrays differ in dtype or do not fit, or a length is not in 0 .. T.
    Source: deck 000 "Recurrent Neural Network"; Elman 1990; Goodfellow et al. 2016, section 10.2.

    >>> x, one = np.array([[[1.0], [0.0], [9.0]]]), np.array([[1.0]])
    >>> outputs, state, _ = rnn(x, one, one, lengths=np.array([2]))
    >>> outputs.round(3).ravel(), state.round(3)
    (array([0.762, 0.642, 0.   ]), array([[0.642]]))
    """
    x, weight_ih, weight_hh, bias = _weights(x, weight_ih, weight_hh, bias_ih, bias_hh, gates=1)
    packing = Packing(lengths, *x.shape[:2])
    first = packing.sort(_state("state", state, x, len(weight_hh)))
    rows = packing.pack(x)
    h_all = rows @ weight_ih.T
    h_all += bias
    h = first.copy()
    for here in packing:
        z = h_all[here]
        z += h[: len(z)] @ weight_hh.T
        h[: len(z)] = np.tanh(z, out=z)
    memory = Memory(packing, rows, weight_ih, weight_hh, (first,), (h_all,))
    return packing.unpack(h_all), packing.unsort(h), memory


def rnn_backward(
    grad_outputs: np.ndarray | None, memory: Memory, grad_state: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Send gradients of the outputs and of the last state back through time.

    dz_t = (dL/dh_t + dz_(t+1) W_hh) (1 - h_t^2);  dL/dx_t = dz_t W_ih,  dL/dW_ih = sum_t dz_t^T x_t,
    dL/dW_hh = sum_t dz_t^T h_(t-1),  dL/db = sum_t dz_t

    Args: grad_outputs (N, T, H), read at real steps only, or None for zeros; memory as `rnn` returned it; grad_state
        (N, H), the gradient by the last state, or None for zeros.
    Returns: the gradients by (x (N, T, D), weight_ih, weight_hh, bias_ih, bias_hh, the state before step 0 (N, H)).
    Raises: TypeError or ValueError where a gradient has not the dtype and shape of what `rnn` returned.
    Source: Goodfellow et al. 2016, section 10.2.2.

    >>> x, one = np.array([[[1.0], [0.0]]]), np.array([[1.0]])
    >>> _, state, memory = rnn(x, one, one)
    >>> [grad.round(3).ravel().tolist() for grad in rnn_backward(None, memory, np.ones((1, 1)))[:3]]
    [[0.247, 0.588], [0.247], [0.448]]
    """
    packing, x, weight_ih, weight_hh, (first,), (h_all,) = memory
    dz_all = _grad_rows(grad_outputs, packing, h_all)
    dh = packing.sort(_state("grad_state", grad_state, first, first.shape[1]))
    slope = 1 - np.square(h_all)
    for here in reversed(list(packing)):
        dz = dz_all[here]
        dz += dh[: len(dz)]
        dz *= slope[here]
        np.matmul(dz, weight_hh, out=dh[: len(dz)])
    grad_bias = dz_all.sum(axis=0)
    return (
        packing.unpack(dz_all @ weight_ih),
        dz_all.T @ x,
        dz_all.T @ packing.before(first, h_all),
        grad_bias,
        grad_bias.copy(),
        packing.unsort(dh),
    )


def lstm(
    x: np.ndarray,
    weight_ih: np.ndarray,
    weight_hh: np.ndarray,
    bias_ih: np.ndarray | None = None,
    bias_hh: np.ndarray | None = None,
    lengths: np.ndarray | None = None,
    state: State | None = None,
) -> tuple[np.ndarray, State, Memory]:
    """Read sequences with long short-term memory: a cell that gates let in, keep and let out.

    (i, f, g, o)_t = W_ih x_t + b_ih + W_hh h_(t-1) + b_hh, sigmoid of i, f and o, tanh of g
    c_t = f c_(t-1) + i g,  h_t = o tanh(c_t)

    Args: x (N, T, D); weight_ih (4 H, D) and weight_hh (4 H, H), the rows of gates i, f, g, o stacked; bias_ih and
        bias_hh (4 H,) or None; lengths (N,), integers from 0 to T, or None where no sequence is padded; state
        (h_0, c_0), each (N, H), or None for zeros.
    Returns: (outputs (N, T, H), state (h, c) after the last real step, memory for `lstm_backward`).
    Raises: TypeError or ValueError where arrays differ in dtype or do not fit, or a length is not in 0 .. T.
    Source: deck 000 "LSTM"; Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    >>> x, ones = np.array([[[1.0], [0.0]]]), np.ones((4, 1))
    >>> outputs, (h, c), _ = lstm(x, ones, ones)
    >>> outputs.round(3).ravel(), h.round(3), c.round(3)
    (array([0.37 , 0.291]), array([[0.291]]), array([[0.538]]))
    """
    x, weight_ih, weight_hh, bias = _weights(x, weight_ih, weight_hh, bias_ih, bias_hh, gates=4)
    hidden = weight_hh.shape[1]
    packing = Packing(lengths, *x.shape[:2])
    h_0, c_0 = _pair("state", state)
    first = (packing.sort(_state("state[0]", h_0, x, hidden)), packing.sort(_state("state[1]", c_0, x, hidden)))
    # sigmoid(z) = (1 + tanh(z/2)) / 2: with the weights of i, f and o halved, one tanh serves all four gates.
    half = np.repeat(np.array([0.5, 0.5, 1, 0.5], x.dtype), hidden)
    rows = packing.pack(x)
    gates = rows @ (weight_ih * half[:, None]).T
    gates += bias * half
    recurrent = (weight_hh * half[:, None]).T
    c_all, h_all = (np.empty((len(rows), hidden), x.dtype) for _ in range(2))
    h, c = first[0].copy(), first[1].copy()
    for here in packing:
        z = gates[here]
        z += h[: len(z)] @ recurrent
        np.tanh(z, out=z)
        z *= half
        z += 1 - half
        i, f, g, o = np.split(z, 4, axis=1)
        c_now = np.multiply(f, c[: len(z)], out=c_all[here])
        c_now += i * g
        c[: len(z)] = c_now
        h[: len(z)] = np.multiply(o, np.tanh(c_now), out=h_all[here])
    memory = Memory(packing, rows, weight_ih, weight_hh, first, (gates, c_all, h_all))
    return packing.unpack(h_all), (packing.unsort(h), packing.unsort(c)), memory


def lstm_backward(
    grad_outputs: np.ndarray | None, memory: Memory, grad_state: State | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, State]:
    """Send gradients of the outputs and of the last state back through time.

    dc_t = dL/dc_t + dh_t o (1 - tanh(c_t)^2) + f_(t+1) dc_(t+1);  dz = (dc g i', dc c_(t-1) f', dc i g', dh tanh(c) o')
    with i' = i (1 - i), f' and o' alike, g' = 1 - g^2;  dh_(t-1) = dz_t W_hh;  the rest as in `rnn_backward`

    Args: grad_outputs (N, T, H), read at real steps only, or None for zeros; memory as `lstm` returned it; grad_state
        (dL/dh, dL/dc), each (N, H), the gradients by the last state, or None for zeros; one of the two may be None.
    Returns: the gradients by (x (N, T, D), weight_ih, weight_hh, bias_ih, bias_hh, the state before step 0 (h, c)).
    Raises: TypeError or ValueError where a gradient has not the dtype and shape of what `lstm` returned.
    Source: Hochreiter and Schmidhuber 1997; Goodfellow et al. 2016, section 10.10.

    >>> x, ones = np.array([[[1.0], [0.0]]]), np.ones((4, 1))
    >>> _, state, memory = lstm(x, ones, ones)
    >>> lstm_backward(None, memory, (np.ones((1, 1)), None))[0].round(3).ravel()
    array([0.278, 0.449])
    """
    packing, x, weight_ih, weight_hh, first, (gates, c_all, h_all) = memory
    grad_h, grad_c = _pair("grad_state", grad_state)
    hidden = weight_hh.shape[1]
    dh_all = _grad_rows(grad_outputs, packing, h_all)
    dh = packing.sort(_state("grad_state[0]", grad_h, first[0], hidden))
    dc = packing.sort(_state("grad_state[1]", grad_c, first[0], hidden))
    i, f, g, o = np.split(gates, 4, axis=1)
    tanh_c = np.tanh(c_all)
    dz_all = gates * (1 - gates)  # the slopes of i, f and o; times what each gate meets, in place
    dz_i, dz_f, dz_g, dz_o = np.split(dz_all, 4, axis=1)
    dz_i *= g
    dz_f *= packing.before(first[1], c_all)
    dz_g[...] = i * (1 - np.square(g))
    dz_o *= tanh_c
    through = o * (1 - np.square(tanh_c))
    for here in reversed(list(packing)):
        dz = dz_all[here]
        dh_now, dc_now = dh_all[here], dc[: len(dz)]
        dh_now += dh[: len(dz)]
        dc_now += dh_now * through[here]
        by_gate = dz.reshape(len(dz), 4, hidden)
        by_gate[:, :3] *= dc_now[:, None]
        by_gate[:, 3] *= dh_now
        dc_now *= f[here]
        np.matmul(dz, weight_hh, out=dh[: len(dz)])
    grad_bias = dz_all.sum(axis=0)
    return (
        packing.unpack(dz_all @ weight_ih),
        dz_all.T @ x,
        dz_all.T @ packing.before(first[0], h_all),
        grad_bias,
        grad_bias.copy(),
        (packing.unsort(dh), packing.unsort(dc)),
    )
