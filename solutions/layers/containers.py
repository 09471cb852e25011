"""Layers made of layers: one after the other, and around each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from solutions._validation import described, float_array, is_integer
from solutions.layers.layer import Layer


def _any_array(x: object) -> np.ndarray:
    return x if isinstance(x, np.ndarray) else float_array("x", x)  # integers are for an embedding inside


def _is_layer(name: str, value: object) -> Layer:
    if not isinstance(value, Layer):
        cause = f"; write {value.__name__}(...)" if isinstance(value, type) and issubclass(value, Layer) else ""
        raise TypeError(f"{name} must be a Layer, got {described(value)}{cause}")
    return value


_WAY = ("forward", "_forward", "backward", "_backward")


class Sequential(Layer):
    """Put layers one after the other; the gradient takes the way back.

    y = f_k(... f_2(f_1(x)));  dL/dx = f_1'(... f_k'(dL/dy))

    Printed, it shows its layers and, once it has seen a batch, the shapes that passed through. `model[0]` is the first
    layer, `len(model)` their number.

    Args: layers, or one dictionary from names to layers: names take the place of the numbers in the state dict. None of
        them twice: a layer keeps what one forward needs.
    Shapes: those of the first layer's input to those of the last layer's output; without layers, x comes back.
    Raises: TypeError where something is no layer, or a layer that is not the last returns more than one array;
        ValueError for a layer that is in it twice and for a name that is no identifier or number.
    Source: deck 004 "Forward Propagation", "Backpropagation Algorithm". As torch.nn.Sequential.

    >>> from solutions.layers import Linear, ReLU
    >>> model = Sequential(Linear(4, 3, rng=0), ReLU(), Linear(3, 2, rng=1))
    >>> model(np.ones((5, 4), np.float32)).shape, [p.name for p in model.parameters()]
    ((5, 2), ['0.weight', '0.bias', '2.weight', '2.bias'])
    >>> model
    Sequential(
      0: Linear(in_features=4, out_features=3)  (5, 4) -> (5, 3)
      1: ReLU()                                 (5, 3) -> (5, 3)
      2: Linear(in_features=3, out_features=2)  (5, 3) -> (5, 2)
    )
    """

    _shapes: tuple[tuple[int, ...], ...] = ()

    def __init__(self, *layers: Layer | Mapping[str, Layer]) -> None:
        super().__init__()
        first = layers[0] if len(layers) == 1 else None
        named: Any = (
            first.items() if isinstance(first, Mapping) else ((str(i), layer) for i, layer in enumerate(layers))
        )
        for name, layer in named:
            if not isinstance(name, str) or not (name.isidentifier() or name.isdecimal()) or hasattr(self, name):
                raise ValueError(f"layers must have names that are identifiers and not taken, got {name!r}")
            setattr(self, name, _is_layer(f"layers[{name}]", layer))

    def _accepted(self, x: object) -> np.ndarray:
        return _any_array(x) if len(self) else float_array("x", x)

    def _forward(self, x: np.ndarray) -> tuple[Any, tuple]:
        shapes, y = [x.shape], x
        for name, layer in self._children():
            if isinstance(y, tuple):
                raise TypeError(
                    f"layer {name!r} ({type(layer).__name__}) must get one array, got {len(y)} things from the layer "
                    "before it; usual cause: a recurrent layer, which returns (outputs, state), can only be the last"
                )
            y = layer.forward(y)
            shapes.append(y[0].shape if isinstance(y, tuple) else y.shape)
        self._shapes = tuple(shapes)
        return y, ()

    def _backward(self, grad_output: np.ndarray) -> np.ndarray:
        for _, layer in reversed(self._children()):
            grad_output = layer.backward(grad_output)
        return grad_output

    def _entrance(self) -> Layer:
        # A subclass with a way of its own may do more with the gradient than return it.
        plain = all(getattr(type(self), name) is getattr(Sequential, name) for name in _WAY)
        return self[0]._entrance() if plain and len(self) else self

    def __len__(self) -> int:
        return len(self._children())

    def __getitem__(self, index: int) -> Layer:
        layers = [layer for _, layer in self._children()]
        if not is_integer(index):
            raise TypeError(f"index must be an integer, got {described(index)}")
        if not -len(layers) <= index < len(layers):
            raise IndexError(f"index must be from {-len(layers)} to {len(layers) - 1}, got {index}")
        return layers[index]

    def __iter__(self) -> Iterator[Layer]:
        return iter([layer for _, layer in self._children()])

    def __repr__(self) -> str:
        texts = [f"{name}: {layer!r}" for name, layer in self._children()]
        if self._shapes:
            ends = [len(text.splitlines()[-1]) for text in texts]
            passed = [f"  {before} -> {after}" for before, after in pairwise(self._shapes)]
            texts = [t + " " * (max(ends) - end) + shapes for t, end, shapes in zip(texts, ends, passed, strict=True)]
        lines = "".join(f"\n{text}" for text in texts).replace("\n", "\n  ")
        return f"{type(self).__name__}({lines}\n)" if texts else f"{type(self).__name__}()"


class Residual(Layer):
    """Add what comes in to what a layer makes of it, so that the gradient has a way past the layer.

    y = x + f(x);  dL/dx = dL/dy + f'(dL/dy)

    Args: layer f, whose output has the shape of its input; more than one in a `Sequential`. Its keys in the state dict
        begin with "layer.".
    Shapes: x of any shape that f takes to y of the same.
    Raises: TypeError where layer is no `Layer` or returns more than one array; ValueError where its output has another
        shape than x.
    Source: deck 004 "A Rapidly Evolving Field" (residual learning); He et al. 2016.

    >>> from solutions.layers import ReLU
    >>> block = Residual(ReLU())
    >>> block(np.array([-1.0, 2.0])), block.backward(np.array([1.0, 1.0]))
    (array([-1.,  4.]), array([1., 2.]))
    """

    _sizes = ("layer",)

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.layer = _is_layer("layer", layer)

    def _accepted(self, x: object) -> np.ndarray:
        return _any_array(x)

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple]:
        y = self.layer.forward(x)
        name = type(self.layer).__name__
        if isinstance(y, tuple):
            raise TypeError(f"layer must return one array, got {len(y)} things from {name}")
        if y.shape != x.shape:
            raise ValueError(f"layer must return the shape of x, {x.shape}, got {y.shape} from {name}: x + y needs one")
        return x + y, ()

    def _backward(self, grad_output: np.ndarray) -> np.ndarray:
        return grad_output + self.layer.backward(grad_output)
