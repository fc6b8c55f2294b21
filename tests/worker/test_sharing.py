"""What is queued here is done by a worker elsewhere that has less to do; row, items, cancel and outcome are this one's."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

from PIL import Image
from tests.fakes.other_services import another_worker
from tests.fakes.worker_program import WorkerProgram

from .conftest import Start, Worker
from .test_services import known_as
from .test_start import until


def busy(start: Start, *others: str) -> tuple[Worker, str]:
    """A worker whose only slot is taken for minutes, and the job that takes it."""
    worker = start(environ={"STASHAI_WORKERS": ",".join(others), "STASHAI_WORKERS_TOKEN": "theirs", "STASHAI_SLOTS": "1"})
    for number, _ in enumerate(others, 1):
        known_as(worker, "healthy", f"worker-{number}")
    taking = str(worker.post("/queue/submit/test.slow", {"params": {"seconds": 300, "mark": "here"}}).json()["job_id"])
    while worker.get(f"/queue/status/{taking}").json()["status"] == "pending":
        time.sleep(0.05)
    return worker, taking


def peer(start: Start, name: str = "other") -> Worker:
    return start(environ={"STASHAI_TOKEN": "theirs"}, data=name)


def queued(worker: Worker, **params: Any) -> str:
    answer = worker.post("/queue/submit/test.slow", {"params": params})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def history(worker: Worker | WorkerProgram) -> list[str]:
    return [job["status"] for job in worker.get("/ai-jobs/history").json()["jobs"] if job["job_type"] == "test.slow"]


def numbers(worker: Worker, job: str) -> list[int]:
    return sorted(item["response_data"]["number"] for item in worker.get(f"/ai-jobs/{job}/tests").json()["tests"])


def test_what_waits_here_is_done_elsewhere(start: Start) -> None:
    other = peer(start)
    worker, taking = busy(start, other.root)
    job = queued(worker, units=6, seconds=0.05)
    ended = worker.ended(job)
    assert (ended["status"], ended["current"], ended["failed_items"]) == ("completed", 6, 0)
    assert numbers(worker, job) == list(range(6))
    until(lambda: worker.get(f"/ai-jobs/{job}").json()["service_name"] == "worker-1")
    assert history(other) == ["completed"] * 6
    worker.post(f"/queue/cancel/{taking}")


def test_what_fails_there_is_tried_here_before_it_is_told(start: Start) -> None:
    other = peer(start)
    worker, taking = busy(start, other.root)
    job = queued(worker, units=3, bad=[1])
    while "failed" not in history(other):
        time.sleep(0.05)
    worker.post(f"/queue/cancel/{taking}")
    ended = worker.ended(job)
    assert (ended["status"], ended["current"], ended["failed_items"]) == ("completed", 3, 1)
    assert {one["name"]: one["status"] for one in worker.get("/services").json()}["worker-1"] == "healthy"


def test_a_cancel_reaches_the_unit_elsewhere(start: Start) -> None:
    other = peer(start)
    worker, taking = busy(start, other.root)
    job = queued(worker, seconds=120)
    until = time.monotonic() + 60
    while history(other) != ["processing"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    worker.post(f"/queue/cancel/{job}")
    assert worker.ended(job)["status"] == "cancelled"
    until = time.monotonic() + 60
    while history(other) != ["cancelled"]:
        assert time.monotonic() < until
        time.sleep(0.05)
    worker.post(f"/queue/cancel/{taking}")


def test_two_workers_and_one_that_dies(start: Start, tmp_path: Path) -> None:
    """It dies in the middle of a job of this one: the other worker goes on with what is left, and each item is there once."""
    dying = WorkerProgram(tmp_path / "dying", token="theirs")
    dying.start()
    other = peer(start)
    try:
        worker, taking = busy(start, dying.address, other.root)
        job = queued(worker, units=40, seconds=0.2)
        until = time.monotonic() + 60
        while history(dying).count("completed") < 3:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        dying.kill()
    ended = worker.ended(job)
    assert (ended["status"], ended["current"], ended["failed_items"]) == ("completed", 40, 0)
    assert numbers(worker, job) == list(range(40))
    assert len(history(other)) > 10
    worker.post(f"/queue/cancel/{taking}")


def test_what_was_sent_here_stays_here(start: Start) -> None:
    with another_worker() as other:
        capable(other, "test.slow")
        worker, taking = busy(start, other.url)
        answer = worker.post("/queue/submit/test.slow", {"params": {}}, headers={"X-StashAI-Forwarded": "1"}).json()
        time.sleep(2.5)
        assert worker.get(f"/queue/status/{answer['job_id']}").json()["status"] == "pending"
        assert other.seen == []
        worker.post(f"/queue/cancel/{taking}")
        assert worker.ended(answer["job_id"])["status"] == "completed"


def capable(other: Any, *services: str) -> None:
    get = other.get
    listed = [{"name": name, "status": "healthy", "capabilities": []} for name in services]
    other.get = lambda path: (200, listed) if path == "/api/v1/services" else get(path)


def test_what_nobody_elsewhere_can_do_is_done_here_after_two_were_asked(start: Start) -> None:
    with another_worker() as first, another_worker() as second, another_worker() as third:
        for other in (first, second, third):
            capable(other, "test.slow")
            other.post = lambda path, body: (400, {"code": "no-way-to-media", "message": "not here"})
        worker, taking = busy(start, first.url, second.url, third.url)
        job = queued(worker)
        time.sleep(4.5)
        assert sum(len(other.seen) for other in (first, second, third)) == 2
        worker.post(f"/queue/cancel/{taking}")
        assert worker.ended(job)["status"] == "completed"
        assert numbers(worker, job) == [0]


def test_a_service_that_is_elsewhere_only(start: Start) -> None:
    said = {"job_id": "theirs", "status": "completed", "items": [{"response_data": {"tag": "beach"}}]}
    with another_worker() as other:
        capable(other, "their.tagger")
        other.post = lambda path, body: (200, said)
        worker = start(environ={"STASHAI_WORKERS": other.url})
        known_as(worker, "healthy")
        answer = worker.post("/their.tagger/process", {"params": {"folder": "/pictures"}})
        assert (answer.status_code, answer.json()["items"][0]["response_data"]) == (200, {"tag": "beach"})
        assert worker.get(f"/ai-jobs/{answer.json()['job_id']}").status_code == 200, "its job is this worker's"
        job = worker.post("/queue/submit/their.tagger", {"params": {"folder": "/other"}}).json()["job_id"]
        assert worker.ended(job)["status"] == "completed"
        batch = worker.post("/batch/submit", {"operation": "their.tagger", "entities": [{"id": "1", "type": "image"}]}).json()["job_id"]
        assert worker.ended(batch)["status"] == "completed"
        assert [asked["path"].partition("?")[0] for asked in other.seen] == ["/api/v1/their.tagger/process"] * 3
        assert other.seen[2]["params"]["entities"][0]["id"] == "1"
        other.post = lambda path, body: (503, {"message": "out of order"})
        assert worker.post("/their.tagger/process", {"params": {}}).status_code == 503
        assert worker.post("/queue/submit/nobodys.service", {"params": {}}).status_code == 404


def test_uploads_go_along(start: Start) -> None:
    other = peer(start)
    worker, taking = busy(start, other.root)
    entities = []
    for side in (64, 96):
        picture = io.BytesIO()
        Image.new("RGB", (side, side), "red").save(picture, "PNG")
        key = worker.post("/media", files={"file": ("a.png", picture.getvalue())}).json()["upload"]
        entities.append({"id": str(side), "type": "image", "metadata": {"upload": key}})
    job = worker.post("/batch/submit", {"operation": "extract-metadata", "entities": entities}).json()["job_id"]
    assert worker.ended(job)["status"] == "completed"
    items = worker.get(f"/ai-jobs/{job}/tests").json()["tests"]
    assert [item["response_data"]["technical_metadata"]["width"] for item in items] == [64, 96]
    assert len(other.get("/ai-jobs/history").json()["jobs"]) == 2
    worker.post(f"/queue/cancel/{taking}")


def test_pictures_to_learn_from_go_to_a_worker_with_the_same_networks(start: Start) -> None:
    with another_worker() as alike, another_worker() as unlike:
        for other in (alike, unlike):
            capable(other, "stash.look")
            other.post = lambda path, body: (200, [{"outcome": "no-face"}] * len(body["pictures"]))
        worker, taking = busy(start, unlike.url, alike.url)
        answers_as(alike, worker.get("/stash").json())
        answers_as(unlike, worker.get("/stash").json() | {"analysis": "another detector"})
        answer = worker.post(f"/stash/{'a' * 24}/portraits", {"pictures": ["aGVsbG8=", "aGVsbG8="]})
        assert (answer.status_code, answer.json()) == (200, [{"outcome": "no-face"}] * 2)
        assert [one["path"].rpartition("/")[2] for one in alike.seen] == ["portraits"]
        assert unlike.seen == []
        worker.post(f"/queue/cancel/{taking}")


def answers_as(other: Any, abilities: dict[str, Any]) -> None:
    get = other.get
    other.get = lambda path: (200, abilities) if path.startswith("/api/v1/stash?") else get(path)
