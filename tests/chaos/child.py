"""A process for the chaos tests to kill: submits the one job there is, or joins those that run it.

    child.py DATA URL UNITS SECONDS LEASE [FSIZE]

Each unit writes its name into DATA/begun, so that a test can see what was done twice, and keeps a face as the real ones do.
Ends with 0 when the job is completed, 3 when the storage refuses.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from pydantic import BaseModel

from stashai.clock import SystemClock
from stashai.errors import LeaseLost, MediaError, StorageError, UsageError
from stashai.processing.base import Entity, Metrics, Processor, Unit
from stashai.processing.context import Context
from stashai.processing.registry import Listed, Registry
from stashai.processing.runner import Runner
from stashai.processing.stores import SeenFrame
from stashai.settings import Settings
from stashai.tracking.ledger import Ledger
from stashai.tracking.open import open_stores
from stashai.tracking.records import JobRequest
from stashai.vision.faces import Face, Observation


class Params(BaseModel):
    units: int
    seconds: float


class Result(BaseModel):
    square: int
    observation: bool


class Squares(Processor[Params, Result]):
    id: ClassVar[str] = "chaos.squares"
    title: ClassVar[str] = "Squares"
    action_type: ClassVar[str] = "facial_recognition"
    params: ClassVar[type[BaseModel]] = Params
    result: ClassVar[type[BaseModel]] = Result

    def units(self, params: Params, ctx: Context) -> Iterable[Unit]:
        for number in range(params.units):
            yield Unit(f"unit-{number}", Entity("image", str(number)))

    def process(self, unit: Unit, params: Params, ctx: Context) -> Result:
        number = int(unit.entity.id)
        note(ctx.settings.data / "begun", unit.key)
        time.sleep(params.seconds * random.uniform(0.2, 1.8))
        ctx.check()
        if number % 10 == 7:
            raise MediaError("every tenth is broken")
        vector = np.full(128, number, np.float32)
        face = Face((0.0, 0.0, 1.0, 1.0), np.zeros((5, 2), np.float32), 1.0, 0.0)
        frame = SeenFrame(None, [Observation(None, face, 1.0, {"m": vector})])
        ctx.stores.observations.save(f"print-{number}", "chaos", [frame])
        return Result(square=number * number, observation=frame.observations[0].id is not None)

    def metrics(self, result: Result) -> Metrics:
        return Metrics(people_found=1, confidences=[1.0])

    def summarize(self, params: Params, results: Iterable[Result], ctx: Context) -> dict[str, object]:
        return {"sum": sum(result.square for result in results)}


class OneProcessor(Registry):
    def listing(self) -> Iterator[Listed]:
        yield Listed(Squares.id, "test", "ready", Squares)


def note(path: Path, line: str) -> None:
    """Appended in one write, which no other process's comes between."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def main(data: str, url: str, units: str, seconds: str, lease: str, fsize: str = "0") -> int:
    if int(fsize):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(fsize), int(fsize)))
    settings = Settings(Path(data), Path(data), 2, url)
    opened, stores = open_stores(settings)
    ledger = Ledger(opened.database, lease=float(lease))
    params = Params(units=int(units), seconds=float(seconds))
    job = ledger.submit(
        JobRequest(Squares.id, Squares.action_type, params.model_dump_json(), max_attempts=1000, request_hash="chaos"), reuse=True
    ).job
    runner = Runner(ledger, OneProcessor(), lambda control: Context(settings, stores, SystemClock(), control, cast("Any", None)), cores=2)
    while True:
        found = ledger.job(job.job_id)
        assert found is not None
        if found.ended:
            print(json.dumps({"status": found.status, "summary": found.results_summary}))
            return 0 if found.status == "completed" else 1
        try:
            runner.run(job.job_id)
        except (UsageError, LeaseLost):
            ledger.reap()
            time.sleep(0.05)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except StorageError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
