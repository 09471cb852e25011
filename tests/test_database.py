"""Opening the gradebook's database: how SQLite is set, and one sentence with a mend for whatever stands in the way."""

import sqlite3
import sys

import pytest

from course import CourseError, database
from course.directory import CONFIG, open_course


def at(url, root):
    (root / CONFIG).write_text(f"c = get_config()\nc.CourseDirectory.db_url = {url!r}\n")
    return open_course(root)


def refused(course):
    """The sentence, which is the same for whoever asks first."""
    said = []
    for enter in (database.opened, database.only_writer):
        with pytest.raises(CourseError) as error, enter(course):
            pass
        said.append(str(error.value))
    assert said[0] == said[1]
    return said[0]


def test_sqlite_lets_others_read_while_a_run_writes_and_waits_for_them(tmp_path):
    course = at(f"sqlite:///{tmp_path}/gradebook.db", tmp_path)
    with database.opened(course) as book:
        waits = book.db.connection().exec_driver_sql("PRAGMA busy_timeout").scalar()
        assert waits == 1000 * database.BUSY
        book.db.rollback()
        book.db.connection().exec_driver_sql("INSERT INTO student (id) VALUES ('ada')")
        with database.opened(course) as reader:
            assert reader.students == []
        book.db.commit()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gradebook.db", CONFIG]
    with sqlite3.connect(tmp_path / "gradebook.db") as by_hand:
        assert by_hand.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "gradebook.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(CourseError) as said, database.opened(at(f"sqlite:///{tmp_path}/gradebook.db", tmp_path)):
        pass
    assert "gradebook.db cannot be opened (DatabaseError: file is not a database); restore it, or" in str(said.value)


def test_a_folder_that_is_missing_is_named(tmp_path):
    said = refused(at(f"sqlite:///{tmp_path}/no/gradebook.db", tmp_path))
    assert "no/gradebook.db cannot be opened (OperationalError: unable to open database file); restore it, or" in said


def test_a_server_that_does_not_answer_is_named_and_no_password_is_shown(tmp_path):
    said = refused(at(f"postgresql+psycopg://ada:secret@/grades?host={tmp_path}&password=hidden", tmp_path))
    assert "The gradebook postgresql+psycopg://ada:***@/grades cannot be opened (OperationalError: " in said
    assert "start its server and make its database, or name another one in nbgrader_config.py" in said
    assert "secret" not in said
    assert "hidden" not in said
    assert "\n" not in said


@pytest.mark.parametrize("driver", ["psycopg", "pg8000", "nonsense"])
def test_a_driver_that_is_missing_is_named(tmp_path, monkeypatch, driver):
    monkeypatch.setitem(sys.modules, driver, None)
    for module in [name for name in sys.modules if name.startswith("psycopg.")]:
        monkeypatch.delitem(sys.modules, module)
    said = refused(at(f"postgresql+{driver}://ada@host/grades", tmp_path))
    assert "needs a driver that is not installed (" in said
    assert driver in said
    assert "; run pip install 'convcourse[postgresql]' and write postgresql+psycopg://." in said


@pytest.mark.parametrize(
    "url", ["gradebook.db", "sqlite://", "mysql://host/grades", "postgresql://host:port/grades", ""]
)
def test_what_is_no_url_of_our_databases_is_refused(tmp_path, url):
    assert "db_url in nbgrader_config.py is no URL of SQLite or PostgreSQL; write one like sqlite:" in refused(
        at(url, tmp_path)
    )
