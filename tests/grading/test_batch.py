"""Grading a class: stored one by one, gone on with after a kill, stopped by nothing that a student sends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course import CourseError
from course.directory import open_course
from course.grading import workers
from course.grading.batch import grade_class
from course.grading.engine import refuse
from course.grading.result import CellScore, Limits
from course.grading.submissions import find


def fake(notebook, assignment, limits, known):
    """All points to every test; what a submission wants to happen to the process that grades it, happens."""
    if b"KILL ME" in notebook:
        os._exit(9)
    if b"BREAK ME" in notebook:
        raise ZeroDivisionError("the engine broke")
    full = tuple(CellScore(c.label, c.title, c.points, c.points) for c in assignment.tests)
    return replace(refuse(assignment, "x"), scores=full, error=None, isolation="fake")


def inline(jobs):
    return ThreadPoolExecutor(jobs)


@pytest.fixture
def run(course, mini_assignment):
    def grade(executor=inline, engine=fake, students=(), **options):
        return grade_class(
            course, find(course, [mini_assignment], students), engine=engine, executor=executor, **options
        )

    return grade


def table(batch):
    return {graded.student: (graded.result.points, graded.result.error, graded.fresh) for graded in batch.results}


@pytest.fixture
def book(course):
    with Gradebook(course.db_url, course.course_id) as opened:
        yield opened


def test_a_class_is_graded_and_stored(course, hand_in, run, book):
    for student in ("noor", "mira", "with space", "ümit"):
        hand_in(student)
    seen = []
    batch = run(progress=lambda graded: seen.append(graded.student), jobs=2)
    assert table(batch) == dict.fromkeys(("mira", "noor", "with space", "ümit"), (4.5, None, True))
    assert sorted(seen) == sorted(table(batch))
    assert {s.student.id for s in book.assignment_submissions("00_mini")} == set(table(batch))
    folder = course.path("autograded", "mira", "00_mini")
    assert sorted(path.name for path in folder.iterdir()) == ["mini.ipynb", "numbers.txt"]
    assert (folder / "mini.ipynb").stat().st_mode & 0o777 == 0o444


def test_what_is_unchanged_is_not_graded_again(course, hand_in, run, mini):
    hand_in("mira")
    hand_in("noor")
    first = run()
    hand_in("noor", double="def double(x):\n    return 1")
    (course.path("submitted", "mira", "00_mini") / "notes.txt").write_text("not graded")
    again = run()
    assert {name: fresh for name, (_, _, fresh) in table(again).items()} == {"mira": False, "noor": True}
    assert replace(again.results[0].result, notebook=b"") == replace(first.results[0].result, notebook=b"")
    assert all(fresh for _, _, fresh in table(run(force=True)).values())
    assert not any(fresh for _, _, fresh in table(run()).values())
    assert all(fresh for _, _, fresh in table(run(limits=Limits(cell_seconds=7))).values())


def test_feedback_on_an_earlier_result_does_not_stay(hand_in, course, run):
    for name in ("mira", "noor"):
        hand_in(name)
    run()
    pages = {name: course.path("feedback", name, "00_mini") / "mini.html" for name in ("mira", "noor")}
    for page in pages.values():
        page.parent.mkdir(parents=True)
        page.write_text("2 of 4 points")
    hand_in("mira", double="def double(x):\n    return 1")
    run()
    assert [page.exists() for page in pages.values()] == [False, True]


def test_what_this_machine_cannot_read_costs_nobody_a_score(hand_in, course, run, book, monkeypatch):
    folder = hand_in("mira")
    run()
    before = {score.student.id: score.score for score in book.assignment_submissions("00_mini")}
    (folder / "mini.ipynb").write_bytes((folder / "mini.ipynb").read_bytes() + b" ")
    read = Path.read_bytes

    def forbidden(path):
        if path.parent == folder:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", forbidden)
    batch = run()
    assert batch.unread == 1
    assert "cannot be read (Permission denied); nothing was graded" in batch.results[0].result.error
    assert {score.student.id: score.score for score in book.assignment_submissions("00_mini")} == before


def test_a_new_source_or_a_lost_gradebook_row_means_grading_again(course, hand_in, run, mini, book):
    hand_in("mira")
    run()
    from course.assignment import load

    source = course.path("source", ".", "00_mini")
    (source / "mini.ipynb").write_bytes(mini.bytes(mini.changed(intro="# New")))
    changed = grade_class(course, find(course, [load(source)]), engine=fake, executor=inline)
    assert changed.results[0].fresh
    book.remove_submission("00_mini", "mira")
    assert run().results[0].fresh


def test_no_broken_submission_stops_the_batch(course, hand_in, run):
    hand_in("a-good")
    hand_in("b-empty").joinpath("mini.ipynb").unlink()
    hand_in("c-two").joinpath("mini.ipynb").rename(course.path("submitted", "c-two", "00_mini") / "one`<b>.ipynb")
    (course.path("submitted", "c-two", "00_mini") / "two.ipynb").write_text("{}")
    hand_in("d-renamed").joinpath("mini.ipynb").rename(course.path("submitted", "d-renamed", "00_mini") / "mein.ipynb")
    hand_in("e-folder").joinpath("mini.ipynb").unlink()
    course.path("submitted", "e-folder", "00_mini").joinpath("mini.ipynb").mkdir()
    hand_in("f-engine", b"BREAK ME")
    hand_in("g-good")
    course.path("submitted", "h-file", "00_mini").parent.mkdir()
    course.path("submitted", "h-file", "00_mini").write_text("a file, not a folder")
    results = {graded.student: graded.result for graded in run().results}
    assert results["a-good"].points == results["g-good"].points == 4.5
    assert results["b-empty"].error == "There is no mini.ipynb in this submission; there is no notebook."
    assert results["c-two"].error.endswith("there is `one&#x27;&lt;b&gt;.ipynb`, `two.ipynb`.")
    assert results["d-renamed"].points == 4.5
    assert results["d-renamed"].notes == (
        "The notebook had been renamed to `mein.ipynb`; it was graded as mini.ipynb.",
    )
    assert "There is no mini.ipynb" in results["e-folder"].error
    assert "ZeroDivisionError: the engine broke" in results["f-engine"].error
    assert "There is no mini.ipynb" in results["h-file"].error
    notebook = json.loads((course.path("autograded", "d-renamed", "00_mini") / "mini.ipynb").read_bytes())
    assert "had been renamed" in "".join(notebook["cells"][0]["source"])


def test_a_failure_of_grading_itself_is_tried_again_in_the_next_run(hand_in, run):
    hand_in("mira", b"BREAK ME")
    assert run().results[0].fresh
    assert run().results[0].fresh


def test_a_grading_process_that_is_killed_costs_one_submission(hand_in, run):
    for student in ("a", "b", "d", "e"):
        hand_in(student)
    hand_in("c", b"KILL ME")
    batch = run(executor=workers.processes, jobs=2)
    assert {name: points for name, (points, _, _) in table(batch).items()} == {
        "a": 4.5,
        "b": 4.5,
        "c": 0,
        "d": 4.5,
        "e": 4.5,
    }
    assert "its process was killed twice" in table(batch)["c"][1]


def test_where_the_solution_fails_nobody_is_graded(course, hand_in, run, book):
    def broken(notebook, assignment, limits, known):
        return replace(refuse(assignment, ""), error=None, broken=(("setup", "ImportError: no numpy"),))

    hand_in("mira")
    with pytest.raises(
        CourseError, match=r"solution of 00_mini itself loses points here.*cell setup fails: ImportError"
    ):
        run(engine=broken)
    assert book.students == []


def test_only_some_students(hand_in, run):
    hand_in("mira")
    hand_in("noor")
    assert list(table(run(students=("noor",)))) == ["noor"]
    with pytest.raises(CourseError, match="'nora' has handed in nothing; mira, noor have"):
        run(students=("nora",))


def test_without_submissions_their_place_is_named(course, run):
    with pytest.raises(CourseError, match=r"submissions belong in .*submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb"):
        run()


def test_an_assignment_must_be_built_first(course, hand_in, run):
    hand_in("mira")
    (course.root / "gradebook.db").unlink()
    with pytest.raises(CourseError, match="not in the gradebook; run `course build 00_mini`"):
        run()


def course_grade(course, *arguments):
    command = [sys.executable, "-m", "course.cli", "grade", "--course", str(course.root), "--jobs", "2", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def autograded(course):
    return sorted(path.parent.parent.name for path in (course.root / "autograded").glob("*/00_mini/mini.ipynb"))


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


SLOW = "import time\ndef double(x):\n    time.sleep(0.3)\n    return 2 * x"


def test_a_killed_run_goes_on_where_it_stopped(course, hand_in):
    for number in range(3):
        hand_in(f"s{number}", double=SLOW)
    first = course_grade(course)
    wait_for(lambda: autograded(course))
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    done = autograded(course)
    assert 1 <= len(done) < 3
    before = {name: (course.path("autograded", name, "00_mini") / "mini.ipynb").stat().st_mtime_ns for name in done}

    second = course_grade(course)
    out, err = second.communicate(timeout=120)
    assert (second.returncode, err) == (0, "")
    assert len(autograded(course)) == 3
    assert out.count("unchanged.") == len(done)
    for name, changed in before.items():
        assert (course.path("autograded", name, "00_mini") / "mini.ipynb").stat().st_mtime_ns == changed
    with Gradebook(course.db_url, course.course_id) as book:
        assert {s.student.id: s.score for s in book.assignment_submissions("00_mini")} == {f"s{n}": 3 for n in range(3)}


def test_ctrl_c_finishes_what_runs_and_says_how_to_go_on(course, hand_in):
    for number in range(8):  # more than begin before the first is done
        hand_in(f"s{number}", double=SLOW)
    running = course_grade(course)
    wait_for(lambda: len(autograded(course)) >= 1)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal sends it: to every process of the command
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "submissions that have begun" in err
    left = 8 - len(autograded(course))
    assert 0 < left < 8
    assert f"Stopped with {left} submissions left; the same command goes on with them." in err
    assert out.count("3 / 4.5") == 8 - left


def test_workers_end_with_the_one_that_started_them(tmp_path):
    script = (
        "import time\nfrom course.grading.workers import processes\n"
        "if __name__ == '__main__':\n    pool = processes(1)\n    import os\n"
        "    print(pool.submit(os.getpid).result(), flush=True)\n    time.sleep(60)\n"
    )
    (tmp_path / "start.py").write_text(script)
    starter = subprocess.Popen([sys.executable, str(tmp_path / "start.py")], stdout=subprocess.PIPE, text=True)
    worker = int(starter.stdout.readline())
    starter.kill()
    starter.communicate()

    def gone():
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, 0)
            with open(f"/proc/{worker}/stat") as stat:
                return stat.read().split(")")[1].split()[0] == "Z"
        return True

    wait_for(gone, 10)


def test_a_course_directory_is_found_anew(course):
    assert open_course(course.root).students("00_mini") == []
