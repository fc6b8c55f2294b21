"""The API's document is committed, and no request that it allows (or nearly allows) makes the worker fail."""

from __future__ import annotations

import contextlib
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from tests.worker.conftest import Worker

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 45.0
"""For all operations together."""
EXAMPLES = 4


def test_the_committed_document_is_what_the_code_says() -> None:
    from export_openapi import document

    assert (ROOT / "worker" / "openapi.json").read_text(encoding="utf-8") == document(), "run scripts/export_openapi.py"


@pytest.mark.skipif(
    not os.environ.get("STASHAI_SCHEMATHESIS"),
    reason="set STASHAI_SCHEMATHESIS=1 to run it, alone: in one process with others it leaves their workers' jobs pending (open)",
)
def test_no_request_within_or_beside_the_document_makes_the_worker_fail(plain: Worker) -> None:
    """schemathesis with a few requests of each operation, some valid and some not, bounded in time; the operations that a
    slow machine does not reach are said."""
    schemathesis = pytest.importorskip("schemathesis")
    schema = schemathesis.openapi.from_url(plain.root + "/openapi.json")
    asker, until = Asker(), time.monotonic() + SECONDS
    found = [result.ok() for result in schema.get_all_operations()]
    random.Random(5).shuffle(found)
    reached = 0
    for operation in found:
        if time.monotonic() > until:
            break
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            asker.ask(operation, mode, until)
        reached += 1
    print(f"{reached} of {len(found)} operations, {asker.asked} requests")
    assert not asker.failures, "\n".join(asker.failures[:20])
    assert asker.asked >= 20


class Asker:
    """Sends generated cases and keeps what failed."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.asked = 0
        self._session = requests.Session()

    def ask(self, operation: Any, mode: Any, until: float) -> None:
        @settings(max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @seed(5)
        @given(case=operation.as_strategy(generation_mode=mode))
        def once(case: Any) -> None:
            if time.monotonic() < until:
                self._send(case)

        # An operation without parameters has nothing that could be wrong.
        with contextlib.suppress(Unsatisfiable):
            once()

    def _send(self, case: Any) -> None:
        if any(parameter.name == "wait" for parameter in case.operation.query):
            case.query = {**(case.query or {}), "wait": "0"}
        answer = case.call(session=self._session, timeout=20)
        self.asked += 1
        if answer.status_code >= 500 and answer.status_code not in (503, 504):
            self.failures.append(f"{case.method} {case.formatted_path} → {answer.status_code}: {answer.text[:300]}")
