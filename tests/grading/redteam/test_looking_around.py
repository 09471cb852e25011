# ruff: noqa: E501  (each attack is one entry of a table)
"""What a student's process can see, reach and leave behind: of everything that is worth having, nothing."""

import hashlib
import json
import os
import socket
import sys
from pathlib import Path

import pytest

import course
from course.grading import isolation

from .conftest import KEY, LIMITS, WRONG

ROOT = Path(course.__file__).parents[1]


def test_files_of_the_course_are_not_there(inside, tmp_path):
    gradebook = tmp_path / "gradebook.db"
    gradebook.write_text("SECRET")
    places = [
        gradebook,
        tmp_path,
        ROOT / "solutions",
        ROOT / "tests",
        ROOT / "source_notebooks",
        ROOT / "course" / "cli.py",
    ]
    places += [Path.home() / ".ssh", Path("/etc/passwd"), Path("/etc/shadow"), Path("/sys"), Path("/var"), Path("/run")]
    look = f"""
import os
for place in {[str(place) for place in places]!r}:
    for way in (open, os.listdir, os.stat):
        try:
            found = way(place)
        except OSError:
            continue
        print('found', place, way.__name__, os.path.isdir(place) and os.listdir(place))
"""
    with inside() as run:
        found = [line for line in run(look).splitlines() if "[]" not in line]
    assert [line for line in found if not line.endswith(("stat False", "None"))] == []


def test_every_file_that_is_there_holds_no_secret(inside):
    # all files but the system's and Python's: what is left is the kit and what runs inside
    walk = f"""
import os
for folder, folders, files in os.walk('/'):
    if folder.startswith(('/usr', '/proc', '/dev', '/lib', '/bin', '/sbin', '/etc/alternatives', '/etc/fonts', {sys.base_prefix!r})):
        folders[:] = []
        continue
    folders[:] = [name for name in folders if name not in ('site-packages', 'dist-packages')
                  and os.path.join(folder, name) not in ({str(ROOT / ".venv")!r},)]
    for name in files:
        print(os.path.join(folder, name))
"""
    with inside() as run:
        seen = [path for path in run(walk).splitlines() if path]
    prefixes = (
        "/course/lib/course/__init__.py",
        "/course/lib/course/kit/",
        "/course/lib/course/grading/",
        "/course/lib/datasets/",
    )
    prefixes += ("/etc/", sys.base_prefix, sys.prefix)
    assert [path for path in seen if not path.startswith(prefixes)] == []
    grading = {path for path in seen if path.startswith("/course/lib/course/grading/")}
    assert {Path(path).parent.name for path in grading} <= {"grading", "student", "__pycache__"}
    assert {Path(p).name for p in grading if Path(p).parent.name == "grading"} == {"__init__.py"}


@pytest.mark.parametrize(
    "name", ["solutions", "course.authoring", "course.grading.judge", "course.cli", "course.leaks"]
)
def test_solutions_and_the_trusted_side_cannot_be_imported(inside, name):
    with inside() as run:
        assert run(f"try:\n    import {name}\nexcept ImportError:\n    print('no')") == "no\n"


def test_the_environment_is_a_student_s(inside):
    with inside() as run:
        seen = json.loads(run("import os, json, sys\nprint(json.dumps(dict(os.environ)))"))
        arguments = run("import sys\nprint(sys.argv, sys.orig_argv)")
    assert "PYTEST_CURRENT_TEST" not in seen
    assert KEY not in arguments + str(seen)
    assert seen["HOME"] == "/tmp/home"
    shared = {name for name, value in os.environ.items() if seen.get(name) == value}
    assert shared <= {"LANG", "LC_CTYPE", "PATH"} | {name for name in shared if "THREADS" in name or "OPENBLAS" in name}


def test_the_warm_parent_s_memory_holds_no_secret(inside, mini_assignment, mini_release, attack):
    # All memory near the heap, read through write(2), which says EFAULT where there is none. What is looked for is
    # known by its hash alone, so that the search does not find itself.
    attack()  # so that the warm parent has served somebody whose tests hold the words
    tails = [hashlib.sha256(b"length").hexdigest(), hashlib.sha256(KEY[8:].encode()).hexdigest()]
    scan = f"""
import ctypes, hashlib, os, re
libc = ctypes.CDLL(None)
libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
spill = os.open('/tmp/spill', os.O_CREAT | os.O_RDWR)
def readable(address, size):
    os.lseek(spill, 0, 0)
    got = libc.write(spill, address, size)
    return b'' if got <= 0 else os.pread(spill, got, 0)
read, hits = 0, 0
heart = id(object())
for middle in {{heart, libc.sbrk(0)}}:
    for address in range((middle - 2**26) // 2**20 * 2**20, middle + 2**25, 2**20):
        block = readable(address, 2**20)
        read += len(block)
        for pattern, size in ((rb'secret_(.{{6}})', 6), (rb'{KEY[:4]}' rb'{KEY[4:8]}(.{{24}})', 24)):
            for found in re.finditer(pattern, block):
                hits += hashlib.sha256(found[1]).hexdigest() in {tails!r}
print(read > 2**22, hits)
"""
    with inside() as run:
        assert run(scan) == "True 0\n"


def test_no_descriptor_is_inherited_but_the_channel(inside):
    count = """
import os, stat
for number in range(256):
    try:
        kind = os.fstat(number)
    except OSError:
        continue
    print(number, 'socket' if stat.S_ISSOCK(kind.st_mode) else 'null' if kind.st_rdev == os.makedev(1, 3) else 'other')
"""
    with inside() as run:
        assert run(count).split("\n")[:-1] == ["0 null", "1 null", "2 null", "3 socket"]


def test_the_system_cannot_be_changed(inside):
    checkout = "/x" if ROOT.is_relative_to("/tmp") else str(ROOT / "x")  # the sandbox has a /tmp of its own to write to
    tries = f"""
import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
def tried(what, ok):
    print(what, 'WORKS' if ok else 'refused')
for flags in (0x10000000, 0x00020000, 0x40000000, 0x20000000):
    tried('unshare', libc.unshare(flags) == 0)
tried('mount', libc.mount(b'proc', b'/proc', b'proc', 0, None) == 0)
tried('bind', libc.mount(b'/', b'/tmp', None, 4096, None) == 0)
tried('remount', libc.mount(None, b'/', None, 32, None) == 0)
tried('umount', libc.umount2(b'/proc', 2) == 0)
tried('umount', libc.umount2(b'/tmp', 2) == 0)
tried('chroot', libc.chroot(b'/tmp') == 0)
tried('setuid', libc.setuid(0) == 0)
tried('sethostname', libc.sethostname(b'x', 1) == 0)
tried('ptrace', libc.ptrace(16, 1, 0, 0) == 0)
tried('mknod', libc.mknod(b'/tmp/disk', 0o60666, os.makedev(254, 0)) == 0)
for place in ('/x', '/usr/x', '/course/lib/x', '/dev/x', {checkout!r}, '/proc/x', '/tmp/matplotlib/../../x'):
    try:
        open(place, 'w')
    except OSError:
        continue
    tried(place, True)
for process in range(2, 400):
    try:
        os.kill(process, 0)
    except OSError:
        continue
    tried(f'process {{process}}', True)
tried('proc', bool(os.listdir('/proc')))
tried('uid', os.getuid() == 0 or os.geteuid() == 0)
"""
    with inside() as run:
        assert "WORKS" not in run(tries)


def test_there_is_no_network_not_even_to_this_machine(inside):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        datagrams.bind(("127.0.0.1", 0))
        abstract.bind("\0course-redteam")
        abstract.listen()
        reach = f"""
import socket
stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
for family, kind, address in (
    (socket.AF_INET, stream, ('127.0.0.1', {server.getsockname()[1]})), (socket.AF_INET, stream, ('1.1.1.1', 53)),
    (socket.AF_INET, stream, ('10.0.0.1', 80)), (socket.AF_INET6, stream, ('::1', {server.getsockname()[1]})),
    (socket.AF_UNIX, stream, chr(0) + 'course-redteam'), (socket.AF_UNIX, socket.SOCK_SEQPACKET, {isolation.sandbox().address!r}),
):
    with socket.socket(family, kind) as one:
        one.settimeout(0.3)
        print('reached' if one.connect_ex(address) == 0 else 'nobody')
for _ in range(1):
    try:
        socket.socket(socket.AF_INET, datagram).sendto(b'x', ('127.0.0.1', {datagrams.getsockname()[1]}))
    except OSError:
        print('nobody')
try:
    print(socket.getaddrinfo('example.org', 80) and 'reached')
except OSError:
    print('nobody')
"""
        with inside() as run:
            assert set(run(reach).split()) == {"nobody"}
        for one in (server, datagrams):
            one.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
        with pytest.raises(BlockingIOError):
            datagrams.recv(10)


def test_two_submissions_at_the_same_time_do_not_meet(inside):
    leave = """
import ctypes, os, socket
from multiprocessing import shared_memory
open('/tmp/here', 'w').write('x'); open('/tmp/work/here', 'w').write('x'); open('/dev/shm/here', 'w').write('x')
memory = shared_memory.SharedMemory('memory', create=True, size=100)
one = socket.socket(socket.AF_UNIX); one.bind(chr(0) + 'here'); one.listen()
queue = ctypes.CDLL(None).msgget(4242, 0o1666)
print(os.getpid())
leader, follower = os.openpty(); os.write(leader, b'here')
"""
    find = """
import ctypes, os, socket
print([place for place in ('/tmp/here', '/tmp/work/here', '/dev/shm/here') if os.path.exists(place)])
print(os.listdir('/dev/pts'), os.openpty()[1] > 0, os.popen('tty').read() != '')
print(os.listdir('/dev/shm'), ctypes.CDLL(None).msgget(4242, 0))
with socket.socket(socket.AF_UNIX) as one:
    print(one.connect_ex(chr(0) + 'here') != 0)
"""
    with inside() as first, inside() as second:
        assert first(leave) == "1\n"  # the first of its own process namespace
        assert second(find) == "[]\n['ptmx'] True True\n[] -1\nTrue\n"
    with inside() as third:
        assert third(find) == "[]\n['ptmx'] True True\n[] -1\nTrue\n"


LINGER = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            import signal
            for number in range(1, 64):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            while True:
                time.sleep(0.01)
        os._exit(0)
"""


def test_no_process_is_left_behind(attack):
    def students():
        found = 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    status = (entry / "status").read_text()
                except OSError:
                    continue
                found += (
                    "student.warm" in (entry / "cmdline").read_bytes().decode(errors="replace") and "\nNSpid:" in status
                )
        return found

    before = students()
    graded = attack(double=LINGER + WRONG, mean=LINGER + "mean = np.mean", limits=LIMITS)
    assert graded.double == (0, 0)
    assert graded.mean == 1.5
    assert students() <= before


def test_a_process_left_behind_does_not_answer_for_the_next(attack):
    # it keeps the channel open, and speaks when the question comes; but there is another channel by then
    speak = LINGER.replace("time.sleep(0.01)", "os.write(3, b'x' * 100)")
    assert attack(double=speak + "\nos._exit(0)").points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}
