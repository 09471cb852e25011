"""The judge: runs setup and test cells in a process of its own, and asks the student's process for everything else.

Points come from here alone: a test earns them only when the judge itself saw it end without an exception. Where the
student's process dies or hangs, the cell that was running pays for it; a new process runs the cells before it again,
without those that were deadly, and the rest is graded.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import linecache
import os
import re
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from course.grading.isolation import Sandbox
from course.grading.proxies import StudentError
from course.grading.rebuild import RebuiltCell
from course.grading.result import Limits, Outcome
from course.grading.session import Ended, OutOfTime, Session
from course.grading.verdict import quotes
from course.kit import checks
from course.leaks import strings
from course.names import survey

MEMORY_MB = 1024  # that the judge may have beyond what a student's process may
FULL_CELLS = 20  # of output, which a notebook as a whole may have
MARGIN = 5  # seconds beyond a cell's own that the judge may take to compare and to describe
_SPECIAL = re.compile(r"\b__\w+__\b")
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


class Judge:
    """Grades one notebook."""

    def __init__(
        self, cells: Sequence[RebuiltCell], files: Sequence[tuple[str, bytes]], limits: Limits, sandbox: Sandbox
    ):
        self.cells, self.files, self.limits, self.sandbox = cells, files, limits, sandbox
        self.outcomes = [Outcome("skipped") for _ in cells]
        self.names: dict[str, Any] = {"__name__": "__main__"}  # what setup cells bind
        self.interface = frozenset().union(*(c.origin.binds for c in cells if c.origin and c.role == "exercise"))
        # Objects may do what the solution's can, and no more.
        own = (cell.origin.source for cell in cells if cell.origin and cell.role in ("setup", "exercise"))
        self.operators = frozenset(_SPECIAL.findall("\n".join(own)))
        self.restarts = 0
        self.room = FULL_CELLS * limits.output_bytes  # for what cells may still show
        self.deadline = time.monotonic() + limits.notebook_seconds
        self.life = contextlib.ExitStack()  # of the student's process
        self.digest = hashlib.sha256(limits.key.encode())
        for cell in cells:
            if cell.role in ("exercise", "own", "manual"):
                self.digest.update(hashlib.sha256(cell.source.encode()).digest())

    def run(self, wanted: frozenset[int]) -> list[Outcome]:
        """Run the notebook in order; of the tests those at the indices in `wanted`."""
        with self.life:
            self._begin()
            for index, cell in enumerate(self.cells):
                if time.monotonic() >= self.deadline or self.restarts > self.limits.restarts:
                    break
                if cell.type != "code" or not cell.code.strip() or (cell.role == "test" and index not in wanted):
                    continue
                began = time.monotonic()
                outcome = self._test(index) if cell.role == "test" else self._cell(index)
                self.outcomes[index] = replace(outcome, seconds=time.monotonic() - began)
        return self.outcomes

    def show(self, told: frozenset[int]) -> dict[int, Outcome]:
        """Run the student's side once more, pictures too, in a process that sees no hidden test: what may be shown.

        The visible tests run there as well, for what comes after may use their names. Those at the indices in `told`
        run here, too, and have their own outcome: what they say of a failure.
        """
        shown: dict[int, Outcome] = {}
        deadly = {index for index, outcome in enumerate(self.outcomes) if outcome.ended in ("died", "timeout")}
        while self.restarts <= self.limits.restarts:
            with contextlib.ExitStack() as self.life:
                self._begin()
                self.room = FULL_CELLS * self.limits.output_bytes
                for index, cell in enumerate(self.cells):
                    shows = cell.role != "show" or self.limits.run_show
                    if index in deadly or cell.type != "code" or not cell.source.strip() or not shows:
                        continue
                    if time.monotonic() >= self.deadline:
                        return shown
                    self._time_for_a_cell()
                    usable = True
                    try:
                        if index in told:
                            shown[index] = self._execute(index, cell.source, self._names(index, cell.source))
                            self.session.forget()
                            usable = self.usable and shown[index].ended != "died"
                        if usable:
                            outcome = self._run(index, cell.source)
                            shown.setdefault(index, outcome)
                    except OutOfTime as error:
                        shown.setdefault(index, Outcome("timeout", frames=error.frames))
                        usable = error.usable
                    except Ended:
                        shown.setdefault(index, Outcome("died"))
                        usable = False
                    if not usable:
                        deadly.add(index)
                        break
                else:
                    return shown
            self.restarts += 1
        return shown

    def _run(self, index: int, source: str) -> Outcome:
        """Run a cell of the student's side; all of them together may show as much as some of them."""
        outcome = self.session.run(index, source, min(self.limits.output_bytes, self.room))
        self.room = max(0, self.room - sum(map(len, strings(list(outcome.outputs)))))
        return outcome

    def _begin(self) -> None:
        student = self.life.enter_context(self.sandbox.student(self.limits))
        self.session = Session(student, self.limits, self.operators, hold=True)
        self.session.files(self.files)

    def _again(self, upto: int) -> None:
        """A new process with everything in it that the old one had run, but for what hung or ended it."""
        while self.restarts < self.limits.restarts:
            self.restarts += 1
            self.life.close()
            self._begin()
            for index, cell in enumerate(self.cells[:upto]):
                runs = cell.type == "code" and cell.role not in ("test", "show") and cell.code.strip()
                if not runs or self.outcomes[index].ended not in ("ok", "error"):
                    continue
                self._time_for_a_cell()
                try:
                    self.session.run(index, cell.code, 0)
                except (Ended, OutOfTime) as error:
                    self.outcomes[index] = Outcome("died" if isinstance(error, Ended) else "timeout")
                    break  # it was deadly this time, so it is left out next time
            else:
                return
        self.restarts += 1

    def _time_for_a_cell(self) -> None:
        self.session.deadline = min(self.deadline, time.monotonic() + self.limits.cell_seconds)

    def _cell(self, index: int) -> Outcome:
        cell = self.cells[index]
        if cell.role == "show":
            return Outcome("skipped")
        self._time_for_a_cell()
        try:
            outcome = self._run(index, cell.code)
        except OutOfTime as error:
            outcome = Outcome("timeout", frames=error.frames)
            if not error.usable:
                self._again(index)
        except Ended as error:
            outcome = Outcome("died", evalue=str(error))
            self._again(index)
        if cell.role == "setup":
            ours = self._execute(index, _MAGIC.sub("pass", cell.code), self.names)
            if ours.ended != "ok":
                return ours
        return outcome

    def _test(self, index: int) -> Outcome:
        cell = self.cells[index]
        self._time_for_a_cell()
        try:
            names = self._names(index, cell.code)
        except (Ended, OutOfTime):
            self._again(index)
            return Outcome("died")
        outcome = self._execute(index, cell.code, names)
        self.session.forget()
        if outcome.ended == "died" or (outcome.ended == "timeout" and not self.usable):
            self._again(index)
        return outcome

    def _names(self, index: int, source: str) -> dict[str, Any]:
        """What a test cell may use."""
        origin = self.cells[index].origin
        assert origin is not None
        names = self.names | self.session.names(survey(source).needs & self.interface)
        if "rng" in self.names:  # secret, the same for the same answers, and independent of which other tests run
            secret = hashlib.sha256(self.digest.digest() + origin.label.encode()).digest()
            names["rng"] = np.random.default_rng(list(secret))
        return names

    def _execute(self, index: int, source: str, names: dict[str, Any]) -> Outcome:
        """Run a cell of the instructor's here. The value of a last expression is the outcome's."""
        self.usable = True
        filename = f"<cell {index}>"
        linecache.cache[filename] = (len(source), None, [line + "\n" for line in source.split("\n")], filename)
        try:
            body, last = _compiled(source, filename)
            with _at_most(self.limits.cell_seconds + MARGIN):
                exec(body, names)
                value = eval(last, names) if last else None
        except OutOfTime as error:
            self.usable = error.usable
            return Outcome("timeout", frames=(*_here(error, index), *error.frames))
        except Ended as error:
            return Outcome("died", evalue=str(error))
        except StudentError as error:
            frames = (*_here(error, index), *error.frames)
            return Outcome("error", (), error.ename, str(error), frames, by_student=True)
        except Exception as error:
            return Outcome("error", (), type(error).__name__, str(error), _here(error, index))
        if not isinstance(value, int | float | np.number) or isinstance(value, bool):
            return Outcome("ok")
        try:
            return Outcome("ok", value=float(value))
        except (OverflowError, TypeError):  # the student's number, not the test's
            return Outcome("ok", value=0.0)


def _compiled(source: str, filename: str) -> tuple[CodeType, CodeType | None]:
    """The statements of a cell, and its last expression."""
    tree = ast.parse(source, filename)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    expression = compile(ast.Expression(last.value), filename, "eval") if isinstance(last, ast.Expr) else None
    return compile(tree, filename, "exec"), expression


def _here(error: BaseException, index: int) -> tuple[tuple[int, int], ...]:
    walked = traceback.walk_tb(error.__traceback__)
    return tuple((index, line) for frame, line in walked if frame.f_code.co_filename == f"<cell {index}>")


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise `OutOfTime` in the block if it takes longer; for what the judge itself computes."""

    def ring(number: int, frame: object) -> None:
        raise OutOfTime((), False)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)  # again and again, for NumPy swallows what comes out of a __len__
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def examine(
    cells: Sequence[RebuiltCell],
    files: Sequence[tuple[str, bytes]],
    limits: Limits,
    sandbox: Sandbox,
    wanted: frozenset[int],
    folder: str,
) -> list[Outcome]:
    """The outcome of every cell; `wanted` are the indices of the tests to run. To be called in a process of its own."""
    os.chdir(folder)
    _limit_memory(limits.memory_mb + MEMORY_MB)
    judge = Judge(cells, files, limits, sandbox)
    for name in ("assert_close", "assert_shape", "assert_unchanged"):
        setattr(checks, name, _looking(judge, getattr(checks, name)))
    outcomes = judge.run(wanted)
    knowing = _knowing(cells, outcomes)
    told = frozenset(index for index in knowing if cells[index].role == "test")
    if limits.run_show or knowing:
        shown = judge.show(told)
        for index, cell in enumerate(cells):
            if index in knowing or (index in shown and cell.role != "test"):
                outcomes[index] = _shown(outcomes[index], shown.get(index))
    return outcomes


def _looking(judge: Judge, check: Callable[..., None]) -> Callable[..., None]:
    """A check of the kit's that sees what the student's code has changed in the array that it looks at."""

    @wraps(check)
    def looking(*args: Any, **kwargs: Any) -> None:
        for looked_at in (*args[:1], kwargs.get("actual"), kwargs.get("array")):
            judge.session.see(looked_at)
        check(*args, **kwargs)

    return looking


def _limit_memory(megabytes: int) -> None:
    """Let this process have so much more: what a test computes from a small answer may be large."""
    with contextlib.suppress(OSError, ValueError):  # no /proc, or less is allowed already
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + megabytes * 2**20, resource.RLIM_INFINITY))


def _knowing(cells: Sequence[RebuiltCell], outcomes: Sequence[Outcome]) -> frozenset[int]:
    """The cells that said something after a hidden test: what they say may be its inputs, whatever it looks like."""
    tests = (index for index, cell in enumerate(cells) if cell.origin and cell.role == "test" and cell.origin.hidden)
    first = next(tests, len(cells))
    later = ((index, outcomes[index]) for index in range(first + 1, len(cells)))
    return frozenset(
        index for index, outcome in later if outcome.outputs or quotes(cells[index].origin, index, outcome)
    )


def _shown(outcome: Outcome, shown: Outcome | None) -> Outcome:
    """An outcome that says what the cell says where no hidden test has run. If it fails only after one: nothing."""
    if outcome.ended == "skipped":
        return shown or outcome
    outputs = shown.outputs if shown else ()
    if outcome.ended != "error":
        return replace(outcome, outputs=outputs)
    if shown is None or shown.ended != "error":
        return replace(outcome, outputs=outputs, ename="", evalue="")
    return replace(shown, seconds=outcome.seconds)
