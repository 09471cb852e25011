"""Which tests of a notebook pass, and why the others do not: `course check`, for students.

    python -m course.kit.validate convolution.ipynb

runs the notebook from top to bottom in a fresh kernel, in its own folder, and changes nothing in it. Pictures and
training runs are left out: no test depends on them.
"""

from __future__ import annotations

import argparse
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


@dataclass(frozen=True)
class Verdict:
    """How one test cell ended; `message` says why it did not pass."""

    grade_id: str
    title: str
    status: Literal["passed", "failed", "timed out", "not run"]
    message: str = ""


def check(
    path: Path, seconds: int = SECONDS, progress: Callable[[int, int], None] = lambda cell, of: None
) -> list[Verdict]:
    """Run the notebook at `path` and judge its test cells.

    Args:
        path: a released notebook, answered or not.
        seconds: how long one cell may run.
        progress: told the number of the cell that runs, and the number of all.

    Returns:
        A verdict for each test cell, in order.

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
            if not ended:
                try:
                    client.execute_cell(cell, index, store_history=True)
                except DeadKernelError:
                    ended = f"the Python process ended in cell {index + 1}: a crash, or an exit()"
                except CellTimeoutError:
                    ended = f"cell {index + 1} could not be stopped: an endless loop that catches every exception?"
            sources[cell.execution_count or 0] = cell.source.split("\n")
            if _is_test(cell):
                verdicts.append(_verdict(cell, replies[0] if replies else {}, ended, seconds, sources))
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


def _verdict(cell: Any, reply: dict[str, Any], ended: str, seconds: int, sources: dict[int, list[str]]) -> Verdict:
    grade_id = cell.metadata["nbgrader"].get("grade_id", "test")
    title = cell.source.split("\n", 1)[0].lstrip("# ").strip()
    if not reply:
        return Verdict(grade_id, title, "not run", ended)
    if reply["status"] == "ok":
        return Verdict(grade_id, title, "passed")
    if reply.get("ename") == "CellTimeoutError":
        return Verdict(grade_id, title, "timed out", f"no answer within {seconds} s: an endless loop?")
    message = f"{reply.get('ename', 'Error')}: {reply.get('evalue', '')}"
    if reply.get("ename") == "NotImplementedError":
        message = "not answered yet"
    elif reply.get("ename") not in ("CheckFailed", "AssertionError"):
        message += _place(reply.get("traceback", []), cell.execution_count, sources)
    return Verdict(grade_id, title, "failed", message.strip())


def _place(traceback: Sequence[str], test: int | None, sources: dict[int, list[str]]) -> str:
    """The innermost line of the student's own cells in an IPython traceback."""
    frames = [(int(count), int(line)) for count, line in _FRAME.findall(_ANSI.sub("", "\n".join(traceback)))]
    inside = [(sources[count], line) for count, line in frames if count != test and count in sources]
    if not inside or not 0 < inside[-1][1] <= len(inside[-1][0]):
        return ""
    lines, line = inside[-1]
    return f"\nin your line {line}: {lines[line - 1].strip()}"


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
        print(f"{status} {verdict.title}  [{verdict.grade_id}]", file=out)
        for line in verdict.message.splitlines():
            print(f"            {line}", file=out)
    passed = sum(verdict.status == "passed" for verdict in verdicts)
    print(f"\n{passed} of {len(verdicts)} visible tests pass. Grading adds hidden ones.", file=out)
    return 0 if passed == len(verdicts) else 1


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
