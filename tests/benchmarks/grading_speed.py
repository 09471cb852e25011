"""How fast `course grade` is beside `nbgrader autograde`, on the same submissions of 06_convolution in one run.

    python tests/benchmarks/grading_speed.py                      # 24 submissions; a quarter of an hour
    python tests/benchmarks/grading_speed.py --submissions 6      # a first look

Commands are timed whole, start-up included, and each grades the whole class anew. The submissions are honest: right
answers of several kinds, and one wrong answer in each. At the end stands what the figures mean for 10,000 students
and ten assignments like this one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from course.assignment import Assignment, load
from course.authoring.answers import read_bank, submission
from course.authoring.places import answer_bank

NAME = "06_convolution"
STUDENTS, ASSIGNMENTS = 10_000, 10
page = Console(width=110)


@dataclass(frozen=True)
class Run:
    """One command and its seconds."""

    what: str
    seconds: float

    def rate(self, submissions: int) -> float:
        return 60 * submissions / self.seconds


def timed(what: str, course: Path, *command: str) -> Run:
    page.print(f"[dim]{what} ...[/]")
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *command], cwd=course, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{what} failed:\n{done.stdout}{done.stderr}")
    return Run(what, seconds)


def megabytes(course: Path, *command: str) -> float:
    """The most memory that a command's processes hold together, shared pages counted once; looking slows them down."""
    peak = 0.0
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=course, stdout=-3, stderr=-3)
    while process.poll() is None:
        held = 0
        with contextlib.suppress(psutil.Error):
            for member in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    held += member.memory_full_info().pss
        peak = max(peak, held / 2**20)
        time.sleep(0.2)
    return peak


def hand_in(course: Path, source: Assignment, count: int) -> None:
    """So many honest submissions, no two alike."""
    bank = read_bank(answer_bank() / NAME)
    released = (course / "release" / NAME / f"{source.notebook}.ipynb").read_bytes()
    exercises = [cell.label for cell in source.exercises]
    right = {name: [a for a in bank[name] if a.kind == "right"] for name in exercises}
    wrong = [a for name in exercises for a in bank[name] if a.kind == "wrong"]
    for number in range(count):
        answers = {name: found[number % len(found)].source for name, found in right.items()}
        mistake = wrong[7 * number % len(wrong)]
        folder = course / "submitted" / f"student{number:02}" / NAME
        folder.mkdir(parents=True)
        handed_in = submission(source, released, answers | {mistake.exercise: mistake.source})
        (folder / f"{source.notebook}.ipynb").write_bytes(handed_in)


def scores(course: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        return {found.student.id: found.score for found in book.assignment_submissions(NAME)}


def change_a_test(course: Path) -> None:
    """One more line in one hidden test, and a new release."""
    notebook = course / "source" / NAME / "convolution.ipynb"
    text = notebook.read_text()
    line = '"spike = np.zeros(11)\\n",'
    found = next(line for line in text.splitlines() if "spike = np.zeros(11)" in line)
    assert text.count(found) == 1, line
    notebook.write_text(text.replace(found, found.replace("np.zeros(11)", "np.zeros(11, float)")))
    subprocess.run([sys.executable, "-m", "course.cli", "build", NAME], cwd=course, check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="course grade against nbgrader autograde.")
    parser.add_argument("--submissions", type=int, default=24, help="how many (default: 24)")
    parser.add_argument("--ours", action="store_true", help="leave nbgrader out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grading-speed-") as folder:
        course = Path(folder, "course")
        subprocess.run([sys.executable, "-m", "course.cli", "init", str(course)], check=True, capture_output=True)
        page.print("[dim]building ...[/]")
        subprocess.run([sys.executable, "-m", "course.cli", "build", NAME], cwd=course, check=True, capture_output=True)
        hand_in(course, load(course / "source" / NAME), chosen.submissions)

        grade = ("course.cli", "grade", NAME, "--force", "--jobs")
        two = timed("course grade --jobs 2", course, *grade, "2")
        ours = scores(course)
        one = timed("course grade --jobs 1", course, *grade, "1")
        show = timed("course grade --jobs 2 --run-show", course, *grade, "2", "--run-show")
        runs = [two, one, show]
        timed("course grade", course, "course.cli", "grade", NAME, "--jobs", "2")  # knows every test from now on
        change_a_test(course)
        again = timed("course grade, after one test changed", course, "course.cli", "grade", NAME, "--jobs", "2")
        runs.append(again)
        if not chosen.ours:
            config = course / "nbgrader_config.py"
            config.write_text(re.sub(r"(?s)c\.Autograde\.autograde_preprocessors = \[.*?\]", "", config.read_text()))
            stock = ("nbgrader", "autograde", NAME, "--force")
            default = timed("nbgrader autograde", course, *stock)
            theirs = scores(course)
            setting = "--ExecutePreprocessor.shutdown_kernel=immediate"
            immediate = timed("nbgrader autograde, immediate", course, *stock, setting)
            runs += [default, immediate]
        held = {
            "course grade --jobs 1": megabytes(course, *grade, "1"),
            "course grade --jobs 2": megabytes(course, *grade, "2"),
        }
        if not chosen.ours:
            held["nbgrader autograde"] = megabytes(course, *stock, "--student", "student00")
    report(runs, chosen.submissions)
    page.print("Peak memory, MB: " + ", ".join(f"{what} {size:.0f}" for what, size in held.items()) + ".")
    page.print(f"2 jobs against 1: {one.seconds / two.seconds:.2f} times as fast.")
    if not chosen.ours:
        for what, run, peer in (
            ("", two, default),
            (" with its immediate setting", two, immediate),
            (", ours with --run-show", show, default),
        ):
            page.print(f"Against nbgrader autograde{what}: {peer.seconds / run.seconds:.1f} times its speed.")
        different = {name: (ours[name], theirs[name]) for name in ours if abs(ours[name] - theirs[name]) > 1e-9}
        page.print(f"Scores that differ: {different or 'none'}.")
    project(runs, chosen.submissions)


def report(runs: list[Run], submissions: int) -> None:
    table = Table(title=f"{submissions} submissions of {NAME}, {os.cpu_count()} cores")
    for column in ("command", "seconds", "submissions a minute"):
        table.add_column(column, justify="left" if column == "command" else "right")
    for run in runs:
        table.add_row(run.what, f"{run.seconds:.1f}", f"{run.rate(submissions):.1f}")
    page.print(table)


def project(runs: list[Run], submissions: int) -> None:
    """By the throughput of two jobs, taken as proportional to the cores: what a larger machine might do at best."""
    table = Table(title=f"Projection: {STUDENTS:,} students, {ASSIGNMENTS} assignments, hours")
    table.add_column("command")
    for cores in (2, 64, 640):
        table.add_column(f"{cores} cores", justify="right")
    for run in runs:
        hours = STUDENTS * ASSIGNMENTS / run.rate(submissions) / 60
        used = 1 if "--jobs 1" in run.what or "nbgrader" in run.what else 2
        cells = [f"{hours * used / cores:,.1f}" for cores in (2, 64, 640)]
        table.add_row(run.what, *cells)
    page.print(table)


if __name__ == "__main__":
    main()
