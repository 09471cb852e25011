"""Whatever a student's process sends, the judge ends cleanly: in time, in bounds, by the errors that are foreseen."""

import contextlib
import json
import random
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from itertools import count

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from course.grading.proxies import Remote, StudentError
from course.grading.result import Limits
from course.grading.session import Ended, OutOfTime, Session
from course.grading.student import codec
from course.grading.student.channel import HEADER, Channel, Gone, ProtocolError
from course.grading.student.codec import ARRAY_BYTES, DEEPEST, TREE_BYTES, CodecError, Decoder, Encoder, Tag

MEGABYTE = 2**20
LONG_AGO = 20.0  # seconds: far more than any of these takes, far less than a hang


def message(tree, buffers=b"", sizes=None):
    packed = tree if isinstance(tree, bytes) else msgpack.packb(tree)
    return HEADER.pack(*(sizes or (len(packed), len(buffers)))) + packed + buffers


def encoded(number, word, *values):
    """A message as an honest process sends it; a Remote stands for an object that it keeps."""
    encoder = Encoder(lambda value: [Tag.SENDERS, 3, "thing"])
    packed, buffers = encoder.message([number, word, *map(encoder.tree, values)])
    return message(packed, b"".join(buffers))


def read(packed, buffers=b""):
    """Everything in a message, as far as it can be read; any other error than CodecError is for the test to see."""
    objects = count()
    try:
        decoder = Decoder(packed, memoryview(buffers), lambda tag, number, name: next(objects))
    except CodecError:
        return
    for tree in decoder.root if isinstance(decoder.root, list) else [decoder.root]:
        try:
            value = decoder.value(tree)
        except CodecError:
            continue
        assert len(packed) > 1000 or repr(value)
    for shared in decoder.shared:
        if isinstance(shared, np.random.Generator):
            shared.random(3)


x = np.arange(6.0).reshape(2, 3)
VALUES = [
    None,
    [True, 1, 2**70, -0.5, 2j, "text", b"bytes", b"long" * codec.LONG],
    {"x": x, 1: (x, x), (2, 3): {4, 5}},
    [np.float32(0.5), np.str_("ab"), np.bool_(True), np.array(["ab", "c"]), np.array(True), np.zeros((0, 2), ">i2")],
    [slice(1, None), ..., range(5), int, np.float64, np.dtype("c8"), frozenset({1})],
    [np.random.Generator(getattr(np.random, name)(0)) for name in codec.BIT_GENERATORS],
    object(),
]
RAN = ("error", "ValueError", "text", [[1, 2]], [{"output_type": "stream", "name": "stdout", "text": "hello"}])
SHOWN = [
    {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["line"]},
    {"output_type": "display_data", "data": {"text/plain": "a", "application/json": {"b": [1]}}},
    {"output_type": "execute_result", "data": {"application/json": x}},
]
SAID = [
    encoded(1, "done"),
    encoded(1, "ran", *RAN),
    encoded(1, "ran", "ok", "", "", [], SHOWN),
    encoded(1, "value", {"f": object(), "g": 2}),
    *(encoded(1, "value", value, {0: x, 1: x + 1, 2: np.random.default_rng(3)}) for value in VALUES),
    encoded(1, "raised", "ValueError", "no", [[3, 4]], {}),
    *(encoded(1, "back", 0, (value,), {"key": value}) + encoded(1, "value", 1, {}) for value in VALUES),
]

# What no honest process sends, but in the right frame.
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 20)
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.sampled_from(["<f8", "|b1", "<U2", ">i4", "|S3", "PCG64", "MT19937", "state", "ValueError", "value", "\x00"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.binary(max_size=20)
    | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=5))
    | st.just({})
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.builds(lambda tag, rest: [tag, *rest], st.sampled_from([*map(int, Tag), 99]), st.lists(inner, max_size=5))
    ),
    max_leaves=25,
)
words = st.sampled_from(["value", "raised", "ran", "done", "back", "do", "run", "files", "names", "", "\x00"])
frames = st.builds(
    lambda number, word, parts, buffers: message([number, word, *parts], buffers),
    st.integers(-1, 3) | st.just(2**63),
    words,
    st.lists(trees, max_size=6),
    st.binary(max_size=100),
)


@st.composite
def mutated(draw):
    """Honest messages with bits turned over, pieces cut out, doubled or put in, and lengths that lie."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(SAID), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(1, 4))):
        kind, place = draw(st.integers(0, 5)), draw(st.integers(0, max(len(data) - 1, 0)))
        if kind == 0 and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            del data[place : place + draw(st.integers(1, 9))]
        elif kind == 3:
            data[place:place] = draw(st.binary(max_size=9))
        elif kind == 4:
            data[place:place] = data[place : place + draw(st.integers(1, 40))]
        else:
            data[: HEADER.size] = HEADER.pack(draw(st.integers(0, 400)), draw(st.integers(0, 400)))
    return bytes(data)


hostile = mutated() | st.lists(frames, min_size=1, max_size=3).map(b"".join) | st.binary(max_size=60)
MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(trees, st.binary(max_size=100))
def test_any_tree_is_read_or_refused(tree, buffers):
    read(msgpack.packb([tree]), buffers)


@MANY
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(packed, buffers):
    read(packed, buffers)


def test_a_message_with_any_bit_turned_over_is_read_or_refused():
    for said in SAID:
        packed, _ = HEADER.unpack(said[: HEADER.size])
        body = said[HEADER.size :]
        places = random.Random(0).sample(range(8 * packed), min(8 * packed, 250))
        for place in places:
            wrong = bytearray(body)
            wrong[place // 8] ^= 1 << place % 8
            read(bytes(wrong[:packed]), bytes(wrong[packed:]))
        for end in range(0, packed, packed // 60 + 1):
            read(body[:end], body[packed:])


def many(entry, tag=Tag.LIST):
    """As many of `entry` as fit into a tree."""
    number = (TREE_BYTES - 6) // len(entry)
    return b"\xdd" + (number + 1).to_bytes(4, "big") + bytes([tag]) + entry * number


def in_each_other(times, inside=b"\xc0"):
    return b"\x92\x00" * times + inside


def colliding(number):
    """Integers of one hash: each multiple of 2**61 - 1 has that of 0."""
    return [[int(Tag.INT), (2**61 * i - i).to_bytes(12, "little")] for i in range(1, number)]


array = [int(Tag.ARRAY), "<f8", [1], True, 0]
BOMBS = {
    "empty lists": many(b"\x90"),
    "lists of nothing": many(b"\x91\x00"),
    "sets of nothing": many(b"\x91\x03"),
    "dicts of nothing": many(b"\x91\x02"),
    "slices": many(b"\x94\x09\xc0\xc0\xc0"),
    "nothing": many(b"\xc0"),
    "texts": many(b"\xa2ab"),
    "arrays of nothing": many(msgpack.packb([4, "|b1", [0], True, 0])),
    "one array again and again": many(msgpack.packb([4, 0])),
    "large arrays": msgpack.packb([0, *[[4, "<f8", [2**23], True, 0]] * 1000]),
    "an array of 2**80 bytes": msgpack.packb([4, "<f8", [2**47, 2**33], True, 0]),
    "an empty array that is long": msgpack.packb([4, "<f8", [2**40, 0], True, 0]),
    "an empty array of long texts": msgpack.packb([4, "<U500000000", [0], True, 0]),
    "a dtype of half a gigabyte": msgpack.packb([12, "<U500000000", False]),
    "an integer of a megabyte": msgpack.packb([7, bytes(MEGABYTE)]),
    "a long range": msgpack.packb([17, 0, 2**60, 1]),
    "lists in lists": in_each_other(DEEPEST + 1),
    "lists in lists without end": in_each_other(TREE_BYTES // 2 - 1),
    "a name of lists": b"\x93\x0e\x00" + b"\x91" * 1000 + b"\x90",
    "lists that promise much": b"\xdd\x00\x1f\x00\x00" * 400_000,
    "a list that promises everything": b"\xdd\xff\xff\xff\xff",
    "a text that promises everything": b"\xdb\xff\xff\xff\xff",
    "bytes that promise everything": b"\xc6\xff\xff\xff\xff",
    "a map that promises everything": b"\xdf\xff\xff\xff\xff",
    "an extension": b"\xc9\xff\xff\xff\xff\x05",
    "a time": msgpack.packb(msgpack.Timestamp(0, 0)),
    "no text": b"\xa4\xff\xfe\x80\x80",
    "keys of one hash": msgpack.packb([2, *(part for key in colliding(50_000) for part in (key, None))]),
    "members of one hash": msgpack.packb([3, *colliding(50_000)]),
    "the keys of one hash that may pass": msgpack.packb([3, *colliding(10_000)]),
    "keys that cannot be": msgpack.packb([2, [0], 1]),
    "generators": msgpack.packb(
        [0, *[[13, "SFC64", [2, "bit_generator", "SFC64", "state", [2, "state", array], "has_uint32", 0]]] * 3000]
    ),
}


@pytest.mark.parametrize("packed", BOMBS.values(), ids=BOMBS)
def test_no_message_takes_much_memory_or_time(packed):
    assert len(packed) <= TREE_BYTES
    began = time.monotonic()
    tracemalloc.start()
    try:
        read(packed, bytes(2**10))
        assert tracemalloc.get_traced_memory()[1] < 60 * MEGABYTE
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < LONG_AGO


IN_LITTLE_MEMORY = """
import resource
from tests_of_the_channel import BOMBS, read
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 400 * 2**20,) * 2)
for name, packed in BOMBS.items():
    read(packed, bytes(2**10))
print("all", len(BOMBS))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="address spaces are limited on Linux only")
def test_every_bomb_is_refused_in_little_memory(tmp_path):
    (tmp_path / "tests_of_the_channel.py").symlink_to(__file__)
    environment = {"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"}
    done = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["all", str(len(BOMBS))], done.stderr


class Peer:
    """A student's process that is none: a thread with the other end of a socket."""

    def __init__(self, talk, seconds=0.3):
        ours, self.socket = socket.socketpair()
        self.ours, self.talk, self.interrupts = ours, talk, 0
        self.channel = Channel(ours)
        self.session = Session(self, Limits(call_seconds=1, cell_seconds=1))
        self.session.deadline = time.monotonic() + seconds
        self.thread = threading.Thread(target=self._run, daemon=True)

    def interrupt(self):
        self.interrupts += 1

    def _run(self):
        try:
            self.talk(self.socket)
            self.socket.shutdown(socket.SHUT_WR)
            while self.socket.recv(2**16):
                pass
        except OSError:
            pass  # the judge has hung up

    def __enter__(self):
        self.thread.start()
        self.began = time.monotonic()
        return self.session

    def __exit__(self, *_):
        took = time.monotonic() - self.began
        self.ours.close()
        self.thread.join(LONG_AGO)
        self.socket.close()
        assert took < LONG_AGO


@pytest.fixture(autouse=True)
def _little_grace(monkeypatch):
    monkeypatch.setattr("course.grading.session.GRACE", 0.2)


def says(*parts):
    return lambda there: there.sendall(b"".join(parts))


def echo(*args, **kwargs):
    return args, kwargs


ASKS = {
    "run": lambda session: session.run(0, "1 + 1", 1000),
    "names": lambda session: session.names({"f", "g"}),
    "files": lambda session: session.files([("a.txt", b"b")]),
    "do": lambda session: session.do(
        Remote(session, 0, "f"), "()", np.zeros((2, 3)), np.zeros((2, 3)), np.random.default_rng(3), echo, key=[1]
    ),
}


def ask(word, session):
    """Ask, and let pass only the errors that are foreseen."""
    try:
        answer = ASKS[word](session)
    except (Ended, OutOfTime):
        return "ended"
    except StudentError as error:
        return f"{type(error).__name__}: {error}"
    if word == "run":
        json.dumps(answer.outputs)
    return repr(answer)


@MANY
@given(st.sampled_from(sorted(ASKS)), hostile)
@example("run", encoded(1, "ran", x, x, x, x, x))
@example("run", encoded(1, "ran", "ok", "", "", [], [{"output_type": x}, {"output_type": "stream", "name": x}]))
@example("do", encoded(1, "back", x, x, x))
@example("do", encoded(1, "back", 0, (object(),), {1: 2}))
@example("do", encoded(1, "value", x, {0: x > 2, 1: x.T, 2: x}))
@example("do", encoded(1, "value", x, {0: np.random.default_rng(3)}))
@example("do", encoded(1, "raised", "StopIteration", "", [], {}))
@example("do", encoded(1, "raised", "SystemExit", x, x, x))
def test_the_judge_ends_cleanly_whatever_it_is_told(word, data):
    with Peer(says(data), seconds=2) as session:
        ask(word, session)


@pytest.mark.parametrize("said", SAID, ids=lambda said: said[HEADER.size :][:20].hex())
@pytest.mark.parametrize("word", ASKS)
def test_honest_messages_at_the_wrong_time_too(word, said):
    with Peer(says(said, said)) as session:
        ask(word, session)
        ask(word, session)


WRONG = {
    "another number": encoded(2, "value", 1, {}),
    "no number": message(["value", 1, {}]),
    "a truth for a number": message([True, "value", 1, [2]]),
    "no word": message([1]),
    "bytes for a word": message([1, b"value", 1, [2]]),
    "a question": encoded(1, "do", None, "()", (), {}),
    "an answer to another question": encoded(1, "ran", *RAN),
    "too little": encoded(1, "value", 1),
    "too much": encoded(1, "value", 1, {}, 3),
    "a function that never was": encoded(1, "back", 1, (), {}),
    "a function of the past": encoded(1, "back", -1, (), {}),
    "a truth for a function": encoded(1, "back", False, (), {}),
    "a fraction of a function": encoded(1, "back", 0.0, (), {}),
    "arguments that would be asked": encoded(1, "back", 0, object(), {}),
    "a function as an object": message([1, "value", [15, 9], [2]]),
    "arrays that never were": encoded(1, "value", 1, {7: x}),
    "a generator for an array": encoded(1, "value", 1, {0: np.random.default_rng(0)}),
    "no message": message(b"\xc1"),
    "two trees": message(b"\x90\x90"),
    "nothing": b"",
    "half a header": b"\x01\x00\x00",
    "half a message": encoded(1, "value", 1, {})[:-1],
    "a tree that is too long": message(b"", sizes=(TREE_BYTES + 1, 0)),
    "buffers that are too long": message(b"", sizes=(0, ARRAY_BYTES + 1)),
    "all that a header can say": b"\xff" * 8,
}


@pytest.mark.parametrize("said", WRONG.values(), ids=WRONG)
def test_what_is_no_answer_ends_the_conversation(said):
    with Peer(says(said)) as session, pytest.raises(Ended):
        ASKS["do"](session)


def test_an_answer_in_advance_is_an_answer_and_no_more():
    with Peer(says(encoded(1, "value", 1, {}), encoded(2, "value", {"f": 2, "g": 3, "np": 4}))) as session:
        assert ASKS["do"](session) == 1
        assert session.names({"f", "h"}) == {"f": 2}  # neither what was not asked for, nor what is not there
        with pytest.raises(Ended):
            ASKS["do"](session)


@pytest.mark.parametrize("packed", BOMBS.values(), ids=BOMBS)
def test_bombs_through_the_wire(packed):
    body = b"\x94\x01\xa5value" + packed + b"\x91\x02"
    with Peer(says(message(body, bytes(2**10)))) as session:
        ask("do", session)


def test_a_header_alone_takes_no_more_than_its_bounds():
    tracemalloc.start()
    try:
        with Peer(says(HEADER.pack(TREE_BYTES, ARRAY_BYTES))) as session, pytest.raises(Ended):
            ASKS["do"](session)
        assert tracemalloc.get_traced_memory()[1] < TREE_BYTES + ARRAY_BYTES + 5 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_the_largest_message_takes_three_times_its_size():
    said = message([1, "value", [4, "|u1", [ARRAY_BYTES], True, 0], [2]], bytes(ARRAY_BYTES))
    with Peer(says(said), seconds=10) as session:
        tracemalloc.start()
        try:
            assert ASKS["do"](session).size == ARRAY_BYTES
            assert tracemalloc.get_traced_memory()[1] < 3 * ARRAY_BYTES
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("entry", [[4, "|u1", [2**20], True, 0], [4, "<f8", [2**17], True, 0], [8, 0, 2**20]])
def test_the_bytes_of_a_message_become_one_array_each(entry):
    said = message([1, "value", [0, *[entry] * 60_000], [2]], bytes(MEGABYTE))
    tracemalloc.start()
    try:
        with Peer(says(said), seconds=10) as session, pytest.raises(Ended, match="several"):
            ASKS["do"](session)
        assert tracemalloc.get_traced_memory()[1] < 60 * MEGABYTE
    finally:
        tracemalloc.stop()


def silent(there):
    while there.recv(2**16):
        pass


def stopping_in_the_middle(there):
    there.sendall(encoded(1, "value", "x" * 100, {})[:60])
    silent(there)


def trickling(there):
    for byte in encoded(1, "value", "x" * 10_000, {}):
        there.sendall(bytes([byte]))
        time.sleep(0.02)


def talking(there):
    said = encoded(1, "back", 0, (), {}) * 100

    def listen():
        with contextlib.suppress(OSError):
            silent(there)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        there.sendall(said)


@pytest.mark.parametrize("talk", [silent, stopping_in_the_middle, trickling, talking])
def test_who_does_not_answer_is_interrupted_once_and_then_given_up(talk):
    peer = Peer(talk)
    with peer as session, pytest.raises(OutOfTime) as caught:
        ASKS["do"](session)
    assert (peer.interrupts, caught.value.usable) == (1, False)
    assert time.monotonic() - peer.began >= 0.4


def test_an_answer_of_which_a_part_was_late_is_whole():
    def talk(there):
        said = encoded(1, "raised", "KeyboardInterrupt", "", [[0, 7]], {})
        for part in (said[:3], said[3:30], said[30:]):
            there.sendall(part)
            time.sleep(0.07)

    with Peer(talk, seconds=0.1) as session, pytest.raises(OutOfTime) as caught:
        ASKS["do"](session)
    assert (caught.value.usable, caught.value.frames) == (True, ((0, 7),))


def test_who_does_not_read_is_given_up():
    with Peer(lambda there: time.sleep(1)) as session, pytest.raises(OutOfTime) as caught:
        session.run(0, "#" * MEGABYTE, 0)
    assert not caught.value.usable


def test_calls_within_calls_end():
    def talk(there):
        for number in count(1):
            there.sendall(encoded(number, "back", 0, (object(),), {}))

    with Peer(talk, seconds=2) as session, pytest.raises(Ended, match="calls within calls without end"):
        session.do(Remote(session, 0, "f"), "()", lambda remote: remote())


def test_a_channel_says_what_is_wrong():
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    encoder = Encoder(lambda value: [])
    with pytest.raises(CodecError, match="beside its arrays"):
        channel.send("x" * TREE_BYTES, encoder)
    with pytest.raises(TimeoutError):
        channel.receive(lambda *_: None, time.monotonic() + 0.01)
    with pytest.raises(TimeoutError):
        channel.send(b"x" * MEGABYTE, encoder, time.monotonic() + 0.01)
    with pytest.raises(TimeoutError):
        channel.send([], encoder, time.monotonic() - 1)
    theirs.sendall(message(b"\xc1"))
    with pytest.raises(ProtocolError, match="no message"):
        channel.receive(lambda *_: None)
    theirs.sendall(message(b"", sizes=(2**32 - 1, 2**32 - 1)))
    with pytest.raises(ProtocolError, match="8,589,934,590 bytes"):
        channel.receive(lambda *_: None)
    channel.close()
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    theirs.close()
    with pytest.raises(Gone):
        channel.receive(lambda *_: None)
    with pytest.raises(Gone):
        channel.send([], encoder)
    channel.close()
    with pytest.raises(Gone):
        channel.receive(lambda *_: None, time.monotonic() + 1)
