"""Whatever may travel comes back as it was; whatever may not says why."""

import datetime
import struct
from collections import Counter, OrderedDict, namedtuple
from enum import IntEnum

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course.grading.student import codec
from course.grading.student.codec import CodecError, Decoder, Encoder, Tag

FEW = settings(max_examples=150, deadline=None)


def refuse(value):
    raise CodecError(f"a {type(value).__name__} stays here")


def packed(*values):
    encoder = Encoder(refuse)
    tree, buffers = encoder.message([encoder.tree(value) for value in values])
    return tree, memoryview(b"".join(buffers))


def travelled(*values):
    decoder = Decoder(*packed(*values), other=lambda *_: pytest.fail("nothing stays"))
    return [decoder.value(part) for part in decoder.root]


def there(value):
    return travelled(value)[0]


def same(one, two):
    """Equal with the same types all the way down, NaN being itself and -0.0 not 0.0."""
    if type(one) is not type(two):
        return False
    if isinstance(one, np.ndarray):
        alike = one.dtype == two.dtype and one.shape == two.shape and one.flags.writeable == two.flags.writeable
        return alike and one.tobytes() == two.tobytes()
    if isinstance(one, np.generic):
        return one.dtype == two.dtype and one.tobytes() == two.tobytes()
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", two)
    if isinstance(one, complex):
        return same(one.real, two.real) and same(one.imag, two.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return same(list(one), list(two)) and all(same(one[key], two[key]) for key in one)
    if isinstance(one, slice):
        return same([one.start, one.stop, one.step], [two.start, two.stop, two.step])
    if isinstance(one, np.random.Generator):
        return str(one.bit_generator.state) == str(two.bit_generator.state)
    return one == two


dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="?")
    | hnp.unsigned_integer_dtypes(endianness="?")
    | hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64))
    | hnp.complex_number_dtypes(endianness="?", sizes=(64, 128))
    | hnp.unicode_string_dtypes(endianness="?", max_len=4)
    | hnp.byte_string_dtypes(max_len=4)
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
numbers = hnp.from_dtype(np.dtype(float)) | hnp.from_dtype(np.dtype("f4")) | hnp.from_dtype(np.dtype("i8"))
text = st.text(st.characters(exclude_categories=["Cs"]))
atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**2000), 2**2000)
    | st.floats()
    | st.complex_numbers()
    | text
    | st.binary()
    | st.just(b"long" * codec.LONG)
    | numbers
    | st.just(...)
)
keys = st.none() | st.integers() | text | st.binary() | st.tuples(st.integers(), text) | st.frozensets(st.integers())
plain = st.recursive(
    atoms | arrays | st.slices(10) | dtypes,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
    ),
    max_leaves=12,
)


@FEW
@given(plain)
def test_plain_data_comes_back_as_it_was(value):
    assert same(there(value), value)


@FEW
@given(arrays, st.booleans())
def test_arrays_keep_their_writeable_flag(array, writeable):
    array.flags.writeable = writeable
    assert same(there(array), array)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("-inf"),
        -0.0,
        complex(-0.0, float("nan")),
        2**63 - 1,
        -(2**63),
        2**63,
        -(2**63) - 1,
        2 ** (8 * codec.LONG - 8),
        "\x00\U0010ffff",
        np.str_(""),
        np.bytes_(b""),
        np.str_("ß" * 2000),
        np.float16(-0.0),
        np.bool_(True),
        np.complex64(1 - 2j),
        np.zeros((2, 0, 3), "f2"),
        np.array(np.nan),
        np.array(["", "äé"]),
        range(3, 90_000, 7),
        range(0),
        slice(None, 2**70, -1),
        bool,
        tuple,
        np.float32,
        np.str_,
        np.dtype(">f4"),
        np.dtype(str),
        frozenset({1, (2, 3)}),
        {frozenset({1}): {2}},
        [list(range(200_000))],
    ],
    ids=lambda value: repr(value)[:30],
)
def test_these_come_back_too(value):
    assert same(there(value), value)


def test_nan_keeps_its_payload():
    strange = np.array([0x7FF8DEADBEEF0001], "u8").view("f8")
    assert there(strange).tobytes() == strange.tobytes()


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (namedtuple("Cache", "x y")(1, 2.0), (1, 2.0)),
        (IntEnum("Colour", "RED").RED, 1),
        (bytearray(b"ab"), b"ab"),
        ("half a pair \ud800", "half a pair ?"),
        (np.array([1, "a", None, [2.0]], object), [1, "a", None, [2.0]]),
        (np.longdouble(0.5), np.float64(0.5)),
        (np.array([0.5, 1], np.clongdouble), np.array([0.5, 1], complex)),
        (np.longdouble, np.float64),
        (np.ma.array([1.0]), np.array([1.0])),
        (np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3)),
        (np.arange(12.0)[::-3], np.array([11.0, 8, 5, 2])),
        (np.broadcast_to(np.int8(3), (2, 2)).copy(), np.full((2, 2), 3, np.int8)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_arrives_as_what_it_is_made_of(value, arrives):
    assert same(there(value), arrives)


def test_one_array_named_twice_is_one_array():
    x, y = np.arange(3.0), np.arange(3.0)
    (first, second), third, other = travelled([x, x], {"x": x}, y)
    assert first is second is third["x"]
    assert first is not other


@pytest.mark.parametrize("bits", [getattr(np.random, name) for name in codec.BIT_GENERATORS])
def test_a_generator_goes_on_where_it_was(bits):
    rng = np.random.Generator(bits(5))
    rng.random(7)
    rng.integers(5, size=3, dtype=np.int32)
    x = np.zeros(1)
    found, again, arrays = travelled(rng, rng, [x, rng, x])
    assert found is again is arrays[1]
    assert arrays[0] is arrays[2]
    assert same(found, rng)
    assert (found.random(700) == rng.random(700)).all()


class Thing:
    pass


loop = []
loop.append(loop)
deep = 0
for _ in range(codec.DEEPEST + 1):
    deep = (deep,)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Thing(), "a Thing stays here"),
        ([1, {"a": Thing()}], "a Thing stays here"),
        (np.array([Thing()]), "a Thing stays here"),
        (Thing, "a type stays here"),
        (np.floating, "a type stays here"),
        (len, "a builtin_function_or_method stays here"),
        (np.random.RandomState(0), "a RandomState stays here"),
        (range(10**30), "a range stays here"),
        (memoryview(b""), "a memoryview stays here"),
        (np.dtype("M8[s]"), "stays here"),
        (np.array(["2020-01-01"], "M8[s]"), "an array of dtype datetime64[s] cannot be passed on"),
        (np.datetime64("2020-01-01"), "a value of dtype datetime64[D] cannot be passed on"),
        (datetime.date(2020, 1, 1), "a date stays here"),
        (np.zeros(2, "i4,f8"), "cannot be passed on"),
        (np.zeros(2, "i4,f8")[0], "cannot be passed on"),
        (np.ndarray((3,), "U0"), "an array of dtype <U0 cannot be passed on"),
        (2 ** (8 * codec.LONG), "an integer of more than 1024 bytes"),
        (loop, "nested deeper than 40 levels"),
        (deep, "nested deeper than 40 levels"),
        (np.broadcast_to(np.uint8(0), (2**26 + 1,)), "more than 67,108,864 bytes"),
        (np.zeros((2**30, 0)), "more than 67,108,864 bytes"),
        ([bytes(2**25), bytes(2**25), bytes(2**25)], "more than 67,108,864 bytes"),
        ("x" * 2**21, "more than 2,097,152 bytes beside its arrays"),
        ([[]] * 2**18, "more than 131,072 parts"),
        ([1j] * 2**18, "more than 131,072 parts"),
        ([np.zeros(0)[:]] * 2**18, "more than 131,072 parts"),
        (dict.fromkeys(range(10_001)), "more than 10,000 keys that are no strings"),
        ([set(range(6000))] * 2, "more than 10,000 keys that are no strings"),
        ([np.random.default_rng(0) for _ in range(101)], "more than 100 random generators"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_not_travel_says_why(value, why):
    with pytest.raises(CodecError) as caught:
        packed(value)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        {str(number): number for number in range(50_000)},
        [np.float64(0.5)] * (codec.LISTS - 1),
        [np.zeros(1) for _ in range(codec.LISTS // 2 - 1)],
        [2**64] * (codec.LISTS - 1),
        [b"x" * codec.LONG] * 60_000,
        dict.fromkeys(range(codec.KEYS)),
        [np.random.default_rng(0) for _ in range(codec.GENERATORS)],
        np.zeros(codec.ARRAY_BYTES // 8),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_encoder_lets_pass_the_decoder_reads(value):
    assert len(there(value)) == len(value)


def test_what_stays_is_named_by_its_number():
    here = Thing()
    encoder = Encoder(lambda value: [Tag.SENDERS, 7, "Thing"])
    tree, _ = encoder.message(encoder.tree([here, {"again": here}]))
    decoder = Decoder(tree, memoryview(b""), lambda tag, number, name: (tag, number, name))
    assert decoder.value(decoder.root) == [(14, 7, "Thing"), {"again": (14, 7, "Thing")}]


mersenne = np.random.MT19937(0).state
philox = np.random.Philox(0).state


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ([], "IndexError"),
        ([99], "KeyError"),
        ([[0]], "TypeError"),
        ([-1], "KeyError"),
        ({}, "without a tag"),
        (msgpack.ExtType(5, b""), "without a tag"),
        ([Tag.DICT, 1], "ValueError"),
        ([Tag.DICT, [Tag.LIST], 1], "TypeError"),
        ([Tag.SET, [Tag.DICT]], "TypeError"),
        ([Tag.ARRAY], "ValueError"),
        ([Tag.ARRAY, 0], "IndexError"),
        ([Tag.ARRAY, "<f8", [1], True], "ValueError"),
        ([Tag.ARRAY, "<f8", [2], True, 0], "longer than its message"),
        ([Tag.ARRAY, "<f8", [1], True, 1], "longer than its message"),
        ([Tag.ARRAY, "<f8", [-1], True, 0], "no length"),
        ([Tag.ARRAY, "<f8", [2**63], True, 0], "no length"),
        ([Tag.ARRAY, "<f8", [True], True, 0], "no length"),
        ([Tag.ARRAY, "<f8", [1.0], True, 0], "no length"),
        ([Tag.ARRAY, "<f8", 1, True, 0], "TypeError"),
        ([Tag.ARRAY, "<f8", [1] * 100, True, 0], "ValueError"),
        ([Tag.ARRAY, "<f8", [2**40, 0], True, 0], "too large"),
        ([Tag.ARRAY, "<f8", [2**47] * 60 + [0], True, 0], "too large"),
        ([Tag.ARRAY, "<U99999999", [0], True, 0], "too large"),
        ([Tag.ARRAY, "<U0", [1], True, 0], "damaged"),
        ([Tag.ARRAY, "<U1", [2], True, 0], "a text of no characters"),
        ([Tag.ARRAY, ">U1", [2], True, 0], "a text of no characters"),
        *(
            ([Tag.ARRAY, name, [1], True, 0], "a dtype that is not allowed")
            for name in ["O", "|O8", "V8", "<f16", "<c32", "i4,i4", "2i4", "(1,2)i4", "f8", "<M8", "double", "<f8\n"]
        ),
        ([Tag.ARRAY, 3, [1], True, 0], "a dtype that is not allowed"),
        ([Tag.ARRAY, "<f3", [1], True, 0], "TypeError"),
        ([Tag.SCALAR, "<f8", b"1234567"], "another size"),
        ([Tag.SCALAR, "<f8", "12345678"], "TypeError"),
        ([Tag.SCALAR, "<U1", b"\xff" * 4], "damaged"),
        ([Tag.COMPLEX, 1.0], "ValueError"),
        ([Tag.COMPLEX, "1", 1.0], "a complex number of something else"),
        ([Tag.INT, bytes(1025)], "too long"),
        ([Tag.INT, "12"], "too long"),
        ([Tag.BYTES, 0, 2**40], "longer than its message"),
        ([Tag.BYTES, 0, -1], "no length"),
        ([Tag.SLICE], "TypeError"),
        ([Tag.RANGE, 0, 10**9, 1], "too long"),
        ([Tag.RANGE, 0, 1, 0], "ValueError"),
        ([Tag.TYPE, "type"], "KeyError"),
        ([Tag.TYPE, "eval"], "KeyError"),
        ([Tag.DTYPE, "|O8", True], "a dtype that is not allowed"),
        ([Tag.GENERATOR, "RandomState", [Tag.DICT]], "unknown random generator"),
        ([Tag.GENERATOR, "PCG64", [Tag.DICT]], "KeyError"),
        ([Tag.GENERATOR, "PCG64", [Tag.LIST]], "unknown random generator"),
        ([Tag.GENERATOR, "PCG64", [Tag.DICT, "state", [Tag.SENDERS, 1]]], "unknown random generator"),
        ([Tag.GENERATOR, "PCG64", [Tag.DICT, "state", [Tag.DICT, "state", [Tag.LIST, [Tag.SENDERS, 1]]]]], "unknown"),
        ([Tag.SENDERS], "ValueError"),
        ([Tag.SENDERS, -1], "no length"),
        ([Tag.SENDERS, 1, 2], "a name that is none"),
        ([Tag.SENDERS, 1, "name", 3], "ValueError"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_damaged_value_is_told(tree, why):
    decoder = Decoder(msgpack.packb(tree), memoryview(b"\xff" * 8), lambda *_: object())
    with pytest.raises(CodecError) as caught:
        decoder.value(decoder.root)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("state", "part", "value"),
    [
        (mersenne, ("state", "pos"), 625),
        (mersenne, ("state", "pos"), -1),
        (mersenne, ("state", "key"), np.zeros(3, "u4")),
        (philox, ("buffer_pos",), 5),
        (philox, ("buffer_pos",), -(10**6)),
    ],
)
def test_no_generator_reads_beyond_its_buffer(state, part, value):
    inner = {**state["state"], part[1]: value} if len(part) == 2 else state["state"]
    wrong = {**state, "state": inner} if len(part) == 2 else {**state, part[0]: value}
    encoder = Encoder(refuse)
    tree, buffers = encoder.message([Tag.GENERATOR, state["bit_generator"], encoder.tree(wrong)])
    decoder = Decoder(tree, memoryview(b"".join(buffers)), other=refuse)
    with pytest.raises(CodecError):
        decoder.value(decoder.root)


def test_booleans_of_other_bytes_are_true():
    decoder = Decoder(msgpack.packb([Tag.ARRAY, "|b1", [4], True, 0]), memoryview(b"\x00\x01\x02\xff"), other=refuse)
    array = decoder.value(decoder.root)
    assert array.tolist() == [False, True, True, True]
    assert array.view(np.uint8).tolist() == [0, 1, 1, 1]
    decoder = Decoder(msgpack.packb([Tag.SCALAR, "|b1", b"\x02"]), memoryview(b""), other=refuse)
    assert decoder.value(decoder.root).tobytes() == b"\x01"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        b"\x90\x90",
        b"\x81\x01\x01",
        b"\xa2\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xd4\x01\x00",
        b"\xd6\xff\x00\x00\x00\x00",
        b"\x91" * 5000 + b"\x00",
    ],
    ids=lambda raw: raw[:8].hex(),
)
def test_bytes_that_are_no_message(raw):
    with pytest.raises(CodecError, match="bytes that are no message"):
        Decoder(raw, memoryview(b""), other=refuse)
