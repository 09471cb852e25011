"""Grading on a Dask cluster: the same function as on this machine, in the workers of others.

A submission travels as bytes with its assignment, and its result comes back to be stored here. Every worker starts a
sandbox of its own for its first submission and keeps it. Workers need convcourse installed, and no shared file system.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from course import CourseError
from course.grading import isolation
from course.grading.workers import warm_up

SECONDS = 10  # for the scheduler to answer
WORKER_SECONDS = 60  # for the first worker to be there, on a cluster that starts them when it is asked to work

GONE = "The scheduler of the Dask cluster is gone; once there is one again, the same command goes on."

# Bubblewrap ends with the thread that started it, and Dask's threads come and go. It also makes them wait in line.
_keeper = ThreadPoolExecutor(1)


class Cluster:
    """A connection to a cluster. `threads`: how many submissions it grades at once."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.threads = sum(client.nthreads().values())

    def executor(self, jobs: int) -> Executor:
        """An executor for `pool.Runner`, which itself keeps no more than `jobs` submissions running."""
        return _Executor(self._client)


@contextmanager
def connected(
    address: str | None, seconds: float = SECONDS, worker_seconds: float = WORKER_SECONDS
) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`.

    Raises:
        CourseError: there is none, it has no workers, or they have other versions than this machine.
    """
    if find_spec("distributed") is None:
        raise CourseError("Grading on a Dask cluster needs its library; run pip install 'convcourse[dask]'.")
    if not address:
        raise CourseError(
            "--executor dask needs the address of the cluster's scheduler, as in --address tcp://host:8786, "
            "or in DASK_SCHEDULER_ADDRESS."
        )
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said in one sentence
    for name in ("client", "core", "comm", "utils"):
        logging.getLogger(f"distributed.{name}").setLevel(logging.CRITICAL)
    with _client(address, seconds) as client:
        try:
            client.wait_for_workers(1, timeout=worker_seconds)
        except TimeoutError:
            raise CourseError(
                f"The Dask cluster at {address} has no workers; start some with `dask worker {address}`."
            ) from None
        _check_versions(client)
        yield Cluster(client)


def _client(address: str, seconds: float) -> Any:
    from distributed import Client
    from distributed.comm import connect

    async def greet() -> None:
        """Try it: a client itself waits for ever for what accepts a connection and says nothing."""
        comm = await asyncio.wait_for(connect(address, timeout=seconds), seconds + 1)
        comm.abort()

    try:
        asyncio.run(greet())
        return Client(address, timeout=seconds, set_as_default=False)
    except (TimeoutError, MemoryError):  # it is silent, or its first letters were read as the length of a message
        why = "what is there is no scheduler; the dashboard has a port of its own"
    except Exception as error:  # whatever comes of speaking to something that need not be Dask
        why = str(error).split("\n")[0].rstrip(".") or type(error).__name__
    raise CourseError(f"No Dask scheduler can be reached at {address}: {why}.")


def _check_versions(client: Any) -> None:
    ours = version("convcourse"), "{}.{}".format(*sys.version_info)
    for worker, found in client.get_versions(packages=["convcourse"])["workers"].items():
        packages = found["packages"]
        theirs = packages["convcourse"], ".".join(packages["python"].split(".")[:2])
        if theirs != ours:
            raise CourseError(
                f"The Dask worker {worker} has {_named(*theirs)}, and this machine has {_named(*ours)}; "
                "install the same on both."
            )


def _named(convcourse: str | None, python: str) -> str:
    return f"convcourse {convcourse} on Python {python}" if convcourse else f"no convcourse (on Python {python})"


class _Executor(Executor):
    """Dask's executor, with the exceptions of `concurrent.futures` for what happens to its workers."""

    def __init__(self, client: Any) -> None:
        self._dask = client.get_executor(pure=False)  # as another's result is nobody's

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `function(*args)` in a worker, in another one if that dies."""
        result: Future[Any] = Future()
        from distributed.client import ClosedClientError

        try:
            done = self._dask.submit(_in_worker, function, args)
        except ClosedClientError:
            raise CourseError(GONE) from None
        done.add_done_callback(partial(_pass_on, result))
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what was submitted, or forget it."""
        from distributed.client import ClosedClientError

        with contextlib.suppress(ClosedClientError):
            self._dask.shutdown(wait=wait)


def _in_worker(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    _keeper.submit(_get_ready).result()
    return function(*args)


def _get_ready() -> None:
    warm_up()
    isolation.sandbox()


def _pass_on(result: Future[Any], done: Future[Any]) -> None:
    from distributed import KilledWorker

    if done.cancelled():
        result.set_exception(CourseError(GONE))
        return
    error = done.exception()
    if isinstance(error, KilledWorker):  # by the same submission, time and again, or with another that did so
        result.set_exception(BrokenExecutor(str(error)))
    elif error is not None:
        result.set_exception(error)
    else:
        result.set_result(done.result())
