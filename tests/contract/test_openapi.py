"""The API's document is committed, and no request that it allows (or nearly allows) makes the worker fail."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from tests.fakes.slow_service import SLOW
from tests.worker.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0
"""For all operations together."""
EXAMPLES = 4


def test_the_committed_document_is_what_the_code_says() -> None:
    from export_openapi import document

    assert (ROOT / "worker" / "openapi.json").read_text(encoding="utf-8") == document(), "run scripts/export_openapi.py"


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[str]:
    """The address of a worker in a process of its own: among what schemathesis asks for are jobs that never end, which would keep
    other tests' jobs waiting."""
    port = free_port()
    environ = {**os.environ, "STASHAI_DATA": str(tmp_path / "data"), "STASHAI_RATE": "0", "STASHAI_CORES": "2", "LOG_LEVEL": "ERROR"}
    environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / folder) for folder in ("shared", "worker"))
    (tmp_path / "data" / "processors").mkdir(parents=True)
    (tmp_path / "data" / "processors" / "slow.py").write_text(SLOW)
    command = [sys.executable, "-m", "stashai_worker", "--port", str(port)]
    with (tmp_path / "log").open("w+") as log, subprocess.Popen(command, env=environ, stdout=log, stderr=log) as process:
        try:
            await_answers(f"http://127.0.0.1:{port}/")
            yield f"http://127.0.0.1:{port}"
            assert process.poll() is None, "the worker died"
        finally:
            process.terminate()
            process.wait(20)


def await_answers(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            assert time.monotonic() < until, "the worker did not start"
            time.sleep(0.1)


def test_no_request_within_or_beside_the_document_makes_the_worker_fail(fuzzed: str) -> None:
    """schemathesis with a few requests of each operation, some valid and some not, bounded in time; the operations that a
    slow machine does not reach are said."""
    schemathesis = pytest.importorskip("schemathesis", reason="it has no wheels for musl")
    schema = schemathesis.openapi.from_url(fuzzed + "/openapi.json")
    asker, until = Asker(), time.monotonic() + SECONDS
    found = [result.ok() for result in schema.get_all_operations()]
    random.Random(5).shuffle(found)
    reached = 0
    for operation in found:
        if time.monotonic() > until:
            break
        may_be_wrong = operation.body or operation.query
        for mode in (schemathesis.GenerationMode.POSITIVE, *([schemathesis.GenerationMode.NEGATIVE] if may_be_wrong else [])):
            asker.ask(operation, mode, until)
        reached += 1
    print(f"{reached} of {len(found)} operations, {asker.asked} requests")
    assert not asker.failures, "\n".join(asker.failures[:20])
    assert asker.asked >= 100


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
