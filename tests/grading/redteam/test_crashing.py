# ruff: noqa: E501  (each attack is one entry of a table)
"""Ways to end, to hang and to be deaf: each costs its own question, in bounded time."""

from dataclasses import replace

import pytest

from .conftest import BRIEF, SERVER, WRONG

NOT_INTERRUPTED = "import signal\nfor number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):\n    signal.signal(number, signal.SIG_IGN)\n"
ENDS = {
    "os._exit": "import os; os._exit(0)",
    "os.abort": "import os; os.abort()",
    "a segmentation fault": "import ctypes; ctypes.string_at(0)",
    "a fault in C code": "import ctypes; ctypes.CDLL(None).memset(0, 1, 1)",
    "SIGKILL to itself": "import os, signal; os.kill(os.getpid(), signal.SIGKILL); os._exit(0)",
    "SIGKILL to everybody": "import os, signal; os.kill(-1, signal.SIGKILL); os._exit(0)",
    "another program": "import os; os.execv('/bin/true', ['true'])",
    "another program that stays": "import os; os.execv('/bin/sleep', ['sleep', '1000'])",
    "the channel closed": "import os; os.close(3)",
    "all files closed": "import os; os.closerange(0, 100)",
    "a stack too deep": "import sys; sys.setrecursionlimit(10**9)\n    def f(n): return [f(n + 1)]\n    f(0)",
    "exit()": "exit()",
    "quit()": "quit()",
    "SystemExit": "raise SystemExit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "recursion": "return double(x)",
    "the stop of all threads": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP); os._exit(0)",
    "a full garbage collection in the middle of it": "import gc; [gc.collect() for _ in range(3)]",
    "the end of Python": "import ctypes; ctypes.pythonapi.Py_FinalizeEx()",
}


@pytest.mark.parametrize("line", ENDS.values(), ids=ENDS)
def test_what_ends_a_process_costs_its_own_question(attack, line):
    graded = attack(limits=BRIEF, double=f"def double(x):\n    {line}")
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


def test_cells_that_end_their_process_cost_nothing_but_themselves(attack):
    lines = [line.replace("\n    ", "\n") for name, line in ENDS.items() if name not in ("recursion", "nothing")]
    graded = attack(limits=replace(BRIEF, restarts=30), before=lines, double=WRONG)
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


HANGS = {
    "an endless loop": "while True: pass",
    "a sleep": "import time; time.sleep(10**6)",
    "a caught interrupt": "import time\n    while True:\n        try:\n            time.sleep(10)\n        except BaseException:\n            pass",
    "a lock": "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "C code": "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
    "a read of the channel": "import os\n    while True: os.read(3, 1)",
    "a stopped process": "import os, signal\n    os.kill(os.getpid(), signal.SIGSTOP)\n    while True: pass",
    "a number": "10 ** 10 ** 9",
}


@pytest.mark.parametrize(
    ("name", "deaf"), [(name, False) for name in HANGS] + [(name, True) for name in list(HANGS)[:3]]
)
def test_what_hangs_costs_its_own_question(attack, name, deaf):
    # in one of both tests only, so that it ends sooner
    answer = f"{NOT_INTERRUPTED * deaf}def double(x):\n    if x.ndim == 1:\n        return 'wrong'\n    {HANGS[name]}"
    graded = attack(limits=BRIEF, double=answer)
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


def test_a_thread_that_hangs_costs_nothing(attack):
    graded = attack(
        double="import threading, time\nthreading.Thread(target=time.sleep, args=[10**6]).start()\n" + WRONG
    )
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


def test_crashing_again_and_again_comes_to_an_end(attack):
    graded = attack(before=["import os\nos._exit(1)"] * 30, double=WRONG)
    assert graded.double == (0, 0)
    assert graded.told["mean-value"].startswith("not run: ")


def test_a_crash_only_when_it_is_run_again(attack):
    # the state that made it pass the first time is gone with the process
    once = "import os, pathlib, time\nif time.monotonic_ns() % 2:\n    os._exit(1)\n"
    graded = attack(before=[once] * 4, double=WRONG)
    assert graded.double == (0, 0)


def test_hanging_where_the_judge_asks_for_a_length(attack):
    # NumPy swallows every exception that comes out of __len__, that the time is over too
    sleepy = "import time\nclass Sleepy:\n    def __len__(self): time.sleep(60)\n    __iter__ = __getitem__ = __len__\n"
    graded = attack(limits=BRIEF, double=f"{sleepy}\ndef double(x):\n    return Sleepy()", within=20)
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


def test_ending_where_the_judge_asks_for_a_length(attack):
    ends = "import os\nclass Ends:\n    def __len__(self): os._exit(0)\n    __iter__ = __getitem__ = __len__\n"
    graded = attack(double=f"{ends}\ndef double(x):\n    return Ends()")
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


def test_a_process_that_ends_behind_its_answer_ends_its_own_submission(attack):
    # the cell has ended well, so the next one is blamed: nobody can tell, and nobody else pays
    graded = attack(double=f"{SERVER}Server.serve = Server._answer = Server._receive = None\n{WRONG}")
    assert graded.double == (0, 0)
