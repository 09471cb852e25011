"""Plain data as bytes: everything that may pass between a student's process and the judge.

A value becomes a tree, packed by msgpack, and the raw bytes of its arrays, laid one behind the other. In the tree,
None, booleans, integers of 64 bits, floats, strings and short bytes stand for themselves; all else is a list whose
first entry is one of the tags below. There is no pickle, no object dtype, and nothing that names code.

Reading trusts nobody: every length is bounded before memory is taken, and whatever does not fit raises `CodecError`.
An array that occurs twice arrives as one array, so that what is changed in place can be sent back by its number.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from enum import IntEnum
from math import prod
from typing import Any

import msgpack
import numpy as np

DEEPEST = 40  # lists within lists
TREE_BYTES = 2 * 2**20
ARRAY_BYTES = 64 * 2**20
LONG = 1024  # from here on, bytes travel beside the tree
KINDS = "biufcSU"  # of dtypes: booleans, numbers, fixed-width strings
TYPES = {name: getattr(builtins, name) for name in ("bool", "int", "float", "complex", "str", "bytes", "list", "tuple")}
GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


class CodecError(ValueError):
    """A value that may not travel, or bytes that are none."""


class Tag(IntEnum):
    """The first entry of a list in a tree."""

    LIST = 0
    TUPLE = 1
    DICT = 2
    SET = 3
    ARRAY = 4  # dtype, shape, writeable, offset
    SCALAR = 5  # dtype, bytes
    COMPLEX = 6  # real, imaginary
    INT = 7  # bytes, little-endian with sign
    BYTES = 8  # offset, length
    SLICE = 9  # start, stop, step
    ELLIPSIS = 10
    TYPE = 11  # name of a builtin type
    DTYPE = 12  # name, whether it was a NumPy scalar type
    GENERATOR = 13  # name of the bit generator, its state
    SENDERS = 14  # number of an object that stays with whoever sends this, and what it is called
    RECEIVERS = 15  # number of an object that whoever receives this had sent before


class Encoder:
    """Encodes the values of one message. `other` makes the tagged list of what is no plain data, or raises."""

    def __init__(self, other: Callable[[Any], list[Any]]) -> None:
        self.arrays: list[np.ndarray] = []
        self._other = other
        self._numbers: dict[int, int] = {}
        self._buffers: list[bytes | memoryview] = []
        self._size = 0

    def tree(self, value: Any, depth: int = 0) -> Any:
        """What msgpack packs for `value`."""
        if value is None or value is True or value is False:
            return value
        if depth > DEEPEST:
            raise CodecError(f"the value is nested deeper than {DEEPEST} levels")
        if isinstance(value, np.generic):
            return self._scalar(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, int):
            return _integer(int(value))
        if isinstance(value, str):
            return str(value).encode("utf-8", "replace").decode()
        if isinstance(value, bytes | bytearray):
            return self._bytes(bytes(value))
        if isinstance(value, complex):
            return [Tag.COMPLEX, value.real, value.imag]
        if isinstance(value, np.ndarray):
            return self._array(value, depth)
        if isinstance(value, list):
            return [Tag.LIST, *(self.tree(item, depth + 1) for item in value)]
        if isinstance(value, tuple):
            return [Tag.TUPLE, *(self.tree(item, depth + 1) for item in value)]
        if isinstance(value, dict):
            return [Tag.DICT, *(self.tree(part, depth + 1) for item in value.items() for part in item)]
        if isinstance(value, set | frozenset):
            return [Tag.SET, *(self.tree(item, depth + 1) for item in value)]
        return self._rare(value, depth)

    def message(self, tree: Any) -> tuple[bytes, list[bytes | memoryview]]:
        """The packed tree, and the buffers that belong behind it."""
        packed = msgpack.packb(tree)
        if len(packed) > TREE_BYTES:
            raise CodecError(f"the value takes more than {TREE_BYTES:,} bytes beside its arrays")
        return packed, self._buffers

    def _rare(self, value: Any, depth: int) -> list[Any]:
        if isinstance(value, slice):
            return [Tag.SLICE, *(self.tree(part, depth + 1) for part in (value.start, value.stop, value.step))]
        if value is Ellipsis:
            return [Tag.ELLIPSIS]
        if isinstance(value, type) and value in TYPES.values():
            return [Tag.TYPE, value.__name__]
        scalar_type = isinstance(value, type) and issubclass(value, np.generic)
        if (isinstance(value, np.dtype) or scalar_type) and np.dtype(value).kind in KINDS:
            return [Tag.DTYPE, np.dtype(value).str, scalar_type]
        if isinstance(value, np.random.Generator):
            name = type(value.bit_generator).__name__
            if name in GENERATORS:
                return [Tag.GENERATOR, name, self.tree(value.bit_generator.state, depth + 1)]
        return self._other(value)

    def _scalar(self, value: np.generic) -> Any:
        array = np.asarray(value)
        if array.dtype.kind not in KINDS:
            return self.tree(value.item())
        return [Tag.SCALAR, array.dtype.str, array.tobytes()]

    def _array(self, value: np.ndarray, depth: int) -> list[Any]:
        if id(value) in self._numbers:
            return [Tag.ARRAY, self._numbers[id(value)]]
        array = np.asarray(value)
        if array.dtype == np.longdouble:
            array = array.astype(np.float64)
        if array.dtype.kind == "O":
            tree: list[Any] = self.tree(array.tolist(), depth + 1)
            return tree
        if array.dtype.kind not in KINDS:
            raise CodecError(f"an array of dtype {array.dtype} cannot be passed on; numbers can")
        self._room(array.nbytes)
        self._numbers[id(value)] = len(self.arrays)
        self.arrays.append(value)
        offset = self._add(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, array.nbytes)
        return [Tag.ARRAY, array.dtype.str, list(array.shape), bool(array.flags.writeable), offset]

    def _bytes(self, value: bytes) -> Any:
        return value if len(value) < LONG else [Tag.BYTES, self._add(value, len(value)), len(value)]

    def _room(self, size: int) -> None:
        if self._size + size > ARRAY_BYTES:
            raise CodecError(f"the value holds more than {ARRAY_BYTES:,} bytes")

    def _add(self, buffer: bytes | memoryview, size: int) -> int:
        self._room(size)
        offset = self._size
        self._buffers.append(buffer)
        self._size += size
        return offset


class Decoder:
    """Reads the values of one message. `other` makes something of the two tags for objects that stay where they are."""

    def __init__(self, tree: bytes, buffers: memoryview, other: Callable[[Tag, int, str], Any]) -> None:
        self.arrays: list[np.ndarray] = []
        self.sent: list[memoryview] = []  # the bytes of each array as they came
        self.shapes: list[tuple[int, ...]] = []
        self._buffers, self._other = buffers, other
        try:
            self.root = msgpack.unpackb(tree, use_list=True, max_map_len=0, max_ext_len=0)
        except Exception as error:  # msgpack has many ways to say so
            raise CodecError(f"bytes that are no message ({type(error).__name__})") from None

    def value(self, tree: Any, depth: int = 0) -> Any:
        """The value that `tree` stands for."""
        if not isinstance(tree, list):
            return tree
        if depth > DEEPEST:
            raise CodecError("a value that is nested too deep")
        try:
            return self._READ[tree[0]](self, tree[1:], depth + 1)
        except CodecError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, OverflowError, MemoryError, AttributeError) as error:
            raise CodecError(f"a damaged value ({type(error).__name__})") from None

    def _all(self, trees: list[Any], depth: int) -> list[Any]:
        return [self.value(tree, depth) for tree in trees]

    def _dict(self, trees: list[Any], depth: int) -> dict[Any, Any]:
        values = self._all(trees, depth)
        return dict(zip(values[::2], values[1::2], strict=True))

    def _array(self, trees: list[Any], depth: int) -> np.ndarray:
        if len(trees) == 1:
            return self.arrays[_count(trees[0])]
        name, shape, writeable, offset = trees
        dtype, shape = _dtype(name), tuple(map(_count, shape))
        size = prod(shape) * dtype.itemsize
        raw = self._cut(offset, size)
        array = np.frombuffer(raw, np.uint8).copy().view(dtype).reshape(shape)
        if dtype.kind == "b":
            array = array.view(np.uint8) != 0  # any other byte would be neither true nor false
        array.flags.writeable = writeable is True
        self.arrays.append(array)
        self.sent.append(raw)
        self.shapes.append(shape)
        return array

    def _scalar(self, trees: list[Any], depth: int) -> Any:
        name, raw = trees
        return np.frombuffer(raw, _dtype(name), 1)[0]

    def _integer(self, trees: list[Any], depth: int) -> int:
        (raw,) = trees
        return int.from_bytes(raw, "little", signed=True)

    def _bytes(self, trees: list[Any], depth: int) -> bytes:
        return bytes(self._cut(*trees))

    def _type(self, trees: list[Any], depth: int) -> Any:
        return TYPES[trees[0]]

    def _dtype(self, trees: list[Any], depth: int) -> Any:
        dtype = _dtype(trees[0])
        return dtype.type if trees[1] else dtype

    def _generator(self, trees: list[Any], depth: int) -> np.random.Generator:
        name, state = trees
        if name not in GENERATORS:
            raise CodecError("an unknown random generator")
        bits = getattr(np.random, name)(0)
        bits.state = self.value(state, depth)
        return np.random.Generator(bits)

    def _sent(self, tag: Tag) -> Callable[[list[Any], int], Any]:
        return lambda trees, depth: self._other(tag, _count(trees[0]), str(trees[1])[:200] if trees[1:] else "")

    def _cut(self, offset: int, size: int) -> memoryview:
        if _count(offset) + _count(size) > len(self._buffers):
            raise CodecError("an array that is longer than its message")
        return self._buffers[offset : offset + size]

    _READ: dict[int, Callable[[Decoder, list[Any], int], Any]] = {  # noqa: RUF012  (never changed)
        Tag.LIST: lambda self, trees, depth: self._all(trees, depth),
        Tag.TUPLE: lambda self, trees, depth: tuple(self._all(trees, depth)),
        Tag.DICT: _dict,
        Tag.SET: lambda self, trees, depth: set(self._all(trees, depth)),
        Tag.ARRAY: _array,
        Tag.SCALAR: _scalar,
        Tag.COMPLEX: lambda self, trees, depth: complex(*trees),
        Tag.INT: _integer,
        Tag.BYTES: _bytes,
        Tag.SLICE: lambda self, trees, depth: slice(*self._all(trees, depth)),
        Tag.ELLIPSIS: lambda self, trees, depth: Ellipsis,
        Tag.TYPE: _type,
        Tag.DTYPE: _dtype,
        Tag.GENERATOR: _generator,
        Tag.SENDERS: lambda self, trees, depth: self._sent(Tag.SENDERS)(trees, depth),
        Tag.RECEIVERS: lambda self, trees, depth: self._sent(Tag.RECEIVERS)(trees, depth),
    }


def _integer(value: int) -> Any:
    if -(2**63) <= value < 2**63:
        return value
    size = value.bit_length() // 8 + 1
    if size > LONG:
        raise CodecError(f"an integer of more than {LONG} bytes cannot be passed on")
    return [Tag.INT, value.to_bytes(size, "little", signed=True)]


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**48:
        raise CodecError("a number that is no length")
    return value


def _dtype(name: Any) -> np.dtype:
    dtype = np.dtype(name) if isinstance(name, str) and len(name) <= 12 else None
    if dtype is None or dtype.kind not in KINDS or dtype.fields or dtype.subdtype or dtype == np.longdouble:
        raise CodecError("a dtype that is not allowed")
    return dtype
