# ruff: noqa: E501  (each attack is one entry of a table)
"""Objects that lie: their methods run in the student's process, and no test may leave its verdict to them."""

import pytest

from .conftest import BRIEF, SERVER, THIEF, WRONG

LIAR = """
import numpy as np
class Liar:
    def __eq__(self, other): seen.append(other); return True
    def __ne__(self, other): return False
    def __lt__(self, other): seen.append(other); return True
    __le__ = __gt__ = __ge__ = __contains__ = __lt__
    def __sub__(self, other): seen.append(other); return RESULT
    __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __matmul__ = __rmatmul__ = __sub__
    __mod__ = __floordiv__ = __pow__ = __rpow__ = __sub__
    def __neg__(self): return RESULT
    __abs__ = __pos__ = __neg__
    def __float__(self): return seen[-1] if seen else 0.0
    def __hash__(self): return 0
    def __bool__(self): return True
    def __round__(self, digits=None): return self
    def max(self, *args, **kwargs): return RESULT
    sum = mean = all = any = max
    def tolist(self): return self
    def __array__(self, *args, **kwargs): return seen[-1] if seen else np.zeros(3)
    def __array_ufunc__(self, *args, **kwargs): return RESULT
    def __array_function__(self, *args, **kwargs): return True
    @property
    def shape(self): return (3,)
    dtype, ndim, size = np.dtype(float), 1, 3
seen = []
"""
# How tests are written by people who do not know the kit: `x` is [1, 2, 5], the right answer [2, 4, 10].
IDIOMS = [
    "assert double(3) == 6",
    "assert not double(3) != 6",
    "assert double(x).tolist() == [2, 4, 10]",
    "assert abs(double(3) - 6) < 1e-9",
    "assert abs(6 - double(3)) <= 1e-9",
    "assert np.max(np.abs(double(x) - 2 * x)) < 1e-9",
    "assert abs(double(x) - 2 * x).max() < 1e-9",
    "assert (2 * x - double(x)).sum() == 0",
    "assert not (double(x) - 2 * x).any()",
    "assert np.allclose(double(x), 2 * x)",
    "assert np.array_equal(double(x), 2 * x)",
    "assert (double(x) == 2 * x).all()",
    "assert np.all(np.equal(double(x), 2 * x))",
    "np.testing.assert_allclose(double(x), 2 * x)",
    "np.testing.assert_array_equal(double(x), 2 * x)",
    "np.testing.assert_almost_equal(double(3), 6)",
    "assert np.linalg.norm(double(x) - 2 * x) < 1e-9",
    "assert float(double(3)) == 6",
    "assert round(double(3)) == 6",
    "assert 5.9 < double(3) < 6.1",
    "assert 10 in double(x)",
    "assert sorted(double(x)) == [2, 4, 10]",
    "assert all(ours == right for ours, right in zip(double(x), 2 * x, strict=True))",
    "assert sum(double(x)) == 16",
    "assert str(double(3)) == '6'",
    "assert_close(double(x), 2 * x, 'double')",
    "assert_close(double(x) - 2 * x, [0, 0, 0], 'double')",
    "assert_close(np.asarray(double(x)) - 2 * x, [0, 0, 0], 'double')",
    "assert_shape(double(x), (4,), 'double')",
]


@pytest.mark.parametrize("result", ["0.0", "self", "np.zeros(3)", "True"])
def test_an_object_that_agrees_with_everything_passes_no_test(mini, tmp_path, hand_over, result):
    from course.assignment import load
    from course.authoring.answers import blank, submission

    cells = [
        mini.check(f"t{n}", 1, f"# t\nx = np.array([1.0, 2, 5])\n### BEGIN HIDDEN TESTS\n{line}\n### END HIDDEN TESTS")
        for n, line in enumerate(IDIOMS)
    ]
    folder = tmp_path / "00_mini"
    folder.mkdir()
    (folder / "mini.ipynb").write_bytes(mini.bytes([*mini.cells[:3], *cells]))
    assignment = load(folder)
    liar = LIAR.replace("RESULT", result) + "def double(x):\n    return Liar()"
    graded = hand_over(submission(assignment, blank(assignment), {"double": liar}), assignment)
    passed = [line for n, line in enumerate(IDIOMS) if graded.points[f"t{n}"]]
    assert passed == []


SUBCLASSES = {
    "an ndarray": "class Array(np.ndarray):\n    def __eq__(self, other): return np.array(True)\n"
    "    def __array_ufunc__(self, *args, **kwargs): return np.zeros(3)\n    shape = (3,)\n"
    "lie = np.zeros(2).view(Array)",
    "a float": "class Float(float):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0.0\n"
    "    def __float__(self): raise KeyboardInterrupt\nlie = Float(0)",
    "a string": "class Text(str):\n    def __str__(self): return self\n    def encode(self, *args): return self\nlie = Text('6')",
    "a dict": "class Dict(dict):\n    def items(self): return [('a', 1)] * 10**9\nlie = Dict()",
    "a list": "class List(list):\n    def __iter__(self):\n        while True: yield 1\n    def __len__(self): return 3\nlie = List()",
    "an int": "class Int(int):\n    def __int__(self): return 10**4000\n    def __index__(self): return -1\nlie = Int(6)",
    "__reduce__": "class Pickled:\n    def __reduce__(self): return (print, ('STO' 'LEN',))\nlie = Pickled()",
    "__array_interface__": "class Pointer:\n    __array_interface__ = {'shape': (3,), 'typestr': '<f8', 'version': 3,\n"
    "        'data': (id(None), False)}\nlie = Pointer()",
    "__array_struct__": "class Struct:\n    __array_struct__ = object()\n    __array__ = 3\nlie = Struct()",
    "hostile everything": "class Hostile:\n    def __getattribute__(self, name): raise SystemExit\n"
    "    def __len__(self): raise KeyboardInterrupt\n    __iter__ = __getitem__ = __len__\n    def __repr__(self): raise GeneratorExit\n"
    "lie = Hostile()",
    "a hostile class": "class Meta(type):\n    def __getattribute__(self, name): raise SystemExit\n"
    "    def __instancecheck__(self, other): return True\nclass Odd(metaclass=Meta): pass\nlie = Odd()",
    "itself": "lie = []\nlie.append(lie)",
    "an array in itself": "lie = np.empty(1, object)\nlie[0] = lie",
    "a lie about its length": "class Long:\n    def __len__(self): return 2**62\n    def __getitem__(self, k): return 1\nlie = Long()",
    "a length that is none": "class Odd:\n    def __len__(self): return -1\n    def __getitem__(self, k): return 1\nlie = Odd()",
    "an endless sequence": "class Endless:\n    def __len__(self): return 3\n    def __iter__(self):\n"
    "        while True: yield 1.0\n    def __getitem__(self, k): return 1.0\nlie = Endless()",
    "a module": "import numpy as lie",
    "a dtype": "lie = np.dtype([('a', float), ('b', object)])",
    "dates": "lie = np.array(['2020-01-01'], dtype='M8[D]')",
    "a generator with a torn state": "lie = np.random.Generator(np.random.MT19937(0))\nstate = lie.bit_generator.state\n"
    "state['state']['pos'] = 2**31 - 1\nlie.bit_generator.state = state",
}


@pytest.mark.parametrize("lie", SUBCLASSES.values(), ids=SUBCLASSES)
def test_strange_values_are_wrong_answers(attack, lie):
    graded = attack(limits=BRIEF, double=f"{lie}\ndef double(x):\n    return lie")
    assert graded.double == (0, 0)


LYING_ERRORS = {
    "AssertionError": "raise AssertionError('passed')",
    "CheckFailed": "import course.kit.checks\n    raise course.kit.checks.CheckFailed('passed')",
    "a CheckFailed of its own": "raise type('CheckFailed', (Exception,), {})('passed: 2 of 2 points')",
    "StopIteration": "raise StopIteration",
    "StopAsyncIteration": "raise StopAsyncIteration",
    "GeneratorExit": "raise GeneratorExit",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "SystemExit": "raise SystemExit(0)",
    "NotImplementedError": "raise NotImplementedError",
    "a type without a name": "raise type('', (BaseException,), {'__str__': None})",
    "a text that fails": "class Odd(Exception):\n        def __str__(self): raise SystemExit\n    raise Odd",
    "a text without end": "raise ValueError('x' * 10**8)",
    "a text of the engine's": "raise TimeoutError('no answer in time')",
    "a judge's own exception": "class OutOfTime(BaseException): pass\n    raise OutOfTime((), True)",
    "nulls and escapes": "raise ValueError('\\x00\\x1b]0;title\\x07\\x1b[2J\\ud800')",
}


@pytest.mark.parametrize("line", LYING_ERRORS.values(), ids=LYING_ERRORS)
def test_an_exception_is_no_answer(attack, line):
    graded = attack(double=f"def double(x):\n    {line}")
    assert graded.double == (0, 0)
    assert len(graded.told["double-values"]) < 4000
    assert not {"\x00", "\x1b", "\x07"} & set(graded.told["double-values"])


def test_a_stop_iteration_does_not_end_the_loop_of_a_test(graded_with):
    loop = "# t\n### BEGIN HIDDEN TESTS\nfor got in (double(x) for x in [1, 2]):\n    assert got == 2\n### END HIDDEN TESTS"
    empty = "class Empty:\n    def __iter__(self): return self\n    def __next__(self): raise StopIteration\n"
    graded = graded_with({"double_shape": loop}, double=empty + "def double(x):\n    raise StopIteration")
    assert graded.double == (0, 0)


def test_numpy_in_the_judge_believes_no_interface(graded_with):
    # np.asarray would read the address that an __array_interface__ names, in the judge's own memory
    peek = "# t\n### BEGIN HIDDEN TESTS\nassert np.asarray(double(3)).dtype == object\nassert not hasattr(double(3), '__array_interface__')\n### END HIDDEN TESTS"
    pointer = (
        "class Pointer:\n    def __getattr__(self, name):\n        return {'shape': (3,), 'typestr': '<f8', 'version': 3,"
        "'data': (4096, False)} if 'array' in name else 5\ndef double(x):\n    return Pointer()"
    )
    assert graded_with({"double_shape": peek}, double=pointer).points["double-shape"] == 1


def test_a_test_may_still_use_operators_that_the_solution_defines(graded_with):
    value = (
        "class Value:\n    def __init__(self, data): self.data = data\n"
        "    def __add__(self, other): return Value(self.data + getattr(other, 'data', other))\n"
        "    __radd__ = __add__\n"
    )
    answer = value + "def double(x):\n    return Value(x) + Value(x)"
    cells = {
        "double": answer.replace("def double(x):\n", "def double(x):\n    ### BEGIN SOLUTION\n")
        + "\n    ### END SOLUTION",
        "double_values": "# t\nassert (1 + double(3) + 1).data == 8",
        "double_shape": "# t\nassert double(3) < 7\n### BEGIN HIDDEN TESTS\nassert double(3) - 6 == 0\n### END HIDDEN TESTS",
    }
    lie = "    def __lt__(self, other): return True\n    def __sub__(self, other): return 0\n"
    assert graded_with(cells, double=answer.replace("def double", lie + "def double")).double == (2, 0)


def test_a_wrong_answer_beside_a_thief(attack):
    assert attack(double=THIEF + WRONG, mean=f"{SERVER}\nmean = np.mean").points["mean-value"] == 1.5
