"""Jobs through the API: taken on, run, followed, cancelled, and the same one given for the same key."""

from __future__ import annotations

import time
from typing import Any

from .conftest import Start, Worker


def test_any_processor_runs_and_leaves_rows(worker: Worker) -> None:
    taken = worker.post("/queue/submit/test.slow", {"params": {"units": 3, "bad": [1]}})
    assert taken.status_code == 202
    job = worker.ended(taken.json()["job_id"])
    assert (job["status"], job["current"], job["failed_items"]) == ("completed", 3, 1)
    items = worker.get(f"/ai-jobs/{job['job_id']}/tests").json()
    assert [item["result"] for item in items["tests"]] == ["pass", "error", "pass"]
    assert items["tests"][1]["error_type"] == "bad-unit"
    assert items["tests"][0]["entity_type"] == "a_custom_entity"
    one = worker.get(f"/ai-tests/{items['tests'][0]['test_id']}/results").json()
    assert one["results"] == {"number": 0}


def test_a_processors_own_route_answers_directly_or_with_the_job(worker: Worker) -> None:
    direct = worker.post("/test.slow/process", {"params": {"units": 1}})
    assert direct.status_code == 200
    assert direct.json()["items"][0]["response_data"] == {"number": 0}
    later = worker.post("/test.slow/process?wait=0", {"params": {"seconds": 0.5}})
    assert later.status_code == 202
    assert worker.ended(later.json()["job_id"])["status"] == "completed"


def test_a_job_that_worked_for_nothing_is_failed_with_its_true_status(worker: Worker) -> None:
    answer = worker.post("/test.slow/process", {"params": {"bad": [0]}})
    assert answer.status_code == 500
    assert answer.json() == {**answer.json(), "success": False, "code": "bad-unit", "error": "Unit 0 is bad."}


def test_the_same_key_gives_the_same_job(worker: Worker) -> None:
    body = {"params": {"units": 2}, "request_id": "once"}
    first, second = (worker.post("/queue/submit/test.slow", body).json()["job_id"] for _ in range(2))
    third = worker.post("/queue/submit/test.slow", {"params": {"units": 2}}, headers={"Idempotency-Key": "once"}).json()["job_id"]
    assert first == second == third


def test_the_key_of_another_services_request_is_a_conflict(worker: Worker) -> None:
    worker.post("/queue/submit/test.slow", {"params": {}, "request_id": "once"})
    other = worker.post("/content-analysis/extract-metadata", {"entity": {"id": "1", "type": "image"}, "request_id": "once"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


def test_what_forwards_is_nothing_to_ask_for(worker: Worker) -> None:
    assert worker.post("/queue/submit/services.forward", {}).status_code == 404
    assert "services.forward" not in {one["name"] for one in worker.get("/services").json()}


def test_an_equal_running_request_is_a_conflict_that_names_the_job(worker: Worker) -> None:
    body = {"params": {"seconds": 5, "mark": "x"}}
    first = worker.post("/queue/submit/test.slow", body).json()["job_id"]
    again = worker.post("/queue/submit/test.slow", body)
    assert again.status_code == 409
    assert first in again.json()["message"]
    worker.post(f"/queue/cancel/{first}")
    assert worker.ended(first)["status"] == "cancelled"
    assert worker.post("/queue/submit/test.slow", body).status_code == 202


def test_cancel_reaches_the_running_unit(worker: Worker) -> None:
    job = worker.post("/queue/submit/test.slow", {"params": {"units": 50, "seconds": 0.3}}).json()["job_id"]
    while worker.get(f"/queue/status/{job}").json()["current"] == 0:
        time.sleep(0.05)
    assert worker.post(f"/ai-jobs/{job}/cancel").json()["success"] is True
    row = worker.ended(job)
    assert row["status"] == "cancelled"
    assert 0 < row["current"] < 50, "done items stay, the others were not done"


def test_a_watched_job_ends_with_its_watcher(worker: Worker) -> None:
    body = {"params": {"units": 100, "seconds": 1}, "watch_seconds": 5}
    job = worker.post("/queue/submit/test.slow", body).json()["job_id"]
    row = worker.get(f"/queue/status/{job}?wait=30").json()
    assert row["status"] == "cancelled"


def test_work_goes_on_where_a_worker_left_it(start: Start) -> None:
    first = start()
    job = first.post("/queue/submit/test.slow", {"params": {"units": 6, "seconds": 0.2}}).json()["job_id"]
    again = start(data=first.data)
    assert again.ended(job)["status"] == "completed"
    assert again.get(f"/ai-jobs/{job}/tests").json()["total"] == 6


def test_a_batch_counts_its_items(worker: Worker) -> None:
    entities = [{"id": str(n), "type": "image", "path": f"/nowhere/{n}.jpg"} for n in range(3)]
    taken = worker.post("/batch/submit", {"entities": entities, "operation": "metadata.extract"})
    assert taken.status_code == 202
    assert taken.json()["total_items"] in (0, 3)
    status = worker.get(f"/batch/{taken.json()['job_id']}/status?wait=30").json()
    assert (status["status"], status["processed_items"], status["failed_items"]) == ("failed", 3, 3)


def test_items_can_be_followed_by_cursor(worker: Worker) -> None:
    job = worker.post("/queue/submit/test.slow", {"params": {"units": 5}}).json()["job_id"]
    worker.ended(job)
    first = worker.get(f"/ai-jobs/{job}/tests?after=0&limit=2").json()
    rest = worker.get(f"/ai-jobs/{job}/tests?after={first['cursor']}").json()
    seen = [item["entity_id"] for item in first["tests"] + rest["tests"]]
    assert sorted(seen) == ["0", "1", "2", "3", "4"]


def test_unknown_things_are_404(worker: Worker) -> None:
    for path in ("/queue/status/none", "/batch/none/status", "/ai-jobs/none", "/ai-jobs/none/tests", "/ai-tests/none", "/interactions/99"):
        answer = worker.get(path)
        assert (answer.status_code, answer.json()["success"]) == (404, False), path
    assert worker.post("/queue/cancel/none").status_code == 404
    assert worker.post("/queue/submit/none", {}).status_code == 404
    assert worker.post("/nothing.at.all/process", {}).status_code == 404


def test_wrong_parameters_say_which(worker: Worker) -> None:
    answer = worker.post("/queue/submit/test.slow", {"params": {"units": "many"}})
    assert answer.status_code == 400
    assert "units" in answer.json()["message"]
    endless = worker.post("/queue/submit/test.slow", data='{"params": {"seconds": 1e999}}', headers={"Content-Type": "application/json"})
    assert (endless.status_code, endless.json()["code"]) == (400, "bad-parameters")


def test_history_statistics_and_clean_up(worker: Worker) -> None:
    worker.ended(worker.post("/queue/submit/test.slow", {"params": {}}).json()["job_id"])
    assert worker.get("/ai-jobs/history").json()["total"] == 1
    assert worker.get("/ai-runs/statistics").json()["jobs"] == {"completed": 1}
    assert [day["items"] for day in worker.get("/ai-jobs/evaluation-trends?days=3").json()["trends"]] == [1]
    assert worker.post("/ai-runs/cleanup?days_old=6").status_code == 422
    assert worker.post("/ai-runs/cleanup?days_old=7&dry_run=true").json()["jobs"] == 0


def test_interactions_are_kept_once(worker: Worker) -> None:
    one = {
        "entity_type": "scene",
        "entity_id": "5",
        "service": "s",
        "action_type": "view",
        "timestamp": 1e9,
        "interaction_metadata": {"a": 1},
    }
    first, second = (worker.post("/interactions/sync", {"interactions": [one]}).json()["ids"] for _ in range(2))
    assert first == second
    assert worker.get(f"/interactions/{first[0]}").json()["interaction_metadata"] == {"a": 1}
    assert len(worker.get("/entities/scene/5/interactions").json()["interactions"]) == 1
    assert worker.get("/entities/scene/5/last-run").json() == {"last_run": None}
    worker.post("/interactions/track", {**one, "entity_type": "wallpaper", "entity_id": "walls/a.jpg", "timestamp": 2e9})
    assert len(worker.get("/entities/wallpaper/walls%2Fa.jpg/interactions").json()["interactions"]) == 1, "an id may be any text"


def test_an_empty_key_is_no_key(worker: Worker) -> None:
    first, second = (worker.post("/queue/submit/test.slow", {"params": {"mark": mark}, "request_id": ""}) for mark in "ab")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["job_id"] != second.json()["job_id"]


def items_of(worker: Worker, job: str) -> dict[str, dict[str, Any]]:
    return {item["unit"]: item for item in worker.get(f"/ai-jobs/{job}/tests").json()["tests"]}


def test_an_item_at_work_is_cancelled_within_two_seconds_and_the_job_goes_on(worker: Worker) -> None:
    job = worker.post("/queue/submit/test.slow", {"params": {"units": 2, "seconds": 60}}).json()["job_id"]
    while {item["status"] for item in items_of(worker, job).values()} != {"processing"}:
        time.sleep(0.05)
    first, second = items_of(worker, job).values()
    assert (first["result"], first["completed_at"]) == ("pending", None)
    began = time.monotonic()
    answer = worker.post(f"/ai-tests/{first['test_id']}/cancel").json()
    assert (answer["success"], answer["status"], answer["message"]) == (True, "processing", "It is stopping.")
    while worker.get(f"/ai-tests/{first['test_id']}").json()["status"] != "cancelled":
        assert time.monotonic() - began < 2.0
        time.sleep(0.02)
    told = worker.get(f"/ai-tests/{first['test_id']}/results").json()
    assert (told["result"], told["error"]) == ("error", "asked to by a client")
    assert worker.get(f"/ai-tests/{second['test_id']}").json()["status"] == "processing"
    assert worker.get(f"/batch/{job}/status").json()["failed_items"] == 1
    worker.post(f"/ai-tests/{second['test_id']}/cancel")
    assert worker.ended(job)["status"] == "cancelled", "all of it was"
    late = worker.post(f"/ai-tests/{second['test_id']}/cancel").json()
    assert (late["success"], late["message"]) == (True, "It is cancelled.")


def test_items_of_a_batch_that_waits_have_rows_and_can_be_cancelled(worker: Worker) -> None:
    holding = [worker.post("/queue/submit/test.slow", {"params": {"seconds": 60, "mark": str(n)}}).json()["job_id"] for n in range(2)]
    entities = [{"type": "image", "id": str(number), "path": f"/nowhere/{number}.jpg"} for number in range(3)]
    job = worker.post("/batch/submit", {"entities": entities, "operation": "extract-metadata"}).json()["job_id"]
    listed = worker.get(f"/ai-jobs/{job}/tests").json()
    assert (listed["total"], [item["entity_id"] for item in listed["tests"]]) == (3, ["0", "1", "2"])
    assert {(item["status"], item["result"]) for item in listed["tests"]} == {("pending", "pending")}
    assert worker.get(f"/ai-jobs/{job}/tests?after=0").json()["tests"] == [], "nothing has ended"
    one = listed["tests"][1]["test_id"]
    answer = worker.post(f"/ai-tests/{one}/cancel").json()
    assert (answer["success"], answer["status"]) == (True, "cancelled")
    assert worker.get(f"/ai-jobs/{job}").json()["tests_completed"] == 0
    for held in holding:
        worker.post(f"/queue/cancel/{held}")
    assert worker.ended(job)["status"] == "failed"
    ended = worker.get(f"/ai-jobs/{job}/tests").json()["tests"]
    assert [item["error_type"] for item in ended] == ["no-way-to-media", "cancelled", "no-way-to-media"]
    assert [item["test_id"] for item in ended] == [item["test_id"] for item in listed["tests"]]
    too_late = worker.post(f"/ai-tests/{ended[0]['test_id']}/cancel").json()
    assert (too_late["success"], too_late["status"]) == (False, "failed")
    assert worker.post("/ai-tests/none/cancel").status_code == 404
