"""What a scene costs: processor time and rows of a film of 20 minutes in 1080p on one core, the start left out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..demo import fetch_pictures
from ..media.frames import Pixels
from ..settings import Settings
from ..tracking.open import open_stores
from .footage import make_film
from .outcome import Line, Outcome

SECONDS = 1200.0
_TIMED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, waited, usage = os.wait4(process.pid, 0)
print(usage.ru_utime + usage.ru_stime, os.waitstatus_to_exitcode(waited))
"""


def measure(settings: Settings) -> Outcome:
    """Enrols one portrait each of two people. Raises SetupError when the public portraits are out of reach."""
    found = fetch_pictures(settings)
    shown = {name: _square(found[f"{name}.jpg"]) for name in ("obama2", "obama3", "biden")}
    stranger = _square(found["astronaut.png"])
    known, between = [shown["obama2"], shown["obama3"]], [_between(shown["obama2"], shown["biden"])]
    with tempfile.TemporaryDirectory(prefix="stashai-cost-") as name:
        folder = Path(name)
        measured = {
            "a known person in good light": _cost(folder, found, known),
            "a stranger": _cost(folder, found, [stranger]),
            "a face between two people": _cost(folder, found, between),
        }
    lines = [
        Line(name, f"{one['frames']:.0f} frames, {one['core_seconds']:.1f} core-seconds, {one['row_kb']:.0f} kB of rows")
        for name, one in measured.items()
    ]
    return Outcome("cost", "./stashai bench cost", lines, measured, "a film of 20 minutes in 1080p, balanced, one core")


def _cost(folder: Path, found: Mapping[str, Path], pictures: Sequence[Pixels]) -> dict[str, float]:
    data, people = folder / "data", folder / "people"
    for name, portrait in (("Obama", "obama.jpg"), ("Biden", "biden.jpg")):
        (people / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(found[portrait], people / name)
    film = make_film(folder / "film.mp4", SECONDS, pictures)
    try:
        _run(data, "enroll", str(people))
        before = _size(data)
        first, again = (_run(data, "identify", str(film)) for _ in range(2))
        return {"frames": _frames(data), "core_seconds": first - again, "row_kb": (_size(data) - before) / 1000}
    finally:
        shutil.rmtree(data)
        film.unlink()


def _run(data: Path, *words: str) -> float:
    """Processor seconds of a command of its own process on one core."""
    library = str(Path(__file__).resolve().parents[2])
    environ = {**os.environ, "STASHAI_DATA": str(data), "STASHAI_CORES": "1", "PYTHONPATH": library}
    command = [sys.executable, "-I", "-S", "-c", _TIMED, sys.executable, "-P", "-m", "stashai.cli", *words]
    seconds, status = subprocess.run(command, env=environ, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    if int(status):
        raise RuntimeError(f"stashai {' '.join(words)} ended with status {status}")
    return float(seconds)


def _items(data: Path) -> list[dict[str, Any]]:
    ledger, _ = open_stores(Settings(data, data, 1))
    try:
        [first, *_] = sorted(ledger.jobs(action_type="facial_recognition"), key=lambda job: job.created_at)[-2:]
        return [json.loads(item.response_data or "{}") for item in ledger.all_items(first.job_id)]
    finally:
        ledger.database.close()


def _frames(data: Path) -> float:
    return float(sum(item.get("decoded", 0) for item in _items(data)))


def _size(data: Path) -> int:
    ledger, _ = open_stores(Settings(data, data, 1))
    ledger.database.empty_log()
    ledger.database.close()
    return (data / "stashai.sqlite3").stat().st_size


def _square(path: Path) -> Pixels:
    picture = Image.open(path).convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, 0
    return np.asarray(picture.crop((left, top, left + side, top + side)))


def _between(first: Pixels, second: Pixels) -> Pixels:
    """One face made of two."""
    a, b = (Image.fromarray(pixels).resize((540, 540)) for pixels in (first, second))
    return np.asarray(Image.blend(a, b, 0.5))
