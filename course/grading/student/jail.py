"""Shutting a process in: namespaces of its own, no rights, and limits on what it may use. Linux only, but for limits.

The process that calls `leave_the_system` is already inside bubblewrap's read-only file system. It gets namespaces of
its own for users, processes, mounts, shared memory, terminals and the network, so that two submissions cannot meet.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

NAMESPACES = 0x00020000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000  # mount, ipc, user, pid, net
NOSUID_NODEV, NOSUID_NOEXEC = 2 | 4, 2 | 8
READ_ONLY = 1
BIND = 0x1000 | 0x4000  # with the mounts inside
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 22, 36, 38
SECCOMP_MODE_FILTER = 2
NOBODY = 65534
INSIDE = 1000  # the user's number inside

# System calls that are refused, by the name of the machine: memory that no limit counts (memfd_create, memfd_secret,
# shmget, msgget, add_key), and doors to the kernel that no notebook needs (ptrace, perf_event_open, request_key,
# keyctl, bpf, userfaultfd, io_uring_setup).
REFUSED = {
    "x86_64": (0xC000003E, (319, 447, 29, 68, 248, 101, 298, 249, 250, 321, 323, 425)),
    "aarch64": (0xC00000B7, (279, 447, 194, 186, 217, 117, 241, 218, 219, 280, 282, 425)),
}

# And setsockopt where it would give a socket a larger buffer, which is memory that no limit counts either.
SETSOCKOPT = {"x86_64": 54, "aarch64": 208}
SOL_SOCKET, BUFFERS = 1, (7, 8, 32, 33)

TICKS = os.sysconf("SC_CLK_TCK")
_libc = ctypes.CDLL(None, use_errno=True)


def leave_the_system() -> None:
    """Become nobody, in new namespaces. The process namespace begins with the next child."""
    if os.geteuid() == 0:  # root is above the limits, so root's sandbox belongs to nobody
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        _call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # else the files below would be root's
    user, group = os.geteuid(), os.getegid()
    _call("unshare", NAMESPACES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE} {group} 1")


def move_in(megabytes: int, keep: Iterable[str] = ()) -> None:
    """Take an empty home of so many megabytes, hide /proc, and give up all rights. Folders to `keep` stay in /tmp."""
    kept = [(path, os.open(path, os.O_PATH)) for path in keep]
    size = f"size={megabytes}m,nr_inodes=10000,mode=1777".encode()
    for folder in (b"/tmp", b"/dev/shm"):
        _call("mount", b"tmpfs", folder, b"tmpfs", NOSUID_NODEV, size)
    for path, descriptor in kept:
        os.makedirs(path, exist_ok=True)
        _call("mount", f"/proc/self/fd/{descriptor}".encode(), path.encode(), None, BIND, None)
        os.close(descriptor)
    terminals = b"newinstance,ptmxmode=0666,mode=0620"
    _call("mount", b"devpts", b"/dev/pts", b"devpts", NOSUID_NOEXEC, terminals)  # or two submissions would meet there
    Path("/proc/sys/user/max_user_namespaces").write_text("0")  # no way to get rights back
    _call("mount", b"tmpfs", b"/proc", b"tmpfs", NOSUID_NODEV | READ_ONLY, b"size=4k")
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _refuse_calls()
    _call("capset", struct.pack("<Ii", 0x20080522, 0), bytes(24))


def _refuse_calls() -> None:
    """Let the kernel refuse the calls in `REFUSED`, by a filter that nobody can take away again."""
    machine = os.uname().machine
    if machine not in REFUSED:
        return
    architecture, refused = REFUSED[machine]
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06  # of BPF: a word, jump if equal, jump if not less, return
    number, level, option = 0, 24, 32  # where the kernel puts the call and its second and third argument
    # Each step: what it does, with which number, and where it goes on if that is so and if it is not (None: below).
    steps: list[tuple[int, int, str | None, str | None]] = [
        (load, 4, None, None), (equal, architecture, None, "no"),
        (load, number, None, None), (above, 2**30, "no", None),
        *((equal, call, "no", None) for call in refused),
        (equal, SETSOCKOPT[machine], None, "yes"), (load, level, None, None), (equal, SOL_SOCKET, None, "yes"),
        (load, option, None, None), *((equal, name, "no", None) for name in BUFFERS),
    ]  # fmt: skip
    places = {"yes": len(steps), "no": len(steps) + 1}
    coded = [
        (what, *(places[goal] - place - 1 if goal else 0 for goal in goals), value)
        for place, (what, value, *goals) in enumerate(steps)
    ]
    coded += [(give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050000 | errno.EPERM)]  # allow; this error
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in coded))
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, struct.pack("@HP", len(coded), ctypes.addressof(program)), 0, 0)


def limit(memory_mb: int, cpu_seconds: int, processes: int, open_files: int, file_mb: int) -> None:
    """Set the limits that every system knows; `memory_mb` counts from what the process holds now."""
    megabyte = 2**20
    wanted = {
        "RLIMIT_AS": _held() + memory_mb * megabyte,
        "RLIMIT_CPU": cpu_seconds,
        "RLIMIT_NPROC": processes,
        "RLIMIT_NOFILE": open_files,
        "RLIMIT_FSIZE": file_mb * megabyte,
        "RLIMIT_CORE": 0,
    }
    for name, value in wanted.items():
        which = getattr(resource, name, None)
        if which is not None:
            _, most = resource.getrlimit(which)
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(which, (value, value))


def reap_orphans() -> None:
    """Become the parent of grandchildren whose parent has ended."""
    _call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def resident(process: int) -> int:
    """The bytes of memory that a process has beside files: what is shared with others counts for each of them."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in status if line.startswith(("RssAnon:", "RssShmem:")))


class Process(NamedTuple):
    """Its parent, and the seconds of processor time that it and those of its children that have ended took."""

    parent: int
    seconds: float


def processes() -> dict[int, Process]:
    """All that are seen from here, by their numbers."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):  # it may have ended
                stat = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                found[int(name)] = Process(int(stat[1]), sum(map(int, stat[11:15])) / TICKS)
    return found


def _held() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:  # no /proc on this system
        return 2**30


def _call(name: str, *args: int | bytes | None) -> None:
    if getattr(_libc, name)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
