"""What all layers share: parameters, gradients, training and evaluation, state dicts.

A layer is a function of `solutions.functional` with its weights. `forward(x)` keeps what `backward` will need;
`backward(grad_output)` takes the gradient of the loss by the output, adds to the gradient of every parameter and
returns the gradient by the input. Layers may hold layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from solutions._validation import described, flag, float_array, generator, has_shape
from solutions.parameter import Parameter


class Layer:
    """The base of every layer; a new one needs only `_forward` and `_backward`.

    `_forward(x)` returns the output and a tuple of what the derivative needs; `_backward(grad_output, *that tuple)`
    adds to `.grad` of the parameters and returns the gradient by x. Attributes that are parameters or layers are found
    by themselves: their names make the keys of the state dict, "weight" or "0.weight".

    `backward` belongs to the last `forward`: what an earlier one kept is gone. It may be called again with another
    gradient and is right each time, for gradients add up. It reads weights and inputs where they are, so do not change
    either between `forward` and `backward`.

    Args: rng, what a layer draws its first weights from: a generator, a seed (3 stands for `np.random.default_rng(3)`)
        or None for a fresh generator; dtype, np.float32 or np.float64, that of the weights. Every layer accepts both,
        so that all are made alike; one without weights works in the dtype of its input.
    Raises: TypeError where dtype is neither, or rng none of the three.
    Source: deck 003 "Back-propagation: Basics"; the names are those of torch.nn.Module.

    >>> class Double(Layer):
    ...     def _forward(self, x):
    ...         return 2 * x, ()
    ...     def _backward(self, grad_output):
    ...         return 2 * grad_output
    >>> double = Double()
    >>> double(np.array([1.0, 2.0])), double.backward(np.array([1.0, 1.0]))
    (array([2., 4.]), array([2., 2.]))
    """

    training = True
    _kept: tuple[tuple[int, ...], np.dtype, tuple] | None = None  # shape and dtype of the last output, for _backward
    _wants_grad_x = True  # False while training, where nobody reads it: `_backward` may then return None for grad_x
    _sizes: tuple[str, ...] = ()  # the attributes that repr shows
    _options: tuple[str, ...] = ()  # those that repr shows where they are switched off
    _buffers: tuple[str, ...] = ()  # the attributes that are arrays of the state dict but do not learn

    def __init__(self, *, rng: np.random.Generator | int | None = None, dtype: Any = np.float32) -> None:
        try:
            self.dtype = np.dtype(dtype)
        except TypeError:
            self.dtype = np.dtype(object)
        if self.dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype must be np.float32 or np.float64, got {dtype!r}")
        self.rng = generator(rng)

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Parameter):
            value.name = name
        elif isinstance(value, Layer):
            self._adopt(name, value)
        super().__setattr__(name, value)

    def _adopt(self, name: str, layer: Layer) -> None:
        """Name the parameters of a layer that is about to become an attribute; refuse one that is already inside."""
        places = {id(self): "itself"}
        for other, child in self._children():
            places |= {id(inner): f"layer {other!r}" for inner in child._tree() if other != name}
        for inner in layer._tree():
            if id(inner) in places:
                raise ValueError(
                    f"layer {name!r} of {type(self).__name__} must be a layer of its own, got a "
                    f"{type(inner).__name__} that is also in {places[id(inner)]}; a layer keeps what backward needs "
                    "from one forward only: make a second one"
                )
        for key, parameter in layer.named_parameters():
            parameter.name = f"{name}.{key}"

    def _children(self) -> list[tuple[str, Layer]]:
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Layer)]

    def _tree(self) -> Iterator[Layer]:
        yield self
        for _, child in self._children():
            yield from child._tree()

    def _entrance(self) -> Layer:
        """Return the innermost layer that x enters first and alone."""
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do what `forward` does."""
        return self.forward(*args, **kwargs)

    def forward(self, x: np.ndarray) -> Any:
        """Compute the output for a batch and keep what `backward` needs."""
        return self._run(x)

    def _accepted(self, x: object) -> np.ndarray:
        return float_array("x", x)

    def _run(self, x: object, *more: Any) -> Any:
        self._kept = None  # where forward fails, backward must not go on with an older batch
        y, kept = self._forward(self._accepted(x), *more)
        first = y[0] if isinstance(y, tuple) else y
        self._kept = first.shape, first.dtype, kept
        return y

    def backward(self, grad_output: np.ndarray) -> Any:
        """Add to the gradients of the parameters and return the gradient by the input of the last `forward`."""
        return self._run_back(grad_output)

    def _run_back(self, grad_output: np.ndarray | None, *args: Any) -> Any:
        if self._kept is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward needs a forward before it, got none (or one that failed); "
                "call forward(x) first"
            )
        shape, dtype, kept = self._kept
        if grad_output is not None:
            grad_output = float_array("grad_output", grad_output)
            has_shape("grad_output", grad_output, shape, "the shape of the output")
            if grad_output.dtype != dtype:
                raise TypeError(
                    f"grad_output must have the dtype of the output, {dtype}, got {grad_output.dtype}; "
                    f"convert it with grad_output.astype(np.{dtype})"
                )
        return self._backward(grad_output, *args, *kept)

    def _forward(self, *args: Any, **kwargs: Any) -> tuple[Any, tuple]:
        raise NotImplementedError(f"{type(self).__name__} has no _forward(x)")

    def _backward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _backward(grad_output, ...)")

    @staticmethod
    def _add(parameter: Parameter | None, gradient: np.ndarray) -> None:
        """Add to the gradient of a parameter, in place; a layer without bias has None for it."""
        if parameter is not None:
            np.add(parameter.grad, gradient, out=parameter.grad)

    def _in_own_dtype(self, x: np.ndarray) -> np.ndarray:
        if x.dtype != self.dtype:
            raise TypeError(
                f"x must have the dtype of the layer's parameters, {self.dtype}, got {x.dtype}; convert it with "
                f"x.astype(np.{self.dtype}) or make the layer with dtype=np.{x.dtype}"
            )
        return x

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield each parameter with its key in the state dict: the layer's own first, then those of inner layers."""
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield name, value
        for name, child in self._children():
            for key, parameter in child.named_parameters():
                yield f"{name}.{key}", parameter

    def parameters(self) -> list[Parameter]:
        """Return the parameters, each once, in the order of the state dict; `.name` is the key in the outermost."""
        return list({id(parameter): parameter for _, parameter in self.named_parameters()}.values())

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to zero, in place."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def train(self, mode: bool = True) -> Layer:
        """Switch to training (dropout drops, batch norm looks at the batch); return the layer."""
        for layer in self._tree():
            layer.training = flag("mode", mode)
        return self

    def eval(self) -> Layer:
        """Switch to evaluation: what the layer computes changes nothing in it; return the layer."""
        return self.train(False)

    def _state(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the key and the array itself for all that a state dict holds, in PyTorch's order."""
        for name, value in vars(self).items():
            if isinstance(value, Parameter):
                yield name, value.value
        for name in self._buffers:
            yield name, getattr(self, name)
        for name, child in self._children():
            for key, array in child._state():
                yield f"{name}.{key}", array

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and buffers by their keys, which are those of torch.nn."""
        return {key: array.copy() for key, array in self._state()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Copy arrays (or CPU tensors) into the parameters and buffers, in the layer's dtype; all of them or none.

        Raises: TypeError where state_dict is no mapping; ValueError that names every missing, extra or misshapen key.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"state_dict must map keys to arrays, got {described(state_dict)}")
        own = dict(self._state())
        given = {key: _as_array(key, value) for key, value in state_dict.items() if key in own}
        problems = [f"missing key {key!r}, shape {array.shape}" for key, array in own.items() if key not in given]
        problems += [f"extra key {key!r}" for key in state_dict if key not in own]
        for key, array in given.items():
            if array.shape != own[key].shape:
                problems.append(f"key {key!r} must have shape {own[key].shape}, got {array.shape}")
            elif not np.can_cast(array.dtype, own[key].dtype, "same_kind"):
                problems.append(f"key {key!r} must hold {own[key].dtype}, got {array.dtype}")
        if problems:
            raise ValueError("\n  ".join([f"state_dict does not fit {type(self).__name__}:", *problems]))
        for key, array in given.items():
            own[key][...] = array

    def __repr__(self) -> str:
        sizes = [f"{name}={getattr(self, name)!r}" for name in self._sizes]
        sizes += [f"{name}=False" for name in self._options if getattr(self, name) in (None, False)]
        return f"{type(self).__name__}({', '.join(sizes)})"


def _as_array(key: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value.detach() if hasattr(value, "detach") else value)  # a tensor may be part of a graph
    except Exception as error:
        raise TypeError(f"key {key!r} must hold an array or a CPU tensor of floats, got {described(value)}") from error
