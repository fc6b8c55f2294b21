"""The plugin's figures inside Stash: what a start costs, how soon a click shows something, how fast performers are learned.

The measuring itself needs the checkout's fake Stash: it is a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ..errors import SetupError
from ..settings import available_cores
from .outcome import Line, Outcome, at_least, at_most

STATUS_MS, HOOK_MS = 120.0, 100.0
STEP, WARM, WITHOUT_SPRITE = 5.0, 3.0, 10.0
MEMORY_MB = 1024.0
LEARNING, PERFORMERS = 0.9, 5000
_MANY = {"known": "among 5,000 people", "dropped": "while 300 of them are dropped"}
_PEAKS = {
    "scene": "a click on a 1080p scene",
    "jpg": "a click on a JPEG of 60 megapixels",
    "png": "a click on a PNG of 60 megapixels",
    "batch": "a task with eight JPEGs of 60 megapixels",
}


def measure(photos: Path | None = None, count: int = 500) -> Outcome:
    """`photos` holds folders of people; so many of the photographs become performers."""
    program = Path(__file__).resolve().parents[3] / "scripts" / "measure_plugin.py"
    if not program.is_file():
        raise SetupError("What measures the plugin is in the checkout.", remedy="Run ./stashai bench plugin there.")
    command = [sys.executable, str(program), "--count", str(count), *(["--photos", str(photos)] if photos else [])]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode:
        raise SetupError("The plugin could not be measured.", remedy="Its tests need the same: ./stashai test tests/plugin.")
    found = json.loads(answer.stdout)
    starts, clicks = found["starts"], found["clicks"]
    lines = [
        Line("python -c pass", f"{starts['bare_ms']:.0f} ms"),
        at_most("status, beyond that", starts["status_more_ms"], STATUS_MS, "{:.0f} ms"),
        Line("health, beyond that", f"{starts['health_more_ms']:.0f} ms"),
        at_most("a hook, beyond that", starts["hook_more_ms"], HOOK_MS, "{:.0f} ms"),
        at_most("first rows of a scene with sprites, people known", clicks["warm"]["first"], WARM, "{:.1f} s"),
        at_most("first rows of a scene without sprites", clicks["bare"]["first"], WITHOUT_SPRITE, "{:.1f} s"),
        Line("first rows when nobody is known yet", f"{clicks['cold']['first']:.1f} s"),
        at_most("longest step", max(click["longest"] for click in clicks.values()), STEP, "{:.1f} s"),
        *(at_most(f"longest step {when}", found["many"][name]["longest"], STEP, "{:.1f} s") for name, when in _MANY.items()),
    ]
    peaks = {name: peak for name, peak in found["memory"].items() if peak is not None}
    lines += [at_most(f"peak memory, {_PEAKS[name]}", peak, MEMORY_MB, "{:.0f} MiB") for name, peak in peaks.items()]
    lines += _learning(found["learning"]) if "learning" in found else []
    arguments = f" --photos {photos} --count {count}" if photos else ""
    return Outcome("plugin", f"./stashai bench plugin{arguments}", lines, found, f"{available_cores()} cores")


def _learning(rates: dict[str, float]) -> list[Line]:
    """What the task does once it is going, and, with its start, what that comes to for a library."""
    task, core = rates["task_rate"], rates["core_rate"]
    whole = PERFORMERS / (rates["start"] + PERFORMERS / task)
    return [
        Line("learning performers, until the first picture", f"{rates['start']:.1f} s"),
        Line("pictures from then on", f"{task:.1f} /s, the core on the same {rates['count']} files {core:.1f} /s"),
        Line("of the core's throughput, from then on", f"{task / core:.1%}"),
        at_least(f"of the core's throughput, {PERFORMERS:,} pictures with the start", whole / core, LEARNING),
        Line("the processor's time a picture", f"{rates['task_ms']:.0f} ms, the core's {rates['core_ms']:.0f} ms"),
    ]
