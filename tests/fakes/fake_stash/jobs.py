"""One queue, one job at a time, as Stash has it: scans and plugin tasks wait for each other."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

KEPT = 10


def _stamp(value: float | None) -> str | None:
    return None if value is None else datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Job:
    id: int
    description: str
    work: Callable[[Job], None]
    status: str = "READY"
    progress: float = 0.0
    error: str | None = None
    added: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    kill: Callable[[], None] | None = None

    def shape(self) -> dict[str, Any]:
        return {
            "id": str(self.id), "status": self.status, "subTasks": None, "description": self.description, "progress": self.progress,
            "error": self.error, "addTime": _stamp(self.added), "startTime": _stamp(self.started), "endTime": _stamp(self.ended),
        }  # fmt: skip


class JobQueue:
    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._jobs: list[Job] = []
        self._done: list[Job] = []
        self._wake = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._run, daemon=True, name="fake-stash-jobs")
        self._thread.start()

    def add(self, description: str, work: Callable[[Job], None]) -> int:
        with self._wake:
            job = Job(next(self._numbers), description, work)
            self._jobs.append(job)
            self._wake.notify_all()
        return job.id

    def queue(self) -> list[Job]:
        return list(self._jobs)

    def find(self, number: int) -> Job | None:
        return next((job for job in [*self._jobs, *self._done] if job.id == number), None)

    def forget(self) -> None:
        """As after a restart: nobody knows of jobs that ended."""
        with self._wake:
            self._done = []

    def stop(self, number: int) -> None:
        """A waiting job is removed, a running one is cancelled at once and its process killed."""
        with self._wake:
            job = next((job for job in self._jobs if job.id == number), None)
            if job is None:
                return
            job.status = "CANCELLED"
            if job.started is None:
                self._finish(job)
        if job.kill is not None:
            job.kill()

    def wait(self, number: int, timeout: float = 60.0) -> Job:
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            job = self.find(number)
            if job is not None and job.ended is not None:
                return job
            time.sleep(0.02)
        raise TimeoutError(f"job {number} did not end within {timeout} s")

    def wait_idle(self, timeout: float = 120.0) -> None:
        limit = time.monotonic() + timeout
        while self._jobs:
            if time.monotonic() > limit:
                raise TimeoutError(f"still there: {[job.description for job in self._jobs]}")
            time.sleep(0.02)

    def close(self) -> None:
        with self._wake:
            self._open = False
            jobs = list(self._jobs)
            self._wake.notify_all()
        for job in jobs:
            self.stop(job.id)
        self._thread.join(10)

    def _finish(self, job: Job) -> None:
        job.ended = time.time()
        self._jobs.remove(job)
        self._done = [*self._done, job][-KEPT:]

    def _run(self) -> None:
        while True:
            with self._wake:
                while self._open and not self._jobs:
                    self._wake.wait()
                if not self._open:
                    return
                job = self._jobs[0]
                job.status, job.started = "RUNNING", time.time()
            try:
                job.work(job)
            except Exception as error:  # noqa: BLE001 - whatever a job raises is that job's failure
                job.status, job.error = "FAILED", str(error)
            with self._wake:
                if job.status == "RUNNING":
                    job.status = "FINISHED"
                self._finish(job)
