"""A service in one file on our page: listed (a broken one with its error), run as a task of Stash's, tracked, cancelled; here and on
a worker."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.fakes.slow_service import SLOW
from tests.fakes.worker_program import WorkerProgram
from tests.plugin.calls import Calls

from stashai.errors import SetupError, StashAIError, UsageError
from stashai_plugin.page.jobs import cancel, job, jobs, retry, task_of
from stashai_plugin.page.services import services
from stashai_plugin.preferences.saved import set_token
from stashai_plugin.tasks.serving import run, start

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "blur_score.py"
CRITERIA = ("evaluation_criteria", "evaluation_reason", "evaluation_score")
Json = dict[str, Any]


def added(data: Path) -> None:
    folder = data / "processors"
    folder.mkdir(parents=True)
    shutil.copy(EXAMPLE, folder)
    (folder / "slow.py").write_text(SLOW)
    (folder / "spoilt.py").write_text("import no_such_module_anywhere\n")


@pytest.fixture
def pictures_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.effect_noise((64, 64), 90).convert("RGB").save(folder / "a.png")
    Image.new("RGB", (64, 64), "grey").save(folder / "b.png")
    return folder


def listed(calls: Calls) -> dict[tuple[str, bool], Json]:
    return {(row["name"], row["where"] == "local"): row for row in services(calls.request()) if row["type"] == "added"}


def until(what: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.05)


def ran(calls: Calls, made: Json) -> tuple[Json, list[Json]]:
    run(calls.request(job=made["id"]))
    shown = job(calls.request(id=made["id"]))
    return shown["job"], shown["items"]


def test_what_was_added_here(calls: Calls, pictures_folder: Path) -> None:
    added(calls.data)
    rows = listed(calls)
    assert rows["quality.blur", True]["parameters"] == {"folder": None, "least": 0.0}
    assert (rows["spoilt", True]["state"], rows["spoilt", True]["parameters"]) == ("unhealthy", None)
    assert "no_such_module_anywhere" in rows["spoilt", True]["message"]

    made = start(calls.request(service="quality.blur", params={"folder": str(pictures_folder), "least": 1.0}))
    done, items = ran(calls, made)
    assert (done["state"], done["title"], done["done"], done["failed"]) == ("completed", "Blur score", 2, 0)
    assert items[0]["told"].startswith("sharpness: ")
    assert items[1]["told"] == "sharpness below 1"
    assert task_of("quality.blur") == "task_service"
    with pytest.raises(UsageError, match="folder"):
        start(calls.request(service="quality.blur", params={}))
    with pytest.raises(SetupError, match="no_such_module_anywhere"):
        start(calls.request(service="spoilt", params={}))


def test_items_that_have_not_ended_are_no_failures_on_our_page(calls: Calls) -> None:
    added(calls.data)
    made = start(calls.request(service="test.slow", params={"units": 3, "seconds": 60}))
    calls.stash.jobs.wait_idle(1)
    task = threading.Thread(target=lambda: run(calls.request(job=made["id"])))
    task.start()

    def shown() -> list[tuple[str, object]]:
        return [(item["state"], item["error"]) for item in job(calls.request(id=made["id"]))["items"]]

    until(lambda: ("processing", None) in shown())
    ledger = calls.bench().ledger
    ledger.cancel_item(ledger.items(made["id"])[0].test_id)
    until(lambda: ("cancelled", None) in shown())
    assert all(error is None for _, error in shown())
    cancel(calls.request(id=made["id"]))
    task.join(30)
    assert shown() == [("cancelled", None)] * 3


def test_a_cancel_on_our_page_stops_it_and_it_can_be_done_again(calls: Calls) -> None:
    added(calls.data)
    made = start(calls.request(service="test.slow", params={"units": 2, "seconds": 60}))
    calls.stash.jobs.wait_idle(1)
    task = threading.Thread(target=lambda: run(calls.request(job=made["id"])))
    task.start()
    until(lambda: jobs(calls.request())["jobs"][0]["state"] == "processing")
    cancel(calls.request(id=made["id"]))
    task.join(30)
    assert not task.is_alive()
    assert jobs(calls.request())["jobs"][0]["state"] == "cancelled"
    assert retry(calls.request(id=made["id"]))["state"] == "pending"


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProgram]:
    program = WorkerProgram(tmp_path / "worker", {"STASHAI_MEDIA": str(tmp_path / "pictures")})
    added(tmp_path / "worker")
    program.start()
    yield program
    program.kill()


def paired(calls: Calls, worker: WorkerProgram) -> None:
    set_token(calls.request(token=worker.token))
    calls.save(run_on="auto", worker={"address": worker.address})


def test_what_was_added_to_the_worker(calls: Calls, worker: WorkerProgram, pictures_folder: Path) -> None:
    paired(calls, worker)
    rows = listed(calls)
    assert rows["quality.blur", False]["parameters"] == {"folder": None, "least": 0.0}
    assert "no_such_module_anywhere" in rows["spoilt", False]["message"]
    assert rows["spoilt", False]["parameters"] is None

    made = start(calls.request(service="quality.blur", params={"folder": str(pictures_folder), "least": 1.0}, there=True))
    done, items = ran(calls, made)
    assert (done["state"], done["done"], [item["told"] for item in items][1]) == ("completed", 2, "sharpness below 1")
    passed, failed = calls.bench().ledger.items(made["id"])
    (theirs,) = worker.get("/ai-jobs/history").json()["jobs"]
    asked = [{name: item[name] for name in CRITERIA} for item in worker.get(f"/ai-jobs/{theirs['job_id']}/tests").json()["tests"]]
    assert asked[1] == {"evaluation_criteria": {"least": 1.0}, "evaluation_reason": "sharpness below 1", "evaluation_score": 0.0}
    for row, told in zip((passed, failed), asked, strict=True):
        assert json.loads(row.evaluation_criteria or "") == told["evaluation_criteria"]
        assert (row.evaluation_reason, row.evaluation_score) == (told["evaluation_reason"], told["evaluation_score"])
    wrong = start(calls.request(service="quality.blur", params={}, there=True))
    with pytest.raises(StashAIError, match="folder"):
        run(calls.request(job=wrong["id"]))
    assert jobs(calls.request())["jobs"][0]["state"] == "failed"


def test_a_cancel_on_our_page_reaches_the_worker(calls: Calls, worker: WorkerProgram) -> None:
    paired(calls, worker)
    made = start(calls.request(service="test.slow", params={"seconds": 60}, there=True))
    task = threading.Thread(target=lambda: run(calls.request(job=made["id"])))
    task.start()

    def states() -> list[str]:
        return [one["status"] for one in worker.get("/ai-jobs/history").json()["jobs"]]

    until(lambda: states() == ["processing"])
    cancel(calls.request(id=made["id"]))
    task.join(30)
    until(lambda: states() == ["cancelled"])
    assert jobs(calls.request())["jobs"][0]["state"] == "cancelled"
