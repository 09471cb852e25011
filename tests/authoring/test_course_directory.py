"""`course init`: a directory that nbgrader accepts, whole or not at all."""

import sqlite3

import pytest

from course import CourseError
from course.authoring import course_directory, places
from course.directory import open_course, write


@pytest.fixture
def sources(mini, tmp_path):
    folder = mini.source(tmp_path / "sources")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"")
    return tmp_path / "sources"


def files(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_new_course_directory_is_whole_and_can_be_moved(sources, tmp_path):
    (tmp_path / "deep" / "spring").mkdir(parents=True)  # a folder that is there and empty will do
    course_directory.create(tmp_path / "deep" / "spring", sources).root.rename(tmp_path / "deep" / "autumn")
    course = open_course(tmp_path / "deep" / "autumn")
    assert course.db_url == f"sqlite:///{tmp_path / 'deep' / 'autumn' / 'gradebook.db'}"
    assert files(course.root) == [
        "gradebook.db",
        "nbgrader_config.py",
        "source/00_mini/mini.ipynb",
        "source/00_mini/numbers.txt",
    ]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["autumn"]
    with sqlite3.connect(course.root / "gradebook.db") as database:
        assert database.execute("select count(*) from student").fetchone() == (0,)
        assert database.execute("select id from course").fetchall() == [("convcourse",)]


def test_what_is_there_is_left_alone(sources, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(CourseError, match="mine is not empty"):
        course_directory.create(tmp_path / "mine", sources)
    with pytest.raises(CourseError, match=r"thesis.txt is a file"):
        course_directory.create(tmp_path / "mine" / "thesis.txt", sources)
    assert files(tmp_path / "mine") == ["thesis.txt"]


def test_a_failure_leaves_nothing_behind(sources, tmp_path, monkeypatch):
    def broken(course):
        raise OSError("disk full")

    monkeypatch.setattr(course_directory, "_empty_gradebook", broken)
    (tmp_path / "parent").mkdir()
    with pytest.raises(OSError, match="disk full"):
        course_directory.create(tmp_path / "parent" / "autumn", sources)
    assert list((tmp_path / "parent").iterdir()) == []


def test_another_folder_is_no_course_directory(tmp_path):
    with pytest.raises(CourseError, match=r"no course directory, as it has no nbgrader_config.py"):
        open_course(tmp_path)
    (tmp_path / "nbgrader_config.py").write_text("c = get_config(\n")
    with pytest.raises(CourseError, match=r"nbgrader_config.py cannot be read: SyntaxError"):
        open_course(tmp_path)


def test_the_configuration_decides_where_things_are(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.submitted_directory = 'inbox'\n"
        "c.CourseDirectory.db_url = 'postgresql://host/grades'\n"
    )
    course = open_course(tmp_path)
    assert course.path("submitted", "mira", "00_mini") == tmp_path / "inbox" / "mira" / "00_mini"
    assert course.path("release", ".", "00_mini") == tmp_path / "release" / "00_mini"
    assert course.db_url == "postgresql://host/grades"
    write(tmp_path / "inbox" / "mi.ra" / "00_mini" / "mini.ipynb", b"{}")
    write(tmp_path / "inbox" / "bo" / "01_other" / "other.ipynb", b"{}")
    assert course.students("00_mini") == ["mi.ra"]


def test_writing_a_file_is_whole_or_nothing(tmp_path):
    write(tmp_path / "a" / "b.txt", b"one", 0o444)
    write(tmp_path / "a" / "b.txt", b"two", 0o444)
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"two"
    with pytest.raises(TypeError):
        write(tmp_path / "a" / "b.txt", "no bytes")
    assert files(tmp_path) == ["a/b.txt"]


def test_the_installation_holds_notebooks_and_answers():
    assert places.source_notebooks().is_dir()
    assert places.answer_bank().is_dir()


def test_an_incomplete_installation_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(places, "_HERE", tmp_path)
    monkeypatch.setattr(places, "_CHECKOUT", tmp_path)
    with pytest.raises(CourseError, match="lacks source_notebooks; install it again"):
        places.source_notebooks()
