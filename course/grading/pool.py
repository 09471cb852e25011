"""Mapping the engine over submissions, in processes that may be killed, until the work is done or Ctrl-C comes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

from course import CourseError
from course.assignment import Assignment
from course.grading.engine import refuse
from course.grading.result import CellScore, GradedNotebook, Limits
from course.grading.submissions import HandedIn, Submission

Known = Mapping[str, CellScore]
Engine = Callable[[bytes, Assignment, Limits, Known], GradedNotebook]
MakeExecutor = Callable[[int], Executor]
Keep = Callable[[HandedIn, GradedNotebook, bool], None]


class Runner:
    """Keeps `jobs` submissions running, and hands each result to `keep`.

    `keep` gets what was handed in, the result, and whether the result is final: one that says only that grading
    itself failed is not, and the next run tries again. `known` tells what is known of a submission's tests already.
    """

    def __init__(
        self,
        limits: Limits,
        engine: Engine,
        executor: MakeExecutor,
        jobs: int,
        keep: Keep,
        known: Callable[[Submission], Known],
    ) -> None:
        self.limits, self.engine, self.executor, self.jobs = limits, engine, executor, jobs
        self.keep, self.known = keep, known
        self.pool = executor(jobs)
        self.running: dict[Future[GradedNotebook], HandedIn] = {}

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *error: object) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)

    def run(self, submissions: Sequence[Submission], stopping: Callable[[int], None]) -> None:
        """Grade all, or after Ctrl-C those that have begun; `stopping` is told once how many these are."""
        queue = list(reversed(submissions))
        with _Interrupts(lambda: _kill(self.pool)) as interrupts:
            while (queue and not interrupts.count) or self.running:
                while queue and len(self.running) < self.jobs and not interrupts.count:
                    self._start(self.pool, queue.pop().read())
                lost = self._collect()
                if interrupts.count and not interrupts.told:
                    interrupts.told = True
                    stopping(len(self.running))
                if lost:  # a grading process was killed, by whatever: find out alone which submission does that
                    self.pool.shutdown(wait=False, cancel_futures=True)
                    lost += self.running.values()
                    self.running = {}
                    for handed_in in lost:
                        self._alone(handed_in)
                    self.pool = self.executor(self.jobs)

    def try_solutions(self, assignments: Iterable[Assignment]) -> None:
        """Grade the solutions first: where they lose points, something here is broken; no student must pay for it.

        Raises:
            CourseError: a solution does not score everything.
        """
        solutions = {a.name: self.pool.submit(self.engine, a.source, a, self.limits, {}) for a in assignments}
        for name, future in solutions.items():
            try:
                graded = future.result()
            except BrokenExecutor as error:
                raise CourseError(f"A process that should grade was killed: {error}") from None
            check_solution(name, graded)

    def _start(self, pool: Executor, handed_in: HandedIn) -> None:
        assignment = handed_in.submission.assignment
        if handed_in.data is None:
            self.keep(handed_in, refuse(assignment, handed_in.error or ""), True)
            return
        try:
            future = pool.submit(self.engine, handed_in.data, assignment, self.limits, self.known(handed_in.submission))
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        self.running[future] = handed_in

    def _collect(self) -> list[HandedIn]:
        """Keep what is done; return what was lost because its process was killed."""
        done, _ = wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
        lost = []
        for future in done:
            handed_in = self.running.pop(future)
            error = future.exception()
            if error is None:
                self.keep(handed_in, future.result(), True)
            elif isinstance(error, BrokenExecutor):
                lost.append(handed_in)
            elif isinstance(error, CourseError):
                raise error
            else:  # the engine failed, which must cost nobody else anything
                self._failed(handed_in, f"{type(error).__name__}: {str(error)[:300]}")
        return lost

    def _alone(self, handed_in: HandedIn) -> None:
        pool = self.executor(1)
        try:
            self._start(pool, handed_in)
            while self.running:
                if self._collect():
                    self._failed(handed_in, "its process was killed twice: out of memory?")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _failed(self, handed_in: HandedIn, reason: str) -> None:
        error = f"Grading failed on this submission ({reason}); it is tried again in the next run."
        self.keep(handed_in, refuse(handed_in.submission.assignment, error), False)


def check_solution(assignment: str, graded: GradedNotebook) -> None:
    """Make sure that the solution of `assignment` scored everything.

    Raises:
        CourseError: it did not.
    """
    reasons = [f"the cell {cell} fails: {reason}" for cell, reason in graded.broken]
    reasons += [f"{score.grade_id} fails: {score.message}" for score in graded.failed]
    if reasons:
        why = reasons[0].splitlines()[0].rstrip(".")
        raise CourseError(f"The solution of {assignment} itself loses points here, so nobody is graded: {why}.")


class _Interrupts:
    """Counts Ctrl-C instead of raising it, so that no result is lost half-stored; the second one raises."""

    def __init__(self, at_once: Callable[[], None]) -> None:
        self.count, self.told, self.at_once = 0, False, at_once
        self.main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> _Interrupts:
        if self.main:
            self.before = signal.signal(signal.SIGINT, self.interrupted)
        return self

    def __exit__(self, *error: object) -> None:
        if self.main:
            signal.signal(signal.SIGINT, self.before)

    def interrupted(self, number: int, frame: object) -> None:
        self.count += 1
        if self.count > 1:
            self.at_once()
            raise KeyboardInterrupt


def _kill(pool: Executor) -> None:
    """End a pool's processes at once; their sandboxes notice and end too."""
    for process in list((getattr(pool, "_processes", None) or {}).values()):
        process.kill()
