"""A client of the StashAI Server API, written from its contract alone: every route, field, range and status."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

import pytest
from tests.worker.conftest import Worker

from stashai.demo import DemoSet

PLAIN = "test.slow"


def picture(demo: DemoSet, name: str) -> dict[str, str]:
    path = next(path for path in demo.media if path.name == name)
    return {"data": base64.b64encode(path.read_bytes()).decode(), "format": "jpeg"}


def entity(kind: str = "image", number: str = "1", **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": number, **more}


def queue(worker: Worker, **body: Any) -> str:
    answer = worker.post(f"/queue/submit/{PLAIN}", body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def refused(worker: Worker, path: str, body: Mapping[str, Any], field: str) -> None:
    answer = worker.post(path, dict(body))
    assert answer.status_code == 422, (path, field, answer.text)
    assert any(field in detail["loc"] for detail in answer.json()["detail"]), answer.text


# Health and services


def test_health_tells_state_uptime_dependencies_and_metrics(plain: Worker) -> None:
    first = plain.get("/health")
    assert first.status_code == 200
    body = first.json()
    assert {"service_name", "status", "version", "uptime", "dependencies", "metrics"} <= set(body)
    assert body["status"] == "healthy"
    assert set(body["metrics"]) == {"total_services", "healthy_services", "active_batch_jobs", "queue_status"}
    assert plain.get("/health").json()["uptime"] > body["uptime"] >= 0


def test_services_are_listed_registered_set_aside_and_removed(plain: Worker) -> None:
    listed = plain.get("/services").json()
    fields = {"name", "type", "version", "endpoint", "health_check_url", "capabilities", "status", "last_health_check"}
    assert all(fields <= set(service) for service in listed)
    types = {service["name"]: service["type"] for service in listed}
    assert types["entities.identify"] == "facial_recognition"
    assert types["content.analyze"] == "content_analysis"
    assert types["metadata.extract"] == "metadata_extraction"
    info = {
        "name": "far",
        "type": "facial_recognition",
        "version": "1",
        "endpoint": "http://127.0.0.1:9",
        "health_check_url": "http://127.0.0.1:9/health",
        "capabilities": ["facial_recognition"],
    }
    assert plain.post("/services", info).json()["status"] in ("unknown", "unhealthy")
    assert plain.post("/services/far/maintenance").json()["status"] == "maintenance"
    assert plain.delete("/services/far").status_code == 204
    assert plain.delete("/services/far").status_code == 404
    assert plain.post("/services", {**info, "endpoint": "http://elsewhere.example"}).status_code == 403
    assert plain.post("/services", {**info, "health_check_url": "http://elsewhere.example/health"}).status_code == 403


# Statuses and the envelope


def test_failures_have_one_envelope_and_their_true_status(plain: Worker) -> None:
    answer = plain.post("/facial-recognition/identify-image", {"entity": entity(), "request_id": "mine", "image_data": {"data": "%%%"}})
    assert answer.status_code == 400
    body = answer.json()
    assert {"success", "error", "code", "message", "request_id", "timestamp"} <= set(body)
    assert (body["success"], body["request_id"]) == (False, "mine")
    assert plain.get("/ai-jobs/none").status_code == 404
    assert plain.get("/nothing-here").status_code == 404
    assert plain.get("/nothing-here").json()["success"] is False


def test_a_picture_that_is_missing_or_none_is_400(plain: Worker) -> None:
    missing = plain.post("/facial-recognition/identify-image", {"entity": entity()})
    assert (missing.status_code, missing.json()["success"]) == (400, False)
    text = base64.b64encode(b"this is no picture at all").decode()
    wrong = plain.post("/facial-recognition/identify-image", {"entity": entity(number="2"), "image_data": {"data": text}})
    assert (wrong.status_code, wrong.json()["success"]) == (400, False)


@pytest.mark.parametrize(
    ("path", "field", "bad"),
    [
        ("identify-image", "priority", (0, 11)),
        ("identify-image", "timeout", (4, 301)),
        ("identify-image", "threshold", (-0.1, 1.1)),
        ("identify-image", "max_results", (0, 51)),
        ("identify-scene", "frame_interval", (0, 61)),
        ("identify-gallery", "batch_size", (0, 101)),
    ],
)
def test_ranges_are_kept(plain: Worker, path: str, field: str, bad: tuple[float, float]) -> None:
    for value in bad:
        refused(plain, f"/facial-recognition/{path}", {"entity": entity(), field: value}, field)


def test_shapes_are_kept(plain: Worker) -> None:
    refused(plain, "/facial-recognition/identify-image", {}, "entity")
    refused(plain, "/content-analysis/analyze-scene", {"entity": entity(), "analysis_types": ["smell"]}, "analysis_types")
    refused(plain, "/batch/submit", {"entities": [], "operation": "identify-image"}, "entities")
    refused(plain, "/facial-recognition/compare-faces", {"performer1_id": "1"}, "body")
    assert plain.post("/ai-runs/cleanup?days_old=6").status_code == 422
    assert plain.get("/ai-jobs/history?status=odd").status_code == 422


# Jobs: what BaseRequest says of them


def test_priority_decides_who_is_next(plain: Worker) -> None:
    holding = [queue(plain, params={"seconds": 1.0 + 2.0 * n, "mark": f"hold{n}"}) for n in range(2)]
    late = queue(plain, params={"mark": "low"}, priority=10)
    urgent = queue(plain, params={"seconds": 0.4, "mark": "high"}, priority=1)
    for job in (*holding, late, urgent):
        plain.ended(job)
    jobs = {job: plain.get(f"/ai-jobs/{job}").json() for job in (late, urgent)}
    assert jobs[urgent]["priority"] == 1
    assert jobs[urgent]["started_at"] <= jobs[late]["started_at"], "the more urgent one began first"


def test_a_named_timeout_ends_the_work(plain: Worker) -> None:
    started = time.monotonic()
    answer = plain.post(f"/{PLAIN}/process", {"params": {"seconds": 60}, "timeout": 5})
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
    assert time.monotonic() - started < 12


def test_wait_chooses_between_an_answer_and_a_job(plain: Worker) -> None:
    body = {"params": {"seconds": 1.0, "mark": "wait"}}
    later = plain.post(f"/{PLAIN}/process?wait=0", body)
    assert later.status_code == 202
    assert {"job_id", "status", "total_items", "processed_items", "failed_items", "progress_percentage"} <= set(later.json())
    job = plain.ended(later.json()["job_id"])
    assert job["status"] == "completed"
    assert plain.post(f"/{PLAIN}/process", {"params": {"mark": "direct"}}).status_code == 200


def test_client_id_is_kept_and_can_be_asked_for(plain: Worker) -> None:
    job = queue(plain, params={"mark": "client"}, client_id="the-client")
    plain.ended(job)
    found = plain.get("/ai-jobs/history?client_id=the-client").json()
    assert [row["job_id"] for row in found["jobs"]] == [job]
    assert (found["total"], found["jobs"][0]["client_id"]) == (1, "the-client")


def test_request_id_is_an_idempotency_key(plain: Worker) -> None:
    assert len({queue(plain, params={"mark": str(n)}, request_id="the-same") for n in range(3)}) == 1


def test_an_equal_running_request_is_409_with_its_job(plain: Worker) -> None:
    body = {"params": {"seconds": 3, "mark": "equal"}}
    first = queue(plain, **body)
    again = plain.post(f"/queue/submit/{PLAIN}", {**body, "request_id": "another"})
    assert (again.status_code, again.json()["job_id"]) == (409, first)
    assert plain.post(f"/queue/cancel/{first}").json()["success"] is True
    assert plain.ended(first)["status"] == "cancelled"


def test_cancelling_a_batch_cancels_what_belongs_to_it(plain: Worker) -> None:
    parent = queue(plain, params={"seconds": 20, "mark": "parent"})
    child = queue(plain, params={"seconds": 20, "mark": "child"}, batch_job_id=parent)
    assert plain.get(f"/ai-jobs/{parent}").json()["children"] == [child]
    plain.post(f"/ai-jobs/{parent}/cancel")
    assert [plain.ended(job)["status"] for job in (parent, child)] == ["cancelled", "cancelled"]
    assert plain.post(f"/queue/submit/{PLAIN}", {"batch_job_id": "none"}).status_code == 404


# Rows


def test_one_id_serves_every_route_that_takes_a_job(plain: Worker) -> None:
    job = queue(plain, params={"units": 3, "bad": [1], "mark": "rows"})
    plain.ended(job)
    for path in (f"/queue/status/{job}", f"/batch/{job}/status", f"/ai-jobs/{job}", f"/ai-jobs/{job}/tests"):
        assert plain.get(path).status_code == 200, path
    status = plain.get(f"/batch/{job}/status").json()
    assert (status["processed_items"], status["failed_items"], status["progress_percentage"]) == (3, 1, 100.0)
    tests = plain.get(f"/ai-jobs/{job}/tests").json()["tests"]
    assert [test["result"] for test in tests] == ["pass", "error", "pass"]
    one = tests[1]
    assert plain.get(f"/ai-tests/{one['test_id']}").json()["error_type"] == "bad-unit"
    assert plain.get(f"/ai-tests/{one['test_id']}/results").status_code == 200
    assert plain.post(f"/ai-tests/{one['test_id']}/cancel").status_code == 200
    assert plain.get("/ai-jobs/history?limit=1").json()["total"] >= 1


ITEM_COLUMNS = """test_id job entity_type entity_id entity_filepath entity_name action_type ai_model model_version status created_at
started_at completed_at processing_time_seconds response_data result performers_found confidence_scores max_confidence avg_confidence
tags_applied evaluation_criteria evaluation_reason evaluation_score error_message error_type"""


def test_an_item_is_pending_before_it_ends_and_its_cancel_reaches_the_work(plain: Worker) -> None:
    job = queue(plain, params={"units": 3, "seconds": 1.5, "mark": "items"})
    until = time.monotonic() + 10
    while not (tests := plain.get(f"/ai-jobs/{job}/tests").json()["tests"]):
        assert time.monotonic() < until
    assert [test["result"] for test in tests] == ["pending"] * 3
    assert [test["status"] for test in tests] == ["processing", "processing", "pending"]
    assert set(ITEM_COLUMNS.split()) <= set(tests[0])
    assert plain.get(f"/ai-tests/{tests[0]['test_id']}").json()["job"] == tests[0]["job"] == job
    cancelled = plain.post(f"/ai-tests/{tests[0]['test_id']}/cancel").json()
    assert (cancelled["job_id"], cancelled["success"]) == (tests[0]["test_id"], True)
    assert plain.ended(job)["status"] == "completed"
    ended = plain.get(f"/ai-jobs/{job}/tests").json()["tests"]
    assert [test["result"] for test in ended] == ["error", "pass", "pass"]
    assert [test["status"] for test in ended] == ["cancelled", "completed", "completed"]
    assert [test["test_id"] for test in ended] == [test["test_id"] for test in tests]


JOB_COLUMNS = """job_id job_name entity_type entity_id entity_name action_type status created_at started_at completed_at
processing_time_seconds service_name ai_model total_tests_planned tests_completed tests_passed tests_failed tests_error
progress_percentage overall_result performers_found_total confidence_scores_summary tags_applied_summary results_summary
error_message"""


def test_jobs_are_told_by_the_columns_of_their_row(plain: Worker) -> None:
    job = queue(plain, params={"units": 2, "bad": [1], "mark": "columns"})
    plain.ended(job)
    whole = plain.get(f"/ai-jobs/{job}").json()
    assert set(JOB_COLUMNS.split()) | {"job_config", "error_details"} <= set(whole)
    assert (whole["tests_completed"], whole["tests_passed"], whole["tests_error"]) == (2, 1, 1)
    assert whole["job_config"]["mark"] == "columns"
    (listed,) = plain.get("/ai-jobs/history?limit=1").json()["jobs"]
    assert listed["job_id"] == job
    assert set(JOB_COLUMNS.split()) <= set(listed)
    assert "job_config" not in listed, "a page of a thousand would be huge"


def test_history_by_type_or_id_of_the_entity_alone(plain: Worker) -> None:
    for kind, number in (("scene", "h1"), ("image", "h1"), ("image", "h2")):
        plain.post("/content-analysis/extract-metadata?wait=20", {"entity": entity(kind, number)})
    scenes, first = (plain.get(f"/ai-jobs/history?{which}").json() for which in ("entity_type=scene", "entity_id=h1"))
    assert {job["entity_type"] for job in scenes["jobs"]} == {"scene"}
    assert scenes["total"] == len(scenes["jobs"])
    assert [(job["entity_type"], job["entity_id"]) for job in first["jobs"]] == [("image", "h1"), ("scene", "h1")]


def test_statistics_trends_and_cleanup(plain: Worker) -> None:
    plain.ended(queue(plain, params={"mark": "counted"}))
    totals = plain.get("/ai-runs/statistics").json()
    assert totals["jobs"]["completed"] >= 1
    trends = plain.get("/ai-jobs/evaluation-trends?days=7").json()
    assert trends["days"] == 7
    assert len(trends["trends"]) >= 1
    cleaned = plain.post("/ai-runs/cleanup?days_old=7&dry_run=true").json()
    assert (cleaned["dry_run"], cleaned["jobs"]) == (True, 0)


def test_interactions(plain: Worker) -> None:
    body = {"entity_type": "scene", "entity_id": "77", "service": "ui", "action_type": "view", "interaction_metadata": {"page": 1}}
    number = plain.post("/interactions/track", body).json()["id"]
    assert plain.get(f"/interactions/{number}").json()["interaction_metadata"] == {"page": 1}
    assert len(plain.get("/entities/scene/77/interactions").json()["interactions"]) == 1
    stamped = {**body, "timestamp": 1_700_000_000.5}
    first, second = (plain.post("/interactions/sync", {"interactions": [stamped]}).json()["ids"] for _ in range(2))
    assert first == second
    told = plain.get("/entities/scene/77/interactions").json()["interactions"]
    assert plain.post("/interactions/sync", {"interactions": told}).json()["ids"] == [one["id"] for one in told], "as it was told"
    assert plain.post("/interactions/track", {**body, "timestamp": "1969-12-31T00:00:00Z"}).status_code == 422
    assert plain.get("/entities/scene/77/last-run").json() == {"last_run": None}


def test_a_batch_honours_size_and_order(plain: Worker) -> None:
    entities = [entity(number=str(n), path=f"/nowhere/{n}.jpg") for n in range(4)]
    body = {"entities": entities, "operation": "extract-metadata", "parallel_processing": False}
    taken = plain.post("/batch/submit", body)
    assert (taken.status_code, taken.json()["total_items"]) == (202, 4)
    ended = plain.get(f"/batch/{taken.json()['job_id']}/status?wait=30").json()
    assert (ended["status"], ended["processed_items"], ended["failed_items"]) == ("failed", 4, 4)
    tests = plain.get(f"/ai-jobs/{ended['job_id']}/tests").json()["tests"]
    began = [test["started_at"] for test in tests]
    assert [test["entity_id"] for test in tests] == ["0", "1", "2", "3"]
    assert began == sorted(began), "one after the other"
    assert plain.post("/batch/submit", {"entities": entities, "operation": "no-such-thing"}).status_code == 404


# Recognition


def test_an_image_by_its_bytes(gateway: Worker, demo: DemoSet) -> None:
    body = {"entity": entity(title="A portrait"), "image_data": picture(demo, "obama2.jpg"), "request_id": "portrait"}
    answer = gateway.post("/facial-recognition/identify-image?wait=60", body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["success"] is True
    assert found["request_id"] == "portrait"
    assert found["entity"]["title"] == "A portrait"
    assert found["processing_time"] > 0
    (performer,) = found["performers"]
    assert performer["name"] == "Barack Obama"
    assert performer["id"].startswith("person:")
    assert 0.5 <= performer["confidence"] <= 1.0
    details = performer["additional_info"]
    told = "country hits distance face_id avg_similarity arc_similarity facenet_similarity stash_ids"
    assert set(told.split()) <= set(details)
    assert 0.3 < details["arc_similarity"] < 1
    assert details["avg_similarity"] == pytest.approx(1 - details["distance"])
    (face,) = found["faces"]
    assert face["performer_id"] == performer["id"], "faces and performers join"
    assert face["candidates"][0]["id"] == performer["id"]
    x, y, width, height = face["bbox"]
    assert 250 < x + width / 2 < 440, "in displayed pixels"
    assert 380 < y + height / 2 < 490
    (left, eyes), (right, _), *_, (_, mouth) = face["landmarks"]
    assert len(face["landmarks"]) == 5
    assert x < left < right < x + width
    assert y < eyes < mouth < y + height
    assert found["ai_model_info"]["faces_detected"] == 1
    assert found["ai_model_info"]["threshold"] == 0.5
    assert found["ai_model_info"]["models_used"]
    last = gateway.get("/entities/image/1/last-run").json()["last_run"]
    assert last["action_type"] == "image_identification"
    (item,) = gateway.get(f"/ai-jobs/{last['job_id']}/tests").json()["tests"]
    assert item["model_version"].startswith("yunet@")


def test_an_image_by_its_path_and_by_an_upload(gateway: Worker, demo: DemoSet) -> None:
    mapped = gateway.post("/facial-recognition/identify-image?wait=60", {"entity": entity(number="2", path="/stash/obama3.jpg")})
    assert [one["name"] for one in mapped.json()["performers"]] == ["Barack Obama"]
    path = next(path for path in demo.media if path.name == "obama2.jpg")
    with path.open("rb") as file:
        kept = gateway.post("/media", files={"file": ("portrait.jpg", file, "image/jpeg")})
    assert kept.status_code == 201, kept.text
    body = {"entity": entity(number="3", metadata={"upload": kept.json()["upload"]})}
    assert [one["name"] for one in gateway.post("/facial-recognition/identify-image?wait=60", body).json()["performers"]] == [
        "Barack Obama"
    ]


def test_strangers_and_thresholds_are_results(gateway: Worker, demo: DemoSet) -> None:
    unknown = gateway.post("/facial-recognition/identify-image?wait=60", {"entity": entity(number="4", path="/stash/astronaut.png")}).json()
    assert (unknown["success"], unknown["performers"], len(unknown["faces"])) == (True, [], 1)
    strict = {"entity": entity(number="5"), "image_data": picture(demo, "obama2.jpg"), "threshold": 1.0, "max_results": 1}
    answer = gateway.post("/facial-recognition/identify-image?wait=60", strict).json()
    assert answer["performers"] == []
    assert len(answer["faces"][0]["candidates"]) == 1, "max_results limits candidates, too"


def test_a_scene(gateway: Worker, demo: DemoSet) -> None:
    clip = entity("scene", "10", path="/stash/clip.mp4")
    answer = gateway.post("/facial-recognition/identify-scene?wait=120", {"entity": clip})
    assert answer.status_code == 200, answer.text
    assert {one["name"] for one in answer.json()["performers"]} == {"Barack Obama", "Joe Biden"}
    assert all(face["time"] is not None for face in answer.json()["faces"])
    sparse = gateway.post("/facial-recognition/identify-scene?wait=120", {"entity": clip, "frame_interval": 6}).json()
    times = {face["time"] for face in sparse["faces"]}
    assert sorted(time // 6 for time in times) == [0, 1, 2], "one frame of each six seconds"
    nothing = {"entity": clip, "analyze_frames": False, "use_existing_screenshots": False}
    assert gateway.post("/facial-recognition/identify-scene", nothing).status_code == 400
    still = {**nothing, "image_data": picture(demo, "obama2.jpg")}
    assert [one["name"] for one in gateway.post("/facial-recognition/identify-scene?wait=60", still).json()["performers"]] == [
        "Barack Obama"
    ]


def test_a_gallery(gateway: Worker, demo: DemoSet) -> None:
    images = [
        {"id": name, "url": f"http://never.fetched/{name}", "title": name, "base64": picture(demo, name)["data"]}
        for name in ("obama2.jpg", "obama3.jpg", "astronaut.png")
    ] + [{"id": "broken", "base64": base64.b64encode(b"no picture").decode()}]
    body = {"entity": entity("gallery", "20"), "images": images, "batch_size": 2}
    answer = gateway.post("/facial-recognition/identify-gallery?wait=120", body)
    assert answer.status_code == 200, answer.text
    results = answer.json()["ai_model_info"]["gallery_results"]
    keys = "success galleryId totalImages processedImages skippedImages totalProcessingTime performers processingResults"
    assert set(results) == set(keys.split())
    assert (results["galleryId"], results["totalImages"], results["processedImages"]) == ("20", 4, 3)
    (person,) = results["performers"]
    assert person["frequency"] == 2
    assert [one["imageId"] for one in person["appearances"]] == ["obama2.jpg", "obama3.jpg"]
    assert person["appearances"][0]["imageUrl"] == "http://never.fetched/obama2.jpg"
    assert person["performer"]["additional_info"]["arc_similarity"] > 0.3
    assert 0 < person["averageConfidence"] <= person["bestConfidence"] <= 1
    assert [one["success"] for one in results["processingResults"]] == [True, True, True, False]


def test_comparing(gateway: Worker, demo: DemoSet) -> None:
    found = gateway.post("/facial-recognition/identify-image?wait=60", {"entity": entity(number="6", path="/stash/obama2.jpg")}).json()
    obama = found["performers"][0]["id"]
    same = gateway.post("/facial-recognition/compare-faces?wait=60", {"performer1_id": obama, "image2_data": picture(demo, "obama3.jpg")})
    assert same.status_code == 200, same.text
    assert same.json()["is_match"] is True
    assert {"arcface", "average"} <= set(same.json()["ai_model_scores"])
    one_model = {"performer1_id": obama, "performer2_id": "Joe Biden", "comparison_models": ["arcface"]}
    other = gateway.post("/facial-recognition/compare-faces?wait=60", one_model).json()
    assert other["is_match"] is False
    assert other["similarity"] < 0.5
    assert set(other["ai_model_scores"]) == {"arcface", "average"}
    (latest,) = gateway.get("/ai-jobs/history?action_type=face_comparison&limit=1").json()["jobs"]
    assert latest["ai_model"] == "sface", "the row names those that were asked"
    assert (other["performer1"]["id"], other["performer2"]["name"]) == (obama, "Joe Biden")
    nobody = gateway.post("/facial-recognition/compare-faces", {"performer1_id": "999999", "performer2_id": obama})
    assert nobody.status_code == 404


def test_content_and_metadata(gateway: Worker) -> None:
    clip = entity("scene", "11", path="/stash/clip.mp4")
    content = gateway.post("/content-analysis/analyze-scene?wait=120", {"entity": clip}).json()
    assert content["tags"]
    assert {"name", "confidence", "category", "spans"} <= set(content["tags"][0])
    assert "video" in content["categories"]
    assert 0 <= content["quality_score"] <= 1
    assert content["technical_metadata"]["width"] == 960
    some = {"entity": clip, "analysis_types": ["quality"], "generate_tags": False, "extract_metadata": False}
    less = gateway.post("/content-analysis/analyze-scene?wait=120", some).json()
    assert (less["tags"], less["categories"], less["technical_metadata"]) == ([], [], None)
    assert less["quality_score"] == content["quality_score"]
    metadata = gateway.post("/content-analysis/extract-metadata?wait=60", {"entity": clip}).json()
    assert metadata["technical_metadata"]["duration"] == pytest.approx(13, abs=0.2)


def test_the_recognition_queues(gateway: Worker) -> None:
    for kind, path in (("image", "/stash/obama2.jpg"), ("scene", "/stash/clip.mp4")):
        taken = gateway.post(f"/queue/submit/{kind}", {"entity": entity(kind, "30", path=path), "threshold": 0.6})
        assert taken.status_code == 202, taken.text
        assert gateway.ended(taken.json()["job_id"])["status"] == "completed"
    assert gateway.post("/queue/submit/image", {"entity": entity("scene", "30")}).status_code == 400
    batch = {
        "entities": [entity(number="31", path="/stash/obama2.jpg"), entity(number="32", path="/stash/none.jpg")],
        "operation": "identify-image",
    }
    job = gateway.post("/batch/submit", batch).json()["job_id"]
    ended = gateway.get(f"/batch/{job}/status?wait=60").json()
    assert (ended["status"], ended["processed_items"], ended["failed_items"]) == ("completed", 2, 1)


def test_only_media_folders_are_opened_by_any_service(gateway: Worker) -> None:
    for service, params in (
        ("media.identify", {"media": ["/etc"]}),
        ("people.enroll", {"folder": "/etc"}),
        ("faces.compare", {"first": {"path": "/etc/hostname"}, "second": {"path": "/etc/hostname"}}),
    ):
        answer = gateway.post(f"/{service}/process", {"params": params})
        assert (answer.status_code, answer.json()["code"]) == (400, "no-way-to-media"), service
