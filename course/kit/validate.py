"""Which tests of a notebook pass, and why the others do not: `course check`, for students.

    python -m course.kit.validate convolution.ipynb

runs the notebook from top to bottom in a fresh kernel, in its own folder, and changes nothing in it. Pictures and
training runs are left out: no test depends on them.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Any, Literal, TextIO

from course import CourseError

SECONDS = 60  # for each cell
STATUS = {"passed": "32", "failed": "31", "timed out": "33", "not run": "33"}  # with its colour on a terminal
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"Cell In ?\[(\d+)\], line (\d+)")
_FILE = re.compile(r"\(\d+\.py, (?=line \d+\)$)")  # the name under which a cell was compiled
_MISSING = re.compile(r"name '(\w+)' is not defined")


@dataclass(frozen=True)
class Verdict:
    """How one cell ended; `message` says why it did not pass."""

    grade_id: str
    title: str
    status: Literal["passed", "failed", "timed out", "not run"]
    message: str = ""
    is_test: bool = True


def check(
    path: Path, seconds: int = SECONDS, progress: Callable[[int, int], None] = lambda cell, of: None
) -> list[Verdict]:
    """Run the notebook at `path` and judge its test cells.

    Args:
        path: a released notebook, answered or not.
        seconds: how long one cell may run.
        progress: told the number of the cell that runs, and the number of all.

    Returns:
        A verdict for each test cell, and for each other cell that failed, in order.

    Raises:
        CourseError: there is no notebook at `path`, it has no tests, or no kernel starts.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    notebook = _read(path)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=seconds,
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout={"ename": "CellTimeoutError", "evalue": "", "traceback": []},
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    replies: list[dict[str, Any]] = []
    client.on_cell_executed = lambda cell, cell_index, execute_reply: replies.append(execute_reply["content"])
    sources: dict[int, list[str]] = {}
    failed: list[tuple[str, Verdict]] = []
    verdicts, ended = [], ""
    try:
        client.create_kernel_manager()
        # What the process itself writes, beside its cells' output, is of no use to a student.
        client.start_new_kernel(cwd=str(path.resolve().parent), stdout=DEVNULL, stderr=DEVNULL)
        client.start_new_kernel_client()
    except Exception as error:
        raise CourseError(f"No Python kernel starts ({error}); is ipykernel installed in {sys.prefix}?") from None
    try:
        for index, cell in enumerate(notebook.cells):
            progress(index + 1, len(notebook.cells))
            if cell.cell_type != "code" or "show" in cell.metadata.get("tags", []):
                continue
            replies.clear()
            runs = not ended
            if runs:
                try:
                    client.execute_cell(cell, index, store_history=True)
                except DeadKernelError:
                    ended = f"the Python process ended in cell {index + 1}: a crash, or an exit()"
                except CellTimeoutError:
                    ended = f"cell {index + 1} could not be stopped: an endless loop that catches every exception?"
            sources[cell.execution_count or 0] = cell.source.split("\n")
            verdict = _verdict(cell, index, replies[0] if replies else {}, ended, seconds, sources, failed)
            if verdict.is_test:
                verdicts.append(verdict)
            elif runs and verdict.status != "passed":
                verdicts.append(verdict)
                failed.append((cell.source, verdict))
    finally:
        client._cleanup_kernel()
    return verdicts


def _read(path: Path) -> Any:
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        tests = sum(_is_test(cell) for cell in notebook.cells)
    except OSError as error:
        raise CourseError(
            f"{path} cannot be read ({error.strerror}); name a notebook, such as convolution.ipynb."
        ) from None
    except Exception:  # nbformat raises many kinds for what is no notebook
        raise CourseError(f"{path} is no notebook; open it in JupyterLab and save it again.") from None
    if not tests:
        raise CourseError(f"{path} holds no test cells; check a notebook that was released by this course.")
    return notebook


def _is_test(cell: Any) -> bool:
    grading = cell.metadata.get("nbgrader", {})
    return bool(cell.cell_type == "code" and grading.get("grade") and not grading.get("solution"))


def _verdict(
    cell: Any,
    index: int,
    reply: dict[str, Any],
    ended: str,
    seconds: int,
    sources: dict[int, list[str]],
    failed: Sequence[tuple[str, Verdict]],
) -> Verdict:
    grading, is_test = cell.metadata.get("nbgrader", {}), _is_test(cell)
    grade_id = grading.get("grade_id", "test" if is_test else f"number {index + 1}")
    title = cell.source.split("\n", 1)[0].lstrip("# ").strip()
    if not is_test:
        title = f"{'the' if grading.get('locked') else 'your'} cell {grade_id}"
    if not reply and (is_test or ended):
        return Verdict(grade_id, title, "not run" if is_test else "failed", ended, is_test)
    if not reply or reply["status"] == "ok":  # an empty cell has no reply
        return Verdict(grade_id, title, "passed", is_test=is_test)
    if reply.get("ename") == "CellTimeoutError":
        return Verdict(grade_id, title, "timed out", f"no answer within {seconds} s: an endless loop?", is_test)
    message = _message(reply, cell.execution_count if is_test else None, sources, failed)
    return Verdict(grade_id, title, "failed", message, is_test)


def _message(
    reply: dict[str, Any], test: int | None, sources: dict[int, list[str]], failed: Sequence[tuple[str, Verdict]]
) -> str:
    """Why a cell failed, where in the student's own cells, and which cell before is to blame."""
    ename, evalue = reply.get("ename", "Error"), reply.get("evalue", "")
    if test and ename in ("CheckFailed", "AssertionError"):
        return f"{ename}: {evalue}".strip()
    place = _place(reply.get("traceback", []), test, sources)
    if ename == "NotImplementedError" and not evalue:  # with a text it is not the released stub
        if place and _is_begun(*place):
            return "your code is there, but `raise NotImplementedError()` still stands in it: delete that line."
        return "not answered yet"
    message = f"{ename}: {_FILE.sub('(', evalue)}".strip()
    if place:
        lines, line = place
        message += f"\nin your line {line}: {lines[line - 1].strip()}"
    missing = _MISSING.search(evalue) if ename == "NameError" else None
    return message + (_why_missing(missing[1], failed) if missing else "")


def _place(traceback: Sequence[str], test: int | None, sources: dict[int, list[str]]) -> tuple[list[str], int] | None:
    """The innermost line of the student's own cells in an IPython traceback: the cell's lines, and its number."""
    frames = [(int(count), int(line)) for count, line in _FRAME.findall(_ANSI.sub("", "\n".join(traceback)))]
    inside = [(sources[count], line) for count, line in frames if count != test and count in sources]
    return inside[-1] if inside and 0 < inside[-1][1] <= len(inside[-1][0]) else None


def _is_begun(lines: Sequence[str], line: int) -> bool:
    """Whether the function around `line`, or else the cell, holds more than a docstring and a `raise`."""
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:  # a command of IPython's own, such as %time
        return False
    body = tree.body
    for node in ast.walk(tree):  # inner functions come after outer ones
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            body = node.body
    return not all(
        isinstance(statement, ast.Raise)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in body
    )


def _why_missing(name: str, failed: Sequence[tuple[str, Verdict]]) -> str:
    """Which cell should have bound `name`, and why it did not."""
    binds = re.compile(rf"^(?:def |class |(?:import|from) .*\b)?{name}\b", re.MULTILINE)
    for source, verdict in failed:
        uses = f"name '{name}' is not defined" in verdict.message  # it lacks the name itself
        if not uses and (verdict.grade_id == name or binds.search(source)):
            return f"\n{verdict.title} failed: {verdict.message}"
    return ""


def report(path: Path, seconds: int = SECONDS, out: TextIO | None = None) -> int:
    """Check the notebook at `path` and print what came out.

    Returns:
        0 if all tests pass, else 1.
    """
    out = out or sys.stdout
    live = sys.stderr.isatty()

    def progress(cell: int, of: int) -> None:
        if live:
            print(f"\r\x1b[Krunning cell {cell} of {of}", end="", file=sys.stderr, flush=True)

    try:
        verdicts = check(path, seconds, progress)
    finally:
        if live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    for verdict in verdicts:
        status = f"{verdict.status:<9}"
        if out.isatty():
            status = f"\x1b[{STATUS[verdict.status]}m{status}\x1b[0m"
        name = f"{verdict.title}  [{verdict.grade_id}]" if verdict.is_test else verdict.title
        print(f"{status} {name}", file=out)
        for line in verdict.message.splitlines():
            print(f"            {line}", file=out)
    tests = [verdict for verdict in verdicts if verdict.is_test]
    passed = sum(verdict.status == "passed" for verdict in tests)
    print(f"\n{passed} of {len(tests)} visible tests pass. Grading adds hidden ones.", file=out)
    return 0 if passed == len(tests) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of this module; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m course.kit.validate", description="Which tests pass, and why not?")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--timeout", type=int, default=SECONDS, help="seconds for each cell (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        return report(chosen.notebook, chosen.timeout)
    except CourseError as error:
        print(f"course: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
