"""`course build`: from a source notebook to a release, which is refused unless it keeps three promises.

The solution scores 100 %, the blank release scores 0, and no file of the release holds a line of a solution or of a
hidden test. Everything is tried in a scratch directory; only then is the release put in its place, in one step, and
the assignment registered in the gradebook as `nbgrader generate_assignment` does it.
"""

from __future__ import annotations

import copy
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from course import CourseError, assignment, database
from course.assignment import Assignment
from course.authoring.lint import lint
from course.directory import CourseDirectory, replace_folder, walk
from course.leaks import Searcher, secrets

if TYPE_CHECKING:
    from traitlets.config import Config


class Result(Protocol):
    """What a build asks of a graded notebook. Grading is another room, so its engine comes as an argument."""

    @property
    def error(self) -> str | None:
        """Why nothing could be graded."""

    @property
    def scores(self) -> tuple[Any, ...]:
        """For each test cell its grade_id, points, max_points and message."""

    @property
    def broken(self) -> tuple[tuple[str, str], ...]:
        """The other cells that failed, with the reason."""


Grade = Callable[[bytes, Assignment], Result]


@dataclass(frozen=True)
class Built:
    """What became of one assignment: where its release is, or the problems for which it was refused."""

    name: str
    points: float
    release: Path
    problems: tuple[str, ...] = ()


def build(
    course: CourseDirectory,
    name: str,
    grade: Grade,
    step: Callable[[str], None] = lambda doing: None,
) -> Built:
    """Build the release of the assignment `name`, or leave everything as it was and say why.

    Args:
        grade: the grading engine, which should also run the show cells.
        step: told what is being done, as a few words.

    Raises:
        CourseError: there is no such assignment, nbgrader cannot make a release of it, or a run is writing scores.
    """
    source = assignment.find(course.source, name)
    built = Built(name, source.points, course.path("release", ".", name))
    step(f"{name}: checking the source")
    findings = lint(source.source, f"{source.notebook}.ipynb")
    if findings:
        return replace(built, problems=tuple(f"lint: {finding}" for finding in findings))
    # No run may store scores while the tests that gave them change; and a database that is down is known at once.
    with database.only_writer(course), tempfile.TemporaryDirectory(prefix="course-build-") as scratch:
        step(f"{name}: making the release")
        candidate = generate(_scratch_course(course, source, Path(scratch)), name)
        notebook = (candidate / f"{source.notebook}.ipynb").read_bytes()
        problems = list(leaks(source, candidate))
        if not problems:
            step(f"{name}: running the solution")
            problems += _solution_problems(grade(source.source, source))
            step(f"{name}: running the blank release")
            problems += _blank_problems(grade(notebook, source))
        if problems:
            return replace(built, problems=tuple(problems))
        step(f"{name}: registering it in the gradebook")
        _register(course, name)
        waiting = built.release.with_name(f".new-{name}")
        shutil.rmtree(waiting, ignore_errors=True)
        shutil.copytree(candidate, waiting)
        replace_folder(waiting, built.release)
    return built


def leaks(source: Assignment, release: Path) -> Iterator[str]:
    """Every place in the files of `release` that holds a line of a solution or of a hidden test, as a sentence."""
    searcher = Searcher(secrets(source))
    for path in walk(release):
        name = path.relative_to(release).as_posix()
        for leak in searcher.in_file(name, path.read_bytes()):
            yield f"leak: {leak}"
        named = searcher.inside(name)
        if named:
            yield f"leak: the name of {name} holds line {named.number} of {named.cell}: {named.text}"


def generate(course: CourseDirectory, name: str) -> Path:
    """Run `nbgrader generate_assignment` on one assignment and return the folder of its release.

    Raises:
        CourseError: nbgrader refuses; the message holds its reason.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.utils import capture_log

    directory = course.nbgrader
    directory.assignment_id = name
    converter = GenerateAssignment(coursedir=directory, config=course.config)
    converter.force = True
    answer = capture_log(converter)
    release = course.path("release", ".", name)
    if not answer["success"] or not release.is_dir():
        raise CourseError(f"nbgrader makes no release of {name}: {_reason(answer)}")
    return release


def _reason(answer: dict[str, Any]) -> str:
    """The exception behind nbgrader's answer, which it logs before it raises another one."""
    text = str(answer.get("log", "")) + str(answer.get("error", ""))
    raised = re.findall(r"^\s*[\w.]*(?:Error|Exception|Entry): (.+)$", text, re.MULTILINE)
    reason = raised[0].strip() if raised else "it gives no reason"
    if "submissions associated" in reason:
        reason += "; remove them first (`nbgrader db assignment remove`), or keep the cells that were released"
    return reason.rstrip(".") + "."


def _with(course: CourseDirectory, **settings: str) -> CourseDirectory:
    config: Config = copy.deepcopy(course.config)
    config.CourseDirectory.update(settings)
    return CourseDirectory(Path(config.CourseDirectory.root), config)


def _scratch_course(course: CourseDirectory, source: Assignment, place: Path) -> CourseDirectory:
    """A course directory that holds this assignment alone and writes into no gradebook."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.preprocessors import SaveCells

    scratch = _with(course, root=str(place))
    scratch.config.GenerateAssignment.no_database = True
    steps = scratch.config.GenerateAssignment.get("preprocessors") or GenerateAssignment.preprocessors.default()
    scratch.config.GenerateAssignment.preprocessors = [step for step in steps if step is not SaveCells]
    shutil.copytree(course.path("source", ".", source.name), scratch.path("source", ".", source.name))
    return scratch


def _register(course: CourseDirectory, name: str) -> None:
    """Write the assignment into the course's gradebook; the release that comes with it is thrown away."""
    with tempfile.TemporaryDirectory(prefix=".building-", dir=course.root) as beside:
        generate(_with(course, release_directory=Path(beside).name), name)


def _solution_problems(graded: Result) -> Iterator[str]:
    if graded.error:
        yield f"solution: {graded.error}"
    for cell, reason in graded.broken:  # first, as tests fail because of them
        yield f"solution: the cell {cell} fails: {reason}"
    for score in graded.scores:
        if score.points < score.max_points:
            yield f"solution: it fails {score.grade_id}: {score.message}"


def _blank_problems(graded: Result) -> Iterator[str]:
    if graded.error:
        yield f"blank: {graded.error}"
    for score in graded.scores:
        if score.points > 0:
            yield f"blank: the release scores {score.points:g} of {score.max_points:g} points in {score.grade_id}"
