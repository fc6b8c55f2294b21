"""Real processes, killed at random moments: what is there in the end is what an undisturbed run would have left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.postgres import PostgresServer

from stashai.settings import Settings
from stashai.tracking.database import Database, open_database
from stashai.tracking.ledger import Ledger

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes as POSIX does")
CHILD = Path(__file__).with_name("child.py")
UNITS = 60
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer.started()
    yield server
    server.discard()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = (
        request.getfixturevalue("postgres").make_schema("kill_" + str(abs(hash(request.node.name))))
        if request.param == "postgresql"
        else ""
    )
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    return Settings(data, data, 2, url)


def child(settings: Settings, *, seconds: float = 0.02, lease: float = 60.0, fsize: int = 0, units: int = UNITS) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILD), str(settings.data), settings.database_url, *map(str, (units, seconds, lease, fsize))]
    paths = os.pathsep.join([str(ROOT / "shared"), str(ROOT)])
    environ = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)


def finish(process: subprocess.Popen[str], seconds: float = 120.0) -> None:
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, (out, err)


def begun(settings: Settings) -> Counter[str]:
    path = settings.data / "begun"
    return Counter(path.read_text().split() if path.exists() else [])


def assert_as_undisturbed(settings: Settings, units: int = UNITS) -> None:
    database = open_database(settings)
    try:
        ledger = Ledger(database)
        [job] = ledger.jobs()
        items = list(ledger.all_items(job.job_id))
        broken = [number for number in range(units) if number % 10 == 7]
        sound = [number for number in range(units) if number % 10 != 7]
        assert [item.unit for item in items] == [f"unit-{number}" for number in range(units)]
        assert [item.sequence for item in items] == list(range(units))
        assert [int(item.entity_id) for item in items if item.result == "error"] == broken
        assert [item.response_data for item in items if item.result == "pass"] == [
            f'{{"square":{number * number},"observation":true}}' for number in sound
        ]
        assert (job.status, job.tests_completed, job.tests_passed, job.tests_error) == ("completed", units, len(sound), len(broken))
        assert (job.performers_found_total, job.total_tests_planned) == (len(sound), units)
        assert job.results_summary == f'{{"sum": {sum(number * number for number in sound)}}}'
        assert_faces(database, sound)
    finally:
        database.close()


def assert_faces(database: Database, sound: list[int]) -> None:
    for table in ("media", "seen_frames", "observations", "observation_embeddings"):
        assert database.scalar(f"SELECT count(*) FROM {table}") == len(sound), table


def wait_for_rows(settings: Settings, count: int) -> None:
    """Until `count` units were begun."""
    end = time.monotonic() + 60
    while begun(settings).total() < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_killed_again_and_again_then_run(settings: Settings) -> None:
    """Every kill comes at a random moment after work was begun; the next process goes on at once."""
    random.seed(5)
    for _ in range(4):
        process, before = child(settings, seconds=0.1), begun(settings).total()
        while process.poll() is None and begun(settings).total() <= before:
            time.sleep(0.005)
        time.sleep(random.uniform(0.0, 0.3))
        assert process.poll() is None, "it was to be killed before its end"
        process.kill()
        process.wait()
    finish(child(settings, seconds=0.1))
    assert_as_undisturbed(settings)
    twice = sum(count - 1 for count in begun(settings).values())
    assert twice <= 4 * 12, "only what ended in the last moment before a kill may be done again"


def test_killed_while_it_starts(settings: Settings) -> None:
    for delay in (0.2, 0.5, 0.8, 1.1):
        process = child(settings, seconds=0.3)
        time.sleep(delay)
        process.kill()
        process.wait()
    finish(child(settings, seconds=0.3))
    assert_as_undisturbed(settings)


def test_two_at_once_do_nothing_twice(settings: Settings) -> None:
    first, second = child(settings), child(settings)
    finish(first)
    finish(second)
    assert_as_undisturbed(settings)
    assert set(begun(settings).values()) == {1}


def test_three_workers_one_of_which_is_always_killed(settings: Settings) -> None:
    random.seed(9)
    workers = [child(settings, seconds=0.15) for _ in range(3)]
    for _ in range(4):
        time.sleep(random.uniform(0.3, 0.6))
        victim = random.randrange(3)
        workers[victim].kill()
        workers[victim].communicate()
        workers[victim] = child(settings, seconds=0.15)
    for worker in workers:
        finish(worker)
    assert_as_undisturbed(settings)


def test_one_that_sleeps_past_its_lease_wakes_up_and_harms_nothing(settings: Settings) -> None:
    """SIGSTOP longer than the lease: another takes over, the sleeper is fenced when it wakes."""
    sleeper = child(settings, lease=1.0, seconds=0.1)
    wait_for_rows(settings, 5)
    sleeper.send_signal(signal.SIGSTOP)
    other = child(settings, lease=1.0, seconds=0.1)
    wait_for_rows(settings, 15)
    sleeper.send_signal(signal.SIGCONT)
    finish(other)
    finish(sleeper)
    assert_as_undisturbed(settings)


def test_a_database_server_that_is_restarted_is_waited_for(tmp_path: Path) -> None:
    server = PostgresServer.started()
    data = tmp_path / "data"
    data.mkdir()
    settings = Settings(data, data, 2, server.make_schema("restarted"))
    try:
        process = child(settings, seconds=0.05)
        wait_for_rows(settings, 10)
        server.stop(at_once=True)
        server.start()
        _, err = process.communicate(timeout=60)
        if process.returncode != 0:  # it may give up with a sentence; then the same command goes on
            assert "database server" in err, err
            finish(child(settings))
        assert_as_undisturbed(settings)
    finally:
        server.discard()


def test_a_full_disk_stops_with_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    """RLIMIT_FSIZE lets no file grow past a size, as a full disk would."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    settings = Settings(data, data, 2)
    open_database(settings).close()
    full = child(settings, seconds=0.002, fsize=3_000_000, units=600)
    _, said = full.communicate(timeout=60)
    assert full.returncode == 3, said
    assert "No room to write" in said
    assert "Free some space" in said
    database = open_database(settings)
    kept = [item.unit for item in Ledger(database).all_items(Ledger(database).jobs()[0].job_id)]
    database.close()
    assert 0 < len(kept) < 600
    finish(child(settings, seconds=0.002, units=600))
    assert_as_undisturbed(settings, 600)
    assert all(begun(settings)[unit] == 1 for unit in kept), "what had its row was not done again"
