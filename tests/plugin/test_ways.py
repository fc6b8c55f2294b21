"""Every way by which a scene reaches a worker gives the names that this host gives by itself; so does, where there is none, what Stash
generated of it, and that is said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.fakes.fake_stash.demo import fill
from tests.fakes.worker_program import WorkerProgram
from tests.plugin.calls import Calls

from stashai.client import write_token
from stashai.contracts.findings import Findings
from stashai_plugin.click.dialog import identify, step
from stashai_plugin.engine.sending import LARGEST_IN_A_STEP
from stashai_plugin.page.jobs import jobs
from stashai_plugin.tasks import identifying

pytest.importorskip("uvicorn", reason="no worker can be started here")
SCENE, ELSEWHERE = 1, 2
"""The same clip under a path, and behind Stash's HTTP alone."""
Json = dict[str, Any]
Pictures = Mapping[str, Path]


@pytest.fixture
def filled(calls: Calls, stash: FakeStash, pictures: Pictures) -> Calls:
    fill(stash.library, pictures, stash.config / "media")
    return calls


def looked(calls: Calls, scene: int) -> Json:
    """The last word on a scene."""
    job = identify(calls.request(type="scene", id=str(scene), again=True))
    assert job is not None
    for _ in range(200):
        answer = step(calls.request(job=job["id"]))
        if not answer["more"]:
            result: Json = answer["result"]
            return result
    raise AssertionError(answer)


def told(result: Json) -> list[tuple[Any, ...]]:
    rows = [*result["people"], *result["unknown"]]
    return sorted((row.get("name", ""), round(row.get("probability", 0.0), 3), tuple(row["times"]), len(row["boxes"])) for row in rows)


@contextmanager
def paired(calls: Calls, folder: Path, **environ: str) -> Iterator[WorkerProgram]:
    worker = WorkerProgram(folder / "worker", environ)
    worker.start()
    write_token(calls.data, worker.token)
    calls.save(run_on="worker", worker={"address": worker.address})
    try:
        yield worker
    finally:
        worker.kill()


def spooled(worker: WorkerProgram) -> list[str]:
    return sorted(file.suffix for file in (worker.data / "spool").rglob("*") if file.is_file())


@pytest.mark.parametrize("way", ["path", "stash", "upload"])
def test_the_same_names_by_every_way(filled: Calls, stash: FakeStash, tmp_path: Path, way: str) -> None:
    media = stash.config / "media"
    here = told(looked(filled, SCENE))
    environ = {
        "path": {"STASHAI_MEDIA": str(media), "STASHAI_PATH_MAP": "/not/mounted=" + str(media)},
        "stash": {"STASH_URL": stash.url},
        "upload": {},
    }[way]
    (media / "here.mp4").write_bytes((media / "clip.mp4").read_bytes())
    with paired(filled, tmp_path, **environ) as worker:
        assert told(looked(filled, ELSEWHERE)) == here
        assert spooled(worker) == ([".mp4"] if way == "upload" else [])


def grown(stash: FakeStash, more: int) -> int:
    """The clip, larger by a box that players pass over; its size."""
    clip = stash.config / "media" / "clip.mp4"
    with clip.open("ab") as file:
        file.write(more.to_bytes(4, "big") + b"free")
        file.truncate(file.tell() + more - 8)
    stash.library.rows["scene"][SCENE].files[0]["size"] = clip.stat().st_size
    return clip.stat().st_size


def test_a_task_sends_whole_what_a_click_does_not(filled: Calls, stash: FakeStash, tmp_path: Path) -> None:
    size = grown(stash, LARGEST_IN_A_STEP + (1 << 20))
    with paired(filled, tmp_path) as worker:
        assert "Only what Stash generated was looked at" in looked(filled, SCENE)["note"]
        assert ".mp4" not in spooled(worker)
        filled.save(run_on="worker", worker={"address": worker.address}, wait=True)
        said = identifying.identify(filled.request(type="scene", ids_json=json.dumps([SCENE])))
        assert said.startswith("The worker looked at 1: somebody known in 1")
        [sent] = (worker.data / "spool").glob("*.mp4")
        assert sent.stat().st_size == size
        [item] = filled.bench().ledger.items(jobs(filled.request())["jobs"][0]["id"])
        assert {one.name for one in Findings.model_validate_json(item.response_data or "").people} == {"Barack Obama", "Joe Biden"}


def test_what_stash_generated_of_a_scene_that_is_too_large(filled: Calls, stash: FakeStash, tmp_path: Path) -> None:
    grown(stash, 1 << 20)
    with paired(filled, tmp_path, STASHAI_MAX_UPLOAD_MB="1") as worker:
        result = looked(filled, SCENE)
        assert {row["name"] for row in result["people"]} <= {"Barack Obama", "Joe Biden"}
        assert result["people"]
        assert "Only what Stash generated was looked at" in result["note"]
        assert ".mp4" not in spooled(worker)
        assert {".jpg", ".vtt"} <= set(spooled(worker))
