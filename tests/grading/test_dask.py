"""Grading on a Dask cluster: two real workers, as processes of their own, on this machine."""

import contextlib
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from course import CourseError
from course.cli import main
from course.grading import cluster
from course.grading.batch import grade_class
from course.grading.result import Limits
from course.grading.submissions import find
from course.grading.workers import processes

distributed = pytest.importorskip("distributed", reason="distributed is missing; install the extra `dask`")
dask = pytest.importorskip("dask")

SLOW = "import time\ndef double(x):\n    time.sleep(0.3)\n    return 2 * x"
CLASS = {
    "endless": {"mean": "def mean(x):\n    while True:\n        pass"},
    "hidden": {"double": "def double(x):\n    return 2 * x if len(x) < 4 else 3 * x"},
    "kills": {"double": "import os\ndef double(x):\n    os._exit(0)"},
    "solved": {"double": "def double(x):\n    return 2 * x", "mean": "def mean(x):\n    return np.mean(x)"},
}


@contextlib.contextmanager
def started(**options):
    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.comm.timeouts.connect": 3}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(processes=True, threads_per_worker=1, dashboard_address=":0", **options) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def running():
    """A cluster of two workers."""
    with started(n_workers=2) as running:
        yield running


@pytest.fixture
def address(running):
    """Where its scheduler is."""
    return running.scheduler_address


@pytest.fixture
def workers(address):
    with cluster.connected(address) as connected:
        yield connected


@pytest.fixture
def run(course, mini_assignment):
    def run(executor, **options):
        return grade_class(course, find(course, [mini_assignment]), executor=executor, jobs=2, **options)

    return run


def table(batch):
    return {
        one.student: (one.result.error, one.result.isolation, [(s.points, s.message) for s in one.result.scores])
        for one in batch.results
    }


def points(batch):
    return {one.student: one.result.points for one in batch.results}


def test_a_cluster_gives_the_same_results_as_this_machine(workers, run, hand_in):
    for student, answers in CLASS.items():
        hand_in(student, **answers)
    there = run(workers.executor, limits=Limits(cell_seconds=2))
    assert workers.threads == 2
    assert points(there) == {"endless": 0, "hidden": 1, "kills": 0, "solved": 4.5}
    here = run(processes, limits=Limits(cell_seconds=2), force=True)
    assert table(there) == table(here)


def test_a_worker_that_is_killed_costs_nothing(workers, run, hand_in):
    for number in range(6):
        hand_in(f"s{number}", double=SLOW)
    victims = list(workers._client.run(os.getpid).values())

    def kill_one(graded):
        if victims:
            os.kill(victims.pop(), signal.SIGKILL)
            victims.clear()

    batch = run(workers.executor, progress=kill_one)
    assert not victims
    assert points(batch) == {f"s{number}": 3 for number in range(6)}
    assert not any(error for error, _, _ in table(batch).values())


def test_a_submission_that_kills_workers_costs_only_itself(workers, run, hand_in):
    def engine(notebook, assignment, limits, known):  # travels by value, as it is no function of a module
        import os

        from course.grading.engine import grade

        if b"KILL ME" in notebook:
            os._exit(9)
        return grade(notebook, assignment, limits, known)

    hand_in("a", **CLASS["solved"])
    hand_in("b", double="'KILL ME'")
    hand_in("c", **CLASS["solved"])
    batch = run(workers.executor, engine=engine)
    assert points(batch) == {"a": 4.5, "b": 0, "c": 4.5}
    assert "its process was killed twice" in table(batch)["b"][0]


def test_the_command(address, course, hand_in, capsys, monkeypatch):
    hand_in("mira", **CLASS["solved"])
    assert main(["grade", "--course", str(course.root), "--executor", "dask", "--address", address]) == 0
    assert "4.5 / 4.5" in capsys.readouterr().out
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", address)
    assert main(["grade", "--course", str(course.root), "--executor", "dask", "--force"]) == 0
    assert "4.5 / 4.5" in capsys.readouterr().out


def test_the_command_without_what_it_needs(course, hand_in, capsys, monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    hand_in("mira")
    assert main(["grade", "--course", str(course.root), "--executor", "dask"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("course: --executor dask needs the address of the cluster's scheduler, as in --address tcp:")
    assert said.count("\n") == 1
    assert main(["grade", "--course", str(course.root), "--address", "tcp://127.0.0.1:8786"]) == 2
    assert capsys.readouterr().err == "course: --address is for --executor dask; see `course grade --help`.\n"


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with (
        pytest.raises(CourseError, match=r"needs its library; run pip install 'convcourse\[dask\]'"),
        cluster.connected("tcp://127.0.0.1:8786"),
    ):
        pass


@pytest.fixture
def silent():
    """The address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def dashboard(running):
    """The address that people copy by mistake: of the cluster's web page."""
    return f"tcp://127.0.0.1:{urlsplit(running.dashboard_link).port}"


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("tcp://127.0.0.1:1", "Timed out trying to connect"),
        ("silent", "what is there is no scheduler"),
        ("dashboard", "the dashboard has a port of its own"),
        ("localhost", "missing port number"),
        ("https://127.0.0.1:1", "unknown address scheme 'https'"),
    ],
)
def test_where_no_scheduler_is(where, why, request):
    place = request.getfixturevalue(where) if where in ("silent", "dashboard") else where
    began = time.monotonic()
    with (
        pytest.raises(CourseError, match=f"^No Dask scheduler can be reached at {place}: .*{why}.*[.]$") as raised,
        cluster.connected(place, seconds=1),
    ):
        pass
    assert "\n" not in str(raised.value)
    assert time.monotonic() - began < 10


def test_workers_with_another_version(address, monkeypatch):
    monkeypatch.setattr(cluster, "version", lambda name: "9.9")
    expected = (
        r"worker tcp://\S+ has convcourse [\d.]+ on Python 3[\d.]+, and this machine has convcourse 9.9 on Python"
    )
    with pytest.raises(CourseError, match=expected), cluster.connected(address):
        pass


def test_a_cluster_without_workers_and_one_that_is_lost(run, hand_in):
    for number in range(3):
        hand_in(f"s{number}", double=SLOW)
    with started(n_workers=0) as running:
        with (
            pytest.raises(CourseError, match=r"has no workers; start some with `dask worker tcp://"),
            cluster.connected(running.scheduler_address, worker_seconds=1),
        ):
            pass
        running.scale(1)
        seen = []

        def lose_it(graded):
            seen.append(graded.student)
            running.close()

        with (
            pytest.raises(CourseError, match=r"scheduler of the Dask cluster is gone; .* the same command goes on"),
            cluster.connected(running.scheduler_address) as connected,
        ):
            run(connected.executor, progress=lose_it)
        assert len(seen) == 1
    rest = run(ThreadPoolExecutor)
    assert [one.student for one in rest.results if not one.fresh] == seen


def test_a_worker_without_what_it_takes_ends_the_run(workers, run, hand_in):
    def engine(notebook, assignment, limits, known):
        raise CourseError("There is no sandbox here: bubblewrap is not installed.")

    hand_in("mira")
    with pytest.raises(CourseError, match="There is no sandbox here"):
        run(workers.executor, engine=engine)
