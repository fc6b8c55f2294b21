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
LEARNING = 0.9


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
    ]
    if "learning" in found:
        rates = found["learning"]
        ratio = rates["task_rate"] / rates["core_rate"]
        beside = f"{rates['task_rate']:.1f} /s, the core on the same files {rates['core_rate']:.1f} /s"
        lines.append(Line("learning performers, pictures", beside))
        lines.append(at_least("learning, of the core's throughput", ratio, LEARNING))
        lines.append(Line("the processor's time a picture", f"{rates['task_ms']:.0f} ms, the core's {rates['core_ms']:.0f} ms"))
    arguments = f" --photos {photos} --count {count}" if photos else ""
    return Outcome("plugin", f"./stashai bench plugin{arguments}", lines, found, f"{available_cores()} cores")
