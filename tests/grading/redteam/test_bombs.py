# ruff: noqa: E501  (each attack is one entry of a table)
"""Using up what a machine has: each submission has its share, and the machine and the others keep theirs."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from course.grading.student import warm

from .conftest import LIMITS, WRONG

PROCESSES = {
    "forks": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        break\nwhile os.getpid() != 1: pass",
    "threads": "import threading, time\nfor _ in range(10_000):\n    threading.Thread(target=time.sleep, args=[60]).start()",
    "programs": "import subprocess\nkept = [subprocess.Popen(['/bin/sleep', '60']) for _ in range(10_000)]",
    "files": "import os\nkept = [os.open('/dev/null', 0) for _ in range(10**6)]",
    "sockets": "import socket\nkept = [socket.socketpair() for _ in range(10**6)]",
    "memory": "kept = [bytes(range(256)) * 2**12 for _ in range(10**6)]",
    "memory at once": "kept = bytearray(2**40)",
    "an array": "kept = __import__('numpy').ones(2**33)",
    "a file": "with open('big', 'wb') as file:\n    for _ in range(10**4): file.write(bytes(2**20))",
    "a sparse file": "with open('big', 'wb') as file:\n    file.truncate(2**40)",
    "files in /tmp": "for k in range(10**6):\n    open(f'/tmp/{k}', 'wb').write(bytes(2**20))",
    "files in /dev/shm": "for k in range(10**6):\n    open(f'/dev/shm/{k}', 'wb').write(bytes(2**20))",
    "names of files": "for k in range(10**6):\n    open(f'/tmp/{k}', 'w').close()",
    "folders in folders": "import os\nwhile True:\n    os.mkdir('d'); os.chdir('d')",
    "files in memory": "import os\nkept = []\nwhile True:\n    kept.append(os.memfd_create('x'))\n    os.write(kept[-1], bytes(2**20))",
    "shared memory": "import ctypes\nlibc = ctypes.CDLL(None)\nfor k in range(10**4):\n    if libc.shmget(k + 1, 2**20, 0o1666) < 0: raise OSError",
    "output": "for _ in range(10**6):\n    print('x' * 10**5)",
    "output of displays": "from IPython.display import display\nfor _ in range(10**6):\n    display({'text/plain': 'x' * 10**5}, raw=True)",
    "output of the empty string": "from IPython.display import display\nfor _ in range(10**9):\n    display({}, raw=True)",
    "errors": "raise ValueError('x' * 10**8)",
}


@pytest.mark.parametrize("bomb", PROCESSES.values(), ids=PROCESSES)
def test_a_bomb_costs_its_own_question(attack, bomb):
    graded = attack(double=f"{bomb}\n{WRONG}", within=20)
    assert graded.double == (0, 0)
    assert graded.mean == 1.5 or "process" in graded.told["mean-value"]
    assert len(graded.result.notebook) < 150_000


@pytest.mark.parametrize("bomb", ["kept = [b'x' * 2**20 for _ in range(10**6)]", "import os\nwhile True: os.fork()"])
def test_a_bomb_in_a_test_costs_its_own_question(attack, bomb):
    indented = bomb.replace("\n", "\n    ")
    graded = attack(double=f"def double(x):\n    {indented}", within=20)
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


@pytest.mark.parametrize(
    "memory",
    ["bytearray(os.urandom(2**20) * 120)", "mmap.mmap(-1, 120 * 2**20); kept[::4096] = bytes(len(kept[::4096]))"],
)
def test_many_processes_have_no_more_memory_than_one(attack, memory):
    # each of them stays within its own limit: the sum has to be watched
    crowd = f"""
import mmap, os, time
for _ in range(12):
    if os.fork() == 0:
        kept = {memory}
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""
    before, least = _available(), []
    import threading

    done = threading.Event()

    def watch():
        while not done.wait(0.05):
            least.append(_available())

    thread = threading.Thread(target=watch)
    thread.start()
    graded = attack(limits=replace(LIMITS, cell_seconds=5), double=crowd + WRONG, within=20)
    done.set()
    thread.join()
    assert graded.double == (0, 0)
    assert graded.mean == 1.5
    assert graded.result.broken[0] == ("double", "it ended the Python process")
    assert before - min(least) < 1300  # MB, and 1440 were wanted


def test_many_processes_cost_their_own_question(attack):
    crowd = "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        while True: pass\ntime.sleep(60)\n"
    graded = attack(limits=replace(LIMITS, cell_seconds=15), double=crowd + WRONG, within=40)
    # ended where they took more than a core; where others left them no more than one, they ran out of time
    assert graded.result.broken[0][1] in ("it ended the Python process", "it did not end in time")
    assert graded.mean == 1.5


@pytest.mark.parametrize(("seconds", "killed"), [([9.0, 3.0, 2.0], []), ([9.0, 3.0, 4.0], [41])])
def test_the_processes_of_a_submission_have_one_core_and_a_few_seconds(monkeypatch, seconds, killed):
    parent = warm.Parent.__new__(warm.Parent)
    parent.most, parent.mine = {41: (2**30, time.monotonic() - 10), 51: (2**30, time.monotonic() - 10)}, 0
    first, second, third = seconds  # of processor time, 10 s after they began: 15 are allowed
    there = {1: (0, 99.0), 41: (1, first), 42: (41, second), 43: (42, third), 51: (1, 9.0)}
    monkeypatch.setattr(warm.jail, "processes", lambda: {n: warm.jail.Process(*known) for n, known in there.items()})
    monkeypatch.setattr(warm.jail, "resident", lambda process: 2**20)
    ended = []
    monkeypatch.setattr(warm.os, "kill", lambda process, number: ended.append(process))
    parent._watch()
    assert ended == killed


def test_sockets_keep_their_small_buffers(inside):
    enlarge = """
import socket
one, _ = socket.socketpair()
for option in (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33):
    try:
        one.setsockopt(socket.SOL_SOCKET, option, 2**24)
    except PermissionError:
        print('refused')
one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
"""
    with inside() as run:
        assert run(enlarge).split() == ["refused"] * 4


def _available():
    return next(
        int(line.split()[1]) // 1024
        for line in Path("/proc/meminfo").read_text().splitlines()
        if "MemAvailable" in line
    )


def test_two_honest_processes_have_the_memory_of_one(attack):
    pool = """
import os
def double(x):
    parts = []
    for _ in range(3):
        read, write = os.pipe()
        if os.fork() == 0:
            kept = np.ones(2**22)  # 32 MB
            os.write(write, (2 * np.asarray(x, float)).tobytes())
            os._exit(0)
        parts.append(os.read(read, 1000))
    return np.frombuffer(parts[-1]).reshape(np.shape(x))
"""
    assert attack(double=pool).double == (2, 1)


def test_output_of_many_cells_is_cut_as_a_whole(attack):
    graded = attack(after=["print('x' * 19_000)"] * 200)
    assert graded.double == (2, 1)
    assert len(graded.result.notebook) < 1_500_000


def test_a_bomb_leaves_the_sandbox_fast(attack):
    attack(double=PROCESSES["forks"] + WRONG, within=20)
    began = time.monotonic()
    attack()
    assert time.monotonic() - began < 3
