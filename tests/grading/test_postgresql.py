"""A course whose gradebook is in PostgreSQL, from `course init` to formgrader, and what a server may do to it."""

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from course import CourseError, cli, database
from course.authoring import course_directory
from course.authoring.answers import submission
from course.directory import CONFIG, open_course
from course.grading import gradebook
from course.grading.result import CellScore, GradedNotebook

RESULT = GradedNotebook((CellScore("double-values", "t", 2, 2),), b"", "t", 1.0)


def test_a_whole_course(postgresql, mini, mini_assignment, mini_release, tmp_path, capsys):
    mini.source(tmp_path / "sources")
    url = postgresql.new()
    course = course_directory.create(tmp_path / "autumn", tmp_path / "sources", url)
    assert course.db_url == url
    assert cli.main(["build", "--course", str(course.root)]) == 0
    for student, answers in (("mira", {"double": "def double(x):\n    return 2 * x"}), ("zoë", {})):
        folder = course.path("submitted", student, "00_mini")
        folder.mkdir(parents=True)
        (folder / "mini.ipynb").write_bytes(submission(mini_assignment, mini_release, answers))
    for _ in range(2):  # the second run finds everything graded
        assert cli.main(["grade", "--course", str(course.root), "--jobs", "1"]) == 0
        assert "mira     3 / 4.5" in capsys.readouterr().out

    # What formgrader's pages ask for.
    formgrader = NbGraderAPI(coursedir=course.nbgrader, config=course.config)
    assert formgrader.get_assignment("00_mini")["average_score"] == 1.5
    assert {each["id"]: each["score"] for each in formgrader.get_students()} == {"mira": 3, "zoë": 0}
    assert len(formgrader.get_submissions("00_mini")) == 2
    assert len(formgrader.get_notebook_submissions("00_mini", "mini")) == 2
    assert len(formgrader.get_student_notebook_submissions("mira", "00_mini")) == 1
    assert not (course.root / "gradebook.db").exists()

    with pytest.raises(CourseError, match="holds the gradebook of another course directory; make a new database"):
        course_directory.create(tmp_path / "spring", tmp_path / "sources", url)
    assert not (tmp_path / "spring").exists()


@pytest.mark.parametrize("course", ["postgresql"], indirect=True)
def test_a_server_that_is_started_anew_loses_nothing(postgresql, course, mini_assignment):
    with gradebook.opened(course) as book:
        gradebook.store(book, course, mini_assignment, "mira", RESULT)
        postgresql.stop()
        with pytest.raises(CourseError, match="The result of noor cannot be written into the gradebook"):
            gradebook.store(book, course, mini_assignment, "noor", RESULT)
        postgresql.start()
        gradebook.store(book, course, mini_assignment, "noor", RESULT)
        postgresql.stop()
        postgresql.start()
        gradebook.store(book, course, mini_assignment, "zoe", RESULT)
    with Gradebook(course.db_url, course.course_id) as book:
        assert {each.student_id: each.score for each in book.assignment_submissions("00_mini")} == dict.fromkeys(
            ("mira", "noor", "zoe"), 2
        )


@pytest.mark.parametrize("course", ["postgresql"], indirect=True)
def test_no_transaction_is_left_open_while_submissions_run(postgresql, course, mini_assignment):
    with gradebook.opened(course) as book:
        gradebook.check_built(book, mini_assignment)
        gradebook.stored(book, "00_mini")
        gradebook.store(book, course, mini_assignment, "mira", RESULT)
        open_ones = "SELECT query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        assert postgresql.run(open_ones) == []


def test_a_database_that_is_missing_is_named(postgresql, course):
    with (course.root / CONFIG).open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {postgresql.url('nowhere')!r}\n")
    with pytest.raises(CourseError) as error, database.opened(open_course(course.root)):
        pass
    assert 'database "nowhere" does not exist' in str(error.value)
    assert "start its server and make its database" in str(error.value)
