"""Every answer of the bank, as a whole submission: right ones earn everything, wrong ones lose what they should.

The answers run in this process, two hundred submissions in a minute; a sample of them goes through the real engine.
"""

import traceback
from itertools import zip_longest

import pytest

from course import assignment
from course.authoring.answers import blank, read_bank, reference, submission
from course.authoring.places import answer_bank, source_notebooks
from course.grading.engine import grade
from course.grading.rebuild import rebuild
from course.grading.result import Limits

ASSIGNMENTS = {name: assignment.find(source_notebooks(), name) for name in assignment.names(source_notebooks())}
BANKS = {name: read_bank(answer_bank() / name) for name in ASSIGNMENTS}
ANSWERS = [
    pytest.param(name, answer, id=f"{name}-{answer}")
    for name, bank in BANKS.items()
    for answers in bank.values()
    for answer in answers
]


def run(source, notebook):
    """{grade_id of a failed test: (its message, whether the visible part failed)}, in order."""
    names, failed = {}, {}
    for cell in rebuild(notebook, source).cells:
        if cell.type != "code" or cell.role == "show":
            continue
        try:
            exec(compile(cell.code, f"<{cell.role}>", "exec"), names)
        except Exception as error:
            if cell.role == "test":
                lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == "<test>"]
                visible = bool(lines) and lines[-1] < cell.origin.hidden.start
                failed[cell.origin.grade_id] = (f"{type(error).__name__}: {error}", visible)
    return failed


@pytest.mark.parametrize(("name", "answer"), [a for a in ANSWERS if a.values[1].kind == "right"])
def test_a_right_answer_earns_everything(name, answer):
    source = ASSIGNMENTS[name]
    model = {cell.label: cell.source for cell in source.exercises}
    assert run(source, submission(source, blank(source), model | {answer.exercise: answer})) == {}


@pytest.mark.parametrize(("name", "answer"), [a for a in ANSWERS if a.values[1].kind == "wrong"])
def test_a_wrong_answer_loses_exactly_what_it_should_and_is_told_why(name, answer):
    source = ASSIGNMENTS[name]
    model = {cell.label: cell.source for cell in source.exercises}
    failed = run(source, submission(source, blank(source), model | {answer.exercise: answer}))
    assert set(failed) == set(answer.fails)
    assert answer.fails, "a wrong answer that fails nothing shows a blind test"
    message, visible = next(iter(failed.values()))
    if answer.says is None:
        assert not any(seen for _, seen in failed.values()), "its visible message should be in the bank"
    else:
        assert visible
        assert answer.says in message


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_exercise_has_enough_answers(name):
    for exercise in ASSIGNMENTS[name].exercises:
        answers = BANKS[name][exercise.label]
        kinds = [answer.kind for answer in answers]
        assert kinds.count("right") >= 2
        assert kinds.count("wrong") >= 4
        assert any(answer.says is None for answer in answers if answer.kind == "wrong"), (
            "none that only hidden tests see"
        )
        assert len({answer.name for answer in answers}) == len(answers)
        assert exercise.source not in {answer.source for answer in answers}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_assignment_is_worth_20_points_in_parts_of_at_least_two_tests(name):
    source = ASSIGNMENTS[name]
    assert source.points == 20
    for exercise in source.exercises:
        assert sum(test.label.startswith(f"{exercise.label}-") for test in source.tests) >= 2, exercise.label


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_in_the_real_engine_the_reference_earns_all_and_the_blank_release_nothing(name):
    source = ASSIGNMENTS[name]
    whole = grade(reference(source, blank(source)), source, Limits(run_show=True))
    assert (whole.points, whole.failed, whole.broken) == (source.points, (), ())
    nothing = grade(blank(source), source)
    assert nothing.points == 0
    assert len(nothing.unanswered) == len(source.exercises)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_in_the_real_engine_right_answers_of_all_exercises_earn_everything_together(name):
    source = ASSIGNMENTS[name]
    model = {cell.label: cell.source for cell in source.exercises}
    right = [[a for a in answers if a.kind == "right"] for answers in BANKS[name].values()]
    for choice in zip_longest(*right):
        graded = grade(submission(source, blank(source), model | {a.exercise: a for a in choice if a}), source)
        assert (graded.points, graded.failed) == (source.points, ())


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_in_the_real_engine_a_wrong_answer_of_each_exercise_is_judged_as_in_the_bank(name):
    source = ASSIGNMENTS[name]
    model = {cell.label: cell.source for cell in source.exercises}
    for answers in BANKS[name].values():
        answer = next(a for a in reversed(answers) if a.kind == "wrong" and a.says)
        graded = grade(submission(source, blank(source), model | {answer.exercise: answer}), source)
        assert {score.grade_id for score in graded.failed} == set(answer.fails)
        assert answer.says in graded.failed[0].message
        assert not graded.failed[0].hidden


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_in_the_real_engine_a_crash_and_an_endless_loop_cost_their_own_tests_only(name):
    source = ASSIGNMENTS[name]
    model = {cell.label: cell.source for cell in source.exercises}
    for answer in [a for answers in BANKS[name].values() for a in answers if a.kind in ("crash", "hang")]:
        graded = grade(
            submission(source, blank(source), model | {answer.exercise: answer}), source, Limits(cell_seconds=3)
        )
        assert {score.grade_id.split("-")[0] for score in graded.failed} == {answer.exercise}
