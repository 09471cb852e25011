"""Plain data as bytes: everything that may pass between a student's process and the judge.

A value becomes a tree, packed by msgpack, and the raw bytes of its arrays, laid one behind the other. In the tree,
None, booleans, integers of 64 bits, floats, strings and short bytes stand for themselves; all else is a list whose
first entry is one of the tags below. There is no pickle, no object dtype, and nothing that names code. Instances of a
subclass arrive as what they inherit from, bytearrays as bytes, long doubles as doubles, arrays of objects as lists.

Reading trusts nobody: every length is bounded before memory is taken, and whatever does not fit raises `CodecError`.
An array or a random generator that occurs twice arrives as one, so that what is changed in place can be sent back by
its number.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Callable, Iterable
from enum import IntEnum
from math import prod
from typing import Any

import msgpack
import numpy as np

DEEPEST = 40  # lists within lists
TREE_BYTES = 2 * 2**20
ARRAY_BYTES = 64 * 2**20
LISTS = 2**17  # two bytes of a tree may become hundreds in memory
KEYS = 10_000  # of dicts and sets, but for strings: numbers can be chosen so that finding one passes by all others
GENERATORS = 100
LONG = 1024  # from here on, bytes travel beside the tree
KINDS = "biufcSU"  # of dtypes: booleans, numbers, fixed-width strings
DTYPE = re.compile(rf"[<>|][{KINDS}]\d{{1,9}}")
PLAIN = frozenset((type(None), bool, int, float, str, bytes))  # what stands for itself in a tree
TYPES = {name: getattr(builtins, name) for name in ("bool", "int", "float", "complex", "str", "bytes", "list", "tuple")}
SCALAR_TYPES = frozenset(kind for kind in np.sctypeDict.values() if np.dtype(kind).kind in KINDS)
BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")


class CodecError(ValueError):
    """A value that may not travel, or bytes that are none."""


class Tag(IntEnum):
    """The first entry of a list in a tree."""

    LIST = 0
    TUPLE = 1
    DICT = 2
    SET = 3
    ARRAY = 4  # dtype, shape, writeable, offset; or its number among the arrays and generators of the message so far
    SCALAR = 5  # dtype, bytes
    COMPLEX = 6  # real, imaginary
    INT = 7  # bytes, little-endian with sign
    BYTES = 8  # offset, length
    SLICE = 9  # start, stop, step
    ELLIPSIS = 10
    TYPE = 11  # name of a builtin type
    DTYPE = 12  # name, whether it was a NumPy scalar type
    GENERATOR = 13  # name of the bit generator, its state; or its number
    SENDERS = 14  # number of an object that stays with whoever sends this, and what it is called
    RECEIVERS = 15  # number of an object that whoever receives this had sent before
    FROZENSET = 16
    RANGE = 17  # start, stop, step


class Encoder:
    """Encodes the values of one message. `other` makes the tagged list of what is no plain data, or raises."""

    def __init__(self, other: Callable[[Any], list[Any]]) -> None:
        self.shared: list[np.ndarray | np.random.Generator] = []
        self._other = other
        self._numbers: dict[int, int] = {}
        self._buffers: list[bytes | memoryview] = []
        self._size = self._lists = self._keys = self._generators = 0

    def tree(self, value: Any, depth: int = 0) -> Any:
        """What msgpack packs for `value`."""
        if value is None or value is True or value is False:
            return value
        if depth > DEEPEST:
            raise CodecError(f"the value is nested deeper than {DEEPEST} levels")
        if not isinstance(value, np.generic):
            if isinstance(value, float):
                return float(value)
            if isinstance(value, int) and -(2**63) <= value < 2**63:
                return int(value)
            if isinstance(value, str):
                return str(value).encode("utf-8", "replace").decode()
            if isinstance(value, bytes | bytearray) and len(value) < LONG:
                return bytes(value)
        self._part()
        return self._tagged(value, depth)

    def message(self, tree: Any) -> tuple[bytes, list[bytes | memoryview]]:
        """The packed tree, and the buffers that belong behind it."""
        packed = msgpack.packb(tree)
        if len(packed) > TREE_BYTES:
            raise CodecError(f"the value takes more than {TREE_BYTES:,} bytes beside its arrays")
        return packed, self._buffers

    def _tagged(self, value: Any, depth: int) -> list[Any]:
        if isinstance(value, np.generic):
            return self._scalar(value)
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, bytes | bytearray):
            return [Tag.BYTES, self._add(bytes(value), len(value)), len(value)]
        if isinstance(value, complex):
            return [Tag.COMPLEX, value.real, value.imag]
        if isinstance(value, np.ndarray):
            return self._array(value, depth)
        if isinstance(value, list):
            return [Tag.LIST, *(self.tree(item, depth + 1) for item in value)]
        if isinstance(value, tuple):
            return [Tag.TUPLE, *(self.tree(item, depth + 1) for item in value)]
        if isinstance(value, dict):
            self._keyed(value)
            return [Tag.DICT, *(self.tree(part, depth + 1) for item in value.items() for part in item)]
        if isinstance(value, set | frozenset):
            self._keyed(value)
            tag = Tag.SET if isinstance(value, set) else Tag.FROZENSET
            return [tag, *(self.tree(item, depth + 1) for item in value)]
        return self._rare(value, depth)

    def _part(self) -> None:
        self._lists += 1
        if self._lists > LISTS:
            raise CodecError(f"the value has more than {LISTS:,} parts; use arrays")

    def _keyed(self, keys: Iterable[Any]) -> None:
        self._keys += sum(not isinstance(key, str) for key in keys)
        if self._keys > KEYS:
            raise CodecError(f"the value has more than {KEYS:,} keys that are no strings")

    def _integer(self, value: int) -> list[Any]:
        size = value.bit_length() // 8 + 1
        if size > LONG:
            raise CodecError(f"an integer of more than {LONG} bytes cannot be passed on")
        return [Tag.INT, value.to_bytes(size, "little", signed=True)]

    def _rare(self, value: Any, depth: int) -> list[Any]:
        if isinstance(value, slice):
            return [Tag.SLICE, *(self.tree(part, depth + 1) for part in (value.start, value.stop, value.step))]
        if isinstance(value, range) and not value[LISTS:]:
            return [Tag.RANGE, *(self.tree(part, depth + 1) for part in (value.start, value.stop, value.step))]
        if value is Ellipsis:
            return [Tag.ELLIPSIS]
        if isinstance(value, type) and value in TYPES.values():
            return [Tag.TYPE, value.__name__]
        scalar_type = isinstance(value, type) and value in SCALAR_TYPES
        if scalar_type or (isinstance(value, np.dtype) and value.kind in KINDS):
            return [Tag.DTYPE, _portable(np.dtype(value)).str, scalar_type]
        if isinstance(value, np.random.Generator) and type(value.bit_generator).__name__ in BIT_GENERATORS:
            return self._generator(value, depth)
        return self._other(value)

    def _generator(self, value: np.random.Generator, depth: int) -> list[Any]:
        if id(value) in self._numbers:
            return [Tag.GENERATOR, self._numbers[id(value)]]
        self._generators += 1
        if self._generators > GENERATORS:
            raise CodecError(f"the value has more than {GENERATORS} random generators")
        name, state = type(value.bit_generator).__name__, value.bit_generator.state
        tree = [Tag.GENERATOR, name, self.tree(state, depth + 1)]
        self._share(value)
        return tree

    def _scalar(self, value: np.generic) -> list[Any]:
        dtype = value.dtype
        if dtype.kind not in KINDS:
            raise CodecError(f"a value of dtype {dtype} cannot be passed on")
        dtype = _portable(dtype)
        return [Tag.SCALAR, dtype.str, value.astype(dtype).tobytes()[: dtype.itemsize]]  # an empty text has a byte too

    def _share(self, value: np.ndarray | np.random.Generator) -> None:
        self._numbers[id(value)] = len(self.shared)
        self.shared.append(value)

    def _array(self, value: np.ndarray, depth: int) -> list[Any]:
        if id(value) in self._numbers:
            return [Tag.ARRAY, self._numbers[id(value)]]
        array = np.asarray(value)
        if array.dtype.kind == "O":
            tree: list[Any] = self.tree(array.tolist(), depth + 1)
            return tree
        if array.dtype.kind not in KINDS or not array.dtype.itemsize:
            raise CodecError(f"an array of dtype {array.dtype} cannot be passed on; numbers can")
        array = array.astype(_portable(array.dtype), copy=False)
        self._room(_extent(array.shape, array.dtype))
        self._share(value)
        self._part()  # its shape
        offset = self._add(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, array.nbytes)
        return [Tag.ARRAY, array.dtype.str, list(array.shape), bool(value.flags.writeable), offset]

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
        self.shared: list[np.ndarray | np.random.Generator] = []
        self.came: list[tuple[tuple[int, ...], memoryview]] = []  # the shape and the bytes of each array as they came
        self._buffers, self._other = buffers, other
        self._lists = self._keys = self._generators = self._taken = 0
        try:
            self.root = msgpack.unpackb(tree, max_map_len=0, max_ext_len=0, list_hook=self._counted)
        except Exception as error:  # msgpack has many ways to say so
            raise CodecError(f"bytes that are no message ({type(error).__name__})") from None

    def value(self, tree: Any, depth: int = 0) -> Any:
        """The value that `tree` stands for."""
        if not isinstance(tree, list):
            if type(tree) not in PLAIN:  # the packer lets empty maps and extensions pass
                raise CodecError("a value without a tag")
            return tree
        if depth > DEEPEST:
            raise CodecError("a value that is nested too deep")
        try:
            return self._READ[tree[0]](self, tree[1:], depth + 1)
        except CodecError:
            raise
        except Exception as error:  # NumPy has as many ways
            raise CodecError(f"a damaged value ({type(error).__name__})") from None

    def _all(self, trees: list[Any], depth: int) -> list[Any]:
        return [self.value(tree, depth) for tree in trees]

    def _counted(self, tree: list[Any]) -> list[Any]:
        self._lists += 1
        if self._lists > LISTS + 100:  # a message has a few of its own
            raise CodecError("too many parts")
        return tree

    def _hashed(self, keys: list[Any]) -> list[Any]:
        self._keys += sum(not isinstance(key, str) for key in keys)
        if self._keys > KEYS + 1000:
            raise CodecError("too many keys")
        return keys

    def _dict(self, trees: list[Any], depth: int) -> dict[Any, Any]:
        values = self._all(trees, depth)
        return dict(zip(self._hashed(values[::2]), values[1::2], strict=True))

    def _again(self, number: Any, kind: type) -> Any:
        value = self.shared[_count(number)]
        if not isinstance(value, kind):
            raise CodecError("a number of something else")
        return value

    def _array(self, trees: list[Any], depth: int) -> np.ndarray:
        if len(trees) == 1:
            array: np.ndarray = self._again(trees[0], np.ndarray)
            return array
        name, shape, writeable, offset = trees
        dtype, shape = _dtype(name), tuple(map(_count, shape))
        if _extent(shape, dtype) > ARRAY_BYTES:  # of an empty one too: its sum along the empty axis is not
            raise CodecError("an array that is too large")
        raw = self._cut(offset, prod(shape) * dtype.itemsize)
        flat = np.frombuffer(raw, np.uint8)
        flat = flat != 0 if dtype.kind == "b" else flat.copy()  # bytes but 0 and 1 would be neither true nor false
        if dtype.kind == "U" and (flat.view(f"{dtype.byteorder}u4") > sys.maxunicode).any():
            raise CodecError("a text of no characters")
        array = flat.view(dtype).reshape(shape)
        array.flags.writeable = writeable is True
        self.shared.append(array)
        self.came.append((shape, raw))
        return array

    def _scalar(self, trees: list[Any], depth: int) -> Any:
        name, raw = trees
        dtype = _dtype(name)
        if len(raw) != dtype.itemsize:
            raise CodecError("a number of another size than its dtype")
        return np.frombuffer(raw, dtype)[0] if raw else dtype.type()

    def _complex(self, trees: list[Any], depth: int) -> complex:
        real, imaginary = trees
        if not (isinstance(real, float) and isinstance(imaginary, float)):
            raise CodecError("a complex number of something else")
        return complex(real, imaginary)

    def _integer(self, trees: list[Any], depth: int) -> int:
        (raw,) = trees
        if not isinstance(raw, bytes) or len(raw) > LONG:
            raise CodecError("an integer that is too long")
        return int.from_bytes(raw, "little", signed=True)

    def _range(self, trees: list[Any], depth: int) -> range:
        value = range(*self._all(trees, depth))
        if value[LISTS:]:
            raise CodecError("a range that is too long")
        return value

    def _bytes(self, trees: list[Any], depth: int) -> bytes:
        return bytes(self._cut(*trees))

    def _type(self, trees: list[Any], depth: int) -> Any:
        return TYPES[trees[0]]

    def _dtype(self, trees: list[Any], depth: int) -> Any:
        name, scalar_type = trees
        dtype = _dtype(name)
        return dtype.type if scalar_type else dtype

    def _generator(self, trees: list[Any], depth: int) -> np.random.Generator:
        if len(trees) == 1:
            generator: np.random.Generator = self._again(trees[0], np.random.Generator)
            return generator
        name, state = trees[0], self.value(trees[1], depth)
        self._generators += 1
        if name not in BIT_GENERATORS or self._generators > GENERATORS or not _plain(state):
            raise CodecError("an unknown random generator, or too many")
        # NumPy does not look at these two, and reads its buffer where they say
        if not (0 <= state["state"].get("pos", 0) <= 624 and 0 <= state.get("buffer_pos", 0) <= 4):
            raise CodecError("a random generator beyond its buffer")
        bits = getattr(np.random, name)(0)
        bits.state = state
        self.shared.append(generator := np.random.Generator(bits))
        self.came.append(((), memoryview(b"")))
        return generator

    def _object(self, tag: Tag, trees: list[Any]) -> Any:
        number, name = trees if len(trees) > 1 else (*trees, "")
        if not isinstance(name, str):
            raise CodecError("a name that is none")
        return self._other(tag, _count(number), name[:200])

    def _cut(self, offset: int, size: int) -> memoryview:
        if _count(offset) + _count(size) > len(self._buffers):
            raise CodecError("an array that is longer than its message")
        self._taken += size
        if self._taken > len(self._buffers):  # else one buffer could become any number of arrays
            raise CodecError("bytes that several arrays claim")
        return self._buffers[offset : offset + size]

    _READ: dict[int, Callable[[Decoder, list[Any], int], Any]] = {  # noqa: RUF012  (never changed)
        Tag.LIST: lambda self, trees, depth: self._all(trees, depth),
        Tag.TUPLE: lambda self, trees, depth: tuple(self._all(trees, depth)),
        Tag.DICT: _dict,
        Tag.SET: lambda self, trees, depth: set(self._hashed(self._all(trees, depth))),
        Tag.FROZENSET: lambda self, trees, depth: frozenset(self._hashed(self._all(trees, depth))),
        Tag.ARRAY: _array,
        Tag.SCALAR: _scalar,
        Tag.COMPLEX: _complex,
        Tag.INT: _integer,
        Tag.BYTES: _bytes,
        Tag.SLICE: lambda self, trees, depth: slice(*self._all(trees, depth)),
        Tag.RANGE: _range,
        Tag.ELLIPSIS: lambda self, trees, depth: Ellipsis,
        Tag.TYPE: _type,
        Tag.DTYPE: _dtype,
        Tag.GENERATOR: _generator,
        Tag.SENDERS: lambda self, trees, depth: self._object(Tag.SENDERS, trees),
        Tag.RECEIVERS: lambda self, trees, depth: self._object(Tag.RECEIVERS, trees),
    }


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**48:
        raise CodecError("a number that is no length")
    return value


def _dtype(name: Any) -> np.dtype:
    if not (isinstance(name, str) and DTYPE.fullmatch(name)):  # np.dtype reads far more than names
        raise CodecError("a dtype that is not allowed")
    dtype = np.dtype(name)
    if dtype != _portable(dtype):
        raise CodecError("a dtype that is not allowed")
    return dtype


def _portable(dtype: np.dtype) -> np.dtype:
    """`dtype`, or the longest there is everywhere: a long double has bytes that nobody sets."""
    return np.dtype({"f": "f8", "c": "c16"}[dtype.kind]) if dtype.type in (np.longdouble, np.clongdouble) else dtype


def _extent(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """The bytes of an array that has one entry along each of its empty axes."""
    return dtype.itemsize * prod(max(length, 1) for length in shape)


def _plain(state: Any) -> bool:
    """Whether `state` has no objects in it that would have to be asked what they are."""
    if isinstance(state, dict):
        return all(_plain(part) for part in state.values())
    return isinstance(state, int | str | np.ndarray)
