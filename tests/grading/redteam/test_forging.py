# ruff: noqa: E501  (each attack is one entry of a table)
"""The protocol under a student who speaks it: every forged message is one more answer, or the end of that process."""

import pytest

from .conftest import BRIEF, SERVER, THIEF, WRONG

RAW = """
import os, socket, struct, msgpack, numpy as np
wire = socket.socket(fileno=os.dup(3))
def say(tree, buffers=b'', lengths=None):
    packed = msgpack.packb(tree)
    wire.sendall(struct.pack('<II', *(lengths or (len(packed), len(buffers)))) + packed + buffers)
"""


def test_a_forged_answer_for_names_replaces_no_check(attack):
    forge = """
def forge(self, message):
    def fake(*args, **kwargs): return None
    wanted = message.value(message.root[2])
    names = dict.fromkeys(('assert_close', 'assert_shape', 'np', 'rng', 'print', 'len', 'AssertionError'), fake)
    return 'value', names | dict.fromkeys(wanted, fake)
answering('names', forge)
"""
    graded = attack(double=SERVER + forge + WRONG)
    assert graded.double == (0, 0)
    assert graded.mean == 0


def test_answers_that_were_sent_before_they_were_asked_for(attack):
    ahead = """
for number in range(1, 60):
    for word in ('value', 'done'):
        say([number, word, None, [2]])
    say([number, 'ran', 'ok', '', '', [0], [0]])
"""
    graded = attack(double=RAW + ahead + WRONG)
    assert graded.double == (0, 0)


DAMAGED = {
    "no message": "wire.sendall(b'\\xff' * 4096)",
    "a length of 4 GB": "wire.sendall(struct.pack('<II', 2**32 - 1, 2**32 - 1))",
    "a message that never ends": "wire.sendall(struct.pack('<II', 1000, 10**7) + b'x')",
    "half a header": "wire.sendall(b'\\x01')\nos.close(3)\nimport time; time.sleep(60)",
    "a tree 200,000 deep": "wire.sendall(struct.pack('<II', 200_000, 0) + b'\\x91' * 200_000)",
    "another number": "say([10**6, 'value', 1])",
    "a number that is none": "say([True, 'ran', 'ok', '', '', [0], [0]])",
    "another word": "say([NUMBER, 'full marks', 1])",
    "too few parts": "say([NUMBER, 'ran'])",
    "too many parts": "say([NUMBER, 'ran'] + [0] * 1000)",
    "an ending that is an array": "say([NUMBER, 'ran', [4, '|u1', [2], True, 0], '', '', [0], [0]], b'ab')",
    "an output that is an array": "say([NUMBER, 'ran', 'ok', '', '', [0], [0, [2, 'output_type', [4, '|u1', [2], True, 0]]]], b'ab')",
    "outputs that are no outputs": "say([NUMBER, 'ran', 'ok', '', '', [0], [0, 1, [0], [2, 'output_type', 'display_data', 'data', "
    "[2, 'application/json', [6, 1.0, 2.0], 'text/plain', [8, 0, 5], 1, 2]], [2, 'output_type', 'stream', 'name', [0], 'text', [0]]]], b'abcde')",
    "a stream of 60 MB": "say([NUMBER, 'ran', 'ok', '', '', [0], [0, [2, 'output_type', 'stream', 'name', 'stdout', 'text', "
    "[8, 0, 60_000_000]]]], bytes(60_000_000))",
    "an error with frames from nowhere": "say([NUMBER, 'ran', 'error', 'E', 'e', [0, [0, 10**6, 10**6], [0, -99, -99]], [0]])",
    "a dtype that is code": "say([NUMBER, 'ran', [4, 'O', [1], True, 0], '', '', [0], [0]], bytes(8))",
    "an unknown dtype": "say([NUMBER, 'ran', [4, '(,)f4,i4', [1], True, 0], '', '', [0], [0]], bytes(8))",
    "a dtype without bytes": "say([NUMBER, 'ran', [4, 'S0', [2**40], True, 0], '', '', [0], [0]], bytes(8))",
    "a shape that overflows": "say([NUMBER, 'ran', [4, '|u1', [2**47] * 30, True, 0], '', '', [0], [0]], bytes(8))",
    "an array that takes its message 30,000 times": "say([NUMBER, 'ran', 'ok', '', '', [0], [0] + [[4, '|u1', [60_000_000], True, 0]] * 30_000], "
    "bytes(60_000_000))",
    "numbers that all have one hash": "say([NUMBER, 'ran', 'ok', '', '', [0], [3] + [[7, (k * (2**61 - 1)).to_bytes(11, 'little')] "
    "for k in range(1, 100_000)]])",
    "pairs that all have one hash": "say([NUMBER, 'ran', 'ok', '', '', [0], [3] + [[6, float(-1000003 * k), float(k)] for k in range(1, 90_000)]])",
    "an integer of 2 MB": "say([NUMBER, 'ran', 'ok', '', '', [0], [7, b'\\x01' * 2_000_000]])",
    "a function that was never sent": "say([NUMBER, 'back', 3, [1], [2]])",
    "a function of a strange number": "say([NUMBER, 'back', [4, '|u1', [2], True, 0], [1], [2]], b'ab')",
    "a random generator's torn state": "say([NUMBER, 'ran', 'ok', '', '', [0], [13, 'MT19937', [2, 'bit_generator', 'MT19937', 'state', "
    "[2, 'key', [4, '<u4', [624], True, 0], 'pos', 2**31 - 1]]]], bytes(2496))",
}


@pytest.mark.parametrize("message", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_answer_costs_its_own_cell_alone(attack, message):
    number = "NUMBER = server_number()\n"
    find = """
import sys
def server_number():
    frame = sys._getframe()
    while frame.f_code.co_name != '_answer':
        frame = frame.f_back
    return frame.f_locals['number']
"""
    graded = attack(double=RAW + find + number + message + WRONG)
    assert graded.double == (0, 0)
    assert (
        graded.mean == 1.5 or "'ran', 'ok', '', '', [0], [0" in message or "'error', 'E'" in message
    )  # then the true one follows
    assert len(graded.result.notebook) < 200_000


FORGED = {
    "a changed argument that never was": "['value', 0, {99: np.zeros(3)}]",
    "a change of another size": "['value', 0, {0: np.zeros(10**6)}]",
    "changes that are none": "['value', 0, [1, 2]]",
    "an exception without a type": "['raised', None, None, None, None]",
    "frames from nowhere": "['raised', 'ValueError', 'x', [[10**9, 1], [-1, 10**12]], {}]",
    "frames without end": "['raised', 'ValueError', 'x', [[1, 1]] * 10**5, {}]",
    "a type that Python has": "['raised', 'StopIteration', 'x', [], {}]",
    "another type that Python has": "['raised', 'ExceptionGroup', 'x', [], {}]",
    "the answer of another kind": "['ran', 'ok', '', '', [], []]",
    "done": "['done']",
    "no answer at all": "[' ']",
}


@pytest.mark.parametrize("reply", FORGED.values(), ids=FORGED)
def test_a_forged_reply_to_a_call_is_a_wrong_answer(attack, reply):
    graded = attack(double=f"{SERVER}\nimport numpy as np\nanswering('do', lambda self, message: {reply})\n{WRONG}")
    assert graded.double == (0, 0)


def test_a_number_too_large_for_a_float_is_no_partial_credit(graded_with):
    last = "# t\ndouble(1)\n### BEGIN HIDDEN TESTS\ndouble(2)\n### END HIDDEN TESTS"
    for value in ("10**400", "-1", "float('nan')", "-np.inf"):
        graded = graded_with({"double_shape": last}, double=f"def double(x):\n    return {value}")
        assert graded.double == (0, 0)
        assert graded.mean == 1.5


def test_a_function_of_a_test_is_out_of_reach_once_the_test_has_ended(graded_with):
    # a test hands over the right answer to another question, as the function that a layer should use
    cells = {
        "double_values": "# t\nassert double(lambda t: 7 * t, 2) == 14",
        "double_shape": "# t\nassert double(lambda t: 0, 2) == 0",
        "mean_value": "# t\n### BEGIN HIDDEN TESTS\nfor k in (5, 6):\n    assert mean(k) == 7 * k\n### END HIDDEN TESTS",
    }
    kept = "kept = []\ndef double(f, x):\n    kept.append(f)\n    return f(x)"
    graded = graded_with(cells, double=kept, mean="def mean(x):\n    return kept[0](x)")
    assert graded.double == (2, 1)
    assert graded.mean == 0
    given = f"{SERVER}\nanswering('names', lambda self, message: ['value', {{'mean': kept[0]}}] if kept else None)"
    graded = graded_with_again(graded_with, cells, kept, given)
    assert graded.mean == 0


def graded_with_again(graded_with, cells, kept, given):
    """The same, with the function itself handed out as the answer."""
    return graded_with(cells, double=kept, mean=f"{given}\ndef mean(x):\n    return 0")


CALLS_BACK = {"double_shape": "# t\nassert double(lambda t: t + 1) == 2"}
ENDLESS = {
    "in a loop": "def double(f):\n    while True:\n        f(1)",
    "deaf to interrupts": "def double(f):\n    while True:\n        try:\n            f(1)\n        except BaseException:\n            pass",
    "each inside the last": "def double(f):\n    return f(lambda t: double(f))",
    "by hand": f"{RAW}\ndef double(f):\n    while True:\n        say([1, 'back', f.number, [1, 1], [2]])",
    "in threads": "import threading\ndef double(f):\n    for _ in range(8):\n        threading.Thread(target=lambda: [f(1) for _ in range(10**9)]).start()\n    return 2",
}


@pytest.mark.parametrize("calls", ENDLESS.values(), ids=ENDLESS)
def test_calling_back_without_end_comes_to_an_end(graded_with, calls):
    graded = graded_with(CALLS_BACK, limits=BRIEF, double=calls)
    assert graded.points["double-shape"] in ((0, 1) if "thread" in calls else (0,))
    assert graded.mean == 1.5


def test_calling_back_in_later_cells_comes_to_an_end(graded_with):
    # a cell's own deadline has to hold even where every single message comes in time
    kept = f"{RAW}\nkept = []\ndef double(f):\n    kept.append(f)\n    return f(1)"
    flood = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    say([1, 'back', kept[0].number, [1, 1], [2]])\n"
    graded = graded_with(CALLS_BACK, limits=BRIEF, double=kept, mean=flood)
    assert graded.points == {"double-values": 0, "double-shape": 1, "mean-value": 0}


def test_recursion_between_both_sides_is_bounded(graded_with):
    test = "# t\ndef down(n):\n    return 0 if n == 0 else 1 + double(down, n - 1)\n\nassert double(down, LEVELS) == LEVELS"
    answer = "def double(f, n):\n    return f(n)"
    cells = {"double_shape": test.replace("LEVELS", "12"), "double_values": test.replace("LEVELS", "300")}
    graded = graded_with(cells, double=answer)
    assert graded.double == (0, 1)
    assert graded.mean == 1.5


def test_an_answer_that_trickles_in_is_late(attack):
    trickle = """
import time
def forge(self, message):
    wire.sendall(struct.pack('<II', 2_000_000, 0))
    while True:
        wire.sendall(b'x')
        time.sleep(0.0003)
answering('do', forge)
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
"""
    graded = attack(limits=BRIEF, double=RAW + SERVER + trickle + WRONG, within=20)
    assert graded.double == (0, 0)


def test_a_process_that_does_not_listen_keeps_nobody_waiting(attack):
    # its answer is forged, and then it sleeps: the judge must not wait for ever to be rid of the next, long cell
    deaf = (
        f"{RAW}\nimport signal, sys, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nframe = sys._getframe()\n"
        + (
            "while frame.f_code.co_name != '_answer':\n    frame = frame.f_back\n"
            "say([frame.f_locals['number'], 'ran', 'ok', '', '', [0], [0]])\ntime.sleep(1000)"
        )
    )
    graded = attack(limits=BRIEF, before=[deaf, "#" * 1_500_000])
    assert graded.double == (2, 1)
    assert graded.mean == 1.5


def test_an_endless_answer_does_not_fill_the_judge(graded_with):
    listed = {"double_shape": "# t\n### BEGIN HIDDEN TESTS\nassert len(list(double(1))) == 3\n### END HIDDEN TESTS"}
    endless = "def double(x):\n    def parts():\n        block = np.zeros(7_000_000)\n        while True:\n            yield block\n    return parts()"
    graded = graded_with(listed, double=endless, within=30)
    assert graded.points["double-shape"] == 0
    assert graded.mean == 1.5


def test_arrays_that_grow_in_the_judge_are_a_wrong_answer(graded_with):
    outer = {
        "double_shape": "# t\n### BEGIN HIDDEN TESTS\nassert np.allclose(double(1) - np.ones(500_000), 0)\n### END HIDDEN TESTS"
    }
    graded = graded_with(outer, double="def double(x):\n    return np.ones((500_000, 1))")
    assert graded.points["double-shape"] == 0
    assert graded.mean == 1.5


# -- what a student's process has seen of hidden tests stays there ------------------------------------------------------

KEEPS = THIEF + "def double(x):\n    steal(x)\n    return 2 * np.asarray(x)\n"
SMUGGLED = {
    "in the text of an exception": "def mean(x):\n    if steal(x): raise ValueError(stolen[-1])\n    return np.mean(x)",
    "in the name of an exception": "def mean(x):\n    if steal(x): raise type(stolen[-1], (Exception,), {})\n    return np.mean(x)",
    "in a name that is missing": "def mean(x):\n    if steal(x): raise NameError(f\"name '{stolen[-1].translate({45: 95, 46: 95})}' is not defined\")\n    return np.mean(x)",
    "in what a test prints": "def mean(x):\n    steal(x)\n    print(stolen)\n    return np.mean(x)",
    "in a visible test that fails later": "def mean(x):\n    raise ValueError(stolen)",
    "in a text that a visible test shows": "def mean(x):\n    raise AssertionError(' '.join(stolen))",
    "in a cell that fails later": "mean = np.mean\nraise ValueError(stolen)",
    "in the name of what fails a cell": "mean = np.mean\nraise type(stolen[0], (Exception,), {})",
    "in a later cell's output": "mean = np.mean\nprint(stolen)",
    "in a later cell's result": "mean = np.mean\nstolen",
    "in a later cell's display": "from IPython.display import HTML, display\nmean = np.mean\ndisplay(HTML(f'<b>{stolen}</b>'))",
    "in the metadata of a display": "from IPython.display import display\nmean = np.mean\ndisplay({'text/plain': 'x'}, metadata={'k': str(stolen)}, raw=True)",
    "in a name that a cell lacks": "mean = np.mean\neval('_'.join(stolen).translate({45: 95, 46: 95}))",
}


@pytest.mark.parametrize("mean", SMUGGLED.values(), ids=SMUGGLED)
def test_hidden_inputs_are_not_smuggled_out(attack, mean):
    graded = attack(double=KEEPS, mean=mean, after=["print('and', stolen)\nstolen"])
    assert graded.double == (2, 1)


def test_hidden_inputs_are_not_smuggled_out_by_using_up_the_time(attack):
    # the cells would be run again for their outputs, but there is no time left for it
    from dataclasses import replace

    from .conftest import LIMITS

    slow = "import time\nmean = np.mean\nprint(stolen)\nwhile stolen:\n    time.sleep(0.1)"
    attack(limits=replace(LIMITS, notebook_seconds=3), double=KEEPS, mean=slow, after=["print(stolen)"], within=20)


NUMBER = "314159265"  # stands for what a student reads from a hidden input
NUMBERS = {
    "a length": f"return np.zeros(({NUMBER}, 0))",
    "a small shape": "return np.zeros((3, 1, 4, 1, 5, 9, 2, 6, 5, 0))",
    "a factor": f"return {NUMBER} * np.asarray(x) * 2",
    "an offset": f"return {NUMBER} + np.asarray(x) * 2",
    "a number of differences": "return np.where(np.arange(len(x)) < 1, 1j * x, x)",
    "a dtype": f"return np.zeros(1, 'U{NUMBER[:6]}')",
    "a line": f"exec(compile('\\n' * int('{NUMBER[:3]}' '{NUMBER[3:7]}') + 'raise ValueError', '<cell 2>', 'exec'))",
}


@pytest.mark.parametrize("line", NUMBERS.values(), ids=NUMBERS)
def test_no_number_of_a_hidden_answer_is_repeated(attack, line):
    graded = attack(double=f"def double(x):\n    if x.shape in ((4,), (9,)):\n        {line}\n    return 2 * x")
    assert graded.double == (0, 1)
    message = graded.told["double-values"]
    assert NUMBER[:6] not in message
    assert "3.14159" not in message
    assert "3, 1, 4, 1, 5" not in message


def test_a_forged_line_number_says_nothing(attack):
    forge = f"""
def forge(self, message):
    target, how, args, kwargs = (message.value(part) for part in message.root[2:])
    if np.size(args[0]) == 11:
        return 'raised', 'ValueError', '', [[7, {NUMBER}]], {{}}
answering('do', forge)
mean = lambda x: np.mean(x)
"""
    graded = attack(mean=f"{SERVER}\n{forge}")
    assert graded.mean == 0
    assert NUMBER not in graded.told["mean-value"]


def test_a_shape_encodes_nothing_in_a_plain_assertion(graded_with):
    test = "# t\nassert mean(1) == 1\n### BEGIN HIDDEN TESTS\nassert mean(2) == 2, f'mean(2) is {mean(2)!r}'\n### END HIDDEN TESTS"
    graded = graded_with({"mean_value": test}, mean="def mean(x):\n    return 1 if x == 1 else 'STO' 'LEN'")
    assert graded.mean == 0
    assert "STOLEN" not in graded.everything
