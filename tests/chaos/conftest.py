"""Clusters to be maltreated: three worker processes with nothing in common but ledger and queue."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.fakes.postgres import PostgresServer
from tests.fakes.slow_service import SLOW
from tests.worker.conftest import free_port

from stashai.errors import StorageError
from stashai.tracking.ledger import Ledger
from stashai.tracking.open import open_stores
from stashai.tracking.records import JobRequest, JobRow
from stashai_worker.config import WorkerConfig
from stashai_worker.queueing.huey_queue import Bell, open_huey

ROOT = Path(__file__).resolve().parents[2]
LEASE = 2.0
"""Seconds, instead of a minute."""
PATIENCE = 60.0
"""Seconds within which what must happen happens, on a busy machine, too."""


@dataclass
class Cluster:
    """`environs` is one environment a worker; `ledger` and `bell` are the test's own."""

    environs: Sequence[dict[str, str]]
    ledger: Ledger
    bell: Bell
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, number: int) -> None:
        """Start worker `number` (anew) without waiting for it."""
        command = [sys.executable, str(Path(__file__).with_name("worker_process.py")), str(LEASE)]
        process = subprocess.Popen(command, env=self.environs[number], stdout=subprocess.PIPE, text=True)
        if number < len(self.processes):
            self.processes[number] = process
        else:
            self.processes.append(process)

    def ready(self) -> None:
        for process in self.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def kill(self, number: int) -> None:
        self.processes[number].kill()
        self.processes[number].wait(10)

    def stop(self, number: int) -> None:
        """Until it is woken: past its lease the others take over what it runs. On SQLite not in the middle of a write, which nobody
        can get past; PostgreSQL ends the session of who holds one up."""
        while True:
            os.kill(self.processes[number].pid, signal.SIGSTOP)
            if not self.ledger.database.is_sqlite:
                return
            try:
                with self.ledger.database.write():
                    return
            except StorageError:
                self.wake(number)
                time.sleep(0.05)

    def wake(self, number: int) -> None:
        if self.processes[number].poll() is None:
            os.kill(self.processes[number].pid, signal.SIGCONT)

    def submit(self, count: int, units: int, seconds: float) -> list[str]:
        """Jobs of many short units; every second one is rung for, the others must be found."""
        jobs = []
        for number in range(count):
            config = f'{{"units": {units}, "seconds": {seconds}, "mark": "{number}"}}'
            job = self.ledger.submit(JobRequest("test.slow", "chaos", config=config, planned=units, max_attempts=50)).job
            jobs.append(job.job_id)
            if number % 2:
                self.bell.ring(job.job_id)
        return jobs

    def finished(self, jobs: Sequence[str], seconds: float) -> list[JobRow]:
        until = time.monotonic() + seconds
        while True:
            rows = [row for row in (self.ledger.job(job) for job in jobs) if row is not None]
            if all(row.ended for row in rows):
                return rows
            states = [(row.status, row.tests_completed, row.owner_pid) for row in rows]
            assert time.monotonic() < until, f"work was lost: {states}"
            time.sleep(0.2)

    def owned(self, job: str, but: int | None = None) -> int:
        """The number of the worker that runs `job` and has done some of it; wait until it is another one than `but`."""
        until = time.monotonic() + PATIENCE
        while True:
            row = self.ledger.job(job)
            assert row is not None
            pids = [process.pid for process in self.processes]
            if row.status == "processing" and row.tests_completed and row.owner_pid in pids and pids.index(row.owner_pid) != but:
                return pids.index(row.owner_pid)
            assert time.monotonic() < until, f"nobody took it: {row.status}, {row.tests_completed} done, process {row.owner_pid}"
            time.sleep(0.02)

    def assert_each_once(self, rows: Sequence[JobRow], units: int) -> None:
        for row in rows:
            items = self.ledger.items(row.job_id)
            keys = [item.unit for item in items]
            assert sorted(keys, key=int) == [str(number) for number in range(units)], "none lost, none doubled"
            assert {item.result for item in items} == {"pass"}
            assert (row.status, row.tests_completed, row.tests_passed) == ("completed", units, units)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(10)
            if process.stdout is not None:
                process.stdout.close()
        self.ledger.database.close()


def environ(data: Path, **more: str) -> dict[str, str]:
    (data / "processors").mkdir(parents=True, exist_ok=True)
    (data / "processors" / "slow.py").write_text(SLOW)
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("shared", "worker"))
    known = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**known, "PYTHONPATH": paths, "STASHAI_DATA": str(data), "STASHAI_CORES": "2", "LOG_LEVEL": "ERROR", **more}


def made(environs: Sequence[dict[str, str]]) -> Cluster:
    config = WorkerConfig.from_environ(environs[0])
    ledger, _ = open_stores(replace(config.core, data=config.core.data))
    ledger.lease = LEASE
    bell = Bell(open_huey(config.queue_url, config.core.data), lambda job_id: None, 1)
    return Cluster(environs, ledger, bell)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Cluster]:
    """Processes of one host share the data folder."""
    cluster = made([environ(tmp_path / "data")] * 3)
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer.started()
    yield server
    server.discard()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server of the tests' own, in memory, on loopback."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no Redis server on this machine (Debian: apt install redis-server)")
    port = free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/")
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(10)


@pytest.fixture(params=["postgresql queue", "redis queue"])
def on_postgres(request: pytest.FixtureRequest, postgres: PostgresServer, tmp_path: Path) -> Iterator[Cluster]:
    """Hosts: each has a data folder of its own."""
    url = postgres.make_schema(f"chaos_{free_port()}")
    queue = url if request.param == "postgresql queue" else request.getfixturevalue("redis_url")
    more = {"STASHAI_DATABASE_URL": url, "STASHAI_QUEUE_URL": queue}
    cluster = made([environ(tmp_path / f"host{number}", **more) for number in range(3)])
    yield cluster
    if queue != url:
        cluster.bell.flush()
    cluster.close()
