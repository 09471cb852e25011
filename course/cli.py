"""The `course` command: parses, calls one room, prints.

Rooms are imported inside the commands, so that `course --help` answers at once. Exit status: 0 done, 1 the work found
failures (named), 2 wrong use. Whatever the user can mend is one sentence on standard error, never a traceback.
"""
# ruff: noqa: D301  (click looks for the character \b itself, before examples that it must not wrap)

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course import (
    CourseError,
    quick,  # noqa: F401
)

try:
    import click
except ModuleNotFoundError:
    print(
        "course: this command needs more packages; run pip install 'convcourse[instructor]', "
        "or 'convcourse[student]' for check and train.",
        file=sys.stderr,
    )
    raise SystemExit(2) from None

if TYPE_CHECKING:
    from course.assignment import Assignment
    from course.directory import CourseDirectory
    from course.grading.pool import MakeExecutor
    from course.grading.result import GradedNotebook, Limits

STOPPED = 130  # as shells say it of a program that Ctrl-C ended


class _Group(click.Group):
    """Lists the commands in the order of a course's life."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 done, 1 the work found failures, 2 wrong use.",
)
@click.version_option(package_name="convcourse", prog_name="course")
@click.pass_context
def course(context: click.Context) -> None:
    """Build, grade and check the auto-graded notebooks of a course on neural networks.

    Try it out on a made-up class, which takes a minute or two:

        course demo

    A course of your own:

    \b
        course init autumn && cd autumn   a course directory, nbgrader's too
        course build                      notebooks for students, in release/
        course grade                      submitted/<student>/<assignment>/ to scores
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _course_option(command: Any) -> Any:
    return click.option(
        "--course",
        "root",
        type=click.Path(path_type=Path),
        default=Path(),
        help="The course directory, if it is not the current one.",
    )(command)


_jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Grade N submissions at once; as many as cores if not given.",
)


@course.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--db", "db_url", metavar="URL", help="The gradebook's database, if it is not to be gradebook.db.")
def init(directory: Path, db_url: str | None) -> int:
    """Make a course directory: configuration, source notebooks, an empty gradebook.

    DIRECTORY must not exist yet, or be empty. nbgrader works in it by hand as well.

    \b
        course init autumn
        course init autumn --db postgresql+psycopg://ada@grades.example.org/autumn
    """
    from course import assignment
    from course.authoring import course_directory

    made = course_directory.create(directory, db_url=db_url)
    names = assignment.names(made.source)
    click.echo(f"{directory} is a course directory now, with {', '.join(names) or 'no assignment yet'}.")
    click.echo(f"Next: cd {shlex.quote(str(directory))} && course build")
    return 0


@course.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Restore the normal form first; no text is changed.")
def lint(paths: tuple[Path, ...], fix: bool) -> int:
    """Check source notebooks: normal form, cell roles, and that tests use only names they may.

    PATHS are notebooks, or folders that hold some; without any, the source/ of the current course directory, or the
    source_notebooks/ of a checkout.

    \b
        course lint
        course lint --fix source_notebooks/06_convolution
    """
    from course.authoring import lint as linter

    found, notebooks = 0, [notebook for place in paths or [_sources()] for notebook in linter.notebooks(place)]
    for path in notebooks:
        if fix and linter.fix(path):
            click.echo(f"{path}: normal form restored")
        for finding in linter.lint(path.read_bytes(), str(path)):
            click.echo(f"{path}: {finding}")
            found += 1
    if not found:
        click.echo(f"{len(notebooks)} notebook{'s' * (len(notebooks) != 1)}, nothing to find fault with.")
    return 1 if found else 0


def _sources() -> Path:
    for place in (Path("source"), Path("source_notebooks")):
        if place.is_dir():
            return place
    raise CourseError("There is no source/ or source_notebooks/ here; name a notebook, or a folder that holds some.")


@course.command()
@click.argument("assignments", nargs=-1)
@_course_option
def build(assignments: tuple[str, ...], root: Path) -> int:
    """Make the notebooks that students get, in release/.

    Refuses an assignment whose solution does not score 100 %, whose blank release does not score 0, or whose release
    holds a line of a solution or of a hidden test anywhere. Then nothing of it changes.

    \b
        course build
        course build 06_convolution
    """
    from course.authoring import release
    from course.console import console
    from course.grading.engine import grade

    opened, chosen = _chosen(root, assignments)
    limits = _limits(opened, run_show=True)

    def engine(notebook: bytes, source: Assignment) -> GradedNotebook:
        return grade(notebook, source, limits)

    refused = 0
    for assignment in chosen:
        with console(stderr=True).status(assignment.name) as status:
            built = release.build(opened, assignment.name, engine, status.update)
        if built.problems:
            refused += 1
            click.echo(f"{built.name} is refused, and nothing of it was changed:")
            for problem in built.problems:
                click.echo("  " + problem.replace("\n", "\n    "))
        else:
            click.echo(f"{built.name} is in {built.release} ({built.points:g} points: the solution all, blank 0).")
    return 1 if refused else 0


@course.command()
@click.argument("assignments", nargs=-1)
@click.option("--student", "students", multiple=True, metavar="S", help="Only this student; may be given again.")
@_jobs_option
@click.option("--force", is_flag=True, help="Also grade what is unchanged since it was graded.")
@click.option("--run-show", is_flag=True, help="Also run pictures and training runs. No score depends on them.")
@click.option("--require-sandbox", is_flag=True, help="Refuse to grade where bubblewrap does not work.")
@click.option(
    "--executor",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Grade in processes of this machine, or on a Dask cluster.",
)
@click.option(
    "--address",
    metavar="URL",
    envvar="DASK_SCHEDULER_ADDRESS",
    help="The scheduler of the Dask cluster; what DASK_SCHEDULER_ADDRESS says if not given.",
)
@_course_option
def grade(
    assignments: tuple[str, ...],
    students: tuple[str, ...],
    jobs: int | None,
    force: bool,
    run_show: bool,
    require_sandbox: bool,
    executor: str,
    address: str | None,
    root: Path,
) -> int:
    """Grade what students handed in, and write the scores into the gradebook.

    Submissions are in submitted/<student>/<assignment>/<notebook>.ipynb. Graded notebooks go to autograded/, where
    nbgrader's feedback, formgrader and export find them. A run that was stopped goes on where it stopped; a score
    that was given by hand stays.

    \b
        course grade
        course grade 06_convolution --student mira --force

    The workers of a Dask cluster (extra `dask`) grade as many at once as they have threads. They need the same
    convcourse installed, and get the submissions sent; this machine writes the gradebook.

    \b
        dask scheduler                         on one machine, HOST
        dask worker tcp://HOST:8786            on all that are to grade
        course grade --executor dask --address tcp://HOST:8786
    """
    from course.console import console, grade_table, progress, summary
    from course.grading import isolation, workers

    if executor == "local":
        if address and _typed("address"):
            raise click.UsageError("--address is for --executor dask.")
        isolation.sandbox(require_sandbox)  # both get ready while the rest is imported
        workers.start()
    from course.grading import cluster, submissions
    from course.grading.batch import grade_class

    opened, chosen = _chosen(root, assignments, built=not assignments)
    handed_in = submissions.find(opened, chosen, students)

    def stopping(running: int) -> None:
        click.echo(f"Finishing the {running} submissions that have begun; Ctrl-C again to stop at once.", err=True)

    with contextlib.ExitStack() as stack:
        processes: MakeExecutor = workers.processes
        if executor == "dask":
            dask = stack.enter_context(cluster.connected(address))
            processes, jobs = dask.executor, jobs or dask.threads
        step = stack.enter_context(progress("grading", len(handed_in)))
        batch = grade_class(
            opened,
            handed_in,
            jobs=jobs,
            executor=processes,
            force=force,
            limits=_limits(opened, run_show=run_show, require_sandbox=require_sandbox),
            progress=lambda graded: step(f"{graded.student} {graded.assignment}"),
            stopping=stopping,
        )
    console().print(grade_table(batch.results))
    if len(batch.results) > 1:
        console().print(f"\n{summary(batch.results)}")
    bare = [graded for graded in batch.results if graded.result.isolation == isolation.PROCESS]
    if bare:
        why = "bubblewrap does not work on every Dask worker"
        if executor == "local":
            why = isolation.sandbox().why or "bubblewrap was missing then; --force grades them again"
        click.echo(f"{len(bare)} graded without a sandbox, as {why}: judged apart, but not shut in.", err=True)
    misnamed = submissions.misnamed(opened, chosen)
    for name in misnamed:
        click.echo(f"Not graded: the folder {name}, whose name no gradebook takes; rename it.", err=True)
    if batch.left:
        click.echo(f"Stopped with {batch.left} submissions left; the same command goes on with them.", err=True)
        return STOPPED
    return 1 if misnamed or batch.unread else 0


@course.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--timeout", type=click.IntRange(min=1), default=60, show_default=True, help="Seconds for each cell.")
def check(notebook: Path, timeout: int) -> int:
    """For students: which visible tests of NOTEBOOK pass, and why the others do not.

    Runs the notebook from top to bottom in a fresh kernel and changes nothing in it.

    \b
        course check convolution.ipynb
    """
    from course.kit import validate

    return validate.report(notebook, timeout)


@course.command()
@click.argument("model", metavar="MODEL", type=click.Choice(["lenet", "logistic", "mlp", "names"]))
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="How often all training data is seen.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", default=0, help="The same seed, the same result.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the pictures go; ./course-train-MODEL if not given.",
)
def train(model: str, epochs: int | None, seed: int, out: Path | None) -> int:
    """Train a MODEL of the library on the course's data: its test accuracy, and pictures of what it learned.

    \b
        lenet      LeNet-5 reads handwritten digits; half a minute, 98.5 % right
        mlp        a multilayer perceptron reads them; a few seconds, 94 %
        logistic   logistic regression reads them; a few seconds, 90 %
        names      an LSTM tells the country a surname comes from; a few seconds, 71 %

    Each is a short program to copy as a first one of your own: course/training/MODEL.py. Ctrl-C ends the training, and
    what was learned until then is tested and drawn.

    \b
        course train lenet
        course train names --epochs 5 --out pictures
    """
    import time
    from importlib import import_module

    program = import_module(f"course.training.{model}")
    pictures = import_module("course.training.pictures")
    folder = out or Path(f"course-train-{model}")
    folder.mkdir(parents=True, exist_ok=True)  # before the training: what cannot be written is known at once
    began = time.perf_counter()
    album = pictures.Pictures(folder)
    history = program.train(epochs or program.EPOCHS, seed, album)
    click.echo(f"Pictures in {folder}: {', '.join(album.written)}.")
    epochs_done = f"{len(history)} epoch" + "s" * (len(history) != 1)
    click.echo(f"{epochs_done}, {history.stopped}; {time.perf_counter() - began:.0f} s in all.")
    return STOPPED if history.stopped == "interrupted" else 0


@course.command()
@_jobs_option
@click.option(
    "--keep", "place", type=click.Path(path_type=Path), metavar="DIR", help="Work in DIR, not in a temporary folder."
)
def demo(jobs: int | None, place: Path | None) -> int:
    """Everything once, on a made-up class: init, build, grade, feedback. Takes a minute or two.

    The class hands in right and wrong answers, a blank notebook, a half-done one, a crash, an endless loop and a file
    that is no notebook. What it leaves is kept to be looked at.

    \b
        course demo
    """
    from course.demo import run

    return run(place, jobs)


def _typed(option: str) -> bool:
    """Whether an option of this command stood on the command line, and not in the environment."""
    return click.get_current_context().get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def _chosen(root: Path, wanted: Sequence[str], built: bool = False) -> tuple[CourseDirectory, list[Assignment]]:
    """The course directory, and the assignments in it that are wanted: all, or with `built` all that were built."""
    from course import assignment
    from course.directory import open_course

    opened = open_course(root)
    there = assignment.names(opened.source)
    if built:
        there = [name for name in there if opened.path("release", ".", name).is_dir()] or there
    if not there:
        raise CourseError(f"{opened.source} holds no assignment; each is a folder with one notebook in it.")
    return opened, [assignment.find(opened.source, name) for name in dict.fromkeys(wanted or there)]


def _limits(opened: CourseDirectory, **more: bool) -> Limits:
    """The limits that the course's configuration sets."""
    from course.grading.result import Limits

    settings = dict(opened.config.get("Limits", {}))
    seconds = opened.config.Execute.get("timeout", opened.config.ExecutePreprocessor.get("timeout"))
    if seconds:  # nbgrader's own setting for the same thing
        settings.setdefault("cell_seconds", seconds)
    return Limits.of(settings, **more)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    try:
        status = course.main(
            args=None if arguments is None else list(arguments), prog_name="course", standalone_mode=False
        )
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _say("stopped.", STOPPED)
    except click.ClickException as error:
        return _say(f"{error.format_message().rstrip('.')}; see `{_command_of(error)} --help`.")
    except CourseError as error:
        return _say(str(error))
    except BrokenPipeError:  # `course lint | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        return _say(f"this command needs {error.name}; run pip install 'convcourse[instructor]'.")
    except OSError as error:
        return _say(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}.")
    except Exception as error:
        if os.environ.get("COURSE_TRACEBACK"):
            raise
        return _say(f"this is a bug: {type(error).__name__}: {error}; set COURSE_TRACEBACK=1 to see where.")


def _say(sentence: str, status: int = 2) -> int:
    print("course: " + " ".join(sentence.split()), file=sys.stderr)
    return status


def _command_of(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return str(context.command_path) if context else "course"


if __name__ == "__main__":
    sys.exit(main())
