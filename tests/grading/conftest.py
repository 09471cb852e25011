"""A PostgreSQL server of the tests' own, for what must hold in both databases that a gradebook can be in."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import pytest

LOGIN = "lecturer"


def server_programs():
    """The folder that holds initdb and postgres: Debian keeps them out of PATH. None if there is none."""
    places = [os.path.dirname(shutil.which("postgres") or "")]
    if shutil.which("pg_config"):
        places.append(subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True).stdout.strip())
    places += sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    for place in filter(None, places):
        if all(os.access(Path(place, name), os.X_OK) for name in ("initdb", "postgres")):
            return Path(place)
    return None


def unprivileged():
    """What makes a subprocess no longer root, as whom PostgreSQL's server refuses to run."""
    if os.geteuid() != 0:
        return {}
    import pwd  # not on Windows, where nobody comes here

    names = {account.pw_name: account for account in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Server:
    """A running server with the socket in its own folder, and no port."""

    def __init__(self, programs, folder):
        self.programs, self.folder, self.numbers = programs, folder, count(1)
        self.identity = {"cwd": folder, **unprivileged()}
        self.log = folder / "log"
        self.process = None

    def make(self):
        if "user" in self.identity:
            os.chown(self.folder, self.identity["user"], self.identity["group"])
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command = [self.programs / "initdb", "--pgdata", self.folder / "data", "--username", LOGIN, *options]
        done = subprocess.run(command, capture_output=True, text=True, **self.identity)
        assert done.returncode == 0, done.stderr

    def start(self):
        import psycopg

        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off"]
        with self.log.open("a") as log:
            command = [self.programs / "postgres", "-D", self.folder / "data", *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **self.identity)
        for _ in range(300):
            try:
                return psycopg.connect(host=str(self.folder), user=LOGIN, dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.1)
                assert self.process.poll() is None, self.log.read_text()
        raise TimeoutError(self.log.read_text())

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # as in a power cut: nobody is waited for
            self.process.wait(30)

    def url(self, database):
        return f"postgresql+psycopg://{LOGIN}@/{database}?host={self.folder}"

    def run(self, statement):
        import psycopg

        with psycopg.connect(host=str(self.folder), user=LOGIN, dbname="postgres", autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else None

    def new(self, template="template1"):
        """The URL of a new database."""
        name = f"course{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)


@pytest.fixture(scope="session")
def postgresql():
    """A running server."""
    pytest.importorskip("psycopg", reason="psycopg is missing; install the extra `postgresql`")
    programs = server_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is missing; `apt-get install postgresql` brings it")
    # Not in pytest's own folder, which nobody but its owner may enter.
    with tempfile.TemporaryDirectory(prefix="convcourse-postgresql-") as folder:
        server = Server(programs, Path(folder))
        server.make()
        try:
            server.start()
            yield server
        finally:
            server.stop()


def name_gradebook(root, url):
    """Say in a course directory's configuration where its gradebook is."""
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.CourseDirectory.db_url = {url!r}\n")


@pytest.fixture(scope="session")
def built_in_postgresql(postgresql, built_once, tmp_path_factory):
    """The name of a database with the gradebook of `built_once`, as nbgrader itself makes it."""
    from course.authoring import release
    from course.directory import open_course

    root = tmp_path_factory.mktemp("postgresql") / "course"
    shutil.copytree(built_once, root)
    postgresql.run("CREATE DATABASE built")
    name_gradebook(root, postgresql.url("built"))
    release.generate(open_course(root), "00_mini")
    return "built"


@pytest.fixture
def move_to_postgresql(postgresql, built_in_postgresql):
    """Gives a copy of `built_once` a new database on the server in place of its file."""

    def move(root):
        name_gradebook(root, postgresql.new(built_in_postgresql))
        (root / "gradebook.db").unlink()

    return move
