"""A class of 300 in one run: 15 submissions are broken or hostile, and nobody else pays for it."""

import json
from itertools import cycle

import pytest

from course import assignment
from course.authoring import course_directory, release
from course.authoring.answers import blank, read_bank, submission
from course.authoring.places import answer_bank
from course.directory import write
from course.grading import submissions
from course.grading.batch import grade_class
from course.grading.engine import grade
from course.grading.result import Limits

NAME = "06_convolution"
STUDENTS = 300
LIMITS = Limits(cell_seconds=10, memory_mb=512)
HOSTILE = {
    "crash": "import os\ndef conv1d(x, theta):\n    os._exit(0)",
    "hang": "def conv1d(x, theta):\n    while True:\n        pass",
    "patch": (
        "import numpy.testing, course.kit.checks, sys\n"
        "course.kit.checks.assert_close = numpy.testing.assert_allclose = lambda *args, **named: None\n"
        "sys.modules['course.kit.checks'] = course.kit.checks\ndef conv1d(x, theta):\n    return 0"
    ),
    "equal": (
        "class Yes(float):\n    __eq__ = __le__ = __ge__ = lambda self, other: True\n    __hash__ = None\n"
        "def conv1d(x, theta):\n    return Yes()"
    ),
    "hoard": "def conv1d(x, theta):\n    return [bytearray(2**20) for _ in range(10**6)]",
    "fork": "import os\ndef conv1d(x, theta):\n    while True:\n        os.fork()",
    "forge": "import os\nfor _ in range(100):\n    os.write(3, b'\\x93\\x01\\xa5value\\xc0' * 50)",
}


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    course = course_directory.create(tmp_path_factory.mktemp("class") / "course")
    source = assignment.find(course.source, NAME)
    built = release.build(course, NAME, lambda notebook, source: grade(notebook, source, LIMITS))
    assert built.problems == ()
    return course, source


def test_a_class_of_300_with_15_broken_or_hostile_ends_with_every_other_score_right(subject):
    course, source = subject
    bank = read_bank(answer_bank() / NAME)
    released = blank(source)
    right = {cell.label: [a for a in bank[cell.label] if a.kind == "right"] for cell in source.exercises}
    model = {cell.label: cell.source for cell in source.exercises}
    wrong = cycle(a for found in bank.values() for a in found if a.kind == "wrong")
    worth = {cell.label: cell.points for cell in source.tests}
    hostile = cycle([*HOSTILE, "no notebook", "empty"])
    expected, bad = {}, {}
    for number in range(STUDENTS):
        student = f"s{number:03}"
        answers = {name: found[number % len(found)].source for name, found in right.items()}
        if number % 20 == 7:
            bad[student] = kind = next(hostile)
            data = submission(source, released, answers | {"conv1d": HOSTILE.get(kind, "")})
            data = {"no notebook": data[: len(data) // 2], "empty": json.dumps({}).encode()}.get(kind, data)
        elif number % 2:
            data, expected[student] = submission(source, released, answers), source.points
        else:
            mistake = next(wrong)  # among model answers: others may call one another
            data = submission(source, released, model | {mistake.exercise: mistake.source})
            expected[student] = source.points - sum(worth[test] for test in mistake.fails)
        write(course.path("submitted", student, NAME) / f"{source.notebook}.ipynb", data)

    batch = grade_class(course, submissions.find(course, [source]), limits=LIMITS)

    found = {graded.student: graded.result.points for graded in batch.results}
    assert batch.left == 0
    assert len(bad) == 15
    assert {student: found[student] for student in expected} == expected
    assert all(found[student] <= source.points - worth["conv1d-values"] - worth["conv1d-impulse"] for student in bad)
