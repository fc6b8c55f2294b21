"""Killed, interrupted, started twice: the same command goes on, does nothing twice and answers the same."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from .conftest import Line

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no such signals there")


@pytest.fixture
def album(pictures: dict[str, Path], tmp_path: Path) -> Path:
    """Forty different pictures, so that there is a middle to be interrupted in."""
    folder = tmp_path / "album"
    folder.mkdir()
    source = Image.open(pictures["obama3.jpg"]).convert("RGB")
    for number in range(40):
        source.crop((number, number, source.width - number, source.height - 2 * number)).save(folder / f"{number:02}.jpg", quality=90)
    return folder


def items(data: Path) -> list[str]:
    """Units of identify jobs that ended."""
    try:
        with sqlite3.connect(f"file:{data / 'stashai.sqlite3'}?mode=ro", uri=True, timeout=5) as rows:
            jobs = "SELECT id FROM processing_jobs WHERE processor = 'media.identify'"
            sql = f"SELECT unit FROM processing_tests WHERE result <> 'pending' AND job IN ({jobs})"
            return [unit for (unit,) in rows.execute(sql)]
    except sqlite3.OperationalError:
        return []


def wait_for_items(data: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(items(data)) < count:
        assert time.monotonic() < deadline, "no item was recorded"
        time.sleep(0.02)


def jobs(stashai: Line) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = stashai("jobs", "list", "--json").json["jobs"]
    return [job for job in listed if job["processor"] == "media.identify"]


def test_killed_at_any_moment_the_same_command_goes_on(stashai: Line, people: Path, album: Path, tmp_path: Path) -> None:
    undisturbed = Line(tmp_path / "other")("identify", "--json", "--people", people, album).json
    for count in (1, 12):
        process = stashai.start("identify", "--json", "--people", people, album)
        wait_for_items(stashai.data, count)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done_before = items(stashai.data)
    ran = stashai("identify", "--json", "--people", people, album)
    assert ran.status == 0, ran.err
    assert "going on with job" in ran.err
    assert ran.json["items"] == undisturbed["items"]
    assert len(done_before) < 40
    assert sorted(items(stashai.data)) == sorted(str(path) for path in album.iterdir())
    assert [job["status"] for job in jobs(stashai)] == ["completed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_the_job_is_cancelled_and_what_is_done_is_kept(
    stashai: Line, people: Path, album: Path, number: signal.Signals
) -> None:
    process = stashai.start("identify", "--json", "--people", people, album)
    wait_for_items(stashai.data, 3)
    os.kill(process.pid, number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert b"Interrupted" in err
    (job,) = jobs(stashai)
    assert job["status"] == "cancelled"
    assert 3 <= len(items(stashai.data)) < 40
    again = stashai("identify", "--json", "--people", people, album)
    assert again.status == 0
    assert len(again.json["items"]) == 40


def test_two_at_once_are_one_job(stashai: Line, people: Path, album: Path) -> None:
    running = [stashai.start("identify", "--json", "--people", people, album) for _ in range(2)]
    ended = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    assert len(items(stashai.data)) in {40, 80}
    answers = [Line(stashai.data)("jobs", "list", "--json").json]
    assert all(job["status"] == "completed" for job in answers[0]["jobs"])


def test_cancelled_from_elsewhere(stashai: Line, people: Path, album: Path) -> None:
    process = stashai.start("identify", "--json", "--people", people, album)
    wait_for_items(stashai.data, 2)
    (job,) = jobs(stashai)
    assert stashai("jobs", "cancel", job["job_id"], "--json").json["status"] == "cancelled"
    process.communicate(timeout=30)
    assert process.returncode == 130
    retried = stashai("jobs", "retry", job["job_id"], "--json")
    assert retried.json["status"] == "completed"
    assert len(items(stashai.data)) == 40
