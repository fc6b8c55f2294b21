"""A runner on a real SQLite ledger in a temporary folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.processing.toys import OneToy

from stashai.clock import SystemClock
from stashai.processing.base import Processor
from stashai.processing.context import Context
from stashai.processing.control import JobControl
from stashai.processing.runner import Runner
from stashai.processing.stores import Stores
from stashai.settings import Settings
from stashai.tracking.ledger import Ledger
from stashai.tracking.open import open_stores
from stashai.tracking.records import JobRequest, JobRow


class Bench:
    """A ledger, its stores, and runners for any processor."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder / "data", folder / "models", 2)
        self.ledger: Ledger
        self.stores: Stores
        self.ledger, self.stores = open_stores(self.settings)

    def context(self, control: JobControl) -> Context:
        return Context(self.settings, self.stores, SystemClock(), control, cast("Any", None))

    def runner(self, processor: Processor[Any, Any], cores: int = 2, **options: Any) -> Runner:
        return Runner(self.ledger, OneToy(processor), self.context, cores=cores, **options)

    def submit(self, *names: str, **options: Any) -> JobRow:
        request = JobRequest("toy", "facial_recognition", json.dumps({"names": names}), **options)
        return self.ledger.submit(request).job

    def units(self, job: JobRow) -> list[tuple[str, str]]:
        return [(item.unit, item.result) for item in self.ledger.all_items(job.job_id)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.ledger.database.close()
