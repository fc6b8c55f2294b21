"""The worker's small rules, each by itself: what no request can bring about at will."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from stashai.clock import SystemClock
from stashai.contracts.enums import ServiceStatus
from stashai.contracts.findings import Findings
from stashai.errors import StorageError, UnitCancelled
from stashai.processing.context import Context
from stashai.processing.control import JobControl, Running
from stashai.processors.entities import EntityFindings, EntityParams, IdentifyEntities, WantedEntity
from stashai.settings import Settings
from stashai.tracking.open import open_stores
from stashai.tracking.records import JobRequest, Outcome, Reaped, Signal
from stashai_worker.config import WorkerConfig
from stashai_worker.elsewhere import Remote
from stashai_worker.events import differences
from stashai_worker.forms import forms_of
from stashai_worker.jobs import batch_status
from stashai_worker.limits import BodyLimit, json_depth
from stashai_worker.media import WorkerMedia
from stashai_worker.probing import after_probe
from stashai_worker.spool import Spool
from stashai_worker.upkeep import _reap


def test_each_event_of_a_job_is_told_once(tmp_path: Path) -> None:
    ledger, _ = open_stores(Settings(tmp_path, tmp_path / "models", 1))
    waiting = ledger.submit(JobRequest("test.slow", "test", planned=2)).job
    claim = ledger.claim(waiting.job_id)
    assert claim is not None
    ledger.checkpoint(claim, [Outcome("a", 0, "image", "a", "pass", 1.0, 0.5)])
    further, ended = ledger.job(waiting.job_id), ledger.finish(claim, "completed")
    ledger.database.close()
    assert further is not None
    states = [None, waiting, claim.job, further, ended]
    told = [[event for event, _ in differences(before, after)] for before, after in pairwise(states) if after]
    assert told == [["job_submitted"], ["job_started"], ["job_progress"], ["job_completed"]]


def test_the_end_of_a_batch_is_estimated_by_what_is_done(tmp_path: Path) -> None:
    ledger, _ = open_stores(Settings(tmp_path, tmp_path / "models", 1))
    row = ledger.submit(JobRequest("test.slow", "test", planned=4)).job
    ledger.database.close()
    running = replace(row, status="processing", started_at=1000.0, updated_at=1010.0, tests_completed=1)
    estimated = batch_status(running).estimated_completion
    assert estimated is not None
    assert estimated.timestamp() == 1040.0
    assert batch_status(replace(running, tests_completed=0)).estimated_completion is None


def test_a_mapped_folder_is_no_beginning_of_another_name(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "a.jpg").write_bytes(b"x")
    config = WorkerConfig(Settings(tmp_path, tmp_path, 1), media=(tmp_path,), path_map=(("/data", str(tmp_path)),))
    media = WorkerMedia(config, Spool(tmp_path / "spool", 1, 1), cast("Any", None), None)
    assert media.way("/data/base/a.jpg") == "path"
    assert media.way("/database/a.jpg") == "upload"


def test_a_probe_does_not_undo_what_was_said_meanwhile() -> None:
    before = Remote("other", "worker", "http://other")
    probed, known = replace(before, status=ServiceStatus.HEALTHY), replace(before, maintenance=True, asked=3)
    assert after_probe(probed, known) == replace(known, status=ServiceStatus.HEALTHY)


def test_an_upload_leaves_room_on_the_disk(tmp_path: Path) -> None:
    async def chunks() -> Any:
        yield b"picture"

    with pytest.raises(StorageError, match="nearly full"):
        anyio.run(Spool(tmp_path, 100, 1, free=lambda folder: 1).store, chunks(), "a.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("empty", [True, False])
def test_what_waits_is_rung_for_when_the_queue_lost_it_and_else_may_go_elsewhere(empty: bool) -> None:
    rung: list[str] = []
    sent: list[str] = []
    ledger = SimpleNamespace(reap=lambda: Reaped((), (), ()), waiting=lambda: ["job"])
    state = SimpleNamespace(
        core=SimpleNamespace(ledger=ledger), bell=SimpleNamespace(is_empty=lambda: empty), ring=rung.append, send_away=sent.append,
        unload_if_idle=lambda: False,
    )  # fmt: skip
    _reap(cast("Any", state))
    assert (rung, sent) == ((["job"], []) if empty else ([], ["job"]))


def test_brackets_in_a_text_are_no_depth() -> None:
    assert json_depth(b'{"a": ["' + b"[{" * 99 + b'\\"[", {}]}') == 3
    assert json_depth(b"[" * 20 + b"]" * 20) == 20


def test_nothing_is_read_of_a_body_that_is_declared_too_large() -> None:
    sent: list[Any] = []

    async def never(*_: Any) -> Any:
        raise AssertionError("it was read, or passed on")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/api/v1/x", "headers": [(b"content-length", b"101")]}
    anyio.run(BodyLimit(never, 100, "/api/v1/media", 100), scope, never, send)
    assert sent[0]["status"] == 413


def test_what_a_service_elsewhere_tells_of_a_performer_is_kept() -> None:
    entity = WantedEntity(type="image", id="7", upload="key")
    _, request = forms_of(IdentifyEntities(), EntityParams(entities=[entity]), {})
    performer = {"id": "person:3", "name": "Ann", "confidence": 0.9, "additional_info": {"arc_similarity": 0.6, "facenet_similarity": None}}
    found = request.read({"success": True, "performers": [performer], "faces": []})
    assert isinstance(found, EntityFindings)
    assert found.findings is not None
    [ann] = found.findings.people
    assert (ann.person_id, ann.name, ann.probability, ann.similarities) == (3, "Ann", 0.9, {"arcface": 0.6})


class Looks:
    """Looks at pictures, and is told after the first one that nobody wants their gallery any more."""

    def __init__(self, control: JobControl) -> None:
        self.control, self.count = control, 0

    def identify(self, *_: Any) -> Findings:
        self.count += 1
        self.control.hear(Signal(unwanted={"0:gallery:1": "asked to"}))
        time.sleep(0.02)
        return Findings()

    def medium(self, entity: WantedEntity) -> WantedEntity:
        return entity


def test_a_cancelled_gallery_stops_between_two_pictures(tmp_path: Path) -> None:
    control, nothing = JobControl("job", SystemClock()), cast("Any", None)
    looks, processor = cast("Any", Looks(control)), IdentifyEntities()
    processor._recognition = looks
    ctx = Context(Settings(tmp_path, tmp_path, 2), nothing, SystemClock(), control, nothing, looks)
    pictures = [WantedEntity(type="image", id=str(number)) for number in range(100)]
    params = EntityParams(entities=[WantedEntity(type="gallery", id="1", images=pictures)], batch_size=100)
    (unit,) = processor.units(params, ctx)
    with control.working_on(Running(unit, 0)), pytest.raises(UnitCancelled, match="asked to"):
        processor.process(unit, params, ctx)
    assert looks.count < 20
