"""What goes wrong between us and Stash, met by whole operations: logins, pages for pictures, locks, disks, a Stash that is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.fakes.fake_stash import FakeStash
from tests.plugin.calls import Calls
from tests.plugin.clips import RATE, SIDE, clip, seconds

from stashai.errors import StashAIError
from stashai.stash import mirror
from stashai.tracking import database
from stashai_plugin.click.dialog import identify, step
from stashai_plugin.deciding.applying import apply, undo
from stashai_plugin.host import bench
from stashai_plugin.page.jobs import job as job_of_page
from stashai_plugin.page.jobs import jobs
from stashai_plugin.people.listing import people
from stashai_plugin.rows import INTERRUPTED
from stashai_plugin.said import Said
from stashai_plugin.tasks.identifying import identify as identify_all
from stashai_plugin.tasks.learning import learn

ROOT = Path(__file__).resolve().parents[2]
TASK = 'mutation($a:Map){runPluginTask(plugin_id:"stashai",description:"StashAI: a test",args_map:$a)}'
Pictures = Mapping[str, Path]


def known(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    stash.library.add_performer("Barack Obama", pictures["obama.jpg"].read_bytes())
    learn(calls.request())


def looked_at(calls: Calls, kind: str, number: int) -> str:
    opened = identify(calls.request(type=kind, id=str(number)))
    assert opened is not None
    for _ in range(30):
        if not step(calls.request(job=opened["id"]))["more"]:
            return str(opened["id"])
    raise AssertionError("the chain does not end")


def until(what: Callable[[], object], patience: float = 60.0) -> None:
    limit = time.monotonic() + patience
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_session_that_ran_out_says_so_and_the_click_goes_on_after_the_login(
    calls: Calls, stash: FakeStash, pictures: Pictures
) -> None:
    known(calls, stash, pictures)
    image = stash.library.add_image("Elsewhere", "/not/mounted/obama2.jpg", data=pictures["obama2.jpg"].read_bytes())
    opened = identify(calls.request(type="image", id=str(image.id)))
    assert opened is not None
    stash.faults["login"] = 1
    with pytest.raises(StashAIError) as caught:
        step(calls.request(job=opened["id"]))
    assert caught.value.code == "stash-login"
    assert "API key" in caught.value.remedy
    answer = step(calls.request(job=opened["id"]))
    assert [row["name"] for row in answer["result"]["people"]] == ["Barack Obama"]


def test_a_page_where_a_performers_picture_was_meant(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    ann = stash.library.add_performer("Ann", pictures["obama.jpg"].read_bytes())
    ann.values["kind"] = "text/html"
    line = learn(calls.request())
    assert "1 not-media" in line
    (row,) = people(calls.request(filter="without_face"))["people"]
    assert (row["name"], row["why"]) == ("Ann", "not-media")


def test_a_locked_database_of_stash_costs_nothing_but_time(calls: Calls, stash: FakeStash, pictures: Pictures) -> None:
    known(calls, stash, pictures)
    image = stash.library.add_image("Obama", pictures["obama2.jpg"])
    job = looked_at(calls, "image", image.id)
    stash.faults["write"] = 3
    answer = apply(calls.request(job=job, accept=[{"person": "p1", "performer_id": "1"}]))
    assert image.performers == [1]
    stash.faults["write"] = 3
    assert undo(calls.request(run=answer["run"]))["count"] == 1
    assert image.performers == []
    assert stash.faults["write"] == 0


def test_no_write_ahead_log_where_the_data_folder_is_on_another_machine(
    calls: Calls, stash: FakeStash, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (database, mirror):
        monkeypatch.setattr(module, "is_network_folder", lambda folder: True)
    known(calls, stash, pictures)
    looked_at(calls, "image", stash.library.add_image("Obama", pictures["obama2.jpg"]).id)
    assert calls.bench().ledger.database.scalar("PRAGMA journal_mode") == "truncate"
    assert not [path.name for path in calls.data.iterdir() if path.name.endswith(("-wal", "-shm"))]


def test_what_belongs_to_no_job_waits_its_turn_at_the_networks(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "TURN", 0.2)
    with bench.inference_lock(calls.request()) as lock:
        assert lock.acquire()
        with pytest.raises(StashAIError) as caught, bench.infers(calls.bench()):
            pass
    assert caught.value.code == "another-recognition"
    with bench.infers(calls.bench()):
        assert bench.inference_lock(calls.request()).is_taken()


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_process_of_a_stash_that_ended_ends_too_and_its_job_waits(
    calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path, how: signal.Signals
) -> None:
    """Stash leaves a running task's process alone when it ends: it has to notice by itself."""
    faces = [(pictures["astronaut.png"], 200), (pictures["biden.jpg"], 200)]
    scene = clip(tmp_path / "0.mp4", faces).read_bytes()
    for number in range(1, 9):
        # Another file to us, the same film to a decoder.
        (tmp_path / f"{number}.mp4").write_bytes(scene + bytes([number]))
    script = (
        "import sys, time; from pathlib import Path; from tests.fakes.fake_stash import FakeStash\n"
        "stash = FakeStash(Path(sys.argv[1])); stash.__enter__()\n"
        "for number in range(9): stash.library.add_scene('', f'{sys.argv[2]}/{number}.mp4', duration=float(sys.argv[3]),"
        f" size=({SIDE}, {SIDE}), rate={RATE})\n"
        "print(stash.server.port, flush=True); time.sleep(600)\n"
    )
    (stash.config / "plugins" / "stashai").mkdir()
    for name in ("stashai.yml", "main.py"):
        (stash.config / "plugins" / "stashai" / name).symlink_to(ROOT / "plugin" / name)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "shared"), str(ROOT / "plugin")])}
    command = [sys.executable, "-c", script, str(stash.config), str(tmp_path), str(seconds(faces))]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/graphql"
        task: dict[str, Any] = {"query": TASK, "variables": {"a": {"op": "task_identify", "type": "scene"}}}
        assert "errors" not in requests.post(url, json=task, timeout=30).json()
        until(lambda: calls.bench().ledger.database.scalar("SELECT count(*) FROM seen_frames"))
        (job,) = calls.bench().ledger.jobs(processor="stash.library")
        assert job.owner_pid
        server.send_signal(how)
        server.wait(20)
        until(lambda: not _is_alive(job.owner_pid))
        left = calls.bench().ledger.job(job.job_id)
        assert left is not None
        assert left.status == "pending"
        assert Said.read(left.message).code == INTERRUPTED
    finally:
        server.kill()
        server.wait()
        assert server.stdout is not None
        server.stdout.close()


def _is_alive(pid: int | None) -> bool:
    """An ended process that nobody has waited for counts as ended."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_failed_is_told_with_what_helps(calls: Calls, stash: FakeStash, pictures: Pictures, tmp_path: Path) -> None:
    known(calls, stash, pictures)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    stash.library.add_image("Broken", tmp_path / "broken.jpg")
    identify_all(calls.request(type="image"))
    row = next(shown for shown in jobs(calls.request())["jobs"] if shown["failed"])
    (item,) = job_of_page(calls.request(id=row["id"]))["items"]
    assert item["error"]["code"] == "damaged"
    assert item["error"]["message"]
    assert "again" in item["error"]["remedy"]
    assert item["error"]["params"] == {}
