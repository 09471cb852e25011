# ruff: noqa: E501  (each attack is one entry of a table)
"""What a notebook file and a submission's folder can be made to say."""

import copy
import json
import os
import shutil
from dataclasses import replace

import pytest

from course.authoring.answers import submission
from course.grading import gradebook, submissions
from course.grading.batch import grade_class

from .conftest import LIMITS, MODEL, WRONG, own


@pytest.fixture(scope="module")
def wrong(mini_assignment, mini_release):
    """A notebook with a wrong `double` and a right `mean`: 1.5 points are honest."""
    notebook = json.loads(submission(mini_assignment, mini_release, MODEL | {"double": WRONG}))
    return lambda: copy.deepcopy(notebook)


def at(notebook, grade_id):
    cells = notebook["cells"]
    return next(n for n, c in enumerate(cells) if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def grading(notebook, grade_id):
    return notebook["cells"][at(notebook, grade_id)]["metadata"]["nbgrader"]


def deleted(notebook):
    del notebook["cells"][at(notebook, "double-values")]


def all_tests_deleted(notebook):
    notebook["cells"] = [c for c in notebook["cells"] if not c["metadata"].get("nbgrader", {}).get("grade")]


def all_deleted_but_the_answers(notebook):
    notebook["cells"] = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("solution")]


def duplicated(notebook):
    notebook["cells"].insert(0, copy.deepcopy(notebook["cells"][at(notebook, "double-values")]) | {"source": "2"})


def duplicated_a_thousand_times(notebook):
    notebook["cells"] += [copy.deepcopy(notebook["cells"][at(notebook, "double-values")]) for _ in range(1000)]


def emptied(notebook):
    for name in ("double-values", "double-shape"):
        notebook["cells"][at(notebook, name)]["source"] = ""


def replaced_by_points(notebook):
    for name in ("double-values", "double-shape"):
        notebook["cells"][at(notebook, name)]["source"] = "100"


def moved(notebook):
    notebook["cells"].insert(0, notebook["cells"].pop(at(notebook, "double-values")))


def renamed(notebook):
    grading(notebook, "double-values")["grade_id"] = "double-values-2"


def named_like_another(notebook):
    grading(notebook, "double-values")["grade_id"] = "mean-value"


def answers_swapped(notebook):
    grading(notebook, "double")["grade_id"] = "x"
    grading(notebook, "mean")["grade_id"] = "double"
    grading(notebook, "x")["grade_id"] = "mean"


def retyped(notebook):
    for kind, name in (("markdown", "double-values"), ("raw", "double-shape"), ("heading", "setup")):
        cell = notebook["cells"][at(notebook, name)]
        cell["cell_type"] = kind


def an_answer_retyped(notebook):
    notebook["cells"][at(notebook, "mean")]["cell_type"] = "markdown"


def re_pointed(notebook):
    for name in ("double-values", "double-shape", "mean-value"):
        grading(notebook, name)["points"] = 1000
    grading(notebook, "double") | {"points": 1000, "grade": True}


def points_for_an_answer(notebook):
    grading(notebook, "double").update(grade=True, points=1000, locked=False)


def made_solutions(notebook):
    for name in ("double-values", "double-shape"):
        grading(notebook, name).update(solution=True, locked=False)
        notebook["cells"][at(notebook, name)]["source"] = "pass"


def made_tasks(notebook):
    grading(notebook, "double-values").update(task=True, points=1000)


def tags(notebook):
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception", "remove_cell", "setup", "show"]


def metadata_of_the_engine(notebook):
    notebook["metadata"]["convcourse"] = {"scores": [{"grade_id": "double-values", "points": 100}], "fingerprint": ""}
    for cell in notebook["cells"]:
        cell["metadata"]["convcourse"] = "notes"


def another_kernel(notebook):
    notebook["metadata"]["kernelspec"] = {"name": "bash", "display_name": "x", "language": "bash"}
    notebook["metadata"]["language_info"] = {"name": "R", "codemirror_mode": {"name": "../../../etc/passwd"}}


def strange_metadata(notebook):
    grading(notebook, "double-values").update(
        schema_version="x", grade="yes", points={"a": 1}, grade_id="double-values"
    )
    notebook["cells"][at(notebook, "between") if False else 0]["metadata"] = {"nbgrader": [1, 2], "tags": 3}
    notebook["cells"].append(own("1") | {"metadata": {"nbgrader": {"grade_id": ["x"]}}})
    notebook["cells"].append(own("1") | {"metadata": {"nbgrader": {"grade_id": None, "grade": 1}}})


def the_same_id_everywhere(notebook):
    for cell in notebook["cells"]:
        cell["id"] = "double-values"


def strange_ids(notebook):
    for n, cell in enumerate(notebook["cells"]):
        cell["id"] = [None, 3, {"a": 1}, ["x"], "<script>", "x" * 10_000][n % 6]


def a_setup_of_ones_own(notebook):
    notebook["cells"][at(notebook, "setup")]["source"] = (
        "assert_close = assert_shape = lambda *a, **k: None\nimport numpy as np"
    )


def null_bytes(notebook):
    notebook["cells"][at(notebook, "double")]["source"] = "def double(x):\n    return '\0'\0\n"
    notebook["cells"].append(own("\0", "a\0b"))
    notebook["cells"].append(own("\0<b>\x1b[31m", "note", "markdown"))


def half_characters(notebook):
    notebook["cells"][at(notebook, "double")]["source"] = "x = '\ud800'\n" + WRONG
    notebook["cells"].append(own("\udfff \U0010ffff \u202e", "note", "markdown"))


def many_cells(notebook):
    notebook["cells"] += [own("", f"c{n}", "markdown") for n in range(4000)]


def attachments(notebook):
    strange = {
        "a.png": {"image/png": "x"},
        "b": [1],
        "c": {"text/html": "<script>"},
        "../d": {"image/svg+xml": "<svg onload=x>"},
    }
    notebook["cells"].append(own("![x](attachment:a.png)", "note", "markdown") | {"attachments": strange})
    notebook["cells"].append(own("![x](attachment:none.png)", "note2", "markdown") | {"attachments": "x"})


CHANGES = [
    deleted, all_tests_deleted, all_deleted_but_the_answers, duplicated, duplicated_a_thousand_times, emptied, replaced_by_points,
    moved, renamed, named_like_another, answers_swapped, retyped, an_answer_retyped, re_pointed, points_for_an_answer, made_solutions,
    made_tasks, tags, metadata_of_the_engine, another_kernel, strange_metadata, the_same_id_everywhere, strange_ids,
    a_setup_of_ones_own, null_bytes, half_characters, many_cells, attachments,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_is_done_to_the_notebook_changes_no_points(mini_assignment, hand_over, wrong, change):
    notebook = wrong()
    change(notebook)
    graded = hand_over(json.dumps(notebook).encode(), mini_assignment)
    assert graded.result.error is None
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}
    assert graded.result.max_points == 4.5


def damaged(wrong):
    good = json.dumps(wrong())
    return {
        "nothing": b"",
        "no JSON": b"{",
        "cut": good[:-200].encode(),
        "null bytes": b"\0" * 1000,
        "UTF-16": good.encode("utf-16"),
        "a picture": bytes(range(256)) * 100,
        "a list": b"[]",
        "a number": b"4",
        "infinity": b"Infinity",
        "null": b"null",
        "format 3": good.replace('"nbformat": 4', '"nbformat": 3').encode(),
        "a format that is a script": good.replace('"nbformat": 4', '"nbformat": "<script src=//a.b>"').encode(),
        "a format that is a list": good.replace('"nbformat": 4', '"nbformat": [4]').encode(),
        "100,000 levels": b"[" * 100_000 + b"]" * 100_000,
        "100,000 levels of cells": b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "deep metadata": good.replace('"metadata": {', '"metadata": {"x": ' + "[" * 50_000 + "]" * 50_000 + ", ", 1).encode(),
        "a number of a million digits": b'{"nbformat": ' + b"4" * 10**6 + b"}",
        "cells that are none": b'{"nbformat": 4, "cells": [1, null, "x", []]}',
        "cells without sources": b'{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {}}]}',
        "a million cells": b'{"nbformat": 4, "metadata": {}, "cells": [' + b",".join(
            [b'{"cell_type":"raw","metadata":{},"source":""}'] * 10**6) + b"]}",
        "100 MB": b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "raw", "metadata": {}, "source": "' + b"x" * 10**8 + b'"}]}',
    }  # fmt: skip


def test_what_is_no_notebook_is_a_result(mini_assignment, hand_over, wrong):
    for name, data in damaged(wrong).items():
        graded = hand_over(data, mini_assignment, within=5)
        assert graded.result.points == 0, name
        assert graded.result.error, name
        assert "<script" not in graded.notebook.cells[0].source, name
        assert len(graded.result.notebook) < 50_000, name


def test_a_large_notebook_is_graded_in_time(mini_assignment, hand_over, wrong):
    notebook = wrong()
    notebook["cells"] += [
        own("x" * 10_000_000, "note", "markdown"),
        own("'" + "y" * 5_000_000 + "'"),
        own("z = 1\n" * 400_000),
    ]
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 500_000}]
    graded = hand_over(json.dumps(notebook).encode(), mini_assignment)
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


def test_a_cell_too_long_for_a_message_costs_itself(attack):
    graded = attack(double="#" * 3_000_000 + "\n" + MODEL["double"])
    assert graded.points == {"double-values": 0, "double-shape": 0, "mean-value": 1.5}


# -- the folder ---------------------------------------------------------------------------------------------------------

QUICK = replace(LIMITS, key="")


def in_class(course, mini_assignment, students):
    found = submissions.find(course, [mini_assignment])
    assert {one.student for one in found} == set(students)
    batch = grade_class(course, found, jobs=1, limits=QUICK)
    return {graded.student: graded.result for graded in batch.results}


def test_links_do_not_hand_in_what_is_not_ones_own(course, mini_assignment, hand_in, tmp_path):
    honest = hand_in("ann", **MODEL)
    outside = tmp_path / "secret.txt"
    outside.write_text("SECRET")
    links = {
        "source": course.path("source", ".", "00_mini") / "mini.ipynb",
        "another": honest / "mini.ipynb",
        "outside": outside,
        "nothing": tmp_path / "nothing",
        "loop": None,
        "device": "/dev/zero",
        "relative": "../../ann/00_mini/mini.ipynb",
    }
    for student, target in links.items():
        folder = hand_in(f"l-{student}")
        (folder / "mini.ipynb").unlink()
        (folder / "mini.ipynb").symlink_to(target or folder / "mini.ipynb")
    (course.path("submitted", "l-folder", ".")).mkdir(parents=True)
    (course.path("submitted", "l-folder", "00_mini")).symlink_to(honest)
    course.path("submitted", "l-student", ".").symlink_to(honest.parent)
    stamped = hand_in("l-stamp")
    (stamped / "timestamp.txt").symlink_to(outside)
    os.mkfifo(hand_in("pipe") / "other.ipynb")
    piped = hand_in("piped")
    (piped / "mini.ipynb").unlink()
    os.mkfifo(piped / "mini.ipynb")
    everybody = ["ann", "pipe", "piped", "l-folder", "l-student", "l-stamp", *(f"l-{name}" for name in links)]
    results = in_class(course, mini_assignment, everybody)
    assert results["ann"].points == 4.5
    assert {name for name, result in results.items() if result.points} == {"ann"}
    for name in everybody:
        written = course.path("autograded", name, "00_mini")
        if not written.is_symlink() and written.is_dir():
            assert all(b"SECRET" not in file.read_bytes() for file in written.iterdir())
    assert (honest / "mini.ipynb").read_bytes()


def test_odd_names_and_further_files_are_not_looked_at(course, mini_assignment, hand_in):
    wrong = {"double": WRONG, "mean": MODEL["mean"]}
    folder = hand_in("mallory", **wrong)
    for name in (
        "numpy.py",
        "course.py",
        "conftest.py",
        "sitecustomize.py",
        "numbers.txt",
        ".env",
        "mini.ipynb ",
        "mini.IPYNB",
    ):
        (folder / name).write_text("raise SystemExit('STOLEN')")
    (folder / "course").mkdir()
    (folder / "course" / "__init__.py").write_text("raise SystemExit('STOLEN')")
    (folder / "...").mkdir()
    (folder / "-rf.ipynb").write_text("{}")
    (folder / "..ipynb").write_text("{}")
    (folder / "timestamp.txt").write_bytes(b"\xff\x00 yesterday\x1b[2J" * 1000)
    for number, stamp in enumerate(["-99:99999999999999999999991000031", "1:99999999999999999999999999999"]):
        (hand_in(f"late{number}", **MODEL) / "timestamp.txt").write_text(stamp)
    os.truncate(hand_in("huge") / "mini.ipynb", 2**40)
    only = hand_in("odd", **wrong)
    (only / "mini.ipynb").rename(only / "<img src=x onerror=alert(1)>\n# *x* `y` $(id).ipynb")
    results = in_class(course, mini_assignment, ["mallory", "huge", "odd", "late0", "late1"])
    assert results["late0"].points == results["late1"].points == 4.5
    assert results["mallory"].points == results["odd"].points == 1.5
    assert results["huge"].points == 0
    assert "too large" in results["huge"].error
    assert "<img" not in results["odd"].notebook.decode()
    assert "\n" not in results["odd"].notes[0]
    assert b"STOLEN" not in results["mallory"].notebook


def test_a_broken_class_leaves_the_others_alone(course, mini_assignment, hand_in):
    hand_in("a-broken", notebook=b"\0")
    hand_in("b-crash", double="import os\nos._exit(1)")
    hand_in("c-honest", **MODEL)
    hand_in("d-forged", double="import os\nos.write(3, b'\\xff' * 10_000)\n" + WRONG, mean=MODEL["mean"])
    hand_in("e-honest", **MODEL)
    results = in_class(course, mini_assignment, ["a-broken", "b-crash", "c-honest", "d-forged", "e-honest"])
    assert {name: result.points for name, result in results.items()} == {
        "a-broken": 0, "b-crash": 0, "c-honest": 4.5, "d-forged": 1.5, "e-honest": 4.5,
    }  # fmt: skip


def test_a_name_that_no_gradebook_takes_stops_nobody(course, mini_assignment, hand_in):
    hand_in("ann", **MODEL)
    names = [b"m\xfcller", b"\x1b[31mred", b"two\nlines"]
    for name in names:
        folder = os.fsencode(course.path("submitted", "ann", "00_mini").parents[1]) + b"/" + name
        shutil.copytree(course.path("submitted", "ann", "00_mini"), os.fsdecode(folder) + "/00_mini")
    assert in_class(course, mini_assignment, ["ann"])["ann"].points == 4.5
    assert [found.student for found in submissions.find(course, [mini_assignment])] == ["ann"]
    told = submissions.misnamed(course, [mini_assignment])
    assert told == ["'\\x1b[31mred'", "'m\\udcfcller'", "'two\\nlines'"]


def test_a_result_that_cannot_be_stored_stops_nobody(course, mini_assignment, hand_in, monkeypatch):
    for name in ("ann", "bob", "cleo"):
        hand_in(name, **MODEL)
    moment = gradebook._moment
    monkeypatch.setattr(gradebook, "_moment", lambda timestamp: 1 / 0 if timestamp else moment(timestamp))
    (course.path("submitted", "bob", "00_mini") / "timestamp.txt").write_text("2026-01-01")
    results = in_class(course, mini_assignment, ["ann", "bob", "cleo"])
    assert [results[name].points for name in ("ann", "bob", "cleo")] == [4.5, 0, 4.5]
    assert "could not be stored (ZeroDivisionError: division by zero); the next run" in results["bob"].error
    monkeypatch.undo()
    assert in_class(course, mini_assignment, ["ann", "bob", "cleo"])["bob"].points == 4.5
