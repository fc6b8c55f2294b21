"""Measures the plugin as Stash runs it: real processes, real networks, a fake Stash, public portraits. Called by `stashai bench plugin`.

    python scripts/measure_plugin.py [--photos DIR] [--count N]

Prints one JSON object. DIR holds folders of people; without it learning is not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / name) for name in ("shared", "plugin", ".")]

import numpy as np
import requests
from PIL import Image
from tests.fakes.fake_stash import FakeStash
from tests.fakes.fake_stash.demo import fill

from stashai.bench.footage import make_film
from stashai.clock import SystemClock
from stashai.demo import fetch_pictures
from stashai.media.crops import CropFolder
from stashai.processing.stores import Person, Reference, SourceFile
from stashai.processors.stash_sync import SYNCED
from stashai.settings import Settings
from stashai.stash.mirror import Mirror
from stashai.tracking.open import open_stores

ROUNDS = 15
MANY, GONE = 5000, 300
"""Performers who are known, and how many of them are deleted at once."""
LARGE = (9000, 6700)
"""Pixels of a large picture: 60 million."""
OPERATION = 'mutation($a:Map){runPluginOperation(plugin_id:"stashai",args:$a)}'
Json = dict[str, Any]


def unpack(config: Path) -> None:
    """The built packages below Stash's plugins folder, set up: this Python has the packages, the models are this user's."""
    out = config / "built"
    command = [sys.executable, str(ROOT / "scripts" / "build_plugin.py"), "--without-ui", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    for name in ("stashai", "stashai_automatic"):
        with zipfile.ZipFile(out / f"{name}.zip") as archive:
            archive.extractall(config / "plugins" / name)
    data = config / "stashai-data"
    data.mkdir()
    (data / "models").symlink_to(Settings.from_environ().models)
    (data / "setup.json").write_text(json.dumps({"state": "done", "models": "ready"}))


def call(stash: FakeStash, op: str, **arguments: Any) -> Any:
    body: Json = {"query": OPERATION, "variables": {"a": {"op": op, **arguments}}}
    answer = requests.post(f"{stash.url}/graphql", json=body, timeout=120).json()["data"]["runPluginOperation"]
    if not answer["ok"]:
        raise SystemExit(f"{op}: {answer['error']}")
    return answer["data"]


# starts --------------------------------------------------------------------------------------------------------------


def starts(stash: FakeStash) -> Json:
    """Milliseconds that a start takes beyond `python -c pass`: medians of turns taken one after the other."""
    main, hook = stash.config / "plugins" / "stashai" / "main.py", stash.config / "plugins" / "stashai_automatic" / "hook.py"
    connection = {"Scheme": "http", "Host": "127.0.0.1", "Port": stash.server.port, "Dir": str(stash.config), "SessionCookie": None}
    commands: dict[str, tuple[list[str], Json | None]] = {"bare": ([sys.executable, "-c", "pass"], None)}
    for op in ("status", "health"):
        commands[op] = ([sys.executable, str(main)], {"server_connection": connection, "args": {"op": op}})
    times: dict[str, list[float]] = {name: [] for name in (*commands, "hook")}
    for number in range(ROUNDS + 2):
        context = {"id": number + 1, "type": "Scene.Create.Post", "input": None}
        commands["hook"] = ([sys.executable, str(hook)], {"server_connection": connection, "args": {"hookContext": context}})
        for name, (command, document) in commands.items():
            began = time.perf_counter()
            subprocess.run(command, input=json.dumps(document or {}).encode(), capture_output=True, check=True, cwd=stash.config)
            times[name].append(time.perf_counter() - began)
    # The first two turns write bytecode and ring the task of the hooks.
    medians = {name: 1000 * statistics.median(values[2:]) for name, values in times.items()}
    return {"bare_ms": medians["bare"], **{f"{name}_more_ms": medians[name] - medians["bare"] for name in ("status", "health", "hook")}}


# clicks --------------------------------------------------------------------------------------------------------------


def click(stash: FakeStash, kind: str, number: int) -> Json:
    """Seconds of a dialog that is opened and stays open: to the first rows, of the longest step, to the end."""
    began = time.perf_counter()
    job = call(stash, "identify", type=kind, id=str(number))["id"]
    first, longest, more = None, 0.0, True
    while more:
        step = time.perf_counter()
        answer = call(stash, "step", job=job)
        longest = max(longest, time.perf_counter() - step)
        more = answer["more"]
        if first is None and answer["result"] and (answer["result"]["people"] or answer["result"]["unknown"]):
            first = time.perf_counter() - began
    return {"first": first or time.perf_counter() - began, "longest": longest, "whole": time.perf_counter() - began}


def clicks(stash: FakeStash, pictures: dict[str, Path]) -> Json:
    """The demo's clip: with sprites before anybody is known; the same people known, another clip; without sprites."""
    media = stash.config / "media"
    fill(stash.library, pictures, media)
    cold = click(stash, "scene", 1)
    others = {name: click(stash, "scene", another(stash, name, sprites)) for name, sprites in (("warm", True), ("bare", False))}
    return {"cold": cold, **others}


def another(stash: FakeStash, name: str, sprites: bool) -> int:
    """A scene of the demo's clip once more: another file to us, the same film to a decoder."""
    clip = stash.config / "media" / f"{name}.mp4"
    clip.write_bytes((clip.parent / "clip.mp4").read_bytes() + name.encode())
    scene = stash.library.rows["scene"][1]
    row = stash.library.add_scene(name, clip, duration=float(str(scene.files[0]["duration"])), size=(960, 540), rate=25)
    row.media |= scene.media if sprites else {}
    return row.id


def many_people(stash: FakeStash) -> Json:
    """Clicks with thousands of performers who are known, and while many of them are dropped, who were deleted in Stash."""
    data, somebody = stash.config / "stashai-data", np.random.default_rng(0)
    settings = replace(Settings.from_environ(), data=data)
    ledger, stores = open_stores(settings, CropFolder(data / "crops"), SystemClock())
    crop, rows = stores.crops.put(b""), [stash.library.add_performer(f"Somebody {number}") for number in range(MANY)]
    with ledger.database.write():
        for row in rows:
            person = cast(Person, stores.people.ensure(f"Somebody {row.id}", "stash", str(row.id)))
            path, vector = f"performer/{row.id}", somebody.standard_normal(128).astype(np.float32)
            known = {"sface": vector / np.linalg.norm(vector)}
            reference = Reference(person.id, "stash", path, "", 0.9, (0.0, 0.0, 1.0, 1.0), crop, known)
            stores.people.record_source(SourceFile("stash", person.id, path, "", "", "enrolled"), [reference])
    mirror, found = Mirror(data), {}
    for name, deleted in (("known", 0), ("dropped", GONE)):
        for row in rows[:deleted]:
            del stash.library.rows["performer"][row.id]
        # Else Stash would be asked for what changed in some minutes only.
        mirror.note(SYNCED, None)
        found[name] = click(stash, "scene", another(stash, name, sprites=True))
    return found


# memory --------------------------------------------------------------------------------------------------------------


class Peak:
    """The largest resident memory, in MiB, that any process of the plugin had while this was entered; None where /proc is not."""

    def __init__(self, stash: FakeStash) -> None:
        self.mib: float | None = None
        self._stash, self._over = stash, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            # The kernel keeps each process's peak: little is missed between two looks.
            for process in self._stash.processes[-4:]:
                with suppress(OSError, IndexError):  # it has ended
                    status = Path(f"/proc/{process.pid}/status").read_text()
                    self.mib = max(self.mib or 0.0, int(status.split("VmHWM:")[1].split()[0]) / 1024)


def memory(stash: FakeStash, pictures: dict[str, Path]) -> dict[str, float | None]:
    """Peaks of a scene of 1080p, of a picture of 60 megapixels as JPEG and as PNG, and of a task with eight of the former."""
    media = stash.config / "media"
    faces = [np.asarray(Image.open(pictures[name]).convert("RGB")) for name in ("obama2.jpg", "astronaut.png")]
    film = make_film(media / "film.mp4", 60.0, faces)
    scene = stash.library.add_scene("1080p", film, duration=60.0, size=(1920, 1080), rate=25)
    peaks: dict[str, float | None] = {}
    with Peak(stash) as peak:
        click(stash, "scene", scene.id)
    peaks["scene"] = peak.mib
    large = Image.open(pictures["obama2.jpg"]).convert("RGB").resize(LARGE, Image.Resampling.BILINEAR)
    for kind in ("jpg", "png"):
        large.save(media / f"large.{kind}", quality=88, compress_level=1)
        row = stash.library.add_image(f"Large {kind}", media / f"large.{kind}")
        row.files[0] |= {"width": LARGE[0], "height": LARGE[1]}
        with Peak(stash) as peak:
            click(stash, "image", row.id)
        peaks[kind] = peak.mib
    ids = [str(_another(stash, media, number)) for number in range(8)]
    with Peak(stash) as peak:
        arguments = {"op": "task_identify", "type": "image", "ids_json": json.dumps(ids)}
        stash.jobs.wait(stash.run_task("stashai", None, "eight large pictures", arguments), 600)
    peaks["batch"] = peak.mib
    return peaks


def _another(stash: FakeStash, media: Path, number: int) -> int:
    path = media / f"large{number}.jpg"
    path.write_bytes((media / "large.jpg").read_bytes() + bytes([number]))
    row = stash.library.add_image(f"Large {number}", path)
    row.files[0] |= {"width": LARGE[0], "height": LARGE[1]}
    return row.id


# learning ------------------------------------------------------------------------------------------------------------


def portraits(photos: Path) -> Iterator[Path]:
    """One photograph a person, then the second ones, and so on."""
    people = [sorted(folder.iterdir()) for folder in sorted(photos.iterdir()) if folder.is_dir()]
    for turn in range(max(map(len, people))):
        yield from (person[turn] for person in people if turn < len(person))


def learning(photos: Path, count: int) -> Json:
    """Pictures a second: the task's once the first picture is learned, to its end, and the core's on the same files, on all cores
    each; the seconds until then; and the processor's milliseconds a picture, which do not depend on what else the machine does."""
    chosen = list(islice(portraits(photos), count))
    core = [core_speed(chosen)]
    with tempfile.TemporaryDirectory(prefix="stashai-bench-") as folder:
        config = Path(folder)
        unpack(config)
        with FakeStash(config) as stash:
            for number, path in enumerate(chosen):
                stash.library.add_performer(f"{path.parent.name} {number}", path.read_bytes())
            began, used = time.perf_counter(), used_by_children()
            job = stash.run_task("stashai", "Learn my performers' faces", None, {})
            early = first_learned(config / "stashai-data" / "stash.sqlite3")
            start = time.perf_counter() - began
            stash.jobs.wait(job, 3600)
            seconds, used = time.perf_counter() - began, used_by_children() - used
            told = next(text for _, text in reversed(stash.log.lines) if text.startswith("Looked at"))
    core.append(core_speed(chosen))
    rate, per_picture = (statistics.mean(values) for values in zip(*core, strict=True))
    found = {"start": start, "task_rate": (count - early) / (seconds - start), "task_ms": 1000 * used / count, "told": told}
    return {"count": len(chosen), "core_rate": rate, "core_ms": per_picture, **found}


def first_learned(mirror: Path, patience: float = 120.0) -> int:
    """Wait until pictures are learned; how many."""
    limit = time.monotonic() + patience
    while time.monotonic() < limit:
        # not made yet, or being written to
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{mirror}?mode=ro", uri=True)) as rows:
            (count,) = rows.execute("SELECT COUNT(*) FROM performers WHERE outcome <> ''").fetchone()
            if count:
                return int(count)
        time.sleep(0.05)
    raise SystemExit("No picture was learned.")


def used_by_children() -> float:
    """Seconds of the processor that ended processes of ours have used."""
    times = os.times()
    return times.children_user + times.children_system


def core_speed(chosen: list[Path]) -> tuple[float, float]:
    """(pictures a second, milliseconds of the processor a picture) in a process of its own, without its start: a face found, seen by
    both models, and its crop, as `enroll` does it on all cores; nothing is fetched and nothing kept."""
    code = (
        "import sys, time, json\nfrom concurrent.futures import ThreadPoolExecutor\nfrom pathlib import Path\n"
        "from stashai.media.images import read_image\nfrom stashai.settings import Settings\n"
        "from stashai.vision.engine import VisionEngine\nsettings = Settings.from_environ()\n"
        "files, engine = json.load(sys.stdin), VisionEngine(settings)\n"
        "def learn(file):\n    faces = engine.analyze(read_image(Path(file))[0])\n"
        "    return faces and [engine.embed_chip(model, faces[0].chip) for model in engine.others]\n"
        "pool = ThreadPoolExecutor(settings.cores)\nlist(pool.map(learn, files[:8]))\n"
        "began, used = time.perf_counter(), time.process_time()\nlist(pool.map(learn, files))\n"
        "took, used = time.perf_counter() - began, time.process_time() - used\n"
        "print(len(files) / took, 1000 * used / len(files))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared")}
    files = json.dumps([str(path) for path in chosen])
    done = subprocess.run([sys.executable, "-c", code], input=files, capture_output=True, text=True, check=True, env=environment)
    rate, per_picture = map(float, done.stdout.split())
    return rate, per_picture


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--count", type=int, default=500)
    options = parser.parse_args()
    pictures = fetch_pictures(Settings.from_environ())
    with tempfile.TemporaryDirectory(prefix="stashai-bench-") as folder:
        config = Path(folder)
        unpack(config)
        with FakeStash(config) as stash:
            found: Json = {"clicks": clicks(stash, dict(pictures)), "starts": starts(stash)}
            found["memory"] = memory(stash, dict(pictures))
            found["many"] = many_people(stash)
    if options.photos:
        found["learning"] = learning(options.photos, options.count)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
