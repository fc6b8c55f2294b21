"""What keeping the books costs: a job, a unit, a picture's faces, reading everybody who is known. Real SQLite, work of no length."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, ClassVar, cast

import numpy as np
from pydantic import BaseModel

from ..clock import SystemClock
from ..processing.base import Entity, Processor, Unit
from ..processing.context import Context
from ..processing.registry import Listed, Registry
from ..processing.runner import Runner
from ..processing.stores import Reference, SeenFrame, SourceFile, Stores
from ..settings import Settings
from ..tracking.ledger import Ledger
from ..tracking.open import open_stores
from ..tracking.records import JobRequest
from ..vision.faces import Face, Observation
from .outcome import Line, Outcome, at_most

JOBS, UNITS, STILLS = 200, 5000, 2000
JOB_MS, UNIT_MS, STILL_MS, OPEN_MS, PEOPLE_MS, MANY_MS = 3.0, 0.3, 0.5, 150.0, 50.0, 1000.0


class Params(BaseModel):
    units: int = 1


class Result(BaseModel):
    number: int


class Nothing(Processor[Params, Result]):
    """Units of no work at all: what is left is the runner and the rows."""

    id: ClassVar[str] = "bench.nothing"
    title: ClassVar[str] = "Nothing"
    action_type: ClassVar[str] = "bench"
    params: ClassVar[type[BaseModel]] = Params
    result: ClassVar[type[BaseModel]] = Result

    def units(self, params: Params, ctx: Context) -> Iterable[Unit]:
        return (Unit(str(number), Entity("image", str(number))) for number in range(params.units))

    def process(self, unit: Unit, params: Params, ctx: Context) -> Result:
        ctx.check()
        return Result(number=int(unit.key))


class OnlyNothing(Registry):
    def listing(self) -> Iterator[Listed]:
        yield Listed(Nothing.id, "bench", "ready", Nothing)


def measure(cores: int = 2) -> Outcome:
    """In a temporary folder; nothing of the user's is touched."""
    with tempfile.TemporaryDirectory(prefix="stashai-bench-") as folder:
        settings = Settings(Path(folder, "data"), Path(folder), cores)
        opening = _opening(settings)
        ledger, stores = open_stores(settings)
        try:
            figures = {"open_ms": opening, **_jobs(settings, ledger, stores), **_faces(stores), **_people(stores)}
        finally:
            ledger.database.close()
    bars = {
        "job_ms": JOB_MS,
        "unit_ms": UNIT_MS,
        "still_ms": STILL_MS,
        "open_ms": OPEN_MS,
        "people_840_ms": PEOPLE_MS,
        "people_20000_ms": MANY_MS,
    }
    lines: list[Line] = [at_most(_WHAT[name], figures[name], bar, "{:.2f} ms") for name, bar in bars.items()]
    busy = f"load average {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return Outcome("ledger", "./stashai bench ledger", lines, figures, busy)


_WHAT = {
    "job_ms": "a job of one unit of no work (median)",
    "unit_ms": f"a unit of no work, of {UNITS}",
    "still_ms": "keeping a picture's frame, face and vector",
    "open_ms": "a new process: importing and opening the rows (processor time)",
    "people_840_ms": "reading 840 people with two vectors each",
    "people_20000_ms": "reading 20,000 references with two vectors each",
}


def _opening(settings: Settings) -> float:
    """Of a process of its own, less what the interpreter takes."""
    code = f"from stashai.settings import Settings; from pathlib import Path; p = Path({str(settings.data)!r}); s = Settings(p, p, 1)"
    work = f"{code}; from stashai.tracking.database import open_database; open_database(s).close()"

    def run(text: str) -> float:
        begin = _processor_time_of_children()
        subprocess.run([sys.executable, "-c", text], check=True)
        return _processor_time_of_children() - begin

    run(work)
    return 1e3 * (median(run(work) for _ in range(5)) - median(run(code) for _ in range(5)))


def _processor_time_of_children() -> float:
    """Seconds; where the system does not count them, of the clock."""
    times = os.times()
    return times.children_user + times.children_system or time.perf_counter()


def _jobs(settings: Settings, ledger: Ledger, stores: Stores) -> dict[str, float]:
    clock = SystemClock()
    runner = Runner(
        ledger, OnlyNothing(), lambda control: Context(settings, stores, clock, control, cast("Any", None)), cores=settings.cores
    )

    def job(units: int) -> None:
        request = JobRequest(Nothing.id, Nothing.action_type, Params(units=units).model_dump_json())
        runner.run(ledger.submit(request).job.job_id)

    job(1)
    each = [_milliseconds(lambda: job(1)) for _ in range(JOBS)]
    return {"job_ms": median(each), "unit_ms": _milliseconds(lambda: job(UNITS)) / UNITS}


def _faces(stores: Stores) -> dict[str, float]:
    frames = [SeenFrame(None, [_observation(number)]) for number in range(STILLS)]

    def save() -> None:
        for number, frame in enumerate(frames):
            stores.observations.save(f"print-{number}", "bench", [frame])

    return {"still_ms": _milliseconds(save) / STILLS}


def _people(stores: Stores) -> dict[str, float]:
    for number in range(840):
        _enroll(stores, number, "/few")
    few = min(_milliseconds(lambda: stores.people.references(origin="/few")) for _ in range(3))
    for number in range(20_000 - 840):
        _enroll(stores, number, "/many")
    return {"people_840_ms": few, "people_20000_ms": min(_milliseconds(stores.people.references) for _ in range(3))}


def _enroll(stores: Stores, number: int, origin: str) -> None:
    person = stores.people.ensure(f"person {number % 5000}", "folder", f"person {number % 5000}")
    if person is not None:
        path = f"{origin}/{number}.jpg"
        vectors = {"first": _vector(number, 128), "second": _vector(number, 512)}
        face = Reference(person.id, origin, path, f"print-{number}", 0.9, (1.0, 2.0, 3.0, 4.0), f"crop-{number}", vectors)
        stores.people.record_source(SourceFile(origin, person.id, path, f"print-{number}", "bench", "enrolled"), [face])


def _observation(number: int) -> Observation:
    face = Face((1.0, 2.0, 30.0, 40.0), np.ones((5, 2), np.float32), 0.9, 1.0)
    return Observation(None, face, 0.8, {"first": _vector(number, 128)}, "crop", details={"size": 0.5, "sharpness": 0.3, "yaw": 0.1})


def _vector(number: int, dimension: int) -> Any:
    return np.full(dimension, number, np.float32)


def _milliseconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - begin)
