"""`course demo`: the whole course once, on a made-up class, ending with a table and files to look at.

The class is made from the answer bank: right answers of several kinds, wrong ones that students write, a blank
notebook, a half-done one, a crash, an endless loop, a file that is no notebook. What the bank lacks is made up here.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from course import CourseError, assignment
from course.assignment import Assignment, read_notebook
from course.authoring import course_directory, release
from course.authoring.answers import Answer, read_bank, reference, submission
from course.authoring.normal_form import written
from course.authoring.places import answer_bank
from course.console import console, grade_table, points, progress
from course.directory import CourseDirectory, write
from course.grading import submissions
from course.grading.batch import Batch, grade_class
from course.grading.engine import grade
from course.grading.result import GradedNotebook, Limits

LIMITS = Limits(cell_seconds=5)  # an endless loop should cost a demonstration no more
NAMES = (
    *("alex", "bela", "chris", "dana", "eli", "finn", "gale", "hana", "iris", "jona", "kim"),
    *("lee", "max", "noor", "ole", "pat", "quin", "robin", "sam", "toni", "uma", "vic"),
)
Bank = dict[str, tuple[Answer, ...]]


@dataclass(frozen=True)
class Pupil:
    """One member of the sample class: what is special about the submission, and the submission."""

    kind: str
    notebook: bytes


def run(place: Path | None = None, jobs: int | None = None) -> int:
    """Show everything in `place`, or in a new temporary folder that is kept; returns the exit status.

    Raises:
        CourseError: `place` is not empty.
    """
    began = time.monotonic()
    place = place or Path(tempfile.mkdtemp(prefix="course-demo-")) / "course"
    page = console()
    course = course_directory.create(place)
    page.print(f"A course directory in {course.root}", soft_wrap=True)
    source, bank = _subject(course)

    page.print(f"Building {source.name}: the solution must score all {points(source.points)} points, the blank 0")
    with console(stderr=True).status("building") as status:
        built = release.build(course, source.name, _engine, status.update)
    if built.problems:
        page.print(f"{source.name} is refused:", *built.problems, sep="\n  ", markup=False, soft_wrap=True)
        return 1
    released = (built.release / f"{source.notebook}.ipynb").read_bytes()

    pupils = dict(zip(NAMES, sample_class(source, released, bank), strict=False))
    page.print(f"A class of {len(pupils)} hands in")
    for name, pupil in pupils.items():
        write(course.path("submitted", name, source.name) / f"{source.notebook}.ipynb", pupil.notebook)
    batch = _grade(course, source, jobs)
    with console(stderr=True).status("writing feedback"):
        feedback(course, source.name)

    page.print()
    page.print(grade_table(batch.results, {name: pupil.kind for name, pupil in pupils.items()}))
    page.print()
    shown = next((name for name, pupil in pupils.items() if ": " in pupil.kind), next(iter(pupils)))  # with a mistake
    for what, path in (
        ("what students get", built.release / f"{source.notebook}.ipynb"),
        ("a graded notebook", course.path("autograded", shown, source.name) / f"{source.notebook}.ipynb"),
        ("its feedback page", course.path("feedback", shown, source.name) / f"{source.notebook}.html"),
        ("the gradebook", course.root / "gradebook.db"),
    ):
        page.print(f"{what + ':':<19}{path}", soft_wrap=True)
    page.print(
        f"All of it took {time.monotonic() - began:.0f} s. Delete {course.root} when you have seen enough.",
        soft_wrap=True,
    )
    return 130 if batch.left else 0


def _engine(notebook: bytes, source: Assignment) -> GradedNotebook:
    return grade(notebook, source, Limits(run_show=True))


def _subject(course: CourseDirectory) -> tuple[Assignment, Bank]:
    """The assignment to show: the one with the most answers in the bank."""
    names = assignment.names(course.source)
    if not names:
        raise CourseError("There is no assignment to show; this installation has no source notebooks.")
    try:
        banks = {name: read_bank(answer_bank() / name) for name in names}
    except CourseError:
        banks = {name: {} for name in names}
    name = max(names, key=lambda name: sum(map(len, banks[name].values())))
    return assignment.find(course.source, name), banks[name]


def _grade(course: CourseDirectory, source: Assignment, jobs: int | None) -> Batch:
    handed_in = submissions.find(course, [source])
    with progress("grading", len(handed_in)) as step:
        return grade_class(course, handed_in, jobs=jobs, limits=LIMITS, progress=lambda graded: step(graded.student))


def feedback(course: CourseDirectory, name: str) -> None:
    """Write nbgrader's feedback pages of one assignment.

    Raises:
        CourseError: nbgrader refuses.
    """
    from nbgrader.converters import GenerateFeedback
    from nbgrader.utils import capture_log

    directory = course.nbgrader
    directory.assignment_id = name
    converter = GenerateFeedback(coursedir=directory, config=course.config)
    converter.force = True
    answer = capture_log(converter)
    if not answer["success"]:
        raise CourseError(f"nbgrader writes no feedback: {str(answer.get('error', '')).strip().splitlines()[-1]}")


def sample_class(source: Assignment, released: bytes, bank: Bank) -> Iterator[Pupil]:
    """At least 12 submissions, each with what it shows."""
    names = [cell.label for cell in source.exercises]
    model = {cell.label: cell.source for cell in source.exercises}
    answers = {source.exercise_of(name).label: found for name, found in bank.items() if _exists(source, name)}
    right = {name: [a.source for a in answers.get(name, ()) if a.kind == "right"] or [model[name]] for name in names}
    wrong = [a for name in names for a in answers.get(name, ()) if a.kind == "wrong"]

    def handed_in(kind: str, changes: dict[str, str]) -> Pupil:
        return Pupil(kind, submission(source, released, {**model, **changes}))

    yield Pupil("the model solution", reference(source, released))
    yield handed_in("right, in other words", {name: sources[0] for name, sources in right.items()})
    yield handed_in("right, in others again", {name: sources[-1] for name, sources in right.items()})
    for mistake in _spread(wrong, 4):
        exercise = source.exercise_of(mistake.exercise).label
        yield handed_in(f"{exercise}: {mistake.name}", {exercise: mistake.source})
    first_wrong = {source.exercise_of(a.exercise).label: a.source for a in reversed(wrong)}
    yield handed_in("every answer wrong", first_wrong or {name: _stub(name, "return None") for name in names})
    yield Pupil("blank", released)
    yield Pupil("half done", submission(source, released, {name: model[name] for name in names[: len(names) // 2]}))
    for kind, title, line in (
        ("crash", "crashes", "__import__('os')._exit(1)"),
        ("hang", "never ends", "while True: pass"),
    ):
        known = [a for name in names for a in answers.get(name, ()) if a.kind == kind]
        exercise = source.exercise_of(known[0].exercise).label if known else names[0]
        yield handed_in(
            f"{exercise} {title}", {exercise: known[0].source if known else _stub(_name(source, exercise), line)}
        )
    yield handed_in("a typing error", {names[-1]: model[names[-1]].replace("):", ")", 1)})
    yield Pupil("cells deleted", _without(source, reference(source, released), names[0], source.tests[-1].label))
    noisy = "import warnings\n" + model[names[0]] + "\nwarnings.warn('only a warning')\nprint('tried it')"
    yield handed_in("prints and warns", {names[0]: noisy})
    yield Pupil("no notebook", released[: len(released) // 2])


def _without(source: Assignment, notebook: bytes, *labels: str) -> bytes:
    """The notebook without the cells that have these grade_ids."""
    whole = read_notebook(notebook, source.name)
    gone = {cell.id for cell in source.cells if cell.label in labels}
    return written(whole | {"cells": [cell for cell in whole["cells"] if cell.get("id") not in gone]})


def _spread(wrong: list[Answer], count: int) -> list[Answer]:
    """So many wrong answers, of as many exercises as possible, spread over the notebook."""
    exercises = list(dict.fromkeys(answer.exercise for answer in wrong))
    if not exercises:
        return []
    step = max(1, len(exercises) // count)
    chosen: list[Answer] = []
    for turn, exercise in enumerate(islice(cycle(exercises[::step]), count)):
        mine = [answer for answer in wrong if answer.exercise == exercise and answer not in chosen]
        chosen += mine[turn % len(mine) : turn % len(mine) + 1] if mine else []
    return chosen


def _exists(source: Assignment, name: str) -> bool:
    return any(name == cell.grade_id or name in cell.binds for cell in source.exercises)


def _name(source: Assignment, exercise: str) -> str:
    """A name that the exercise cell binds, its own if it has it."""
    binds = source.interface[exercise]
    return exercise if exercise in binds or not binds else sorted(binds)[0]


def _stub(name: str, line: str) -> str:
    return f"def {name}(*arguments, **named):\n    {line}"
