"""Tasks on a long scene: giving way, a click in between, Stash going away, and being taken up again; real networks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.fakes.fake_stash.jobs import Job
from tests.plugin.calls import Calls
from tests.plugin.clips import RATE, SIDE, clip, seconds

from stashai.errors import StashAIError, StorageError, UsageError
from stashai.processing.control import JobControl
from stashai.stash.entities import Item
from stashai.stash.writeback import Applied, WriteBack
from stashai.tracking.observations import Observations
from stashai.tracking.records import JobRequest, Outcome
from stashai_plugin.click.dialog import faces
from stashai_plugin.deciding.applying import runs, undo
from stashai_plugin.host import queue
from stashai_plugin.host.bench import inference_lock
from stashai_plugin.page.jobs import cancel, jobs
from stashai_plugin.said import Said
from stashai_plugin.tasks import at_limit
from stashai_plugin.tasks.at_limit import apply_at_limit
from stashai_plugin.tasks.identifying import arrivals, identify
from stashai_plugin.tasks.library import Library
from stashai_plugin.tasks.task import Task

Pictures = Mapping[str, Path]


class Running:
    """A job of Stash's that runs until it is let go, as the one that this process is."""

    def __init__(self, stash: FakeStash) -> None:
        self._go = threading.Event()
        self.id = stash.jobs.add("Running plugin task: Identify people", self._wait)
        while stash.jobs.find(self.id) not in [job for job in stash.jobs.queue() if job.status == "RUNNING"]:
            time.sleep(0.01)

    def _wait(self, job: Job) -> None:
        job.kill = self._go.set
        self._go.wait(120)

    def end(self) -> None:
        self._go.set()


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "LOOK", 0.2)
    monkeypatch.setattr(queue.Place, "patience", 0.1)


@pytest.fixture
def running(stash: FakeStash) -> Iterator[Running]:
    job = Running(stash)
    yield job
    job.end()


def long_scene(stash: FakeStash, folder: Path, pictures: Pictures) -> None:
    """One performer who is in it, and a stranger for whom all looks are taken."""
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    faces = [(pictures["obama2.jpg"], 60), (pictures["astronaut.png"], 60), (pictures["biden.jpg"], 60)]
    path = clip(folder / "long.mp4", faces)
    stash.library.add_scene("Long", path, duration=seconds(faces), size=(SIDE, SIDE), rate=RATE)


def frames_seen(calls: Calls) -> int:
    return int(calls.bench().ledger.database.scalar("SELECT count(*) FROM seen_frames"))


def when_begun(calls: Calls, then: Callable[[], object]) -> threading.Thread:
    """Do something once the first frames were seen, and before the last."""

    def wait() -> None:
        limit = time.monotonic() + 60
        while not frames_seen(calls) and time.monotonic() < limit:
            time.sleep(0.05)
        then()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def findings(calls: Calls) -> dict[str, Any]:
    """What was found in the one scene, without what says how it was come by."""
    (job,) = calls.bench().ledger.jobs(processor="stash.library")
    (item,) = calls.bench().ledger.all_items(job.job_id)
    assert item.response_data is not None

    value = json.loads(item.response_data)
    value.pop("decoded")
    for row in [*value["people"], *value["unknown"]]:
        for face in row["faces"]:
            face.pop("observation")
    return dict(value)


def test_a_long_scene_gives_way_and_comes_to_the_same(
    calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path, running: Running, tmp_path_factory: pytest.TempPathFactory
) -> None:
    long_scene(stash, tmp_path, pictures)
    scan = when_begun(calls, lambda: stash.jobs.add("Scanning...", lambda job: None))
    line = identify(calls.request(type="scene"))
    scan.join()
    assert "goes on after it" in line
    assert "Looked at 0" in line
    kept = frames_seen(calls)
    assert kept > 0
    job = jobs(calls.request())["jobs"][0]
    assert job["state"] == "pending"
    assert "StashAI: Identify people in scenes" in stash.jobs.queue()[-1].description
    running.end()
    stash.jobs.wait_idle()
    assert identify(calls.request(type="scene", job=job["id"])).startswith("Looked at 1: somebody known in 1")
    assert frames_seen(calls) > kept
    config = tmp_path_factory.mktemp("undisturbed")
    with FakeStash(config) as other:
        undisturbed = Calls(other)
        undisturbed.set_up()
        long_scene(other, tmp_path, pictures)
        identify(undisturbed.request(type="scene"))
        assert findings(undisturbed) == findings(calls)


def test_a_click_goes_before_the_next_frame(calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path, running: Running) -> None:
    long_scene(stash, tmp_path, pictures)
    waited: list[float] = []

    def click() -> None:
        began = time.monotonic()
        with inference_lock(calls.request()) as lock:
            assert lock.acquire(30.0, urgent=True)
            waited.append(time.monotonic() - began)
            before = frames_seen(calls)
            time.sleep(1.0)
            # What was under way when the click came may still be saved, nothing new is begun.
            assert frames_seen(calls) - before <= 16

    clicking = when_begun(calls, click)
    assert identify(calls.request(type="scene")).startswith("Looked at 1")
    clicking.join(30)
    assert waited
    assert waited[0] < 10


def test_a_task_of_a_stash_that_is_gone_waits_for_the_next_run(
    calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path, running: Running
) -> None:
    long_scene(stash, tmp_path, pictures)
    when_begun(calls, running.end)
    with pytest.raises(StashAIError) as caught:
        identify(calls.request(type="scene"))
    assert caught.value.code == "orphaned"
    job = jobs(calls.request())["jobs"][0]
    assert job["state"] == "paused"
    assert job["message"].startswith("Interrupted")
    assert identify(calls.request(type="scene")).startswith("Looked at 1")


def test_a_stash_that_stops_in_the_middle_costs_nothing(
    calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path, running: Running
) -> None:
    long_scene(stash, tmp_path, pictures)
    when_begun(calls, stash.server.stop)
    with pytest.raises(StashAIError) as caught:
        identify(calls.request(type="scene"))
    assert caught.value.code == "stash-unreachable"
    job = calls.bench().ledger.jobs(processor="stash.library")[0]
    assert (job.status, job.owner_pid) == ("pending", None)
    assert Said.read(job.message).code == "interrupted"
    assert frames_seen(calls) > 0


def test_a_full_disk_ends_the_run_and_not_the_job(
    calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_scene(stash, tmp_path, pictures)
    save, saved = Observations.save, []

    def full(self: Observations, *arguments: Any) -> None:
        saved.append(arguments)
        if len(saved) > 2:
            raise StorageError("The disk is full.", remedy="Make room.")
        save(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Observations, "save", full)
        with pytest.raises(StorageError):
            identify(calls.request(type="scene"))
    assert jobs(calls.request())["jobs"][0]["state"] == "paused"
    assert identify(calls.request(type="scene")).startswith("Looked at 1")


def test_a_cancel_on_our_page_stops_within_the_scene(
    calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path, running: Running
) -> None:
    long_scene(stash, tmp_path, pictures)
    when_begun(calls, lambda: cancel(calls.request(id=calls.bench().ledger.jobs()[0].job_id)))
    assert identify(calls.request(type="scene")).startswith("Stopped: stopped on StashAI's page.")
    job = jobs(calls.request())["jobs"][0]
    assert (job["state"], job["done"]) == ("cancelled", 0)


def test_what_became_of_a_killed_task_is_what_stash_says_of_its_job(calls: Calls, stash: FakeStash) -> None:
    bench = calls.bench()
    for stopped in (True, False):
        running = Running(stash)
        job = bench.ledger.submit(JobRequest("stash.library", "facial_recognition", f'{{"type": "scene", "n": {running.id}}}', "x")).job
        queue.Place(bench, job.job_id)
        gone = bench.ledger.processes.me()
        claim = bench.ledger.claim(job.job_id, type(gone)(gone.host, 2**22 - 1, "never"))
        assert claim is not None
        if stopped:
            stash.jobs.stop(running.id)
        running.end()
        stash.jobs.wait(running.id)
        row = next(row for row in jobs(calls.request())["jobs"] if row["id"] == job.job_id)
        assert row["state"] == ("cancelled" if stopped else "paused")
        assert stopped or row["message"].startswith("Interrupted")


def test_a_picture_that_ends_the_process_is_left_out_the_third_time(
    calls: Calls, stash: FakeStash, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    for name in ("obama2.jpg", "astronaut.png", "biden.jpg"):
        stash.library.add_image(name, pictures[name])

    def look(self: Library, number: int, item: Item, *rest: Any) -> Outcome:
        if item.id == "2":
            raise Ended
        return one(self, number, item, *rest)

    one = Library._one
    monkeypatch.setattr(Library, "_one", look)
    for _ in range(2):
        running = Running(stash)
        with pytest.raises(Ended):
            identify(calls.request(type="image"))
        # As after the end of a process: the row still says that it is at work.
        bench = calls.bench()
        job = bench.ledger.jobs(processor="stash.library")[0]
        gone = "UPDATE processing_jobs SET owner_pid = 4194303, in_flight = '[\"2\"]' WHERE id = ? AND status = 'processing'"
        assert bench.ledger.database.execute(gone, (job.id,)).rowcount == 1
        running.end()
        stash.jobs.wait(running.id)
    assert "1 could not be read" in identify(calls.request(type="image"))
    row = jobs(calls.request())["jobs"][0]
    assert (row["state"], row["done"], row["failed"]) == ("completed", 3, 1)


def test_all_that_the_hooks_told_is_looked_at_and_added_at_the_limit(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    seen_before = stash.library.add_image("Seen before", pictures["obama3.jpg"])
    identify(calls.request(type="image"))
    calls.save(auto_from=0.95)
    mirror = calls.bench().mirror
    for number in range(600):
        # Most are gone again by the time that they are looked at.
        mirror.arrived("image", 100 + number)
    for name in ("obama2.jpg", "astronaut.png"):
        mirror.arrived("image", stash.library.add_image(name, pictures[name]).id)
    arrivals(calls.request())
    assert mirror.arrivals() == []
    assert [row.performers for row in stash.library.rows["image"].values()] == [[], [1], []]
    assert "Added 1 names" in calls.log.getvalue()
    # What was found earlier is added by the task that says so.
    apply_at_limit(calls.request())
    assert seen_before.performers == [1]


def test_what_another_service_says_of_an_image_hides_nobody(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    image = stash.library.add_image("Obama", pictures["obama2.jpg"])
    identify(calls.request(type="image"))
    seen = faces(calls.request(type="image", id=str(image.id)))
    assert seen is not None
    assert [person["name"] for person in seen["people"]] == ["Barack Obama"]
    ledger = calls.bench().ledger
    claim = ledger.claim(ledger.submit(JobRequest("example.sharpness", "service", name="How sharp")).job.job_id)
    assert claim is not None
    own = Outcome("1", 0, "image", str(image.id), "pass", time.time(), 0.1, data='{"score": 0.5}', people_found=1, confidences=(0.99,))
    ledger.checkpoint(claim, [own])
    ledger.finish(claim, "completed")
    assert faces(calls.request(type="image", id=str(image.id))) == seen
    calls.save(auto_from=0.95)
    apply_at_limit(calls.request())
    assert image.performers == [1]


def test_adding_gives_way_and_is_one_run_all_the_same(
    calls: Calls, stash: FakeStash, pictures: Pictures, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    images = [stash.library.add_image(name, pictures[name]) for name in ("obama2.jpg", "obama3.jpg", "obama.jpg", "astronaut.png")]
    identify(calls.request(type="image"))
    with pytest.raises(UsageError) as refused:
        apply_at_limit(calls.request())
    assert refused.value.code == "no-limit"
    assert not calls.bench().ledger.jobs(processor="stash.apply")

    calls.save(auto_from=0.95)
    apply = WriteBack.apply

    def slowly(self: WriteBack, *arguments: Any) -> Applied:
        done = apply(self, *arguments)
        stash.jobs.add("Scanning...", lambda job: None)
        time.sleep(1.0)
        return done

    monkeypatch.setattr(at_limit, "AT_ONCE", 1)
    monkeypatch.setattr(WriteBack, "apply", slowly)
    assert "goes on after it" in apply_at_limit(calls.request())
    monkeypatch.setattr(WriteBack, "apply", apply)
    added = [row.performers for row in images]
    assert [1] in added
    assert [] in added[:3]
    job = jobs(calls.request())["jobs"][0]
    assert (job["state"], job["title"]) == ("pending", "Add names at or above my limit")
    running.end()
    stash.jobs.wait_idle()
    assert apply_at_limit(calls.request(job=job["id"])).startswith("Added")
    assert [row.performers for row in images] == [[1], [1], [1], []]
    (run,) = runs(calls.request())
    assert (run["count"], run["about"]) == (3, "Add names at or above my limit")
    assert undo(calls.request(run=run["run"]))["count"] == 3
    assert [row.performers for row in images] == [[], [], [], []]
    assert jobs(calls.request())["jobs"][0]["state"] == "completed"


class Ended(BaseException):
    """The process ends here: nothing is caught, nothing is tidied."""


def test_what_goes_on_no_longer_says_that_it_waits(calls: Calls, stash: FakeStash) -> None:
    bench, what = calls.bench(), JobRequest("stash.apply", "facial_recognition", name="Add names")
    first = bench.ledger.claim(bench.ledger.submit(what).job.job_id)
    assert first is not None
    bench.ledger.release(first, Said("waits-for-stash", "Waiting for other jobs of Stash's.").kept)
    said = []

    class Work:
        def run(self, control: JobControl) -> dict[str, object]:
            said.append(jobs(calls.request())["jobs"][0]["message"])
            return {}

        def told(self) -> str:
            return "Done."

    assert Task(bench, what, "task_apply").run_free(lambda claim: Work()) == "Done."
    assert said == [""]
