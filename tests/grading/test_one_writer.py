"""One run writes at a time, and whatever happens to it, a gradebook holds whole submissions, each of them once."""

import random
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from nbgrader.api import Comment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import func, select

from course import CourseError, cli, database
from course.authoring import release
from course.grading import gradebook

pytestmark = pytest.mark.parametrize("course", ["sqlite", "postgresql"], indirect=True)

WRITER = """
import sys
from pathlib import Path
from nbgrader.api import InvalidEntry
from course import database
from course.assignment import load
from course.directory import open_course
from course.grading import gradebook
from course.grading.result import CellScore, GradedNotebook

root, kind, students = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
course, assignment = open_course(root), load(root / "source" / "00_mini")
scores = tuple(CellScore(cell.grade_id, "t", 1, cell.points) for cell in assignment.cells if cell.points is not None)
# A rival has not asked for its turn.
with (gradebook.opened if kind == "run" else database.opened)(course) as book:
    print("ready", flush=True)
    sys.stdin.readline()
    for student in students:
        if kind == "nbgrader":
            try:
                book.update_or_create_student(student)
                book.update_or_create_submission("00_mini", student)
            except InvalidEntry:  # ours was first
                pass
        else:
            gradebook.store(book, course, assignment, student, GradedNotebook(scores, b"", "t", 1.0), None)
        print(student, flush=True)
"""


@contextmanager
def writers(course, *kinds, students):
    """Processes that are ready to store the same students' results, each told to begin by a line."""
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", WRITER, course.root, kind, *students],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for kind in kinds
    ]
    try:
        for process in started:
            assert process.stdout.readline() == "ready\n"
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def begin(process):
    process.stdin.write("\n")
    process.stdin.flush()


def whole_submissions(course):
    """Who has one, after a look at every row."""
    with Gradebook(course.db_url, course.course_id) as book:
        owners = [row[0] for row in book.db.execute(select(SubmittedAssignment.student_id))]
        assert len(set(owners)) == len(owners)
        assert set(owners) == set(book.db.scalars(select(Student.id)))
        (cells,) = [len(notebook.grade_cells) for a in book.assignments for notebook in a.notebooks]
        for table, each in ((Grade, cells), (Comment, 3)):
            counts = func.count(), func.count(table.cell_id.distinct())
            rows = book.db.execute(select(*counts).group_by(table.notebook_id))
            assert [tuple(row) for row in rows] == [(each, each)] * len(owners)
        assert book.db.scalar(select(func.count()).select_from(SubmittedNotebook)) == len(owners)
        return set(owners)


def test_a_second_run_is_told_and_formgrader_is_not_disturbed(course, hand_in, capsys, monkeypatch):
    monkeypatch.setattr(database, "TURN", 0.1)
    hand_in("mira")
    with writers(course, "run", students=["ada"]) as (first,):
        assert cli.main(["grade", "--course", str(course.root)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("course: Another run is writing into the gradebook ")
        assert said.endswith("; wait until it has ended.\n")
        with pytest.raises(CourseError, match="Another run is writing"):
            release.build(course, "00_mini", None)
        with Gradebook(course.db_url, course.course_id) as by_hand:
            by_hand.add_student("ben")
        assert first.communicate("\n")[0] == "ada\n"
    with gradebook.opened(course) as book:
        assert {student.id for student in book.students} == {"ada", "ben"}


def test_a_run_that_is_killed_leaves_whole_submissions_and_its_turn(course):
    students = [f"student{number}" for number in range(1000)]
    for _ in range(2):
        with writers(course, "run", students=students) as (process,):
            begin(process)
            time.sleep(random.uniform(0.1, 0.6))
            process.kill()
            done = process.communicate()[0].split()
        assert len(done) < len(students)
        assert set(done) <= whole_submissions(course)
    with gradebook.opened(course):
        pass


def test_those_who_make_the_same_rows_at_the_same_time_make_them_once(course):
    students = [f"student{number}" for number in range(40)]
    with writers(course, "rival", "rival", "nbgrader", students=students) as rivals:
        for process in rivals:
            begin(process)
        for process in rivals:
            assert process.communicate()[0].split() == students
            assert process.returncode == 0
    assert whole_submissions(course) == set(students)
    with Gradebook(course.db_url, course.course_id) as book:
        assert {submitted.score for submitted in book.assignment_submissions("00_mini")} == {4}
