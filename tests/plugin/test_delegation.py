"""Clicks and tasks that a worker does: the built package in a fake Stash on a Python with nothing but `requests`, and a real worker.

Also what becomes of them when the worker is not there, dies in the middle, is of another version or does not know the token.
"""

from __future__ import annotations

import io
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PIL import Image, ImageOps
from tests.fakes.bare_python import bare_python
from tests.fakes.fake_stash import FakeStash
from tests.fakes.fake_stash.demo import fill
from tests.fakes.page import Page
from tests.fakes.worker_program import WorkerProgram

pytest.importorskip("uvicorn", reason="no worker can be started here")
ROOT = Path(__file__).resolve().parents[2]
Json = dict[str, Any]
T = TypeVar("T")


@dataclass
class Paired:
    page: Page
    worker: WorkerProgram

    def pair(self, **settings: Any) -> None:
        self.page.ok("set_token", token=self.worker.token)
        self.page.ok("save_settings", settings={"run_on": "auto", "worker": {"address": self.worker.address}, **settings})


def installed(package: Path, config: Path, python: str, api_key: str = "") -> FakeStash:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(config / "plugins" / "local" / "stashai")
    return FakeStash(config, python=python, api_key=api_key)


@pytest.fixture(scope="module")
def paired(package: Path, pictures: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paired]:
    """Nothing installed beside `requests`; the worker shares no folder with Stash: all goes as uploads."""
    config = tmp_path_factory.mktemp("stash")
    worker = WorkerProgram(tmp_path_factory.mktemp("worker"), {"STASHAI_SLOTS": "1"})
    worker.start()
    with installed(package, config, bare_python(tmp_path_factory.mktemp("bare"))) as stash:
        fill(stash.library, pictures, config / "media")
        both = Paired(Page(stash), worker)
        both.pair()
        yield both
    worker.kill()


def people(result: Json) -> dict[str, Json]:
    return {row["name"]: row for row in result["people"]}


def test_pairing_is_tested_with_the_token(paired: Paired) -> None:
    page = paired.page
    assert page.ok("test_worker")["ok"]
    page.ok("set_token", token="another")
    assert not page.ok("test_worker")["ok"]
    page.ok("set_token", token=paired.worker.token)
    assert (page.stash.config / "stashai-data" / "worker-token").stat().st_mode & 0o777 == 0o600
    assert paired.worker.token not in page.stash.log.text()


def test_health_says_where_it_runs(paired: Paired) -> None:
    health = paired.page.ok("health")
    assert health["runtime"]["state"] == "missing"
    assert health["where"]["mode"] == "worker"


def test_an_image_on_a_bare_python(paired: Paired) -> None:
    _, result, _ = paired.page.identify("image", 1)
    obama = people(result)["Barack Obama"]
    assert obama["probability"] > 0.95
    assert obama["crop"].startswith("data:image/jpeg;base64,")
    assert obama["reference"].startswith("data:image/jpeg;base64,")


def test_a_scene_with_evidence(paired: Paired) -> None:
    _, result, results = paired.page.identify("scene", 1)
    assert not result["provisional"]
    assert set(people(result)) == {"Barack Obama", "Joe Biden"}
    assert people(result)["Joe Biden"]["spans"]
    assert people(result)["Joe Biden"]["boxes"]
    assert len(result["unknown"]) == 1
    assert results[0]["source"] == "sprite"


def test_an_image_clip_and_a_gallery_in_a_zip(paired: Paired) -> None:
    _, clip, _ = paired.page.identify("image", 2)
    assert set(people(clip)) == {"Barack Obama", "Joe Biden"}
    job, gallery, _ = paired.page.identify("gallery", 1)
    assert {i["image_id"] for i in people(gallery)["Barack Obama"]["images"]} == {"4", "5"}
    assert paired.page.ok("crops", job=job, page=1)["crops"]


def test_who_is_unknown_in_a_gallery_is_one_row(paired: Paired, pictures: Mapping[str, Path]) -> None:
    library = paired.page.stash.library
    gallery = library.add_gallery("A stranger", zip_file=Path("/not/mounted/stranger.zip"))
    woman = Image.open(pictures["astronaut.png"]).convert("RGB")
    for number, picture in enumerate((woman, ImageOps.mirror(woman), woman.rotate(8))):
        target = io.BytesIO()
        picture.save(target, "JPEG", quality=92)
        row = library.add_image("", f"/not/mounted/stranger.zip/{number}.jpg", galleries=[gallery.id], data=target.getvalue())
        row.files[0] |= {"size": len(target.getvalue())}
    gone = library.add_image("Gone", "/not/mounted/gone.jpg", galleries=[gallery.id])
    job, result, _ = paired.page.identify("gallery", gallery.id)
    (her,) = result["unknown"]
    assert len(her["images"]) == 3
    failed = paired.page.ok("job", id=job)["items"][0]
    assert (failed["id"], failed["error"]["code"]) == (str(gone.id), "not-media")


def test_one_frame(paired: Paired) -> None:
    _, result, _ = paired.page.identify("scene", 1, mode="frame", time=1.0)
    assert result["source"] == "frame"
    assert len(result["people"]) + len(result["unknown"]) == 1


def test_similar_and_compared(paired: Paired) -> None:
    page = paired.page
    assert [row["name"] for row in page.ok("similar", performer_id="1")] == ["Joe Biden"]
    answer = page.ok("compare", a="1", b="2")
    assert answer["probability"] < 0.1
    assert {score["model"] for score in answer["scores"]} >= {"arcface"}
    assert all(crop.startswith("data:image/jpeg") for crop in answer["crops"])


def test_the_known_and_the_face_to_choose(paired: Paired) -> None:
    page = paired.page
    rows = {row["name"]: row for row in page.ok("people", page=1)["people"]}
    assert rows["Barack Obama"]["references"] >= 1
    choices = rows["Two Faces"]["choices"]
    assert len(choices) == 2
    page.ok("choose_face", performer_id="4", key=choices[0]["key"])
    assert next(row for row in page.ok("people", page=1)["people"] if row["name"] == "Two Faces")["references"] == 1
    assert page.ok("similar", performer_id="4")[0]["probability"] > 0.9
    # Two performers of one face would make each other uncertain.
    assert page.ok("forget", performer_id="4", confirm="Two Faces")["worker"] == ""


def test_accepting_is_written_taught_and_undone(paired: Paired) -> None:
    page = paired.page
    job, result, _ = page.identify("scene", 1)
    row = people(result)["Joe Biden"]
    run = page.ok("apply", job=job, accept=[{"person": row["key"], "performer_id": "2"}])["run"]
    assert page.stash.library.rows["scene"][1].performers == [2]
    assert next(row for row in page.ok("people", page=1)["people"] if row["name"] == "Joe Biden")["references"] == 2
    assert page.ok("faces", type="scene", id="1")["people"]
    page.ok("undo", run=run)
    assert page.stash.library.rows["scene"][1].performers == []


def test_what_was_refused_reaches_the_worker(paired: Paired) -> None:
    page = paired.page
    job, result, _ = page.identify("image", 1)
    page.ok("decide", job=job, person=people(result)["Barack Obama"]["key"], verdict="not")
    _, result, _ = page.identify("image", 1, again=True)
    assert "Barack Obama" not in people(result)
    page.ok("decide", job=job, person="p1", verdict="none", performer_id="1")
    _, result, _ = page.identify("image", 1, again=True)
    assert "Barack Obama" in people(result)


def test_forgetting_reaches_the_worker(paired: Paired) -> None:
    page, worker = paired.page, paired.worker
    assert "Joe Biden" in names_on(worker)
    assert page.ok("forget", performer_id="2", confirm="Joe Biden")["worker"] == ""
    assert "Joe Biden" not in names_on(worker)
    page.ok("allow", performer_id="2")
    _, result, _ = page.identify("scene", 1, again=True)
    assert "Joe Biden" in people(result)


def names_on(worker: WorkerProgram) -> set[str]:
    with closing(sqlite3.connect(worker.data / "stashai.sqlite3")) as rows:
        return {name for (name,) in rows.execute("SELECT name FROM people")}


def test_learning_as_a_task(paired: Paired) -> None:
    assert paired.page.task("Learn my performers' faces")[-1].startswith("Looked at")
    rows = {row["name"]: row for row in paired.page.ok("people", page=1)["people"]}
    assert rows["Joe Biden"]["references"] >= 1


def test_tagged_pictures_are_learned_from(paired: Paired) -> None:
    page = paired.page
    tagged = [page.stash.library.rows["image"][number] for number in (3, 6)]
    for image in tagged:
        image.performers = [3]
    page.ok("save_settings", settings={"learn": {"performer_images": True, "tagged_images": True, "scenes": True}})
    assert "Learned 2 faces of 1 performers" in page.task("Learn my performers' faces")[-1]
    rows = {row["name"]: row for row in page.ok("people", page=1)["people"]}
    assert rows["Nobody Pictured"]["references"] == 2
    assert people(page.identify("image", 3, again=True)[1])["Nobody Pictured"]["probability"] > 0.95
    # Who it is stays a stranger to the other tests.
    page.ok("forget", performer_id="3", confirm="Nobody Pictured")
    page.ok("save_settings", settings={"learn": {"performer_images": True, "tagged_images": False, "scenes": False}})
    for image in tagged:
        image.performers = []


def test_a_library_is_handed_over_and_comes_by_itself(paired: Paired) -> None:
    page = paired.page
    lines = page.task("Identify people in images")
    assert "were handed to the worker" in lines[-1]
    row = ended(page)
    assert row["state"] == "completed"
    assert row["done"] == len(page.stash.library.rows["image"])
    assert page.ok("job", id=row["id"])["items"][0]["people"] is not None
    assert page.ok("faces", type="image", id="3") is not None


def test_a_dialog_shows_what_came_meanwhile(paired: Paired) -> None:
    """Nobody opened our page since the task returned."""
    page, worker = paired.page, paired.worker
    assert "were handed to the worker" in page.task("Identify people in all scenes")[-1]
    eventually(lambda: not newest_look(worker, "pending") and not newest_look(worker, "processing"))
    assert "scene 1" not in items(page)
    assert page.ok("faces", type="scene", id="1")["people"]
    assert "scene 1" in items(page)
    assert ended(page)["state"] == "completed"


def items(page: Page) -> set[str]:
    """Those that the newest task's job has rows of."""
    with closing(sqlite3.connect(page.stash.config / "stashai-data" / "stashai.sqlite3")) as rows:
        (job,) = rows.execute("SELECT id FROM processing_jobs WHERE run_policy <> 'steps' ORDER BY id DESC LIMIT 1").fetchone()
        found = rows.execute("SELECT entity_type, entity_id FROM processing_tests WHERE job = ?", (job,))
        return {f"{kind} {number}" for kind, number in found}


def ended(page: Page) -> Json:
    """The newest job, once nothing of it is on the worker any more."""
    until = time.monotonic() + 200
    while (row := page.ok("jobs", page=1)["jobs"][0])["state"] in ("pending", "processing"):
        assert time.monotonic() < until, (row, page.stash.log.text()[-2000:])
        time.sleep(1)
    return dict(row)


def test_a_task_that_waits(paired: Paired) -> None:
    page = paired.page
    page.ok("save_settings", settings={"wait": True})
    pictures = [row for row in page.stash.library.rows["image"].values() if row.galleries]
    assert page.task("Identify people in galleries")[-1].startswith(f"The worker looked at {len(pictures)}:")
    page.ok("save_settings", settings={"wait": False})


def test_a_stopped_task_is_cancelled_on_the_worker(paired: Paired) -> None:
    """Killed as Stash does it: nobody can say so, the worker sees that nobody asks any more."""
    page, worker = paired.page, paired.worker
    busy = worker.occupy()
    page.ok("save_settings", settings={"wait": True})
    task = page.stash.run_task("stashai", "Identify people in all scenes", None, {})
    look = eventually(lambda: newest_look(worker, "pending"))
    page.stash.jobs.stop(task)
    killed = time.monotonic()
    eventually(lambda: worker.get(f"/queue/status/{look}").json()["status"] == "cancelled")
    assert time.monotonic() - killed <= 35.0
    page.ok("save_settings", settings={"wait": False})
    worker.free(busy)


def newest_look(worker: WorkerProgram, status: str) -> str | None:
    jobs = worker.get(f"/ai-jobs/history?status={status}&limit=50").json()["jobs"]
    return next((str(job["job_id"]) for job in jobs if job["job_type"] == "stash.look"), None)


def eventually(probe: Callable[[], T | None], seconds: float = 90.0) -> T:
    until = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.3)
    return found


def test_a_wrong_token_is_one_sentence(paired: Paired) -> None:
    page = paired.page
    page.ok("set_token", token="wrong")
    job = page.ok("identify", type="image", id="1", again=True)["id"]
    assert page.error("step", job=job) == "worker-token"
    paired.pair()
    assert page.ok("test_worker")["ok"]
    assert page.ok("step", job=job)["job"]["id"] == job


def test_another_version_is_one_sentence(paired: Paired) -> None:
    page = paired.page
    with another_version() as address:
        page.ok("save_settings", settings={"worker": {"address": address}})
        job = page.ok("identify", type="image", id="3", again=True)["id"]
        assert page.error("step", job=job) == "worker-version"
        assert not page.ok("test_worker")["ok"]
    paired.pair()


def test_a_worker_that_dies_in_the_middle_goes_on_after_its_restart(paired: Paired) -> None:
    page, worker = paired.page, paired.worker
    page.ok("test_worker")
    busy = worker.occupy()
    job = page.ok("identify", type="scene", id="2", again=True)["id"]
    assert page.ok("step", job=job)["more"]
    worker.kill()
    assert page.error("step", job=job) == "worker-unreachable"
    assert page.ok("jobs", page=1)["jobs"][0]["state"] == "paused"
    worker.start()
    worker.free(busy)
    page.ok("test_worker")
    same, result, _ = page.identify("scene", 2)
    assert same == job
    assert set(people(result)) == {"Barack Obama", "Joe Biden"}


def test_wiping_reaches_the_worker(paired: Paired) -> None:
    assert paired.page.ok("wipe", confirm="WIPE")["worker"] == ""
    assert names_on(paired.worker) == set()
    with closing(sqlite3.connect(paired.worker.data / "stashai.sqlite3")) as rows:
        assert rows.execute("SELECT count(*) FROM observations").fetchone()[0] == 0
    assert not list((paired.worker.data / "crops").rglob("*.jpg"))


def test_a_worker_that_may_ask_stash_asks_it(package: Path, pictures: Mapping[str, Path], tmp_path: Path) -> None:
    """Stash's key is the worker's own setting. Only the sprite sheet and its times are sent, for the quick first answer."""
    with installed(package, tmp_path / "stash", bare_python(tmp_path / "bare"), api_key="of-stash") as stash:
        fill(stash.library, pictures, tmp_path / "stash" / "media")
        worker = WorkerProgram(tmp_path / "worker", {"STASH_URL": stash.url, "STASH_API_KEY": "of-stash"})
        worker.start()
        try:
            both = Paired(Page(stash), worker)
            both.pair()
            _, image, _ = both.page.identify("image", 1)
            _, scene, _ = both.page.identify("scene", 1)
        finally:
            worker.kill()
        assert "Barack Obama" in people(image)
        assert set(people(scene)) == {"Barack Obama", "Joe Biden"}
        assert sorted(file.suffix for file in (worker.data / "spool").rglob("*") if file.is_file()) == [".jpg", ".vtt"]
        assert "of-stash" not in worker.log() + stash.log.text()


@contextmanager
def another_version() -> Iterator[str]:
    """Something that answers as a worker of a later version would."""

    class Later(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"protocol": 99, "version": "9.0"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Later)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
