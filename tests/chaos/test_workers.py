"""Workers are killed, stopped past their lease, robbed of their queue and their database: every item is done exactly once."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.postgres import PostgresServer
from tests.fakes.processes import FakeProcesses
from tests.fakes.slow_service import SLOW

from stashai.clock import SystemClock
from stashai.errors import LeaseLost, StorageError, UsageError
from stashai.processing.context import Context
from stashai.processing.registry import Registry
from stashai.processing.runner import Runner
from stashai.settings import Settings
from stashai.tracking.database import open_database
from stashai.tracking.ledger import Ledger
from stashai.tracking.records import JobRequest
from stashai_worker.spool import Spool

from .conftest import LEASE, PATIENCE, Cluster

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def maltreat(cluster: Cluster, seconds: float, dice: random.Random) -> None:
    """Kill, stop and rob workers at random for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        victim = dice.randrange(3)
        if dice.random() < 0.5:
            cluster.kill(victim)
            cluster.start(victim)
        else:
            cluster.stop(victim)
            time.sleep(LEASE + 0.5)
            cluster.wake(victim)
        cluster.bell.flush()
        time.sleep(dice.uniform(0.2, 0.8))


UNITS = 400
"""More than a worker does before it is seen at work and ended."""


def test_another_worker_goes_on_after_a_kill(on_sqlite: Cluster) -> None:
    takes_over(on_sqlite, on_sqlite.kill)


def test_another_worker_goes_on_after_a_lease(on_sqlite: Cluster) -> None:
    takes_over(on_sqlite, on_sqlite.stop)


def test_another_host_goes_on_after_a_kill(on_postgres: Cluster) -> None:
    takes_over(on_postgres, on_postgres.kill)


def test_another_host_goes_on_after_a_lease(on_postgres: Cluster) -> None:
    takes_over(on_postgres, on_postgres.stop)


def takes_over(cluster: Cluster, end: Callable[[int], None]) -> None:
    """Whoever runs the job is ended in the middle of it; another one is seen to own it, and to end it. One that was only
    stopped wakes up, is fenced out, and serves on."""
    for number in range(2):
        cluster.start(number)
    cluster.ready()
    [job] = cluster.submit(1, UNITS, 0.02)
    first = cluster.owned(job)
    end(first)
    assert cluster.owned(job, but=first) == 1 - first
    cluster.wake(first)
    [row] = cluster.finished([job], PATIENCE)
    assert row.attempt >= 2
    cluster.assert_each_once([row], UNITS)


def test_one_host(on_sqlite: Cluster) -> None:
    for number in range(3):
        on_sqlite.start(number)
    on_sqlite.ready()
    jobs = on_sqlite.submit(4, 60, 0.08)
    maltreat(on_sqlite, 8.0, random.Random(1))
    on_sqlite.assert_each_once(on_sqlite.finished(jobs, PATIENCE), 60)


def test_several_hosts_and_a_database_that_restarts(on_postgres: Cluster, postgres: PostgresServer) -> None:
    for number in range(3):
        on_postgres.start(number)
    on_postgres.ready()
    jobs = on_postgres.submit(4, 25, 0.08)
    maltreat(on_postgres, 4.0, random.Random(2))
    postgres.stop(at_once=True)
    time.sleep(1.0)
    postgres.start()
    on_postgres.ledger.database.discard()
    on_postgres.assert_each_once(on_postgres.finished(jobs, PATIENCE), 25)


class Host:
    """A runner in this process that counts as a process of its own."""

    def __init__(self, folder: Path, pid: int, clock: Any) -> None:
        settings = Settings(folder, folder / "models", 1)
        self.ledger = Ledger(open_database(settings, clock), FakeProcesses(pid=pid))
        registry = Registry(built_in=(), folder=folder / "processors", group=None)
        nothing: Any = None
        self.runner = Runner(self.ledger, registry, lambda control: Context(settings, nothing, clock, control, nothing), cores=1)


class JumpingClock(SystemClock):
    """The host's wall clock, which somebody sets."""

    jump = 0.0

    def now(self) -> float:
        return super().now() + self.jump


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_the_clock_is_set(tmp_path: Path, jump: float) -> None:
    """Forward, a lease seems to have ended: another takes over, the first is fenced out. Backward, nothing happens."""
    (tmp_path / "processors").mkdir()
    (tmp_path / "processors" / "slow.py").write_text(SLOW)
    clock = JumpingClock()
    first, second = Host(tmp_path, 1, clock), Host(tmp_path, 2, clock)
    job = first.ledger.submit(JobRequest("test.slow", "chaos", config='{"units": 10, "seconds": 0.1}')).job.job_id
    outcomes: list[str] = []

    def run() -> None:
        try:
            outcomes.append(first.runner.run(job).job.status)
        except LeaseLost:
            outcomes.append("fenced out")

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.35)
    clock.jump = jump
    second.ledger.reap()
    if jump > 0:
        second.runner.run(job)
    else:
        with pytest.raises(UsageError, match="another process"):
            second.runner.run(job)
    thread.join(20)
    row = second.ledger.job(job)
    assert row is not None
    assert (row.status, row.tests_completed) == ("completed", 10)
    assert sorted(item.unit for item in second.ledger.items(job)) == [str(number) for number in range(10)]
    assert outcomes in (["fenced out"], ["completed"])
    for host in (first, second):
        host.ledger.database.close()


def test_a_full_disk_refuses_uploads_and_keeps_nothing(tmp_path: Path) -> None:
    import anyio

    async def upload(spool: Spool) -> str:
        async def chunks() -> Any:
            yield b"some bytes"

        return await spool.store(chunks(), "picture.jpg")

    full = Spool(tmp_path, 1 << 20, 1, free=lambda folder: 1000)
    with pytest.raises(StorageError, match="nearly full"):
        anyio.run(upload, full)
    assert list(tmp_path.iterdir()) == []
    assert anyio.run(upload, Spool(tmp_path, 1 << 20, 1)).endswith(".jpg")
