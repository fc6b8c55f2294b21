"""A Stash that can do the work itself and has a worker beside it: the same answers from either, and from one after the other."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.fakes.fake_stash.demo import fill
from tests.fakes.page import Page
from tests.fakes.worker_program import WorkerProgram

pytest.importorskip("uvicorn", reason="no worker can be started here")
ROOT = Path(__file__).resolve().parents[2]
Json = dict[str, Any]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProgram]:
    """It may open the very folder in which Stash's media lie."""
    running = WorkerProgram(tmp_path / "worker", {"STASHAI_MEDIA": str(tmp_path / "stash" / "media"), "STASHAI_SLOTS": "1"})
    running.start()
    yield running
    running.kill()


@pytest.fixture
def page(package: Path, pictures: Mapping[str, Path], tmp_path: Path) -> Iterator[Page]:
    config = tmp_path / "stash"
    with zipfile.ZipFile(package) as archive:
        archive.extractall(config / "plugins" / "local" / "stashai")
    with FakeStash(config) as stash:
        fill(stash.library, pictures, config / "media")
        running = Page(stash)
        running.ok("setup", accept=True)
        until = time.monotonic() + 600
        while (state := running.ok("setup_status"))["state"] == "running":
            assert time.monotonic() < until, state
            time.sleep(0.5)
        assert state["state"] == "done", state
        yield running


def pair(page: Page, worker: WorkerProgram) -> None:
    page.ok("set_token", token=worker.token)
    page.ok("save_settings", settings={"run_on": "auto", "worker": {"address": worker.address}})
    assert page.ok("health")["where"]["mode"] == "worker"


def told(result: Json) -> list[tuple[Any, ...]]:
    """What a person sees of a result, but the keys of rows."""
    return sorted(seen_of(row) for row in [*result["people"], *result["unknown"]])


def seen_of(row: Json) -> tuple[Any, ...]:
    probability = round(row.get("probability", 0.0), 3)
    return row.get("name", ""), probability, tuple(row["times"]), len(row["boxes"]), row["crop"], row.get("reference", "")


def test_the_same_answers_from_either(page: Page, worker: WorkerProgram) -> None:
    here = [told(page.identify(kind, number)[1]) for kind, number in (("scene", 1), ("image", 1), ("image", 2))]
    page.ok("wipe", confirm="WIPE")
    pair(page, worker)
    there = [told(page.identify(kind, number)[1]) for kind, number in (("scene", 1), ("image", 1), ("image", 2))]
    assert there == here


def test_one_goes_on_where_the_other_stopped(page: Page, worker: WorkerProgram) -> None:
    pair(page, worker)
    worker.occupy()
    job = page.ok("identify", type="scene", id="1")["id"]
    assert page.ok("step", job=job)["more"]
    worker.kill()
    notices = set[str]()
    answer: Json = {}
    for _ in range(60):
        answer = page.ok("step", job=job)
        notices |= {str(answer.get("notice") or answer.get("waiting") or "")}
        if not answer["more"]:
            break
    assert answer["job"]["state"] == "completed"
    assert {row["name"] for row in answer["result"]["people"]} == {"Barack Obama", "Joe Biden"}
    assert any("does not answer" in notice for notice in notices)
    assert page.ok("health")["where"]["mode"] == "local"


def test_a_library_goes_on_here(page: Page, worker: WorkerProgram) -> None:
    pair(page, worker)
    worker.occupy()
    page.ok("save_settings", settings={"wait": True})
    task = page.stash.run_task("stashai", "Identify people in images", None, {})
    until = time.monotonic() + 60
    while "to look at, on the worker" not in page.stash.log.text() and not handed(page):
        assert time.monotonic() < until, page.stash.log.text()
        time.sleep(0.3)
    worker.kill()
    page.stash.jobs.wait(task, 300)
    row = page.ok("jobs", page=1)["jobs"][0]
    assert row["state"] == "completed", page.stash.log.text()[-3000:]
    assert row["done"] == 6


def handed(page: Page) -> bool:
    return any(row["state"] == "processing" for row in page.ok("status")["running"])
