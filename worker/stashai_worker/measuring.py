"""What `stashai bench worker` measures, each with workers of its own; prints one JSON object.

python -m stashai_worker.measuring [--jobs 10000] [--seconds 10] [--picture FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from stashai.services.core import Core
from stashai.settings import Settings
from stashai.tracking.records import JobRequest

from .app import open_state
from .config import WorkerConfig
from .state import WorkerState
from .upkeep import keep_up

PROCESSOR = """
from __future__ import annotations
import time
from pathlib import Path
from typing import ClassVar
from pydantic import BaseModel
from stashai.media.images import read_image
from stashai.processing.base import Entity, Processor, Unit

class Params(BaseModel):
    units: int = 1
    sleep: float = 0.0
    spin: float = 0.0
    infer: float = 0.0
    picture: str = ""
    mark: str = ""

class Result(BaseModel):
    number: int

class Measured(Processor[Params, Result]):
    id: ClassVar[str] = "bench.measured"
    title: ClassVar[str] = "Work of a known size"
    action_type: ClassVar[str] = "bench"
    params: ClassVar[type[BaseModel]] = Params
    result: ClassVar[type[BaseModel]] = Result
    def units(self, params, ctx):
        return (Unit(str(number), Entity("bench", str(number))) for number in range(params.units))
    def process(self, unit, params, ctx):
        time.sleep(params.sleep)
        until = time.thread_time() + params.spin
        while time.thread_time() < until:
            pass
        until = time.monotonic() + params.infer
        frame = read_image(Path(params.picture))[0] if params.picture else None
        while frame is not None and time.monotonic() < until:
            ctx.check()
            ctx.vision.analyze(frame)
        return Result(number=int(unit.key))
"""
UNIT = 0.1
SPIN = 0.02


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m stashai_worker.measuring")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        asyncio.run(_serve(open_state(WorkerConfig.from_environ())))
        return 0
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="stashai-bench-") as folder:
        found |= overhead(Path(folder, "overhead"))
        found["items_per_second"] = {str(count): items_per_second(Path(folder, f"workers{count}"), count) for count in (1, 2, 4)}
        if given.picture is not None:
            found["health_ms"] = health_under_load(Path(folder, "health"), given.picture, given.seconds)
        found["rss_mib"] = memory(Path(folder, "memory"), given.jobs)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


async def _serve(state: WorkerState) -> None:
    state.bell.start()
    await keep_up(state)


def opened(data: Path) -> Core:
    (data / "processors").mkdir(parents=True)
    (data / "processors" / "measured.py").write_text(PROCESSOR)
    return Core(Settings(data, Settings.from_environ().models, 1))


def run(core: Core, count: int, **params: object) -> float:
    """Seconds of running `count` jobs one after the other."""
    started = time.monotonic()
    runner = core.runner()
    for number in range(count):
        config = json.dumps({**params, "mark": str(number)})
        runner.run(core.ledger.submit(JobRequest("bench.measured", "bench", config=config)).job.job_id)
    return time.monotonic() - started


def overhead(data: Path) -> dict[str, float]:
    """Milliseconds a job of one unit that does nothing, and the share that a unit of 100 ms takes longer than by itself."""
    core = opened(data)
    run(core, 20)
    job = min(run(core, 100) / 100 for _ in range(3))
    units = 30
    bare = _bare(units)
    share = min(run(core, 1, units=units, sleep=UNIT, spin=0.0) for _ in range(2)) / bare - 1
    core.close()
    return {"job_ms": job * 1000, "unit_overhead": share}


def _bare(units: int) -> float:
    started = time.monotonic()
    for _ in range(units):
        time.sleep(UNIT)
    return time.monotonic() - started


def memory(data: Path, jobs: int) -> dict[str, float]:
    """Resident MiB of a worker that takes jobs over HTTP and runs them: after a tenth of them, and after all."""
    opened(data).close()
    with serving(data) as (process, url), requests.Session() as session:
        early = _after(session, url, process.pid, range(jobs // 10))
        late = _after(session, url, process.pid, range(jobs // 10, jobs))
    return {"early": early, "late": late, "jobs": jobs}


def _after(session: requests.Session, url: str, pid: int, marks: Iterable[int]) -> float:
    """The process's resident MiB once it has run a job for each of `marks`; 0 where the system does not tell cheaply."""
    for mark in marks:
        session.post(f"{url}/api/v1/queue/submit/bench.measured", json={"params": {"mark": str(mark)}}, timeout=60).raise_for_status()
    while session.get(f"{url}/api/v1/ai-jobs/history?status=pending&limit=1", timeout=60).json()["total"]:
        time.sleep(0.2)
    statm = Path(f"/proc/{pid}/statm")
    if sys.platform == "win32" or not statm.exists():
        return 0.0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def serving(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A worker of its own, once it can serve; its process and its address."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with processes(data, [["stashai_worker", "--port", str(port)]], STASHAI_RATE="0") as [process], requests.Session() as session:
        _answers(session, url + "/health")
        yield process, url


@contextmanager
def processes(data: Path, commands: list[list[str]], **environ: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    env = {**os.environ, "STASHAI_DATA": str(data), "STASHAI_MODELS": str(Settings.from_environ().models), "LOG_LEVEL": "ERROR", **environ}
    started = [subprocess.Popen([sys.executable, "-m", *command], env=env) for command in commands]
    try:
        yield started
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def items_per_second(data: Path, workers: int) -> float:
    """Items of 20 ms of processor time each, by so many workers of one thread on one ledger."""
    core = opened(data)
    with processes(data, [["stashai_worker.measuring", "--serve"]] * workers, STASHAI_CORES="1"):
        _finish(core, [_submitted(core, f"warm{number}", units=5, spin=SPIN) for number in range(workers)])
        started = time.monotonic()
        jobs = [_submitted(core, str(number), units=40, spin=SPIN) for number in range(8)]
        _finish(core, jobs)
        seconds = time.monotonic() - started
    core.close()
    return len(jobs) * 40 / seconds


def _submitted(core: Core, mark: str, **params: object) -> str:
    config = json.dumps({**params, "mark": mark})
    return core.ledger.submit(JobRequest("bench.measured", "bench", config=config)).job.job_id


def _finish(core: Core, jobs: list[str]) -> None:
    waiting = list(jobs)
    while waiting:
        waiting = [job for job in waiting if not (row := core.ledger.job(job)) or not row.ended]
        time.sleep(0.05)


def health_under_load(data: Path, picture: Path, seconds: float) -> dict[str, float]:
    """Milliseconds of GET /health, asked twenty times a second while every core looks for faces."""
    core = opened(data)
    times = []
    with serving(data) as (_, url), requests.Session() as session:
        _submitted(core, "load", units=Settings.from_environ().cores, infer=seconds + 5.0, picture=str(picture.resolve()))
        time.sleep(3.0)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            started = time.monotonic()
            session.get(url + "/health", timeout=10).raise_for_status()
            times.append(time.monotonic() - started)
            time.sleep(0.05)
    core.close()
    times.sort()
    return {"p50": times[len(times) // 2] * 1000, "p99": times[int(len(times) * 0.99)] * 1000, "asked": len(times)}


def _answers(session: requests.Session, url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if session.get(url, timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        if time.monotonic() > until:
            raise TimeoutError("the worker did not become ready")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
