"""A plugin's paired worker that has too much to do asks another worker in the plugin's place: the same answers, nothing left behind."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.bare_python import bare_python
from tests.fakes.fake_stash.demo import fill
from tests.fakes.page import Page
from tests.fakes.worker_program import WorkerProgram
from tests.plugin.test_delegation import installed

pytest.importorskip("uvicorn", reason="no worker can be started here")
Json = dict[str, Any]


@dataclass
class House:
    """`paired` is what the plugin knows, with one slot; `other` is known to that worker alone."""

    page: Page
    paired: WorkerProgram
    other: WorkerProgram


@pytest.fixture
def house(package: Path, pictures: Mapping[str, Path], tmp_path: Path) -> Iterator[House]:
    config = tmp_path / "stash"
    other = WorkerProgram(tmp_path / "other", {"STASHAI_SLOTS": "1"})
    other.start()
    paired = WorkerProgram(
        tmp_path / "paired", {"STASHAI_SLOTS": "1", "STASHAI_WORKERS": other.address, "STASHAI_WORKERS_TOKEN": other.token}
    )
    paired.start()
    with installed(package, config, bare_python(tmp_path / "bare")) as stash:
        fill(stash.library, pictures, config / "media")
        page = Page(stash)
        page.ok("set_token", token=paired.token)
        page.ok("save_settings", settings={"run_on": "auto", "worker": {"address": paired.address}})
        until(lambda: known(paired)["worker-1"] == "healthy")
        yield House(page, paired, other)
    for worker in (paired, other):
        worker.kill()


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def known(worker: WorkerProgram) -> dict[str, str]:
    return {one["name"]: one["status"] for one in worker.get("/services").json()}


def looks(worker: WorkerProgram) -> list[Json]:
    return [job for job in worker.get("/ai-jobs/history?limit=100").json()["jobs"] if job["job_type"] == "stash.look"]


def rows(worker: WorkerProgram, table: str) -> int:
    with closing(sqlite3.connect(worker.data / "stashai.sqlite3")) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def crops(worker: WorkerProgram) -> list[Path]:
    return [path for path in (worker.data / "crops").rglob("*") if path.is_file()]


def names(result: Json) -> set[str]:
    return {row["name"] for row in result["people"]}


def test_who_has_less_to_do_looks_and_forgets(house: House) -> None:
    page, paired, other = house.page, house.paired, house.other
    page.identify("image", 1)
    assert looks(other) == [], "nothing waits at the paired worker"
    taken = paired.occupy()
    _, scene, _ = page.identify("scene", 1)
    assert names(scene) == {"Barack Obama", "Joe Biden"}
    assert all(row["crop"].startswith("data:image/jpeg;base64,") for row in [*scene["people"], *scene["unknown"]])
    assert [job["status"] for job in looks(other)] == ["completed"]
    assert other.get("/people?id=1").json() == [], "lent people are nobody's there"
    paired.free(taken)
    assert names(page.identify("scene", 1)[1]) == {"Barack Obama", "Joe Biden"}
    assert len(looks(other)) == 1, "what it saw is here"
    page.ok("wipe", confirm="WIPE")
    until(lambda: rows(other, "people") == 0 and rows(other, "observations") == 0 and crops(other) == [])


def test_who_dies_is_replaced_before_anything_is_told(house: House) -> None:
    page, paired, other = house.page, house.paired, house.other
    page.identify("image", 1)
    taken = paired.occupy()
    other.occupy()  # the paired worker asks how much there is to do twice a minute: it sends the look all the same
    job = page.ok("identify", type="scene", id="1")["id"]
    assert page.ok("step", job=job)["more"]
    until(lambda: len(looks(other)) == 1)
    other.kill()
    paired.free(taken)
    answer: Json = {}
    for _ in range(60):
        answer = page.ok("step", job=job)
        if not answer["more"]:
            break
    assert (answer["job"]["state"], names(answer["result"])) == ("completed", {"Barack Obama", "Joe Biden"})
