"""How results look on a terminal: one progress bar and one table, plain and whole where the output is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from course.grading.batch import Graded
    from course.grading.result import GradedNotebook

LISTED = 4  # tests named in one line of the table
MOST_LOST = 4  # tests that are named in one line of a table
PLAIN_WIDTH = 200  # of a table in a file or a pipe, where no window limits it


def console(stderr: bool = False) -> Console:
    """The terminal, or a wide plain page."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if terminal else PLAIN_WIDTH, highlight=False)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{60 * task.speed:.0f} a minute" if task.speed else "")


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar on standard error, nothing where that is no terminal; call it with what has just been done."""
    page = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=page, disable=not page.is_terminal, transient=True) as bar:
        task = bar.add_task(escape(what), total=total)
        yield lambda done: bar.update(task, advance=1, description=escape(done))


def points(value: float) -> str:
    """Points without a needless fraction: 2, 1.5."""
    return f"{value:.10g}"


def lost(result: GradedNotebook) -> str:
    """Which tests cost how much, the most expensive first; many are summed up."""
    tests = sorted(result.failed, key=lambda score: score.points - score.max_points)
    if len(tests) == len(result.scores) and not result.points:
        return "everything"
    shown, rest = tests[:MOST_LOST], tests[MOST_LOST:]
    parts = [f"{test.grade_id} -{points(test.max_points - test.points)}" for test in shown]
    if rest:
        parts.append(f"{len(rest)} more -{points(sum(test.max_points - test.points for test in rest))}")
    return ", ".join(parts)


def note(graded: Graded) -> str:
    """What else there is to say of a submission."""
    result = graded.result
    parts = [result.error or "", *result.notes]
    if not result.error and result.unanswered:
        parts.append(f"{len(result.unanswered)} not answered")
    if result.by_hand:
        parts.append(f"{len(result.by_hand)} to grade by hand")
    if not graded.fresh:
        parts.append("unchanged")
    return " ".join(part if part.endswith(".") else part + "." for part in parts if part)


def summary(results: Sequence[Graded]) -> str:
    """How many there are, how many of them are new, and what they score on average."""
    unchanged = sum(not graded.fresh for graded in results)
    most = sum(graded.result.max_points for graded in results)
    share = sum(graded.result.points for graded in results) / most if most else 1
    counted = f"{len(results)} submissions" + (f", {unchanged} of them unchanged" if unchanged else "")
    return f"{counted}; together {share:.0%} of the points."


def grade_table(results: Iterable[Graded], kinds: dict[str, str] | None = None) -> Table:
    """A line for each submission: who, which assignment if there are several, the score, what was lost, a note.

    Args:
        kinds: what is known of each student's submission, shown in a column of its own if given.
    """
    results = list(results)
    several = len({graded.assignment for graded in results}) > 1
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("student", *["submission"] * bool(kinds), *["assignment"] * several):
        table.add_column(column, no_wrap=not sys.stdout.isatty())
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("lost")
    table.add_column("note")
    for graded in results:
        result = graded.result
        share = result.points / result.max_points if result.max_points else 1.0
        colour = "green" if share == 1 else "red" if share < 0.5 else "yellow"
        row = [escape(graded.student)]
        row += [escape(kinds.get(graded.student, ""))] if kinds else []
        row += [escape(graded.assignment)] if several else []
        score = f"[{colour}]{points(result.points)} / {points(result.max_points)}[/]"
        table.add_row(*row, score, escape(lost(result)), escape(note(graded)))
    return table
