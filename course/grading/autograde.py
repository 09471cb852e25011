"""`nbgrader autograde` with our two processes in place of its kernel, for people who stay with that command.

Name `Execute` in `c.Autograde.autograde_preprocessors` where nbgrader has its own. From the submission come the answers
alone, as in `course grade`, whatever nbgrader has or has not put right in it before; nbgrader then reads the verdicts
off the outputs of the test cells: an error is 0, a number as the cell's result is partial credit, anything else is
full. It would also take all points for anything on stderr, but what a student's code prints while a test runs is
nowhere shown, so that it costs nothing and `c.IgnorePattern` is not needed.

`nbgrader autograde --no-execute` runs nothing, and believes the outputs that the student handed in.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute as Stock
from nbgrader.utils import compute_checksum
from traitlets import Bool

from course.assignment import Assignment, further_files, parse
from course.grading.batch import key
from course.grading.engine import grade
from course.grading.gradebook import check_built
from course.grading.isolation import SANDBOX
from course.grading.pool import check_solution
from course.grading.rebuild import ANSWERED
from course.grading.result import GradedNotebook, Limits
from course.grading.workers import warm_up


class Execute(Stock):
    """Runs a submission in a sandbox and its tests in a judge, within `c.Limits` and `c.Execute.timeout`."""

    run_show = Bool(False, help="Also run pictures and training runs, on which no score depends.").tag(config=True)
    require_sandbox = Bool(False, help="Refuse to grade where bubblewrap does not work.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """The autograded notebook in place of the one that nbgrader has sanitized.

        Raises:
            CourseError: nothing can be graded here: the assignment is not built, or its own solution fails.
        """
        course, names = self.parent.parent.coursedir, resources["nbgrader"]
        folder = course.format_path(course.source_directory, ".", names["assignment"])
        assignment = _assignment(Path(folder, f"{names['notebook']}.ipynb"))
        settings = dict(self.config.get("Limits", {}))
        if (self.timeout or 0) > 0:
            settings.setdefault("cell_seconds", self.timeout)
        more = {"run_show": self.run_show, "require_sandbox": self.require_sandbox}
        limits = Limits.of(settings, key=key(Path(course.root)), **more)
        with Gradebook(names["db_url"], course.course_id) as book:
            check_built(book, assignment)
        check_solution(assignment.name, _solution(assignment, limits))
        graded = grade(_handed_in(nb, assignment), assignment, limits)
        if graded.isolation != SANDBOX:
            self.log.warning("%s was graded without a sandbox: %s", names["student"], graded.isolation)
        return _for_nbgrader(graded), resources


def _assignment(path: Path) -> Assignment:
    """The assignment of one source notebook; nbgrader allows several of them in a folder."""
    source, folder = path.read_bytes(), path.parent
    files = tuple((file.relative_to(folder).as_posix(), file.read_bytes()) for file in further_files(folder))
    return Assignment(folder.name, path.stem, source, parse(source, str(path)), files)


@lru_cache(maxsize=16)
def _solution(assignment: Assignment, limits: Limits) -> GradedNotebook:
    """What the solution scores, found out once."""
    warm_up()
    return grade(assignment.source, assignment, limits)


def _handed_in(nb: Any, assignment: Assignment) -> bytes:
    """The notebook without the hidden tests that nbgrader has put into it: the student's process must not see them."""
    released = {cell.grade_id: cell.released for cell in assignment.cells if cell.role not in ANSWERED}
    notebook = nbformat.from_dict(nb)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id:
            cell.source = released.get(grade_id, cell.source)
    return json.dumps(notebook).encode()


def _for_nbgrader(graded: GradedNotebook) -> Any:
    """The autograded notebook, with the signs by which nbgrader knows partial credit and an answer not given."""
    notebook = nbformat.reads(graded.notebook.decode(), as_version=4)
    partial = {score.grade_id: score.points for score in graded.failed if score.points > 0}
    for cell in notebook.cells:
        grading = cell.metadata.get("nbgrader", {})
        grade_id = grading.get("grade_id")
        if grade_id in partial:
            result = nbformat.v4.new_output("execute_result", {"text/plain": repr(partial[grade_id])})
            cell.outputs.insert(0, result)
        if grade_id in graded.unanswered:
            grading["checksum"] = compute_checksum(cell)
    return notebook
