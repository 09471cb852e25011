"""The warm parent: has everything imported, has run no student's code, and forks a student's process when asked.

It listens on a Unix socket. A client connects, sends one JSON object with the limits together with the file descriptor
of its end of a `channel`, and is answered by one JSON object, `{"pid": ...}` or `{"error": ...}`. The connection is
the process's lifeline: a byte on it interrupts the process as Ctrl-C does, and its end kills it with all that it has
started.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from typing import Any

from course.grading.student import jail
from course.grading.student.channel import Channel, Gone
from course.grading.student.server import Server
from course.grading.student.shell import Shell, start

REQUEST_BYTES = 10_000
WATCHED = 0.2  # seconds between two looks at what children hold
SPARE = 5.0  # seconds of processor time that a child may take beyond those since it began: it has a share of one core
SECONDS = 10  # to get a process ready


class Parent:
    """Forks, interrupts and kills. `jailed`: whether it is inside bubblewrap, so that children can be shut in."""

    def __init__(self, listener: socket.socket, jailed: bool, shell: Shell) -> None:
        self.listener, self.jailed, self.shell = listener, jailed, shell
        self.children: dict[socket.socket, int] = {}  # by lifeline; 0 before there is one
        self.most: dict[int, tuple[int, float]] = {}  # bytes of memory, and when it began, by child
        self.mine = jail.resident(os.getpid()) if jailed else 0

    def run(self) -> None:
        """Serve until whoever started this ends."""
        with selectors.DefaultSelector() as self.selector:
            self.selector.register(self.listener, selectors.EVENT_READ)
            self.selector.register(0, selectors.EVENT_READ)  # stdin ends together with whoever started this
            while True:
                for key, _ in self.selector.select(timeout=WATCHED if self.children else 1):
                    if key.fileobj == 0:
                        self._end()
                    elif key.fileobj is self.listener:
                        lifeline, _ = self.listener.accept()
                        self.selector.register(lifeline, selectors.EVENT_READ)
                        self.children[lifeline] = 0
                    else:
                        self._heard(key.fileobj)  # type: ignore[arg-type]
                self._reap()
                if self.jailed and self.children:
                    self._watch()

    def _heard(self, lifeline: socket.socket) -> None:
        child = self.children[lifeline]
        try:
            lifeline.settimeout(SECONDS)
            data, descriptors, _, _ = socket.recv_fds(lifeline, REQUEST_BYTES, 1)
            if not data:
                self._hang_up(lifeline)
            elif child:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGINT)
            else:
                reply: dict[str, Any]
                try:
                    limits = json.loads(data)
                    self.children[lifeline] = child = self._fork(descriptors[0], limits)
                    self.most[child] = limits["memory_mb"] * 2**20, time.monotonic()
                    reply = {"pid": child}
                except OSError as error:
                    reply = {"error": str(error)}
                finally:
                    for descriptor in descriptors:
                        os.close(descriptor)
                lifeline.sendall(json.dumps(reply).encode())
        except OSError:
            self._hang_up(lifeline)

    def _hang_up(self, lifeline: socket.socket) -> None:
        child = self.children.pop(lifeline)
        self.selector.unregister(lifeline)
        lifeline.close()
        if child:
            with contextlib.suppress(ProcessLookupError):
                # In a jail the first process takes the whole namespace with it; elsewhere the group has to do.
                os.kill(child, signal.SIGKILL) if self.jailed else os.killpg(child, signal.SIGKILL)

    def _watch(self) -> None:
        """Kill a child that takes more with all its processes than it may: the system's limits are for each of them."""
        processes, held, taken = jail.processes(), dict.fromkeys(self.most, 0), dict.fromkeys(self.most, 0.0)
        for process, (_, seconds) in processes.items():
            first = process
            while first in processes and first not in held:
                first = processes[first].parent
            if first in held:
                taken[first] += seconds
                with contextlib.suppress(OSError, ValueError):  # it may have ended
                    held[first] += max(0, jail.resident(process) - self.mine)
        for child, (memory, began) in self.most.items():
            if held[child] > memory or taken[child] > time.monotonic() - began + SPARE:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                child, _ = os.waitpid(-1, os.WNOHANG)
                if not child:
                    return
                self.most.pop(child, None)
                for lifeline, known in self.children.items():
                    if known == child:  # its number may soon be another process's
                        self.children[lifeline] = 0

    def _fork(self, descriptor: int, limits: dict[str, Any]) -> int:
        """Fork a student's process and return its number; the file descriptor is its end of the channel."""
        told, tell = os.pipe()
        first = os.fork()
        if first == 0:
            try:
                if self.jailed:
                    jail.leave_the_system()
                    second = os.fork()  # only a child is inside the new process namespace
                    if second:
                        os.write(tell, json.dumps({"pid": second}).encode())
                        os._exit(0)
                else:
                    os.setsid()
                self._become_student(descriptor, limits, tell)
            except BaseException as error:
                with contextlib.suppress(OSError):
                    os.write(tell, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
            os._exit(1)
        os.close(tell)
        with open(told, "rb") as pipe:
            answers = [json.loads(line) for line in pipe.read().replace(b"}{", b"}\n{").splitlines()]
        errors = [answer["error"] for answer in answers if "error" in answer]
        if errors or not (self.jailed or not answers):
            raise OSError(errors[0] if errors else "no answer")
        if self.jailed:
            os.waitpid(first, 0)
        return answers[0]["pid"] if self.jailed else first

    def _become_student(self, descriptor: int, limits: dict[str, Any], tell: int) -> None:
        high = [fcntl.fcntl(number, fcntl.F_DUPFD, 10) for number in (descriptor, tell)]
        for number, wanted in zip(high, (3, 4), strict=True):
            os.dup2(number, wanted, inheritable=False)
        os.closerange(5, 65536)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.close(null)
        home_mb = limits.pop("home_mb")
        if self.jailed:
            jail.limit(**limits)
            jail.move_in(home_mb, _below_tmp())
            os.mkdir("/tmp/home")
            os.mkdir("/tmp/work")
            os.chdir("/tmp/work")
        else:
            os.chdir(limits.pop("folder"))
            jail.limit(**limits)
        os.close(4)  # from here on everything is well, and says so by its silence
        with contextlib.suppress(Gone):
            Server(Channel(socket.socket(fileno=3)), self.shell).serve()
        os._exit(0)

    def _end(self) -> None:
        for lifeline in list(self.children):
            self._hang_up(lifeline)
        os._exit(0)


def _below_tmp() -> list[str]:
    """Where Python and its packages are, if that is below /tmp."""
    below = {path for path in (sys.prefix, sys.base_prefix, *sys.path) if path.startswith("/tmp/")}
    return sorted(path for path in below if os.path.isdir(path))


def main(arguments: list[str]) -> None:
    """Entry point: the listening socket's file descriptor, and whether this runs inside bubblewrap."""
    descriptor, jailed = int(arguments[0]), arguments[1] == "jailed"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started this
    if jailed:
        jail.reap_orphans()
    shell = start()
    gc.collect()
    gc.freeze()  # a collection in a child would copy the pages of all that was imported
    Parent(socket.socket(fileno=descriptor), jailed, shell).run()


if __name__ == "__main__":
    main(sys.argv[1:])
