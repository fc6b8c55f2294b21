"""The whole plugin as a user meets it: the built package in a fake Stash, real processes, real networks, public portraits.

Runs on this Python and, where STASHAI_MUSL_PYTHON names one, on a musl Python with nothing installed, as in Stash's own image.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.fakes.fake_stash.demo import fill
from tests.fakes.page import Page

from stashai.demo import fetch_pictures
from stashai.errors import SetupError
from stashai.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
MUSL = os.environ.get("STASHAI_MUSL_PYTHON", "")
PYTHONS = {"this": sys.executable, "musl": MUSL}


@pytest.fixture(scope="module", params=["this", "musl"])
def page(request: pytest.FixtureRequest, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    python = PYTHONS[request.param]
    if not python:
        pytest.skip("no musl Python here: STASHAI_MUSL_PYTHON is not set")
    try:
        pictures = fetch_pictures(Settings.from_environ())
    except SetupError as error:
        pytest.skip(f"the public portraits are out of reach: {error}")
    config = tmp_path_factory.mktemp(f"stash-{request.param}")
    for name in ("stashai", "stashai_automatic"):
        with zipfile.ZipFile(built / f"{name}.zip") as archive:
            archive.extractall(config / "plugins" / "local" / name)
    with FakeStash(config, python=python) as stash:
        fill(stash.library, pictures, config / "media")
        yield Page(stash)


def performers(page: Page, kind: str, number: int) -> list[int]:
    return page.stash.library.rows[kind][number].performers


def test_both_packages_load(page: Page) -> None:
    assert set(page.stash.plugins) == {"stashai", "stashai_automatic"}
    assert page.stash.log.text() == ""


def test_health_and_status_before_anything_is_there(page: Page) -> None:
    assert page.ok("health")["runtime"]["state"] in ("missing", "ready")
    assert page.ok("status") == {"running": [], "learned": {"done": 0, "total": 0}}
    assert page.ok("jobs", page=1) == {"jobs": [], "pages": 1}


def test_set_up_asks_first_and_then_does_all(page: Page) -> None:
    answer = page.ok("identify", type="scene", id="1")
    assert answer["job"] is None
    plan = answer["needs"]["setup"]
    assert 0 < plan["download_mb"] <= 150
    assert page.error("setup") == "usage"
    page.ok("setup", accept=True)
    limit = time.monotonic() + 900
    while (state := page.ok("setup_status"))["state"] == "running":
        assert time.monotonic() < limit, state
        time.sleep(1)
    assert state["state"] == "done", (state, (page.stash.config / "stashai-data" / "setup.log").read_text()[-3000:])
    health = page.ok("health")
    assert health["where"]["mode"] == "local"
    assert {m["role"] for m in health["models"] if m["state"] == "ready"} == {"detector", "embedder"}


def test_the_first_name_comes_from_nothing(page: Page) -> None:
    _, result, results = page.identify("scene", 1)
    assert results[0]["source"] == "sprite"
    assert results[0]["provisional"]
    assert not result["provisional"]
    assert result["compared"] == {"done": 3, "total": 3}
    people = {row["name"]: row for row in result["people"]}
    assert set(people) == {"Barack Obama", "Joe Biden"}
    obama = people["Barack Obama"]
    assert obama["state"] == "ticked"
    assert obama["probability"] > 0.95
    assert obama["crop"].startswith("data:image/jpeg;base64,")
    assert obama["reference"].startswith("data:image/jpeg;base64,")
    assert obama["spans"]
    assert len(result["unknown"]) == 1
    assert performers(page, "scene", 1) == []


def test_again_out_of_rows(page: Page) -> None:
    _, result, results = page.identify("scene", 1)
    assert len(results) == 1
    assert {row["name"] for row in result["people"]} == {"Barack Obama", "Joe Biden"}


def test_apply_and_undo(page: Page) -> None:
    job, result, _ = page.identify("scene", 1)
    accept = [{"person": row["key"], "performer_id": row["performer_id"]} for row in result["people"]]
    answer = page.ok("apply", job=job, accept=accept)
    assert sorted(performers(page, "scene", 1)) == [1, 2]
    assert {row["name"] for row in answer["added"]} == {"Barack Obama", "Joe Biden"}
    assert page.ok("apply", job=job, accept=accept)["run"] is None
    assert {row["state"] for row in page.ok("faces", type="scene", id=1)["people"]} == {"applied"}
    assert [run["run"] for run in page.ok("runs", type="scene", id=1)] == [answer["run"]]
    assert page.ok("runs", type="scene", id=2) == []
    page.stash.library.rows["scene"][1].performers.append(3)
    preview = page.ok("undo", run=answer["run"], preview=True)
    assert preview["count"] == 2
    assert sorted(performers(page, "scene", 1)) == [1, 2, 3]
    page.ok("undo", run=answer["run"])
    assert performers(page, "scene", 1) == [3]
    assert page.ok("undo", run=answer["run"])["count"] == 0
    page.stash.library.rows["scene"][1].performers[:] = [1]
    by_hand = {row["performer_id"]: (row["state"], row["tagged"]) for row in page.ok("faces", type="scene", id=1)["people"]}
    assert by_hand == {"1": ("proposed", True), "2": ("ticked", False)}
    page.stash.library.rows["scene"][1].performers.clear()
    assert page.ok("runs", page=1)[0]["undone"] == 2


def test_undo_leaves_what_somebody_removed(page: Page) -> None:
    job, result, _ = page.identify("scene", 1)
    accept = [{"person": row["key"], "performer_id": row["performer_id"]} for row in result["people"]]
    run = page.ok("apply", job=job, accept=accept)["run"]
    page.stash.library.rows["scene"][1].performers.remove(1)
    answer = page.ok("undo", run=run)
    assert answer["count"] == 1
    assert answer["skipped"]
    assert performers(page, "scene", 1) == []


def test_a_new_performer_comes_and_goes(page: Page) -> None:
    job, result, _ = page.identify("scene", 1)
    stranger = result["unknown"][0]["key"]
    made = page.ok("create_performer", job=job, person=stranger, name="The Astronaut")
    page.ok("apply", job=job, accept=[{"person": stranger, "performer_id": made["performer_id"]}])
    assert performers(page, "scene", 1) == [int(made["performer_id"])]
    _, result, _ = page.identify("image", 3)
    assert [row["name"] for row in result["people"]] == ["The Astronaut"]
    runs = [run["run"] for run in page.ok("runs", page=1)[:2]]
    for run in runs:
        page.ok("undo", run=run)
    assert int(made["performer_id"]) not in page.stash.library.rows["performer"]
    assert performers(page, "scene", 1) == []


def test_a_wrong_name_that_was_taken_back_is_not_proposed_again(page: Page) -> None:
    job, result, _ = page.identify("image", 3)
    (stranger,) = [row["key"] for row in result["unknown"]]
    run = page.ok("apply", job=job, accept=[{"person": stranger, "performer_id": "3"}])["run"]
    _, result, _ = page.identify("image", 3)
    assert [row["performer_id"] for row in result["people"]] == ["3"]
    page.ok("undo", run=run)
    _, result, _ = page.identify("image", 3)
    assert result["people"] == []
    assert len(result["unknown"]) == 1


def test_a_refused_name_stays_away(page: Page) -> None:
    job, _, _ = page.identify("image", 1)
    page.ok("decide", job=job, person="p1", verdict="not")
    _, result, _ = page.identify("image", 1)
    assert result["people"] == []
    assert len(result["unknown"]) == 1
    page.ok("decide", job=job, person=result["unknown"][0]["key"], verdict="is", performer_id="1")


def test_one_frame(page: Page) -> None:
    _, result, _ = page.identify("scene", 1, mode="frame", time=4.0)
    assert result["source"] == "frame"
    assert [row["name"] for row in result["people"]] == ["Joe Biden"]
    box = result["people"][0]["boxes"][0]
    assert (box["frame_w"], box["frame_h"]) == (960, 540)


def test_a_scene_that_lies_elsewhere_and_an_image_clip(page: Page) -> None:
    for kind in ("scene", "image"):
        _, result, _ = page.identify(kind, 2)
        assert {row["name"] for row in result["people"]} == {"Barack Obama", "Joe Biden"}


def test_a_gallery_in_a_zip(page: Page) -> None:
    job, result, _ = page.identify("gallery", 1)
    (obama,) = result["people"]
    assert obama["name"] == "Barack Obama"
    assert {image["image_id"] for image in obama["images"]} == {"4", "5"}
    assert page.ok("crops", job=job, page=1)["crops"]
    page.ok("apply", job=job, accept=[{"person": obama["key"], "performer_id": "1", "images": True}])
    assert performers(page, "gallery", 1) == [1]
    assert performers(page, "image", 4) == [1]
    assert performers(page, "image", 6) == []
    page.ok("undo", run=page.ok("runs", page=1)[0]["run"])
    assert performers(page, "gallery", 1) == performers(page, "image", 4) == []
    assert not any("thumbnail" in path for path in page.stash.requests)


def test_two_faces_in_a_picture_are_a_choice(page: Page) -> None:
    (row,) = page.ok("people", page=1, filter="choose")["people"]
    assert row["name"] == "Two Faces"
    assert len(row["choices"]) == 2
    page.ok("choose_face", performer_id="4", key=row["choices"][0]["key"])
    assert page.ok("people", page=1, filter="choose")["people"] == []
    page.ok("forget", performer_id="4", confirm="Two Faces")


def test_people_who_are_alike(page: Page) -> None:
    assert page.ok("compare", a="1", b="2")["probability"] < 0.1
    assert [row["name"] for row in page.ok("similar", performer_id="1")][:1] == ["Joe Biden"]
    assert page.error("compare", a="1", b="3") == "no-face"


def test_inputs_are_checked(page: Page) -> None:
    assert page.error("identify", type="scene", id="1; drop") == "usage"
    assert page.error("identify", type="performer", id="1") == "usage"
    assert page.error("identify", type="scene", id="999") == "not-found"
    assert page.error("step", job="nobody") == "unknown-job"
    assert page.error("nonsense") == "reload"
    assert page.error("status", v="another version") == "reload"
    assert page.error("forget", performer_id="1", confirm="wrong") == "not-confirmed"
    assert page.error("wipe", confirm="wipe") == "not-confirmed"


def test_settings_and_the_token(page: Page) -> None:
    saved = page.ok("save_settings", settings={"auto_from": 0.97, "worker": {"address": "http://127.0.0.1:1/"}})
    assert saved["auto_from"] == 0.97
    assert isinstance(page.stash.plugin_settings["stashai"]["settings"], str)
    assert page.error("save_settings", settings={"add_from": 7}) == "usage"
    page.ok("set_token", token="secret-token")
    token = page.stash.config / "stashai-data" / "worker-token"
    assert token.read_text() == "secret-token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert "secret" not in json.dumps(page.stash.plugin_settings)
    assert page.ok("settings")["worker"]["has_token"]
    assert not page.ok("test_worker")["ok"]
    page.ok("save_settings", settings={"worker": {"address": ""}})


def test_the_tasks(page: Page) -> None:
    assert any("is working" in line for line in page.task("Is StashAI working?"))
    assert page.task("Learn my performers' faces")[-1].startswith("Looked at 0 pictures")
    assert page.task("Identify people in all scenes")[-1].startswith("Looked at 2: somebody known in 2")
    assert page.task("Identify people in images")[-1].startswith("Looked at 6")
    lines = page.task("Add names at or above my limit")
    assert "reach 97.0%" in lines[-2]
    assert sorted(performers(page, "scene", 2)) == [1, 2]
    run = page.ok("runs", page=1)[0]
    page.ok("undo", run=run["run"])
    assert performers(page, "scene", 2) == []
    page.task("Add names at or above my limit")
    assert performers(page, "scene", 2) == [], "what was taken back is not added again"
    page.ok("save_settings", settings={"auto_from": None})
    assert "No limit is set" in "\n".join(page.task("Add names at or above my limit"))


def test_a_task_gives_way_and_goes_on(page: Page) -> None:
    stash = page.stash
    stash.scan_seconds = 0.1
    first = stash.run_task("stashai", "Identify people in images", None, {})
    scan = stash.jobs.add("Scanning...", lambda job: time.sleep(0.1))
    stash.jobs.wait(first, 120)
    order = [stash.jobs.wait(scan, 60).ended]
    stash.jobs.wait_idle(120)
    newest = page.ok("jobs", page=1)["jobs"][0]
    assert newest["state"] == "completed"
    assert newest["done"] == 6
    assert order[0] is not None


def test_a_stopped_task_is_cancelled_and_can_be_taken_up_again(page: Page) -> None:
    stash = page.stash
    job = stash.run_task("stashai", "Identify people in all scenes", None, {})
    limit = time.monotonic() + 60
    while not any(row["state"] == "processing" for row in page.ok("status")["running"]):
        assert time.monotonic() < limit
        time.sleep(0.1)
    stash.jobs.stop(job)
    stash.jobs.wait(job, 20)
    time.sleep(0.3)
    row = page.ok("jobs", page=1)["jobs"][0]
    assert row["state"] in ("cancelled", "paused", "processing", "completed")
    lines = page.task("Identify people in all scenes")
    assert lines[-1].startswith("Looked at")


def test_hooks_tell_of_what_is_new(page: Page) -> None:
    stash = page.stash
    before = len(stash.log.lines)
    image = stash.library.add_image("New", stash.config / "media" / "new.png")
    shutil.copy(fetch_pictures(Settings.from_environ())["obama3.jpg"], stash.config / "media" / "new.png")
    image.files[0]["size"] = (stash.config / "media" / "new.png").stat().st_size
    answers = stash.fire("image", image.id)
    assert [answer.error for answer in answers] == [None]
    assert [job.description for job in stash.jobs.queue()] in ([], ["Running plugin task: StashAI: looking at what is new"])
    stash.fire("image", image.id)
    stash.jobs.wait_idle(120)
    assert any("Looked at 1: somebody known in 1" in text for _, text in stash.log.lines[before:])


def test_forgetting_and_wiping(page: Page) -> None:
    page.ok("forget", performer_id="1", confirm="Barack Obama")
    _, result, _ = page.identify("image", 2)
    assert {row["name"] for row in result["people"]} == {"Joe Biden"}
    assert page.task("Learn my performers' faces")
    forgotten = page.ok("people", page=1, filter="forgotten", q="obama")
    assert "Barack Obama" in [row["name"] for row in forgotten["people"]]
    assert page.ok("people", page=1, filter="forgotten", q="nobody of that name")["people"] == []
    assert page.ok("people", page=2, filter="forgotten") == {**forgotten, "people": []}
    page.ok("allow", performer_id="1")
    page.task("Learn my performers' faces")
    _, result, _ = page.identify("image", 2)
    assert {row["name"] for row in result["people"]} == {"Barack Obama", "Joe Biden"}
    page.ok("wipe", confirm="WIPE")
    assert page.ok("people", page=1)["people"] == []
    assert not (page.stash.config / "stashai-data" / "crops").exists()


def test_nothing_is_left_running_and_no_line_broke_the_reader(page: Page) -> None:
    assert "the reader stopped" not in page.stash.log.text()
    assert all(process._process.poll() is not None for process in page.stash.processes)
