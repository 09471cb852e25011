"""The answer bank's form, and submissions made from it."""

import json

import pytest

from course import CourseError
from course.authoring.answers import Answer, blank, read_answers, read_bank, reference, submission

FILE = '''\
"""Answers to `double`: right ones and wrong ones."""

# %% right: adds it to itself
def double(x):
    # %timeit is no head
    return x + x


# %% wrong: adds one: by mistake
# fails: double-values double-shape
# says: every value is 1 too small
# a comment that belongs to the answer
def double(x):
    return x + 1

# %% hang: waits for ever
# fails: double-values
def double(x):
    while True:
        pass
'''


def test_answers_are_read_with_what_is_said_of_them(tmp_path):
    (tmp_path / "double.py").write_text(FILE)
    right, wrong, hang = read_bank(tmp_path)["double"]
    assert right == Answer(
        "double", "right", "adds it to itself", "def double(x):\n    # %timeit is no head\n    return x + x"
    )
    assert wrong.name == "adds one: by mistake"
    assert wrong.fails == ("double-values", "double-shape")
    assert wrong.says == "every value is 1 too small"
    assert wrong.source.startswith("# a comment that belongs to the answer\ndef double")
    assert (hang.kind, hang.fails, hang.says) == ("hang", ("double-values",), None)
    assert str(wrong) == "double: wrong: adds one: by mistake"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# %% rihgt: x\ndef double(x): ...", "rihgt: x`; expected one of right, wrong"),
        ("# %% right\ndef double(x): ...", "expected one of"),
        ("# %% right: x\n\n", "no code under"),
    ],
)
def test_another_form_is_refused(tmp_path, text, says):
    (tmp_path / "double.py").write_text(text)
    with pytest.raises(CourseError, match=says):
        read_answers(tmp_path / "double.py")


def sources(notebook):
    return {cell["id"]: "".join(cell["source"]) for cell in json.loads(notebook)["cells"]}


def test_a_submission_is_the_release_with_answers_in_it(mini_assignment, mini_release):
    answer = Answer("double", "right", "sum", "def double(x):\n    return x + x")
    handed_in = sources(submission(mini_assignment, mini_release, {"double": answer}))
    assert handed_in == sources(mini_release) | {"double": answer.source}
    with pytest.raises(CourseError, match="no exercise 'triple'"):
        submission(mini_assignment, mini_release, {"triple": "x"})


def test_the_reference_is_everything_but_hidden_tests(mini_assignment, mini_release):
    handed_in = sources(reference(mini_assignment, mini_release))
    assert "twofold" in handed_in["double"]
    assert "secret" not in str(handed_in)


def test_the_blank_release_is_nbgraders(mini_assignment, built_once):
    released = (built_once / "release" / "00_mini" / "mini.ipynb").read_bytes()
    assert sources(blank(mini_assignment)) == sources(released)
