"""Running cells in a Jupyter kernel that may hang, crash, or print for ever.

`run` gives every cell its outcome. A cell that hangs is interrupted; one that ends the process costs only itself: a
new process runs the cells before it again and goes on behind it.
"""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from time import monotonic
from typing import Any, Literal

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError

from course import CourseError
from course.grading.rebuild import RebuiltCell
from course.grading.result import Limits

# Asked of the kernel after a cell failed: which lines of which cells the exception went through, outermost first.
_FRAMES = (
    "[(getattr(get_ipython().compile, '_filename_map', {}).get(frame.f_code.co_filename), line) for frame, line in "
    "__import__('traceback').walk_tb(getattr(__import__('sys').last_value, '__traceback__', None))]"
)
# One thread for each kernel: several kernels grade at once, and their sums should not depend on the machine's cores.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_TIMEOUT: dict[str, Any] = {"ename": "CellTimeoutError", "evalue": "", "traceback": [], "interrupted": True}


@dataclass(frozen=True)
class Outcome:
    """How one cell ended. `frames`: (index of the cell, line) of each frame of ours, outermost first."""

    ended: Literal["ok", "error", "timeout", "died", "skipped"]
    outputs: tuple[dict[str, Any], ...] = ()
    ename: str = ""
    evalue: str = ""
    frames: tuple[tuple[int, int], ...] = ()
    seconds: float = 0.0


class _Client(NotebookClient):
    """nbclient, remembering how the last cell was answered and keeping only so much of what it prints."""

    limit: int = 0
    received: int = 0
    reply: dict[str, Any] | None = None

    def output(self, outs: list[Any], msg: Any, display_id: Any, cell_index: int) -> Any:
        content = msg["content"]
        self.received += len(content.get("text", "")) + sum(len(str(v)) for v in content.get("data", {}).values())
        if self.received > self.limit:
            if msg["msg_type"] == "execute_result":  # may be a score, so it always counts
                content["data"] = {"text/plain": str(content["data"].get("text/plain", ""))[:1000]}
            elif msg["msg_type"] != "error":
                return None
        return super().output(outs, msg, display_id, cell_index)


class Kernel:
    """One kernel process, started in `folder`."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.limits = limits
        self.usable = True
        self.cells: dict[int, int] = {}  # execution count -> index of the cell that ran as that
        self._scratch = Path(tempfile.mkdtemp(prefix="course-kernel-"))
        try:
            self._client = _started(folder, self._scratch, limits)
        except BaseException:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise

    def run(self, index: int, source: str, seconds: float) -> Outcome:
        """Run one cell, for at most so many seconds."""
        client, began = self._client, monotonic()
        client.timeout, client.received, client.reply = max(1, round(seconds)), 0, None
        cell = nbformat.v4.new_code_cell(source)
        client.nb = nbformat.v4.new_notebook(cells=[cell])
        try:
            client.execute_cell(cell, 0, store_history=True)
        except Exception as error:  # mostly DeadKernelError; whatever it is, this process is of no more use
            # CellTimeoutError: the cell did not even end when it was interrupted
            ended: Literal["died", "timeout"] = "timeout" if isinstance(error, CellTimeoutError) else "died"
            self.usable = False
            return Outcome(ended, tuple(cell.outputs), seconds=monotonic() - began)
        reply: dict[str, Any] = client.reply or {"status": "error"}
        self.cells[cell.execution_count or 0] = index
        if any(item.get("source") == "ask_exit" for item in reply.get("payload") or []):
            self.usable = False  # exit() or quit(): the process ends as soon as it has answered
            return Outcome("died", tuple(cell.outputs), seconds=monotonic() - began)
        if reply["status"] == "ok":
            return Outcome("ok", tuple(cell.outputs), seconds=monotonic() - began)
        return Outcome(
            "timeout" if reply.get("interrupted") else "error",
            tuple(cell.outputs),
            str(reply.get("ename", "")),
            str(reply.get("evalue", "")),
            self._frames(),
            monotonic() - began,
        )

    def _frames(self) -> tuple[tuple[int, int], ...]:
        client = self._client
        try:
            message = client.kc.execute("", silent=True, user_expressions={"frames": _FRAMES})
            client.timeout = 5
            reply = client.wait_for_reply(message)
            frames = ast.literal_eval(reply["content"]["user_expressions"]["frames"]["data"]["text/plain"])
            return tuple((self.cells[count], int(line)) for count, line in frames if count in self.cells)
        except Exception:  # a process in such a state may answer anything; then nobody knows the frames
            return ()

    def close(self) -> None:
        """End the process and everything that it started."""
        manager = self._client.km
        group = getattr(getattr(manager, "provisioner", None), "pgid", None)
        if group and hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        with contextlib.suppress(Exception):  # it is dead by now; how it complains does not matter
            self._client._cleanup_kernel()
        shutil.rmtree(self._scratch, ignore_errors=True)


def _started(folder: Path, scratch: Path, limits: Limits) -> _Client:
    environment = {**os.environ, **_ONE_THREAD, "NBGRADER_EXECUTION": "autograde", "IPYTHONDIR": str(scratch)}
    reason = ""
    for attempt in range(3):  # a machine under load may fail to start a process once
        manager = AsyncKernelManager(kernel_name="python3", connection_file=str(scratch / f"kernel-{attempt}.json"))
        if sys.platform != "win32":  # ports are taken by other kernels between being chosen and being bound
            manager.transport, manager.ip = "ipc", str(scratch / f"socket-{attempt}")
        client = _Client(
            nbformat.v4.new_notebook(),
            km=manager,
            allow_errors=True,
            interrupt_on_timeout=True,
            error_on_timeout=_TIMEOUT,
            raise_on_iopub_timeout=True,
            startup_timeout=60,
        )
        client.on_cell_executed = lambda cell, cell_index, execute_reply, client=client: setattr(
            client, "reply", execute_reply["content"]
        )
        client.limit = limits.output_bytes
        try:
            client.start_new_kernel(cwd=str(folder), env=environment, stdout=DEVNULL, stderr=DEVNULL)
            client.start_new_kernel_client()
            return client
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
    raise CourseError(f"No Python kernel starts ({reason}); is ipykernel installed in {sys.prefix}?")


def run(cells: Sequence[RebuiltCell], folder: Path, limits: Limits) -> list[Outcome]:
    """Run the code cells in order, each with its outcome; text, and pictures unless asked for, are skipped."""
    deadline = monotonic() + limits.notebook_seconds
    outcomes = [Outcome("skipped") for _ in cells]
    kernel = Kernel(folder, limits)
    restarts = 0
    try:
        for index, cell in enumerate(cells):
            left = deadline - monotonic()
            if not _runs(cell, limits) or left <= 0 or restarts > limits.restarts:
                continue
            outcomes[index] = kernel.run(index, cell.code, min(limits.cell_seconds, left))
            while not kernel.usable and restarts <= limits.restarts:
                restarts += 1
                kernel.close()
                kernel = Kernel(folder, limits)
                _replay(kernel, cells, outcomes, index, deadline)
    finally:
        kernel.close()
    return outcomes


def _replay(kernel: Kernel, cells: Sequence[RebuiltCell], outcomes: list[Outcome], upto: int, deadline: float) -> None:
    """Run again what ended by itself before: not the tests, and not the cells that hung or crashed."""
    for index, cell in enumerate(cells[:upto]):
        if outcomes[index].ended in ("ok", "error") and cell.role != "test" and monotonic() < deadline:
            outcome = kernel.run(index, cell.code, min(kernel.limits.cell_seconds, deadline - monotonic()))
            if not kernel.usable:
                outcomes[index] = outcome  # it crashed this time, so it is left out next time
                return


def _runs(cell: RebuiltCell, limits: Limits) -> bool:
    return cell.type == "code" and bool(cell.code.strip()) and (cell.role != "show" or limits.run_show)
