"""A computational graph of single numbers: compute forwards, and the chain rule goes backwards by itself.

Every operation makes a node that remembers which nodes it came from and its slope by each of them. `backward()` walks
from the result to the inputs and multiplies the slopes along the way. Arrays do the same in `solutions.functional`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from solutions._validation import number


class Value:
    """A number that knows where it came from and, after `backward`, how the result depends on it.

    dL/dx = sum over the nodes y made from x of dL/dy dy/dx

    `backward()` sets `.grad` in every node the result depends on; it does not add to what an earlier call left there.
    So a second call gives the same gradients again, and to differentiate a sum of results one calls it on their sum.

    Args: data, a finite number; parents and slopes, for nodes made by operations: what they came from, and the
        derivative by each.
    Raises: TypeError where something is no number; ValueError, naming the operation, where a result is not a finite
        real number: a logarithm of 0, a division by 0, an overflow.
    Source: deck 003 "Back-propagation: Basics", whose circuit f = (x + y) z this is; Goodfellow et al. 2016, 6.5.

    >>> x, y, z = Value(-2), Value(5), Value(-4)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f, x, y, z
    (Value(-12.0, grad=1.0), Value(-2.0, grad=-4.0), Value(5.0, grad=-4.0), Value(-4.0, grad=3.0))
    """

    __slots__ = ("data", "grad", "parents", "slopes")
    __array_ufunc__ = None  # NumPy scalars leave `np.float64(2) * value` to us instead of making an object array

    def __init__(self, data: float, parents: tuple[Value, ...] = (), slopes: tuple[float, ...] = ()) -> None:
        self.data = number("data", data)
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other: Value | float) -> Value:
        return _node("+", lambda a, b: (a + b, 1, 1), self, other)

    def __mul__(self, other: Value | float) -> Value:
        return _node("*", lambda a, b: (a * b, b, a), self, other)

    def __sub__(self, other: Value | float) -> Value:
        return _node("-", lambda a, b: (a - b, 1, -1), self, other)

    def __truediv__(self, other: Value | float) -> Value:
        return _node("/", lambda a, b: (a / b, 1 / b, -a / b / b), self, other)

    def __pow__(self, exponent: float) -> Value:
        if isinstance(exponent, Value):
            raise TypeError("exponent must be a number, got a Value; write (exponent * base.log()).exp()")
        n = number("exponent", exponent)
        return _node(f"** {n:g}", lambda a: (a**n, n * a ** (n - 1) if n else 0), self)

    def __neg__(self) -> Value:
        return self * -1

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rsub__(self, other: float) -> Value:
        return _value(other) - self

    def __rtruediv__(self, other: float) -> Value:
        return _value(other) / self

    def exp(self) -> Value:
        """Return e^x; the slope is e^x."""
        return _node("exp", lambda a: (math.exp(a), math.exp(a)), self)

    def log(self) -> Value:
        """Return the natural logarithm of x > 0; the slope is 1 / x."""
        return _node("log", lambda a: (math.log(a), 1 / a), self)

    def tanh(self) -> Value:
        """Return the hyperbolic tangent y of x; the slope is 1 - y^2."""
        return _node("tanh", lambda a: (math.tanh(a), 1 - math.tanh(a) ** 2), self)

    def relu(self) -> Value:
        """Return max(0, x); the slope is 1 for x > 0, else 0."""
        return _node("relu", lambda a: (max(a, 0.0), float(a > 0)), self)

    def sigmoid(self) -> Value:
        """Return g(x) = 1 / (1 + e^-x); the slope is g(x) (1 - g(x))."""
        return _node("sigmoid", lambda a: (_sigmoid(a), _sigmoid(a) * _sigmoid(-a)), self)

    def backward(self) -> None:
        """Set `.grad` of this node to 1 and of every node below it to d(this) / d(that node)."""
        nodes = _sorted(self)
        for node in nodes:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(nodes):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad

    def __repr__(self) -> str:
        return f"Value({self.data!r}, grad={self.grad!r})"


def _sigmoid(a: float) -> float:
    e = math.exp(-abs(a))  # never above 1, so it cannot overflow
    return (1 if a >= 0 else e) / (1 + e)


def _value(operand: object) -> Value:
    if isinstance(operand, Value):
        return operand
    return Value(number("operand", operand))


def _node(name: str, rule: Callable[..., tuple[float, ...]], *operands: Value | float) -> Value:
    """Apply `rule`, which returns the result and its slope by each operand, and remember all of them."""
    parents = tuple(_value(operand) for operand in operands)
    numbers = [parent.data for parent in parents]
    try:
        results = rule(*numbers)
        finite = all(math.isfinite(result) for result in results)
    except (ArithmeticError, ValueError, TypeError):  # isfinite refuses complex numbers: a root of a negative one
        finite = False
    if not finite:
        raise ValueError(f"{name} and its slopes must be finite, they are not at {' and '.join(map(repr, numbers))}")
    return Value(results[0], parents, tuple(results[1:]))


def _sorted(result: Value) -> list[Value]:
    """Return all nodes below `result`, each after its parents; a stack of our own, for graphs deeper than Python's."""
    nodes: list[Value] = []
    seen: set[int] = set()
    stack = [(result, False)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            nodes.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents)
    return nodes
