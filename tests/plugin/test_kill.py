"""main.py ended without warning at any moment while a fake Stash runs it, and gone on with: no row is lost, no process is left, and
the answers are those of an undisturbed run.

The moment is one of the process's own processor time, so that a busy machine kills at the same lines as a quiet one."""

from __future__ import annotations

import json
import os
import random
import sys
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.fakes.fake_stash import FakeStash
from tests.fakes.page import OPERATION, Page
from tests.plugin.calls import Calls
from tests.plugin.clips import RATE, SIDE, clip, seconds

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
ROOT = Path(__file__).resolve().parents[2]
KILLS = 6
MOST = 3.0
"""Seconds of processor time within which a process is killed: its start takes about one."""
KILLER = """
import os, pathlib, signal
order = pathlib.Path(__file__).with_name("kill-after")
try:
    seconds = float(order.read_text())
    order.unlink()
except (OSError, ValueError):
    pass
else:
    signal.setitimer(signal.ITIMER_PROF, seconds)
"""
"""Run by Python's start: after so many seconds of the processor the system ends the process, whatever it is doing."""
Json = dict[str, Any]


class Killed:
    """A fake Stash whose plugin can be told when to die."""

    def __init__(self, stash: FakeStash, package: Path, pictures: Mapping[str, Path], media: Path) -> None:
        self.stash, self.page = stash, Page(stash)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(stash.config / "plugins" / "stashai")
        (stash.config / "plugins" / "sitecustomize.py").write_text(KILLER)
        stash.load_plugins()
        Calls(stash).set_up()
        self._fill(pictures, media)

    def _fill(self, pictures: Mapping[str, Path], media: Path) -> None:
        library = self.stash.library
        for name, picture in (("Barack Obama", "obama.jpg"), ("Joe Biden", "biden.jpg"), ("Nobody", None)):
            library.add_performer(name, pictures[picture].read_bytes() if picture else None)
        faces = [(pictures["obama2.jpg"], 40), (pictures["astronaut.png"], 40), (pictures["biden.jpg"], 40)]
        path = media / "scene.mp4"
        if not path.exists():
            clip(path, faces)
        library.add_scene("Scene", path, duration=seconds(faces), size=(SIDE, SIDE), rate=RATE)
        for name in ("obama3.jpg", "astronaut.png", "biden.jpg"):
            library.add_image(name, pictures[name])

    def kill_next(self, after: float) -> None:
        (self.stash.config / "plugins" / "kill-after").write_text(str(after))

    def task(self, name: str) -> str:
        """Run to its end; the closing line."""
        return self.page.task(name)[-1]

    def task_killed(self, name: str, after: float) -> None:
        self.kill_next(after)
        self.page.task(name)
        # As after a stop of Stash, which takes its list of jobs with it: nobody is blamed.
        self.stash.jobs.forget()

    def step(self, job: str, after: float | None = None) -> Json | None:
        """The answer of a step, None when it was killed."""
        if after is not None:
            self.kill_next(after)
        body: Json = {"query": OPERATION, "variables": {"a": {"op": "step", "job": job}}}
        answer = requests.post(f"{self.stash.url}/graphql", json=body, timeout=120).json()
        output = (answer.get("data") or {}).get("runPluginOperation")
        return None if output is None else dict(output["data"])

    def known(self) -> list[tuple[str, int]]:
        bench = Calls(self.stash).bench()
        return [(p.name, len(bench.stores.people.references(person_id=p.id))) for p in bench.stores.people.people()]

    def found(self) -> Json:
        """By kind and id, the newest findings without what says how they were come by; each item once a job."""
        ledger = Calls(self.stash).bench().ledger
        found: Json = {}
        for job in reversed(ledger.jobs()):
            items = list(ledger.all_items(job.job_id))
            assert len({item.unit for item in items}) == len(items)
            found |= {f"{i.entity_type} {i.entity_id}": _plain(json.loads(i.response_data or "{}")) for i in items}
        return found

    def is_tidy(self) -> bool:
        """No process of the plugin is left, and no file is half written."""
        config = str(self.stash.config)
        left = [process.pid for process in self.stash.processes if process.is_alive]
        return not left and not [path for path in Path(config, "stashai-data").glob("*.part")]


def _plain(found: Json) -> Json:
    found.pop("decoded", None)
    for row in [*found.get("people", ()), *found.get("unknown", ())]:
        for face in row["faces"]:
            face.pop("observation")
    return found


@pytest.fixture
def pair(
    stash: FakeStash, package: Path, pictures: Mapping[str, Path], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Killed, Killed]]:
    """One to maltreat, and one to leave in peace."""
    with FakeStash(tmp_path_factory.mktemp("peace")) as other:
        yield Killed(stash, package, pictures, tmp_path), Killed(other, package, pictures, tmp_path)


def moments() -> list[float]:
    chance = random.Random(int(os.environ.get("STASHAI_SEED", "4")))
    return [chance.uniform(0.05, MOST) for _ in range(KILLS)]


def test_tasks(pair: tuple[Killed, Killed]) -> None:
    killed, calm = pair
    names = ("Learn my performers' faces", "Identify people in all scenes", "Identify people in images")
    for after in moments():
        for name in names:
            killed.task_killed(name, after)
    lines = [killed.task(name) for name in names]
    assert lines[0].startswith("Looked at")
    for name in names:
        calm.task(name)
    assert killed.known() == calm.known()
    assert killed.found() == calm.found()
    assert all(row["state"] == "completed" for row in killed.page.ok("jobs")["jobs"])
    assert killed.is_tidy()


def test_steps(pair: tuple[Killed, Killed]) -> None:
    killed, calm = pair
    job = killed.page.ok("identify", type="scene", id="1")["id"]
    for after in moments():
        answer = killed.step(job, after)
        if answer is not None and not answer["more"]:
            break
    for _ in range(60):
        answer = killed.step(job)
        assert answer is not None
        if not answer["more"]:
            break
    calm.page.identify("scene", 1)
    assert killed.found() == calm.found()
    assert killed.known() == calm.known()
    assert killed.is_tidy()


def test_two_pages_on_one_scene(pair: tuple[Killed, Killed]) -> None:
    killed, _ = pair
    first, second = (killed.page.ok("identify", type="scene", id="1")["id"] for _ in range(2))
    assert first == second

    def ask(_: int) -> list[Json]:
        answers: list[Json] = []
        while not answers or (answers[-1]["more"] and len(answers) < 150):
            answer = killed.step(first)
            assert answer is not None
            answers.append(answer)
        return answers

    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(ask, range(2)))
    last = [[row["name"] for row in answers[-1]["result"]["people"]] for answers in pages]
    assert last[0] == last[1] == ["Barack Obama", "Joe Biden"]
    assert len(killed.page.ok("jobs")["jobs"]) <= 2
