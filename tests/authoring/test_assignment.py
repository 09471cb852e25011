"""Reading a source notebook: roles, regions, what students get of a cell."""

import json
import pickle

import nbformat
import pytest

from course import CourseError
from course.assignment import Region, find, load, names, parse


def test_roles_points_and_interface_of_every_cell(mini_assignment):
    roles = {cell.id: (cell.role, cell.points) for cell in mini_assignment.cells}
    assert roles == {
        "intro": ("text", None),
        "setup": ("setup", None),
        "double": ("exercise", None),
        "double-values": ("test", 2),
        "double-shape": ("test", 1),
        "between": ("text", None),
        "mean": ("exercise", None),
        "mean-value": ("test", 1.5),
        "why": ("manual", 1),
        "picture": ("show", None),
    }
    assert mini_assignment.interface == {"double": {"double"}, "mean": {"mean"}}
    assert mini_assignment.points == 5.5
    assert mini_assignment.files == (("numbers.txt", b"1 2 3\n"),)


def test_a_test_cell_has_a_title_a_visible_part_and_a_hidden_part(mini_assignment):
    test = mini_assignment.tests[0]
    assert test.title == "double: small arrays"
    assert test.hidden.start == 4
    assert test.hidden.lines[0] == "for secret_length in (4, 9):"
    assert "secret" not in test.released
    assert test.released.endswith('"double([1, 2, 5])")')


def test_a_solution_is_a_region_with_its_place(mini_assignment):
    exercise = mini_assignment.exercise_of("double")
    assert exercise.solution == Region(4, ("    twofold = 2 * np.asarray(x)", "    return twofold"))
    assert exercise.released.endswith("    # YOUR CODE HERE\n    raise NotImplementedError()")


def test_what_students_get_is_what_nbgrader_makes_of_it(mini_assignment, built_once):
    released = nbformat.read(built_once / "release" / "00_mini" / "mini.ipynb", as_version=4)
    assert [cell.source for cell in released.cells] == [cell.released for cell in mini_assignment.cells]


def test_an_assignment_can_be_hashed_and_sent_to_another_process(mini_assignment, mini, tmp_path):
    again = pickle.loads(pickle.dumps(mini_assignment))
    assert again == mini_assignment
    assert hash(again) == hash(mini_assignment)
    assert again.fingerprint == mini_assignment.fingerprint
    other = mini.assignment(tmp_path, intro="# Another text")
    assert other.fingerprint != mini_assignment.fingerprint


def test_unknown_names_are_answered_with_the_known_ones(mini, tmp_path, mini_assignment):
    mini.source(tmp_path)
    assert names(tmp_path) == ["00_mini"]
    assert names(tmp_path / "nowhere") == []
    with pytest.raises(CourseError, match=r"no assignment '06_conv'.*there is 00_mini"):
        find(tmp_path, "06_conv")
    with pytest.raises(CourseError, match="no exercise 'median'; it has double, mean"):
        mini_assignment.exercise_of("median")


def test_a_folder_must_hold_exactly_one_notebook(tmp_path, mini):
    folder = mini.source(tmp_path)
    (folder / "second.ipynb").write_text("{}")
    with pytest.raises(CourseError, match=r"mini.ipynb, second.ipynb; an assignment's folder holds exactly one"):
        load(folder)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"cells": []}', "no `nbformat`"),
        (b"[1]", "no `nbformat`"),
        (b'{"nbformat": 3, "worksheets": []}', "notebook format 3, and 4 is needed"),
        (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
        (b'{"nbformat": 4, "metadata": 1, "cells": []}', "metadata that are no dictionary"),
        (b'{"nbformat": 4, "cells": [3]}', "Cell 1 of x.ipynb is damaged"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "Cell 1 of x.ipynb is damaged"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "metadata": 3}]}', "is damaged"),
    ],
)
def test_what_is_no_notebook_is_named_in_one_sentence(data, says):
    with pytest.raises(CourseError, match=says) as caught:
        parse(data, "x.ipynb")
    assert str(caught.value).count("\n") == 0
    assert "x.ipynb" in str(caught.value)


def test_half_a_surrogate_pair_can_be_stored():
    data = json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": "x = '\ud800'"}]}).encode()
    assert parse(data, "x")[0].source == "x = '?'"
