"""The processes of this machine that grade: all forked from one that has imported everything once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib import import_module
from multiprocessing import forkserver

from course.grading.isolation import ONE_THREAD, Sandbox, sandbox, use

# What a grading process needs: the engine, and what setup cells import.
WARM = (
    "course.quick",
    "course.grading.engine",
    "course.kit.checks",
    "course.kit.data",
    "course.kit.plots",
    "matplotlib.pyplot",
    "scipy.linalg",
    "scipy.signal",
)


def warm_up() -> None:
    """Import what a grading process needs, so that judges fork from a process that has it."""
    for name in WARM:
        import_module(name)


def start() -> None:
    """Let the process from which the others fork get ready while this one does something else."""
    os.environ.update(ONE_THREAD)
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(WARM))
    forkserver.ensure_running()


def processes(jobs: int) -> Executor:
    """So many processes on this machine. They leave Ctrl-C to the one that started them, and end when it ends."""
    start()
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_in_worker, initargs=(sandbox(),))


def _in_worker(running: Sandbox) -> None:
    use(running)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
