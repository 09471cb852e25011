"""Scores in nbgrader's gradebook: what `nbgrader autograde` would write, and a person's scores above all."""

import warnings
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from nbgrader.api import Gradebook
from traitlets.config import Config

from course import CourseError
from course.directory import CourseDirectory
from course.grading import gradebook
from course.grading.result import CellScore, GradedNotebook

SCORES = (
    CellScore("double-values", "t", 2, 2),
    CellScore("double-shape", "t", 0, 1, "wrong"),
    CellScore("mean-value", "t", 0.75, 1.5, "half"),
)
pytestmark = pytest.mark.parametrize("course", ["sqlite", "postgresql"], indirect=True)
RESULT = GradedNotebook(SCORES, b"", "shared process", 1.0, unanswered=("mean",), by_hand=("why",))


@pytest.fixture
def write(course, mini_assignment):
    def store(student, result=RESULT, timestamp=None, course=course):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with gradebook.opened(course) as book:
                gradebook.store(book, course, mini_assignment, student, result, timestamp)

    return store


@pytest.fixture
def book(course):
    with Gradebook(course.db_url, course.course_id) as opened:
        yield opened


def grades(book, student):
    notebook = book.find_submission_notebook("mini", "00_mini", student)
    book.db.refresh(notebook)
    return {grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in notebook.grades}


def test_scores_and_comments_of_a_new_student(write, book):
    write("mira")
    assert grades(book, "mira") == {
        "double-values": (2, None, False),
        "double-shape": (0, None, False),
        "mean-value": (0.75, None, False),
        "why": (None, None, True),
    }
    submission = book.find_submission("00_mini", "mira")
    assert (submission.score, submission.max_score, submission.needs_manual_grade) == (2.75, 5.5, True)
    assert {c.name: c.auto_comment for c in submission.notebooks[0].comments} == {
        "double": None,
        "mean": "No response.",
        "why": None,
    }


def test_a_question_that_was_left_blank_needs_nobody(write, book):
    write("mira", replace(RESULT, unanswered=("why",), by_hand=()))
    assert grades(book, "mira")["why"] == (0, None, False)


def test_a_submission_that_cannot_be_graded_is_there_with_zero(write, book):
    write("mira", replace(RESULT, scores=tuple(replace(s, points=0) for s in SCORES), error="no notebook", by_hand=()))
    assert {auto for auto, _, _ in grades(book, "mira").values()} == {0}


def test_grading_again_replaces_and_never_doubles(write, book):
    write("mira")
    write("mira", replace(RESULT, scores=(*SCORES[:2], replace(SCORES[2], points=1.5))))
    assert grades(book, "mira")["mean-value"] == (1.5, None, False)
    assert len(book.assignment_submissions("00_mini")) == 1
    assert len(book.students) == 1


def test_a_manual_score_survives_and_wins(write, book):
    write("mira")
    for cell, score in (("double-shape", 0.5), ("why", 1)):
        grade = book.find_grade(cell, "mini", "00_mini", "mira")
        grade.manual_score, grade.needs_manual_grade = score, False
    comment = book.find_comment("mean", "mini", "00_mini", "mira")
    comment.manual_comment = "Nearly!"
    book.db.commit()
    write("mira")
    book.db.expire_all()
    assert grades(book, "mira")["double-shape"] == (0, 0.5, True)  # as nbgrader: a person looks at it again
    assert grades(book, "mira")["why"] == (None, 1, True)
    assert book.find_submission("00_mini", "mira").score == 2 + 0.5 + 0.75 + 1
    assert book.find_comment("mean", "mini", "00_mini", "mira").comment == "Nearly!"


def test_a_timestamp_is_kept_and_nonsense_is_none(write, book):
    write("mira", timestamp="2025-02-03 10:00:00 UTC")
    assert book.find_submission("00_mini", "mira").timestamp == datetime(2025, 2, 3, 10)
    write("noor", timestamp="yesterday, I think")
    assert book.find_submission("00_mini", "noor").timestamp is None


def test_the_courses_late_policy_is_nbgraders(write, book, course):
    book.update_or_create_assignment("00_mini", duedate="2025-02-01 00:00:00 UTC")
    write("mira", timestamp="2025-02-03 10:00:00 UTC")
    late = book.find_submission("00_mini", "mira")
    assert late.total_seconds_late == timedelta(days=2, hours=10).total_seconds()
    assert late.notebooks[0].late_submission_penalty is None
    config = Config(course.config)
    config.LateSubmissionPlugin.penalty_method = "zero"
    config.AssignLatePenalties.plugin_class = "nbgrader.plugins.LateSubmissionPlugin"
    write("mira", timestamp="2025-02-03 10:00:00 UTC", course=CourseDirectory(course.root, config))
    book.db.expire_all()
    assert book.find_submission("00_mini", "mira").notebooks[0].late_submission_penalty == 2.75
    write("mira", timestamp="2025-01-31 10:00:00 UTC", course=CourseDirectory(course.root, config))
    book.db.expire_all()
    assert book.find_submission("00_mini", "mira").notebooks[0].late_submission_penalty is None


def test_a_failure_in_the_middle_writes_nothing(write, book, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("stop here")

    monkeypatch.setattr(gradebook, "_comments", broken)
    with pytest.raises(RuntimeError, match="stop here"):
        write("mira")
    assert book.students == []


def test_a_gradebook_that_another_program_holds_is_named(write, book, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def locked(*arguments):
        raise OperationalError("insert", {}, Exception("database is locked"))

    monkeypatch.setattr(gradebook, "_comments", locked)
    with pytest.raises(CourseError, match=r"mira cannot be written .*database is locked.*another program"):
        write("mira")


def test_the_gradebook_must_know_the_tests(course, mini, tmp_path, mini_assignment):
    with gradebook.opened(course) as book:
        gradebook.check_built(book, mini_assignment)
        more = mini.assignment(tmp_path / "b", double_shape=None)
        with pytest.raises(CourseError, match=r"tests of 00_mini are others .* run `course build 00_mini`"):
            gradebook.check_built(book, more)
        with pytest.raises(CourseError, match=r"01_other is not in the gradebook; run `course build 01_other`"):
            gradebook.check_built(book, replace(mini_assignment, name="01_other"))
