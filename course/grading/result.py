"""What grading is given (limits) and what it gives back (a score for every test, and the notebook that shows them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from course import CourseError


@dataclass(frozen=True)
class Limits:
    """How much one submission may use, and how it is graded. Seconds are wall clock."""

    cell_seconds: int = 30
    call_seconds: int = 30  # of a test calling a student's function once
    notebook_seconds: int = 600
    output_bytes: int = 1_000_000  # kept of each cell's output
    restarts: int = 20  # processes that a submission may crash before the rest of it is given up
    memory_mb: int = 2048  # of all processes together, beyond what Python and the libraries take
    processes: int = 64  # threads count as processes
    open_files: int = 128  # sockets among them, whose buffers are memory that no limit counts
    file_mb: int = 64  # each file that it writes
    home_mb: int = 256  # all files that it writes
    run_show: bool = False  # also run pictures and training runs, on which nothing graded depends
    require_sandbox: bool = False  # refuse to grade where bubblewrap does not work
    key: str = field(default="", repr=False)  # the course's, from which hidden tests draw their inputs

    @classmethod
    def of(cls, settings: Mapping[str, Any], **more: Any) -> Limits:
        """The limits with what a course's configuration sets.

        Raises:
            CourseError: a setting that there is not, or that is no positive integer.
        """
        known = [limit.name for limit in fields(cls) if limit.type == "int"]
        for name, value in settings.items():
            if name not in known:
                raise CourseError(f"c.Limits.{name} is no limit; there are {', '.join(known)}.")
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise CourseError(f"c.Limits.{name} must be a positive integer, got {value!r}.")
        return cls(**{**settings, **more})


@dataclass(frozen=True)
class Outcome:
    """How one cell ended. `frames`: (index of the cell, line) of each frame in a cell, outermost first.

    by_student: the exception came out of the student's code, not out of a test.
    value: of a test, the number that it left as its result, or None.
    """

    ended: Literal["ok", "error", "timeout", "died", "skipped"]
    outputs: tuple[dict[str, Any], ...] = ()
    ename: str = ""
    evalue: str = ""
    frames: tuple[tuple[int, int], ...] = ()
    seconds: float = 0.0
    by_student: bool = False
    value: float | None = None


@dataclass(frozen=True)
class CellScore:
    """The verdict on one test cell. `message` says what is wrong, or is None; `hidden`: a hidden test failed."""

    grade_id: str
    title: str
    points: float
    max_points: float
    message: str | None = None
    hidden: bool = False


@dataclass(frozen=True)
class GradedNotebook:
    """One submission, graded.

    scores: one for each test cell of the assignment, in order, whatever the submission holds.
    notebook: the autograded notebook, each test cell as it was released with the verdict as its output.
    isolation: how well the student's code was kept from its own grade.
    seconds: wall clock.
    error: why the submission as a whole could not be graded (then all scores are 0), or None.
    notes: what was put right before grading, such as a missing cell.
    unanswered: exercise and manual cells that are as they were released.
    by_hand: manual cells with an answer, for a person to grade.
    broken: setup, show and exercise cells that failed when they ran, each with the reason.
    tests: for each of `scores` a hash of all that it depends on; "" for one that may come out otherwise next time.
    """

    scores: tuple[CellScore, ...]
    notebook: bytes = field(repr=False)
    isolation: str
    seconds: float
    error: str | None = None
    notes: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """The points of all test cells together."""
        return sum(score.points for score in self.scores)

    @property
    def max_points(self) -> float:
        """What the test cells are worth together."""
        return sum(score.max_points for score in self.scores)

    @property
    def failed(self) -> tuple[CellScore, ...]:
        """The test cells that did not earn all their points."""
        return tuple(score for score in self.scores if score.points < score.max_points)

    def summary(self) -> dict[str, Any]:
        """Everything but the notebook, as plain data."""
        return {key: value for key, value in asdict(self).items() if key != "notebook"}

    @classmethod
    def from_summary(cls, summary: dict[str, Any], notebook: bytes) -> GradedNotebook:
        """The inverse of `summary`."""
        return cls(
            **summary
            | {
                "scores": tuple(CellScore(**score) for score in summary["scores"]),
                "notes": tuple(summary["notes"]),
                "unanswered": tuple(summary["unanswered"]),
                "by_hand": tuple(summary["by_hand"]),
                "broken": tuple((cell, reason) for cell, reason in summary["broken"]),
                "tests": tuple(summary["tests"]),
                "notebook": notebook,
            }
        )
