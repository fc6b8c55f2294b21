"""Services elsewhere: a request goes to the less loaded one, and to the next one, before anything is told, when that one fails."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from tests.fakes.other_services import Other, another_worker, serving, visage

from stashai.errors import ModelError
from stashai.services.core import Core
from stashai_worker.probing import FAILURES
from stashai_worker.readiness import Prepare

from .conftest import Start, Worker, free_port, no_networks

PICTURE = base64.b64encode(b"bytes that only the other one can read").decode()
IMAGE = {"entity": {"id": "1", "type": "image"}, "image_data": {"data": PICTURE}, "threshold": 0.7}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("/facial-recognition/identify-image", IMAGE),
    ("/facial-recognition/identify-scene", {**IMAGE, "entity": {"id": "1", "type": "scene"}}),
    ("/facial-recognition/identify-gallery", {"entity": {"id": "1", "type": "gallery"}, "images": [{"id": "5", "base64": PICTURE}]}),
    ("/facial-recognition/compare-faces", {"image1_data": {"data": PICTURE}, "image2_data": {"data": PICTURE}}),
    ("/content-analysis/analyze-scene", IMAGE),
    ("/content-analysis/extract-metadata", IMAGE),
]


def known_as(worker: Worker, status: str, name: str = "worker-1") -> None:
    until = time.monotonic() + 60
    while {one["name"]: one["status"] for one in worker.get("/services").json()}[name] != status:
        assert time.monotonic() < until
        time.sleep(0.05)


def busy(worker: Worker) -> str:
    job: str = worker.post("/queue/submit/test.slow", {"params": {"seconds": 60}}).json()["job_id"]
    return job


def ask(worker: Worker, number: str) -> Any:
    return worker.post("/facial-recognition/identify-image", {**IMAGE, "entity": {"id": number, "type": "image"}, "request_id": number})


def jobs_of(worker: Worker, number: str) -> dict[str, str]:
    history = worker.get(f"/ai-jobs/history?entity_type=image&entity_id={number}").json()
    return {job["job_type"]: job["status"] for job in history["jobs"]}


def beside(start: Start, *others: str, **more: str) -> Worker:
    workers = ",".join(others)
    return start(environ={"STASHAI_WORKERS": workers, "STASHAI_WORKERS_TOKEN": "theirs", "STASHAI_SLOTS": "4", **more})


def test_the_less_loaded_one_is_asked_and_then_it_is_done_here(start: Start) -> None:
    with another_worker() as other:
        worker = beside(start, other.url)
        known_as(worker, "healthy")
        running = busy(worker)
        answer = ask(worker, "1")
        assert answer.status_code == 200, answer.text
        assert (answer.json()["service_name"], answer.json()["request_id"]) == ("worker-1", "1")
        assert answer.json()["performers"][0]["name"] == "Somebody"
        asked = other.seen[0]
        assert (asked["threshold"], asked["image_data"]["data"], asked["authorization"]) == (0.7, PICTURE, "Bearer theirs")
        assert jobs_of(worker, "1") == {"services.forward": "completed"}
    here = ask(worker, "2")
    assert here.status_code == 400, "the other one is gone: done here, where this is no picture"
    assert jobs_of(worker, "2") == {"services.forward": "failed", "entities.identify": "failed"}
    worker.post(f"/queue/cancel/{running}")


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_every_kind_of_request_is_done_by_the_next_one_when_the_first_cannot(start: Start, path: str, body: dict[str, Any]) -> None:
    """The first is well when it is probed and fails when it is asked."""
    with another_worker() as failing, another_worker(load=1) as other:
        failing.post = lambda path, body: (503, {"message": "out of order"})
        worker = beside(start, failing.url, other.url)
        known_as(worker, "healthy")
        known_as(worker, "healthy", "worker-2")
        running = [busy_with(worker, mark) for mark in "ab"]
        answer = worker.post(path, body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["service_name"] == "worker-2"
        assert [asked["path"].partition("?")[0] for asked in failing.seen + other.seen] == ["/api/v1" + path] * 2
        assert PICTURE in str(other.seen[0])
        for job in running:
            worker.post(f"/queue/cancel/{job}")


def busy_with(worker: Worker, mark: str) -> str:
    job: str = worker.post("/queue/submit/test.slow", {"params": {"seconds": 60, "mark": mark}}).json()["job_id"]
    return job


def test_what_cannot_be_done_here_is_done_elsewhere(start: Start) -> None:
    with another_worker() as other:
        worker = start(prepare=broken, environ={"STASHAI_WORKERS": other.url})
        known_as(worker, "healthy")
        assert worker.get("/health").status_code == 503
        assert ask(worker, "1").json()["service_name"] == "worker-1"


def test_somebodys_id_means_them_here_alone(start: Start) -> None:
    with another_worker() as other:
        worker = beside(start, other.url)
        known_as(worker, "healthy")
        running = busy(worker)
        answer = worker.post("/facial-recognition/compare-faces", {"image1_data": {"data": PICTURE}, "performer2_id": "person:1"})
        assert (answer.status_code, other.seen) == (400, [])
        worker.post(f"/queue/cancel/{running}")


def test_what_another_worker_sends_here_is_not_sent_on(start: Start) -> None:
    with another_worker() as other:
        worker = beside(start, other.url)
        known_as(worker, "healthy")
        running = busy(worker)
        answer = worker.post("/facial-recognition/identify-image", IMAGE, headers={"X-StashAI-Forwarded": "1"})
        assert (answer.status_code, other.seen) == (400, [])
        worker.post(f"/queue/cancel/{running}")


def test_a_worker_of_another_version_gets_nothing(start: Start) -> None:
    with another_worker("99.0.0") as other:
        worker = beside(start, other.url)
        known_as(worker, "degraded")
        running = busy(worker)
        assert ask(worker, "1").status_code == 400
        assert other.seen == []
        worker.post(f"/queue/cancel/{running}")


def test_one_that_is_set_aside_gets_nothing(start: Start) -> None:
    with another_worker() as other:
        worker = beside(start, other.url)
        known_as(worker, "healthy")
        worker.post("/services/worker-1/maintenance")
        known_as(worker, "maintenance")
        running = busy(worker)
        assert ask(worker, "1").status_code == 400
        worker.post("/services/worker-1/maintenance?enabled=false")
        assert ask(worker, "2").json()["service_name"] == "worker-1"
        assert len(other.seen) == 1
        worker.post(f"/queue/cancel/{running}")


def test_one_that_fails_again_and_again_is_left_alone(start: Start) -> None:
    with another_worker() as other:
        other.post = lambda path, body: (503, {"message": "out of order"})
        worker = beside(start, other.url)
        known_as(worker, "healthy")
        running = busy(worker)
        for number in range(FAILURES + 2):
            assert ask(worker, str(number)).status_code == 400
        assert len(other.seen) == FAILURES
        worker.post(f"/queue/cancel/{running}")


def test_a_long_answer_is_waited_for_by_its_id(start: Start) -> None:
    with another_worker() as other:
        done = other.post
        other.post = lambda path, body: done(path, body) if len(other.seen) > 2 else (202, {"job_id": "theirs", "status": "processing"})
        worker = beside(start, other.url)
        known_as(worker, "healthy")
        running = busy(worker)
        assert ask(worker, "1").json()["service_name"] == "worker-1"
        assert len({asked["request_id"] for asked in other.seen}) == 1
        worker.post(f"/queue/cancel/{running}")


def broken(core: Core) -> None:
    raise ModelError("The networks are broken.", code="broken")


def until_tried(worker: Worker) -> None:
    """Until the worker knows whether it can recognise by itself."""
    while "being fetched" in worker.get("/health").text:
        time.sleep(0.02)


def known_to_visage(start: Start, other: Other, prepare: Prepare = broken) -> Worker:
    worker = start(environ={"VISAGE_URL": other.url}, prepare=prepare)
    known_as(worker, "healthy", "visage")
    until_tried(worker)
    return worker


def test_visage_is_asked_in_its_own_words_where_nobody_else_can(start: Start) -> None:
    with visage() as other:
        worker = known_to_visage(start, other)
        body = ask(worker, "1").json()
        assert other.seen[0] == {"path": "/api/predict_1", "authorization": None, "image_data": PICTURE, "threshold": 0.7, "results": 5}
        assert body["service_name"] == "visage"
        [found] = body["performers"]
        assert (found["id"], found["name"], found["confidence"]) == ("stashdb:11", "First", 0.9)
        assert found["additional_info"]["calibrated"] is False
        assert found["additional_info"]["stash_ids"] == [{"endpoint": "https://stashdb.org/graphql", "stash_id": "11"}]
        assert (body["ai_model_info"]["faces_detected"], body["faces"]) == (2, []), "where they are, it does not say"


def test_visage_replaces_nobody(start: Start) -> None:
    """Its votes are no probabilities: however busy this worker is, it answers itself, and another worker before Visage."""
    with visage() as other, another_worker(load=1) as peer:
        worker = start(environ={"VISAGE_URL": other.url, "STASHAI_SLOTS": "4"})
        known_as(worker, "healthy", "visage")
        running = [busy_with(worker, mark) for mark in "ab"]
        assert ask(worker, "1").status_code == 400, "done here, where this is no picture"
        beside_both = start(environ={"VISAGE_URL": other.url, "STASHAI_WORKERS": peer.url}, data="both", prepare=broken)
        known_as(beside_both, "healthy", "visage")
        known_as(beside_both, "healthy")
        assert ask(beside_both, "2").json()["service_name"] == "worker-1"
        assert other.seen == []
        for job in running:
            worker.post(f"/queue/cancel/{job}")


def test_visage_is_a_service_of_its_own_name(start: Start) -> None:
    with visage() as other:
        worker = known_to_visage(start, other, no_networks)
        params = {"image_data": {"data": PICTURE}, "threshold": 0.3}
        answer = worker.post("/visage/process", {"params": params})
        [item] = answer.json()["items"]
        assert [one["name"] for one in item["response_data"]["performers"]] == ["First", "Second"]
        job = worker.post("/queue/submit/visage", {"params": params, "priority": 2}).json()["job_id"]
        assert worker.ended(job)["status"] == "completed"
        assert len(other.seen) == 2
        assert PICTURE not in worker.get(f"/ai-jobs/{job}").text, "bytes never go into a row"
        assert worker.post("/visage/process", {"params": {"threshold": 0.3}}).status_code == 503


@pytest.mark.parametrize(("picture", "status"), [(b"no faces here", 200), (b"garbage", 400)])
def test_visage_without_faces_and_without_a_picture(start: Start, picture: bytes, status: int) -> None:
    with visage() as other:
        worker = known_to_visage(start, other)
        answer = worker.post(
            "/facial-recognition/identify-image",
            {**IMAGE, "image_data": {"data": "data:image/jpeg;base64," + base64.b64encode(picture).decode()}},
        )
        assert answer.status_code == status, answer.text
        assert status != 200 or answer.json()["performers"] == []


def test_visage_is_not_asked_for_what_it_cannot_do(start: Start) -> None:
    with visage() as other:
        worker = known_to_visage(start, other)
        assert worker.post("/facial-recognition/identify-scene", {"entity": {"id": "1", "type": "scene"}}).status_code >= 400
        assert worker.post(*REQUESTS[3]).status_code != 200
        assert other.seen == []


def test_a_third_partys_service_answers_at_its_own_endpoint(start: Start) -> None:
    port = free_port()
    with serving(port) as other:
        other.get = lambda path: (200, {})
        other.post = lambda path, body: (200, {"success": True, "tags": [{"name": "beach", "confidence": 0.5}]})
        worker = start(environ={"STASHAI_SERVICE_ORIGINS": other.url})
        info = {"name": "tagger", "type": "http", "endpoint": other.url + "/look", "capabilities": ["content_analysis"]}
        assert worker.post("/services", info).status_code == 201
        known_as(worker, "healthy", "tagger")
        running = busy(worker)
        answer = worker.post("/content-analysis/analyze-scene", IMAGE).json()
        assert (answer["service_name"], answer["tags"][0]["name"], other.seen[0]["path"]) == ("tagger", "beach", "/look")
        meant = worker.post("/tagger/process", {"params": {"folder": "/pictures"}}).json()
        assert meant["items"][0]["response_data"]["tags"][0]["name"] == "beach", "asked for by its own name"
        assert other.seen[1]["params"] == {"folder": "/pictures"}
        assert worker.delete("/services/tagger").status_code == 204
        worker.post(f"/queue/cancel/{running}")


def test_what_was_registered_and_set_aside_stays_so_over_a_restart(start: Start) -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    info = {"name": "tagger", "type": "http", "endpoint": origin + "/look", "capabilities": ["content_analysis"]}
    first = start(environ={"STASHAI_SERVICE_ORIGINS": origin})
    assert first.post("/services", info).status_code == 201
    assert first.post("/services/tagger/maintenance").status_code == 200
    assert first.post("/services/test.slow/maintenance").status_code == 200
    again = start(environ={"STASHAI_SERVICE_ORIGINS": origin})
    shown = {one["name"]: (one["endpoint"], one["status"]) for one in again.get("/services").json()}
    assert shown["tagger"] == (origin + "/look", "maintenance")
    assert shown["test.slow"][1] == "maintenance"
    elsewhere = start()
    assert "tagger" not in {one["name"] for one in elsewhere.get("/services").json()}
