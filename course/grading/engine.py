"""`grade`: one submission in, its scores out. A pure function, so that any executor can map it over a class.

A submission that cannot be graded is never an exception: its error is its result. `CourseError` means that grading
itself cannot go on, as when no process starts.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import Any, NoReturn

from course import CourseError
from course.assignment import Assignment
from course.grading import autograded, isolation, judge
from course.grading.rebuild import RebuiltCell, blank, rebuild
from course.grading.result import CellScore, GradedNotebook, Limits, Outcome
from course.grading.verdict import reason, score
from course.leaks import Searcher, secrets

VERSION = 3  # counted up when the engine judges differently, so that everything is graded again
MARGIN = 60  # seconds beyond a notebook's own after which its judge is given up


def grade(
    notebook: bytes,
    assignment: Assignment,
    limits: Limits | None = None,
    known: Mapping[str, CellScore] = MappingProxyType({}),
) -> GradedNotebook:
    """Grade one submission.

    Args:
        notebook: what the student handed in, which may be anything.
        assignment: the instructor's source.
        limits: how much the submission may use; `Limits()` if not given.
        known: scores of an earlier grading under their hashes, `GradedNotebook.tests`; these tests do not run again.

    Returns:
        A score for every test cell, and the autograded notebook.

    Raises:
        CourseError: no process can be started here; that is nobody's submission's fault.
    """
    limits = limits or Limits()
    began = monotonic()
    try:
        rebuilt = rebuild(notebook, assignment)
    except CourseError as error:
        return refuse(assignment, str(error))
    sandbox = isolation.sandbox(limits.require_sandbox)
    hashes = _hashes(rebuilt.cells, assignment, limits)
    wanted = frozenset(index for index, digest in hashes.items() if digest not in known)
    try:
        outcomes = _examined(rebuilt.cells, assignment, limits, sandbox, wanted)
    except isolation.LostError:  # whoever ended it, it was not this submission, which cannot reach it
        sandbox = isolation.sandbox(limits.require_sandbox, lost=sandbox)
        outcomes = _examined(rebuilt.cells, assignment, limits, sandbox, wanted)
    secret = _secret(assignment)
    scores = tuple(
        score(index, rebuilt.cells, outcomes, secret, limits.cell_seconds) if index in wanted else known[digest]
        for index, digest in hashes.items()
    )
    lasting = tuple(
        "" if index in wanted and outcomes[index].ended not in ("ok", "error") else digest
        for index, digest in hashes.items()
    )
    composed = autograded.compose(assignment, rebuilt.cells, outcomes, scores, secret)
    broken = tuple(
        (cell.origin.label, reason(outcome))
        for cell, outcome in zip(rebuilt.cells, outcomes, strict=True)
        if cell.origin and cell.role not in ("test", "text") and outcome.ended in ("error", "timeout", "died")
    )
    return _sealed(
        composed,
        scores=scores,
        isolation=sandbox.level,
        seconds=round(monotonic() - began, 3),
        notes=rebuilt.notes,
        unanswered=rebuilt.unanswered,
        by_hand=rebuilt.by_hand,
        broken=broken,
        tests=lasting,
    )


def refuse(assignment: Assignment, error: str) -> GradedNotebook:
    """The result of a submission that cannot be graded at all: no points, and the reason on top of the notebook."""
    rebuilt = blank(assignment)
    scores = tuple(
        CellScore(cell.label, cell.title, 0.0, cell.points or 0.0, "not graded: the submission could not be read.")
        for cell in assignment.tests
    )
    skipped = [Outcome("skipped") for _ in rebuilt.cells]
    composed = autograded.compose(assignment, rebuilt.cells, skipped, scores, Searcher(()))
    return _sealed(
        composed, scores=scores, isolation="nothing ran", seconds=0.0, error=error, unanswered=rebuilt.unanswered
    )


def _sealed(composed: dict[str, Any], **result: Any) -> GradedNotebook:
    graded = GradedNotebook(notebook=b"", **result)
    return replace(graded, notebook=autograded.seal(composed, graded.summary()))


@lru_cache(maxsize=16)
def _secret(assignment: Assignment) -> Searcher:
    return Searcher(secrets(assignment, solutions=False))


def _hashes(cells: Sequence[RebuiltCell], assignment: Assignment, limits: Limits) -> dict[int, str]:
    """For the index of each test a hash of all that its outcome depends on."""
    versions = (VERSION, sys.version, *(version(name) for name in ("numpy", "scipy", "ipython")))
    common = hashlib.sha256(repr((versions, limits, limits.key, assignment.files)).encode())
    for cell in cells:
        if cell.type == "code" and cell.role not in ("test", "show"):
            common.update(repr((cell.role, cell.code)).encode())
    hashes = {}
    for index, cell in enumerate(cells):
        if cell.role == "test" and cell.origin:
            before = sum(other.role not in ("test", "show") for other in cells[:index])
            digest = common.copy()
            digest.update(repr((before, cell.origin.label, cell.origin.points, cell.code)).encode())
            hashes[index] = digest.hexdigest()
    return hashes


def _examined(
    cells: Sequence[RebuiltCell],
    assignment: Assignment,
    limits: Limits,
    sandbox: isolation.Sandbox,
    wanted: frozenset[int],
) -> list[Outcome]:
    """The outcomes that a judge reports, which is a process of its own: what it has read is nobody else's."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="course-judge-", ignore_cleanup_errors=True) as folder:
        for name, content in assignment.files:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        judging = os.fork()  # not by `multiprocessing`, which lets a daemon, as Dask's workers are, have no children
        if judging == 0:
            _examine(theirs, cells, assignment.files, limits, sandbox, wanted, folder)
        theirs.close()
        try:
            if not ours.poll(limits.notebook_seconds + MARGIN):
                raise RuntimeError("the judge did not end in time")
            answer = ours.recv()
        except EOFError:
            raise RuntimeError("the judge died: out of memory?") from None
        finally:
            os.kill(judging, signal.SIGKILL)
            os.waitpid(judging, 0)
            ours.close()
    if isinstance(answer, CourseError):
        raise answer
    outcomes: list[Outcome] = answer
    return outcomes


def _examine(pipe: Any, *arguments: Any) -> NoReturn:
    try:
        pipe.send(judge.examine(*arguments))
    except CourseError as error:
        pipe.send(error)
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(0)  # whatever happens, it must not go on as a second one of the process that it was forked from
