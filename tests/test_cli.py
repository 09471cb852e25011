"""The `course` command: what it prints, its exit status, and one sentence for every wrong use."""

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course import cli

COURSE = str(Path(sys.executable).parent / "course")


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs the command in this process, in `tmp_path` if nothing else is said."""

    def call(*arguments, cwd=tmp_path):
        monkeypatch.chdir(cwd)
        status = cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def wrong_use(result):
    """The sentence of a command that was used wrongly."""
    status, out, err = result
    assert status == 2
    assert out == ""
    assert re.fullmatch(r"course: [^\n]+\.\n", err), err
    assert "Traceback" not in err
    return err


def test_help_lists_the_commands_in_the_order_of_a_course(run):
    status, out, _ = run("--help")
    assert status == 0
    assert re.findall(r"^  (\w+)  ", out, re.MULTILINE) == ["init", "lint", "build", "grade", "check", "train", "demo"]
    assert run() == (0, out, "")
    for command in ("init", "lint", "build", "grade", "check", "train", "demo"):
        status, out, _ = run(command, "--help")
        assert status == 0
        assert f"  course {command}" in out  # an example


def test_help_comes_at_once():
    def fastest(command):
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times.append(time.perf_counter() - began)
        return min(times)

    assert fastest([COURSE, "--help"]) - fastest([sys.executable, "-c", "pass"]) < 0.3


def test_version(run):
    assert re.match(r"course, version \d+\.\d+", run("--version")[1])


def test_without_click_one_sentence_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['click'] = None; import course.cli"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "course: this command needs more packages; run pip install 'convcourse[instructor]', "
        "or 'convcourse[student]' for check and train.\n"
    )


def test_without_nbgrader_one_sentence_says_what_to_install(course, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "course.grading.engine", None)
    assert "pip install 'convcourse[instructor]'" in wrong_use(run("build", cwd=course.root))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["brew"], "No such command 'brew'.*see `course --help`"),
        (["--quiet"], "No such option.*--quiet.*see `course --help`"),
        (["grade", "--jobs", "0"], "--jobs.*see `course grade --help`"),
        (["grade", "--jobs", "many"], "'many' is not a valid integer"),
        (["init"], "Missing argument 'DIRECTORY'; see `course init --help`"),
        (["check"], "Missing argument 'NOTEBOOK'"),
        (["init", "a", "b"], "unexpected extra argument"),
        (["build"], "is no course directory.*make one with `course init DIR`"),
        (["grade"], "is no course directory"),
        (["build", "--course", "nowhere"], "nowhere is no course directory"),
        (["lint"], "no source/ or source_notebooks/ here"),
        (["lint", "nowhere"], "nowhere does not exist"),
        (["lint", "broken.ipynb"], "broken.ipynb is no notebook, as it is no JSON"),
        (["lint", "--fix", "broken.ipynb"], "broken.ipynb is no notebook, as it is no JSON"),
        (["lint", "."], "broken.ipynb is no notebook"),
        (["check", "nowhere.ipynb"], "nowhere.ipynb cannot be read"),
        (["check", "broken.ipynb"], "broken.ipynb is no notebook"),
        (["check", "."], "cannot be read"),
        (["init", "broken.ipynb"], "broken.ipynb is a file"),
        (["init", "."], "is not empty"),
        (["demo", "--keep", "."], "is not empty"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(run, tmp_path, arguments, says):
    (tmp_path / "broken.ipynb").write_text('{"cells": [')
    assert re.search(says, wrong_use(run(*arguments)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.ipynb"]


def test_wrong_use_in_a_course_directory(run, course, hand_in):
    for command in ("build", "grade"):
        said = wrong_use(run(command, "07_nowhere", cwd=course.root))
        assert "no assignment '07_nowhere'" in said
        assert "there is 00_mini" in said
    assert "There is no submission" in wrong_use(run("grade", cwd=course.root))
    hand_in("mira")
    assert "'noor' has handed in nothing; mira have" in wrong_use(run("grade", "--student", "noor", cwd=course.root))
    (course.source / "00_mini" / "mini.ipynb").write_text("{")
    for command in ("build", "grade"):
        assert "mini.ipynb is no notebook, as it is no JSON" in wrong_use(run(command, cwd=course.root))
    shutil.rmtree(course.source / "00_mini")
    assert "holds no assignment" in wrong_use(run("build", cwd=course.root))


def test_a_bug_is_one_sentence_too(run, course, monkeypatch):
    def broken(root):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("course.directory.open_course", broken)
    assert "this is a bug: ZeroDivisionError: oh; set COURSE_TRACEBACK=1" in wrong_use(run("build"))
    monkeypatch.setenv("COURSE_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run("build")


def test_ctrl_c_is_one_sentence(run, monkeypatch):
    def interrupted(root):
        raise KeyboardInterrupt

    monkeypatch.setattr("course.directory.open_course", interrupted)
    assert run("build") == (130, "", "\ncourse: stopped.\n")  # on a terminal, ^C stands before it


def test_lint_names_what_it_finds_and_fix_mends_it(run, mini, tmp_path):
    folder = mini.source(tmp_path / "source")
    assert run("lint") == (0, "1 notebook, nothing to find fault with.\n", "")
    notebook = json.loads((folder / "mini.ipynb").read_bytes())
    notebook["cells"][1]["execution_count"] = 3
    notebook["cells"][3]["source"] = "double(1)\n### BEGIN HIDDEN TESTS\ndouble(2)\n### END HIDDEN TESTS"
    (folder / "mini.ipynb").write_text(json.dumps(notebook))
    status, out, err = run("lint", "source")
    assert (status, err) == (1, "")
    assert "source/00_mini/mini.ipynb: notebook: it holds outputs or execution counts" in out
    assert "mini.ipynb: double-values: its first line must be a comment" in out
    status, out, _ = run("lint", "--fix")
    assert status == 1
    assert out.startswith("source/00_mini/mini.ipynb: normal form restored\n")
    assert "[normal-form]" not in out


def test_build_and_grade(run, course, hand_in):
    shutil.rmtree(course.root / "release")
    status, out, err = run("build", cwd=course.root)
    assert (status, err) == (0, "")
    assert re.fullmatch(r"00_mini is in \S+/release/00_mini \(5.5 points: the solution all, blank 0\).\n", out)

    hand_in("mira", double="def double(x):\n    return 2 * x", mean="def mean(x):\n    return x.sum()")
    hand_in("[red]noor", b"{")
    status, out, err = run("grade", "00_mini", "00_mini", "--course", course.root, "--jobs", 1)  # once is enough
    assert (status, err) == (0, "")
    header, noor, mira, _, summary = out.splitlines()
    assert summary == "2 submissions; together 33% of the points."
    assert header.split() == ["student", "score", "lost", "note"]
    assert re.match(r"\[red\]noor +0 / 4.5 +everything +This submission is no notebook", noor)
    assert re.match(r"mira +3 / 4.5 +mean-value -1.5 +1 not answered\.", mira)


def test_build_refuses_by_name_and_builds_the_others(run, course, mini, tmp_path):
    leaky = mini.source(tmp_path / "more", intro="`twofold = 2 * np.asarray(x)`")
    shutil.copytree(leaky, course.source / "01_leaky")
    before = (course.root / "release" / "00_mini" / "mini.ipynb").read_bytes()
    status, out, err = run("build", cwd=course.root)
    assert (status, err) == (1, "")
    assert out.splitlines()[1:] == [
        "01_leaky is refused, and nothing of it was changed:",
        "  leak: line 4 of the solution in double is in mini.ipynb, cell 1 (intro), its source: "
        "twofold = 2 * np.asarray(x)",
    ]
    assert (course.root / "release" / "00_mini" / "mini.ipynb").read_bytes() == before
    assert not (course.root / "release" / "01_leaky").exists()


def test_check_passes_its_status_on(run, mini_release, tmp_path):
    (tmp_path / "mini.ipynb").write_bytes(mini_release)
    status, out, _ = run("check", "mini.ipynb", "--timeout", 20)
    assert status == 1
    assert "0 of 3 visible tests pass" in out


def test_a_pipe_that_closes_is_no_error(mini, tmp_path):
    mini.source(tmp_path / "source", double="def double(x):\n    return 2 * x")
    done = subprocess.run(f"'{COURSE}' lint | true", shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
