"""The gradebook's database, SQLite or PostgreSQL: opened the same way by every room, written by one run at a time.

Which one it is, `c.CourseDirectory.db_url` says; the tables in it are nbgrader's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course import CourseError
from course.directory import CONFIG, CourseDirectory

if TYPE_CHECKING:
    from sqlalchemy import URL

# Seconds. A person who saves a grade in formgrader holds SQLite for milliseconds, a backup of it for longer.
BUSY = 30
CONNECT = 10
# A run that was killed a moment ago may still be leaving.
TURN = 2


@contextmanager
def opened(course: CourseDirectory) -> Iterator[Any]:
    """The course's gradebook, nbgrader's `Gradebook`, closed again behind the block.

    Raises:
        CourseError: the database cannot be opened.
    """
    from nbgrader.api import Gradebook

    url = _url(course)
    try:
        book = Gradebook(url.render_as_string(hide_password=False), course.course_id)
        if url.get_backend_name() == "sqlite":
            # A write-ahead log lets formgrader and exports read while a run writes, which the default journal locks
            # out. The file remembers it, so nbgrader's own programs follow. Every commit still waits for the disk.
            with book.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    except Exception as error:  # whatever a driver, a server or a file that is no database may raise
        raise _refusal(url, error) from None
    with book:
        yield book


@contextmanager
def only_writer(course: CourseDirectory) -> Iterator[None]:
    """Nobody else in this block until it is left, in whatever way: a process that is killed leaves it too.

    nbgrader's own programs do not ask for a turn. Against them a gradebook has its transactions and its constraints.

    Raises:
        CourseError: another run is inside, or the database cannot be reached.
    """
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import OperationalError

    url = _url(course)
    if url.get_backend_name() == "sqlite":
        # A database beside the gradebook, as a lock on the gradebook itself would keep formgrader from saving.
        # SQLite's locks are the same on all systems, and no forked process inherits them.
        book = Path(str(url.database))
        place = url.set(database=str(book.with_name(f".{book.name}.lock")), query={"timeout": str(TURN)})
        take = ["BEGIN EXCLUSIVE"]
    else:
        place = url
        take = [f"SET lock_timeout = '{TURN}s'", "SELECT pg_advisory_lock(hashtext('convcourse gradebook'))"]
    try:
        connection = create_engine(place, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect()
    except Exception as error:
        raise _refusal(url, error) from None
    with connection:
        try:
            for statement in take:
                connection.exec_driver_sql(statement)
        except OperationalError:
            raise CourseError(
                f"Another run is writing into the gradebook {_shown(url)}; wait until it has ended."
            ) from None
        yield


def _url(course: CourseDirectory) -> URL:
    """The database's URL with our patience in it, where it does not say its own."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(course.db_url)
        if not url.database:
            raise ValueError("a database in memory, or the server's choice")
        patience = {"sqlite": {"timeout": str(BUSY)}, "postgresql": {"connect_timeout": str(CONNECT)}}
        return url.set(query={**patience[url.get_backend_name()], **url.query})
    except (ArgumentError, KeyError, ValueError):
        raise CourseError(
            f"c.CourseDirectory.db_url in {CONFIG} is no URL of SQLite or PostgreSQL; write one like "
            "sqlite:////folder/gradebook.db or postgresql+psycopg://user@host/database."
        ) from None


def _shown(url: URL) -> str:
    """The URL without a password, which may stand in two places."""
    return url.set(query={}).render_as_string(hide_password=True)


def _refusal(url: URL, error: Exception) -> CourseError:
    from sqlalchemy.exc import NoSuchModuleError

    reason = str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")
    if isinstance(error, (ImportError, NoSuchModuleError)):
        why = f"needs a driver that is not installed ({reason})"
        mend = "run pip install 'convcourse[postgresql]' and write postgresql+psycopg://"
    else:
        why = f"cannot be opened ({type(error).__name__}: {reason})"
        mend = "restore it" if url.get_backend_name() == "sqlite" else "start its server and make its database"
        mend += f", or name another one in {CONFIG} (c.CourseDirectory.db_url)"
    return CourseError(f"The gradebook {_shown(url)} {why}; {mend}.")
