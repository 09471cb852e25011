"""A student's objects as a test sees them: through two real processes."""

import builtins
import time

import numpy as np
import pytest

from course.grading.generators import advance
from course.grading.isolation import sandbox
from course.grading.proxies import Remote, StudentError
from course.grading.result import Limits
from course.grading.session import Ended, OutOfTime, Session
from course.grading.student.codec import CodecError

SOURCE = """
import time
from collections import namedtuple
import numpy as np

def same(*args, **kwargs): return (args, kwargs) if kwargs else args[0]
def kind(x): return type(x).__name__, getattr(x, "__name__", None)
def call(f, *args, **kwargs): return f(*args, **kwargs)
def raises(error, *args):
    raise getattr(__builtins__, error, None)(*args)
def leaves(text): raise type(text, (Exception,), {})("of my own")
def doubled(x):
    x *= 2
    return x
def changes(x, *others, value=7):
    x[..., -1] = value
    return len(others)
def reshapes(x):
    x.shape = (3, 2)
    x[0] = 9
def turns(x):
    x.flags.writeable = True
    x[:] = 0
def update(parameters):
    parameters["weights"] -= 1
    parameters["rest"][0][...] -= 1
def fails(x):
    x[:] = 5
    raise ValueError("after the change")
def dropout(x, p, rng): return x * (rng.random(x.shape) >= p)
def draws(rng, count=1): return [rng.random() for _ in range(count)]
def redraws(rng, how):
    if how == "chosen":
        rng.bit_generator.state = np.random.default_rng(8).bit_generator.state
    elif how == "back":
        rng.bit_generator.advance(-1)
    elif how == "far":
        rng.bit_generator.advance(2**50)
    else:
        rng.bit_generator.advance(2**20)
def counted(n):
    yield from range(n)
def batches(x, size):
    for begin in range(0, len(x), size):
        yield x[begin:begin + size], np.arange(begin, min(begin + size, len(x)))
def loops():
    while True: pass
def loops_on(f):
    while True: f(1)
def ignores(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            while time.monotonic() < end: pass
        except KeyboardInterrupt: pass
    return "ignored"
def waits(seconds):
    time.sleep(seconds)
    return seconds
def gradient(f, x, h=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        before = x[i]
        x[i] = before + h
        up = f(x)
        x[i] = before - h
        down = f(x)
        x[i] = before
        grad[i] = (up - down) / (2 * h)
    return grad
def make_adder(n): return lambda x: x + n
def descend(f, n): return n if n == 0 else f(n - 1)
def forward(x):
    return x + 1, {"x": x, "shape": x.shape, "layer": Vector([1, 2])}
def backward(grad, cache): return grad * cache["x"] * cache["layer"].entries[1]
def odd(what):
    return {"date": np.datetime64("2020"), "deep": deep, "large": "x" * 3_000_000}[what]
deep = 0
for _ in range(50): deep = [deep]

class Vector:
    size = 2
    def __init__(self, entries): self.entries = np.asarray(entries, float)
    def __len__(self): return len(self.entries)
    def __iter__(self): return iter(self.entries)
    def __getitem__(self, i): return self.entries[i]
    def __setitem__(self, i, value): self.entries[i] = value
    def __contains__(self, value): return bool((self.entries == value).any())
    def __add__(self, other): return Vector(self.entries + getattr(other, "entries", other))
    __radd__ = __add__
    def __sub__(self, other): return Vector(self.entries - getattr(other, "entries", other))
    def __rsub__(self, other): return Vector(getattr(other, "entries", other) - self.entries)
    def __mul__(self, other): return Vector(self.entries * other)
    __rmul__ = __mul__
    def __truediv__(self, other): return Vector(self.entries / other)
    def __rtruediv__(self, other): return Vector(other / self.entries)
    def __floordiv__(self, other): return Vector(self.entries // other)
    def __rfloordiv__(self, other): return Vector(other // self.entries)
    def __mod__(self, other): return Vector(self.entries % other)
    def __rmod__(self, other): return Vector(other % self.entries)
    def __pow__(self, other): return Vector(self.entries ** other)
    def __rpow__(self, other): return Vector(other ** self.entries)
    def __matmul__(self, other): return self.entries @ getattr(other, "entries", other)
    def __rmatmul__(self, other): return other @ self.entries
    def __neg__(self): return Vector(-self.entries)
    def __abs__(self): return np.sqrt((self.entries ** 2).sum())
    def norm(self, ord=2): return np.linalg.norm(self.entries, ord)
    def copy(self): return Vector(self.entries)
    @property
    def broken(self): raise RuntimeError("no")

class Secretive:
    def __getattr__(self, name): return {}[name]
    __array_interface__ = {"shape": (3,), "typestr": "<f8", "version": 3, "data": (8, False)}
    def __array__(self, *args, **kwargs): return np.zeros(3)
"""
NAMES = [
    line.split("(")[0].split(":")[0].split()[1] for line in SOURCE.splitlines() if line.startswith(("def ", "class "))
]
LIMITS = Limits(cell_seconds=20, call_seconds=20)


class Student:
    """What the student's code binds, by its names."""

    def __init__(self, session):
        outcome = session.run(0, SOURCE, 1000)
        assert outcome.ended == "ok", outcome
        self.__dict__.update(session.names(NAMES))


@pytest.fixture(scope="module")
def running():
    with sandbox().student(LIMITS) as student:
        yield Session(student, LIMITS)


@pytest.fixture
def session(running):
    running.deadline = time.monotonic() + 20
    return running


@pytest.fixture(scope="module")
def _bound(running):
    running.deadline = time.monotonic() + 20
    return Student(running)


@pytest.fixture
def student(session, _bound):
    return _bound


@pytest.fixture
def function(session):
    """The function `f` of a student's cell."""

    def define(source):
        outcome = session.run(1, source, 1000)
        assert outcome.ended == "ok", outcome
        return session.names({"f"})["f"]

    return define


@pytest.fixture
def short():
    """A session of its own, with a second for each call."""
    limits = Limits(cell_seconds=20, call_seconds=1)
    with sandbox().student(limits) as process:
        session = Session(process, limits)
        session.deadline = time.monotonic() + 20
        yield session, Student(session)


# -- values and calls


def test_plain_data_comes_back(student):
    x = np.arange(6.0).reshape(2, 3)
    args, kwargs = student.same(1, x, [None, {"a": (2.5, "b")}], key={3, 4}, other=slice(2))
    assert args[0] == 1
    assert (args[1] == x).all()
    assert args[2] == [None, {"a": (2.5, "b")}]
    assert kwargs == {"key": {3, 4}, "other": slice(2)}
    assert student.same(np.float32(2)).dtype == np.float32
    assert student.same(range(3)) == range(3)
    assert student.same(float) is float
    assert student.same(np.float16) is np.float16


def test_only_what_is_bound_and_asked_for_has_a_name(session, student):
    assert sorted(session.names(["doubled", "missing"])) == ["doubled"]


def test_a_cache_travels_to_the_next_call(student):
    y, cache = student.forward(np.ones(3))
    assert isinstance(cache["layer"], Remote)
    assert student.backward(y, cache).tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("what", "why"), [("date", "dtype datetime64"), ("deep", "nested deeper"), ("large", "2,097,152 bytes")]
)
def test_a_result_that_cannot_travel_is_a_type_error_of_the_students(student, what, why):
    with pytest.raises(StudentError, match=why) as caught:
        student.odd(what)
    assert isinstance(caught.value, TypeError)
    assert student.same(1) == 1


def test_an_argument_that_cannot_travel_is_the_tests_own_error(student):
    with pytest.raises(CodecError, match="a test cannot pass a RandomState to a student's code"):
        student.same(np.random.RandomState(0))
    assert student.same(1) == 1


def test_an_object_whose_attributes_fail_is_still_an_object(student):
    assert repr(student.Secretive()) == "<Secretive of your code>"
    with pytest.raises(KeyError):
        _ = student.Secretive().anything


# -- exceptions


@pytest.mark.parametrize("name", ["ValueError", "TypeError", "IndexError", "OSError", "ZeroDivisionError", "Warning"])
def test_an_exception_has_its_type_and_its_text(student, name):
    with pytest.raises(getattr(builtins, name), match="the text") as caught:
        student.raises(name, "the text")
    assert isinstance(caught.value, StudentError)
    assert (str(caught.value), caught.value.ename) == ("the text", name)
    assert [cell for cell, _ in caught.value.frames] == [0]


def test_a_key_error_is_not_quoted_twice(student):
    with pytest.raises(KeyError) as caught:
        student.raises("KeyError", "a")
    assert str(caught.value) == "'a'"


@pytest.mark.parametrize(
    "name", ["StopIteration", "StopAsyncIteration", "SystemExit", "KeyboardInterrupt", "GeneratorExit"]
)
def test_an_exception_that_would_end_more_than_a_call_is_a_plain_one(student, name):
    seen = []
    for _ in range(2):
        with pytest.raises(StudentError) as caught:
            student.raises(name, "x")
        seen.append(caught.value.ename)
        assert not isinstance(caught.value, getattr(builtins, name))
    assert seen == [name, name]

    def entries():
        yield student.raises(name, "x")

    with pytest.raises(StudentError):
        list(entries())
    with pytest.raises(StudentError):
        list(map(student.raises, [name]))


@pytest.mark.parametrize("name", ["ExceptionGroup", "Mine", "print", "StudentError", "Ended"])
def test_exceptions_that_a_text_does_not_make_are_plain_ones(student, name):
    with pytest.raises(StudentError, match="of my own") as caught:
        student.leaves(name)
    assert type(caught.value).__name__ == caught.value.ename == name
    assert set(type(caught.value).__mro__) - {type(caught.value)} == set(StudentError.__mro__)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("type('UnknownKind', (ValueError,), {})('x')", ValueError),
        ("np.linalg.LinAlgError('x')", ValueError),
        ("UnicodeDecodeError('utf-8', b'', 0, 1, 'x')", ValueError),
        ("type('Lost', (FileNotFoundError,), {})('x')", OSError),
        ("type('two words', (KeyError,), {})('x')", KeyError),
    ],
)
def test_an_exception_is_what_it_derives_from(function, line, kind):
    with pytest.raises(kind) as caught:
        function(f"def f():\n    raise {line}")()
    assert isinstance(caught.value, StudentError)
    assert type(caught.value).__name__ in ("UnknownKind", "LinAlgError", "UnicodeDecodeError", "Lost", "StudentError")


@pytest.mark.parametrize(
    "value",
    [
        "array.array('d', [2, 4])",
        "memoryview(np.array([2.0, 4]))",
        "collections.deque([2.0, 4.0])",
        "Series([2.0, 4.0])",
    ],
)
def test_what_numpy_would_take_for_an_array_arrives_as_data(function, value):
    library = """
import array, collections
class Series:
    __module__ = 'pandas'
    def __init__(self, entries): self.entries = entries
    def __array__(self, dtype=None, copy=None): return np.array(self.entries)
"""
    np.testing.assert_array_equal(function(f"{library}def f():\n    return {value}")(), [2, 4])


def test_what_arrives_as_an_object_is_named_after_it(function):
    generator = function("def f():\n    yield 1")()
    assert type(generator).__name__ == "generator"
    assert repr(generator) == "<generator of your code>"


# -- objects


def test_attributes_and_methods(student):
    vector = student.Vector([3, 4])
    assert vector.size == 2
    assert vector.entries.tolist() == [3, 4]
    assert vector.norm() == 5
    assert vector.norm(ord=1) == 7
    vector.entries = np.array([6.0, 8])
    assert vector.copy().norm() == 10
    assert student.Vector.size == 2
    assert not hasattr(vector, "missing")
    assert getattr(vector, "missing", 3) == 3
    with pytest.raises(RuntimeError, match="no"):
        _ = vector.broken


def test_operators_in_both_orders(student):
    vector, array = student.Vector([3, 4]), np.array([2.0, 5])
    entries = array * 0 + [3, 4]
    for ours, right in [
        (vector + 1, entries + 1),
        (1 + vector, 1 + entries),
        (vector + vector, 2 * entries),
        (vector + array, entries + array),
        (array + vector, array + entries),
        (vector - array, entries - array),
        (array - vector, array - entries),
        (vector * 2, entries * 2),
        (2 * vector, 2 * entries),
        (np.float64(2) * vector, 2 * entries),
        (vector / 2, entries / 2),
        (2 / vector, 2 / entries),
        (vector // 2, entries // 2),
        (array // vector, array // entries),
        (vector % 2, entries % 2),
        (array % vector, array % entries),
        (vector**2, entries**2),
        (2**vector, 2**entries),
        (-vector, -entries),
    ]:
        assert getattr(ours, "entries", ours).tolist() == right.tolist()  # NumPy's own where an array stands first
    assert vector @ array == array @ vector == vector @ student.Vector(array) == 26
    assert (np.eye(2) @ vector).tolist() == [3, 4]
    assert abs(vector) == 5
    with pytest.raises(TypeError):
        array += vector


def test_length_entries_and_loops(student):
    vector = student.Vector([3, 4])
    assert len(vector) == 2
    assert vector[1] == 4
    assert vector[:1].tolist() == [3]
    vector[0] = 7
    assert list(vector) == [7, 4]
    assert 7 in vector
    assert 3 not in vector
    first, second = vector
    assert (first, second) == (7, 4)
    with pytest.raises(IndexError):
        _ = vector[5]
    with pytest.raises(TypeError, match="has no len"):
        len(student.counted(3))
    with pytest.raises(TypeError, match="not iterable"):
        iter(student.same)


def test_generators_of_the_students(student):
    assert list(student.counted(3)) == [0, 1, 2]
    assert list(zip(student.counted(3), student.counted(2), strict=False)) == [(0, 0), (1, 1)]
    parts = student.batches(np.arange(5), 2)
    x, indices = next(parts)
    assert (x.tolist(), indices.tolist()) == ([0, 1], [0, 1])
    assert [x.tolist() for x, _ in parts] == [[2, 3], [4]]
    assert next(parts, "no more") == "no more"


def test_an_object_is_equal_to_itself_alone(student):
    vector = student.Vector([3, 4])
    assert vector == vector
    assert vector != student.Vector([3, 4])
    assert len({vector, vector}) == 1


@pytest.mark.parametrize(
    "name", ["__array_interface__", "__array_struct__", "__array__", "__array_function__", "__dict__"]
)
def test_numpy_asks_an_object_for_nothing_behind_a_tests_back(student, name):
    with pytest.raises(AttributeError):
        getattr(student.Secretive(), name)


def test_an_object_is_no_array(student):
    assert np.asarray(student.same).dtype == object
    with pytest.raises(AttributeError):
        student.Vector([1]).__array_interface__ = {}


# -- functions as arguments


def test_functions_of_a_test_are_called_back(student):
    assert student.call(lambda x, y=1: x + y, 2, y=3) == 5
    assert student.call(np.tanh, np.zeros(2)).tolist() == [0, 0]
    assert student.call(np.maximum, np.array([1, 5]), 3).tolist() == [3, 5]
    assert student.call(max, [1, 3, 2]) == 3
    assert student.kind(np.exp) == ("Function", "exp")


def test_functions_come_back_as_themselves(student):
    def mine(x):
        return x

    assert student.same(mine) is mine
    assert student.same([student.same, student.Vector])[1]([5]).entries.tolist() == [5]
    vector = student.Vector([1])
    assert student.call(lambda other: other.entries, vector).tolist() == [1]
    add = student.make_adder(3)
    assert add(4) == 7
    assert student.call(add, 5) == 8


def test_calls_within_calls(student):
    def down(n):
        return student.descend(down, n)

    assert student.descend(down, 15) == 0
    assert student.call(student.call, student.call, lambda: 3) == 3


def test_exceptions_go_through_both_sides(student):
    def fails():
        raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        student.call(fails)
    with pytest.raises(ValueError, match="deep"):
        student.call(lambda: student.raises("ValueError", "deep"))
    with pytest.raises(TypeError, match="cannot be passed: a test cannot pass a RandomState"):
        student.call(lambda: np.random.RandomState(0))
    assert student.same(1) == 1


def test_recursion_without_end_between_both_sides_ends():
    with sandbox().student(LIMITS) as process:
        session = Session(process, LIMITS)
        session.deadline = time.monotonic() + 20
        student = Student(session)

        def on():
            return student.call(on)

        with pytest.raises((RecursionError, Ended)):
            student.call(on)


def test_a_numerical_gradient_by_a_students_function(student):
    x = np.array([[1.0, 2], [3, 4]])
    grad = student.gradient(lambda x: (x**2).sum(), x)
    np.testing.assert_allclose(grad, 2 * x, rtol=1e-6)


# -- arrays that are changed in place


def test_changes_come_back(student):
    x = np.arange(3.0)
    y = student.doubled(x)
    assert x.tolist() == y.tolist() == [0, 2, 4]
    with pytest.raises(ValueError, match="after the change"):
        student.fails(x)
    assert x.tolist() == [5, 5, 5]


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x,
        lambda x: x.T,
        lambda x: x[::2],
        lambda x: x[:, ::-1],
        lambda x: x[1, 1:2, ...],
        lambda x: np.asfortranarray(x),
        lambda x: x.astype(">i2"),
        lambda x: x > 3,
        lambda x: x.astype(complex)[:, 1:].imag,
        lambda x: x[:0],
    ],
)
def test_changes_come_back_into_views(student, view):
    ours, right = view(np.arange(12).reshape(3, 4)), view(np.arange(12).reshape(3, 4))
    assert student.changes(ours) == 0
    right[..., -1] = 7
    assert ours.tolist() == right.tolist()


def test_the_rest_of_a_viewed_array_stays(student):
    x = np.zeros((3, 4))
    student.changes(x[1])
    assert x[1].tolist() == [0, 0, 0, 7]
    assert x.sum() == 7


def test_one_array_passed_twice_is_one_array(student):
    x, y = np.zeros(3), np.zeros(3)
    assert student.changes(x, x, y) == 2
    assert (x.tolist(), y.tolist()) == ([0, 0, 7], [0, 0, 0])
    first, second = student.same([x, x])
    assert first is second


def test_a_read_only_array_stays(student):
    x = np.zeros(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        student.changes(x)
    student.turns(x)
    assert x.tolist() == [0, 0, 0]


def test_a_change_of_shape_comes_back(student):
    x = np.zeros((2, 3))
    student.reshapes(x)
    assert x.tolist() == [[9, 9], [0, 0], [0, 0]]


def test_changes_within_containers_come_back(student):
    weights, bias = np.zeros(3), np.zeros(())
    student.update({"weights": weights, "rest": [bias]})
    assert (weights.tolist(), bias.tolist()) == ([-1, -1, -1], -1)


# -- random generators


def test_a_generator_that_a_test_passes_advances(student):
    x = np.ones((5, 4))
    ours, right = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(3):
        np.testing.assert_array_equal(student.dropout(x, 0.5, rng=ours), x * (right.random(x.shape) >= 0.5))
    assert ours.random() == right.random()
    assert student.draws(ours, 3) == right.random(3).tolist()
    assert ours.bit_generator.state == right.bit_generator.state


def test_a_generator_stays_in_its_stream(student):
    for how in ("chosen", "back", "far"):
        rng = np.random.default_rng(3)
        student.redraws(rng, how)
        assert rng.bit_generator.state == np.random.default_rng(3).bit_generator.state
    rng, right = np.random.default_rng(3), np.random.default_rng(3)
    student.redraws(rng, "ahead")
    right.bit_generator.advance(2**20)
    assert rng.random() == right.random()


def test_generators_of_other_kinds_draw_but_stay(student):
    rng = np.random.Generator(np.random.Philox(3))
    assert student.draws(rng) == student.draws(rng) == [np.random.Generator(np.random.Philox(3)).random()]


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 1000, 2**39 + 5, 2**40 - 1, 2**40, 2**41, 2**100, -1])
def test_advance_takes_over_what_drawing_leads_to(steps):
    mine, theirs = np.random.default_rng(5), np.random.default_rng(5)
    theirs.bit_generator.advance(steps)
    before, after = mine.bit_generator.state, theirs.bit_generator.state
    advance(mine, theirs)
    assert mine.bit_generator.state == (after if 0 <= steps < 2**40 else before)


# -- time


def test_a_call_has_its_time_and_the_process_goes_on(short):
    _, student = short
    began = time.monotonic()
    with pytest.raises(OutOfTime) as caught:
        student.loops()
    assert 0.9 < time.monotonic() - began < 5
    assert caught.value.usable
    assert [cell for cell, _ in caught.value.frames] == [0]
    assert student.waits(0) == 0
    with pytest.raises(OutOfTime) as caught:  # interrupted while it waits for an answer as often as not
        student.loops_on(lambda x: x)
    assert caught.value.usable
    assert student.call(lambda: student.waits(0)) == 0
    with pytest.raises(OutOfTime) as caught:
        student.call(lambda: student.waits(0) or student.loops())
    assert not caught.value.usable  # its outer call still waits for an answer


def test_a_loop_after_a_call_back_can_be_interrupted(short):
    session, student = short
    source = "def afterwards(f):\n    f()\n    while True: pass"
    assert session.run(1, source, 100).ended == "ok"
    afterwards = session.names(["afterwards"])["afterwards"]
    with pytest.raises(OutOfTime) as caught:
        afterwards(lambda: student.waits(0))
    assert caught.value.usable
    assert student.same(1) == 1


def test_a_cell_has_its_time(short):
    session, student = short
    assert session.run(1, "time.sleep(1.5)", 100).ended == "ok"  # the time of a call is not that of a cell
    session.deadline = time.monotonic() + 0.5
    outcome = session.run(1, "import time\nwhile True: pass", 100)
    assert (outcome.ended, outcome.frames) == ("timeout", ((1, 2),))
    session.deadline = time.monotonic() + 0.5
    began = time.monotonic()
    with pytest.raises(OutOfTime):
        student.loops()  # what is left of the cell's time, not a second
    assert time.monotonic() - began < 0.95


@pytest.mark.parametrize("seconds", [1.5, 10])
def test_a_process_that_ignores_the_interrupt_is_not_used_again(short, seconds):
    _, student = short
    began = time.monotonic()
    with pytest.raises(OutOfTime) as caught:
        student.ignores(seconds)
    assert not caught.value.usable
    assert time.monotonic() - began < 5


def test_a_process_that_ends_says_so(short):
    session, student = short
    with pytest.raises(Ended):
        session.run(1, "import os; os._exit(0)", 100)
    with pytest.raises(Ended):
        student.same(1)


# -- as the judge uses it: operators that the solution has, and changes that are seen only where a check looks


@pytest.fixture
def strict():
    with sandbox().student(LIMITS) as process:
        session = Session(process, LIMITS, operators=frozenset({"__add__"}), hold=True)
        session.deadline = time.monotonic() + 20
        yield session, Student(session)


def test_what_a_test_writes_itself_goes_before_what_was_held(strict):
    session, student = strict
    x = np.zeros(3)
    student.changes(x)
    x[:] = 5
    assert student.same(x).tolist() == [5, 5, 5]
    session.see(x)
    assert x.tolist() == [5, 5, 5]


def test_changes_are_held_until_a_check_looks(strict):
    session, student = strict
    x, y = np.zeros(3), np.zeros(3)
    assert student.doubled(x + 1).tolist() == [2, 2, 2]
    student.changes(x)
    student.changes(y[1:])
    assert x.tolist() == y.tolist() == [0, 0, 0]
    assert student.same(x).tolist() == [0, 0, 7]  # the student finds again what it has left there
    assert x.tolist() == [0, 0, 0]
    session.see({"weights": [x]})
    assert (x.tolist(), y.tolist()) == ([0, 0, 7], [0, 0, 0])
    session.see(y)
    assert y.tolist() == [0, 0, 7]
    student.changes(x, value=8)
    session.forget()
    session.see(x)
    assert x.tolist() == student.same(x).tolist() == [0, 0, 7]


def test_a_generator_advances_all_the_same(strict):
    _, student = strict
    rng, right = np.random.default_rng(3), np.random.default_rng(3)
    assert [*student.draws(rng, 2), rng.random()] == right.random(3).tolist()


def test_operators_that_no_solution_has_are_none(strict):
    _, student = strict
    vector = student.Vector([3, 4])
    assert (vector + 1).entries.tolist() == [4, 5]
    for compute in (lambda: 1 + vector, lambda: vector - 1, lambda: abs(vector), lambda: vector < 1):
        with pytest.raises(TypeError, match="<Vector of your code> where the test computes with numbers"):
            compute()
    assert (len(vector), vector[0], list(vector)) == (2, 3, [3, 4])
    assert 3 in vector
    assert 5 not in vector


def test_a_function_ends_with_its_test(strict):
    session, student = strict
    kept = student.Vector([1])
    kept.function = lambda: 7
    assert kept.function() == 7
    assert session.run(1, "def again(vector): return vector.function()", 100).ended == "ok"
    again = session.names(["again"])["again"]
    assert again(kept) == 7
    session.forget()
    with pytest.raises(RuntimeError, match="the test that this function belonged to has ended"):
        again(kept)
    assert student.same(1) == 1
