"""A third party's HTTP service gets what is queued, too: as the request that it says it can do, or as a processor's parameters."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.fakes.other_services import Other, serving

from .conftest import Start, Worker
from .test_services import known_as

PICTURE = b"bytes that only the other one can read"
FACE = {"bbox": [1, 2, 30, 40], "confidence": 0.9, "performer_id": "person:7", "quality": 0.8}
ANN = {"id": "person:7", "name": "Ann", "confidence": 0.9}


@contextmanager
def busy_beside(start: Start, *can: str) -> Iterator[tuple[Worker, Other]]:
    """A worker whose only slot is taken, and a service that can do that."""
    with serving() as other:
        other.get = lambda path: (200, {})
        worker = start(environ={"STASHAI_SERVICE_ORIGINS": other.url, "STASHAI_SLOTS": "1"})
        info = {"name": "theirs", "type": "http", "endpoint": other.url + "/look", "capabilities": list(can)}
        assert worker.post("/services", info).status_code == 201
        known_as(worker, "healthy", "theirs")
        taking = str(worker.post("/queue/submit/test.slow", {"params": {"seconds": 300, "mark": "here"}}).json()["job_id"])
        while worker.get(f"/queue/status/{taking}").json()["status"] == "pending":
            time.sleep(0.05)
        yield worker, other
        worker.post(f"/queue/cancel/{taking}")


def items(worker: Worker, answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 202, answer.text
    job = answer.json()["job_id"]
    assert worker.ended(job)["status"] == "completed"
    return [item["response_data"] for item in worker.get(f"/ai-jobs/{job}/tests").json()["tests"]]


def test_a_queued_picture_goes_as_the_request_with_its_bytes(start: Start) -> None:
    with busy_beside(start, "facial_recognition") as (worker, other):
        stranger = {"bbox": [5, 6, 7, 8], "confidence": 0.2, "candidates": [{"id": "person:8", "name": "Bob", "confidence": 0.2}]}
        other.post = lambda path, body: (200, {"success": True, "performers": [ANN], "faces": [FACE, stranger]})
        data = base64.b64encode(PICTURE).decode()
        request = {"entity": {"id": "1", "type": "image"}, "image_data": {"data": data}, "threshold": 0.7, "max_results": 3}
        [found] = items(worker, worker.post("/queue/submit/image", request))
        asked = other.seen[0]
        assert (asked["image_data"]["data"], asked["threshold"], asked["max_results"]) == (data, 0.7, 3)
        assert (asked["entity"]["id"], asked["path"]) == ("1", "/look")
        [ann] = found["findings"]["people"]
        assert (ann["name"], ann["probability"], ann["person_id"]) == ("Ann", 0.9, 0), "nobody here has that number and name"
        assert ann["faces"][0]["bbox"] == [1, 2, 30, 40]
        assert found["findings"]["unknown"][0]["candidates"][0]["name"] == "Bob"


def test_a_batch_of_scenes_goes_scene_by_scene(start: Start) -> None:
    with busy_beside(start, "content_analysis") as (worker, other):
        other.post = lambda path, body: (200, {"success": True, "tags": [{"name": "beach", "confidence": 0.5}], "quality_score": 0.25})
        entities = [{"id": str(number), "type": "scene"} for number in range(3)]
        found = items(worker, worker.post("/batch/submit", {"operation": "analyze-scene", "entities": entities}))
        assert [(one["tags"][0]["name"], one["quality_score"]) for one in found] == [("beach", 0.25)] * 3
        assert sorted(asked["entity"]["id"] for asked in other.seen) == ["0", "1", "2"]


def test_a_queued_gallery_goes_with_its_pictures(start: Start) -> None:
    def looked_at(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        results = [{"imageId": one["id"], "success": True, "performers": [ANN], "processingTime": 0.1} for one in body["images"]]
        results[-1] |= {"success": False, "error": "no picture"}
        return 200, {"success": True, "ai_model_info": {"gallery_results": {"processingResults": results}}}

    with busy_beside(start, "facial_recognition") as (worker, other):
        other.post = looked_at
        images = [{"id": str(number), "base64": base64.b64encode(PICTURE + bytes([number])).decode()} for number in range(3)]
        [found] = items(worker, worker.post("/queue/submit/gallery", {"entity": {"id": "9", "type": "gallery"}, "images": images}))
        assert [image["base64"] for image in other.seen[0]["images"]] == [image["base64"] for image in images]
        assert [(one["name"], len(one["appearances"])) for one in found["people"]] == [("Ann", 2)]
        assert [one["error"] is None for one in found["pictures"]] == [True, True, False]


def test_one_that_names_the_processor_gets_its_parameters_and_uploads(start: Start) -> None:
    with busy_beside(start, "metadata.extract") as (worker, other):
        other.post = lambda path, body: (200, {"technical_metadata": {"bytes": len(base64.b64decode(*body["uploads"].values()))}})
        key = worker.post("/media", files={"file": ("a.png", PICTURE)}).json()["upload"]
        entities = [{"id": "1", "type": "image", "metadata": {"upload": key}}]
        [found] = items(worker, worker.post("/batch/submit", {"operation": "extract-metadata", "entities": entities}))
        assert found["technical_metadata"] == {"bytes": len(PICTURE)}
        assert other.seen[0]["params"]["entities"][0]["upload"] == key


def test_an_answer_in_no_known_form_is_none_and_the_work_is_done_here(start: Start) -> None:
    with busy_beside(start, "metadata_extraction") as (worker, other):
        other.post = lambda path, body: (200, {"tags": "none"})
        entities = [{"id": "1", "type": "image"}]
        job = worker.post("/batch/submit", {"operation": "extract-metadata", "entities": entities}).json()["job_id"]
        while not other.seen:
            time.sleep(0.05)
        for running in worker.get("/ai-jobs/history?status=processing").json()["jobs"]:
            if running["job_type"] == "test.slow":
                worker.post(f"/queue/cancel/{running['job_id']}")
        assert worker.ended(job)["status"] == "failed"
        [item] = worker.get(f"/ai-jobs/{job}/tests").json()["tests"]
        assert item["error_type"] == "no-way-to-media", "this worker's own answer"
