"""The same pipeline in a Python linked against musl, as in Stash's own image: its pace beside this Python's, and the names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import StashAIError
from .outcome import Line, Outcome, at_least
from .pipeline import pictures_below

BAR = 0.60
ROUNDS = 2
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Run:
    """Images a second, and who was named in each picture."""

    pace: float
    names: dict[str, list[str]]


def measure(python: Path, people: Path, photos: Path, count: int) -> Outcome:
    """`python` is the musl Python; its environment is made beside the user's caches the first time."""
    pictures = pictures_below(photos, count)
    there, here = [], []
    for _ in range(ROUNDS):  # in turn: what else the machine does then falls on both
        there.append(identified(python, people, pictures, {"STASHAI_VENV": str(environment())}))
        here.append(identified(Path(sys.executable), people, pictures, {}))
    theirs, ours = (max(run.pace for run in runs) for runs in (there, here))
    same = sum(there[0].names[path] == here[0].names[path] for path in here[0].names)
    lines = [
        at_least("images a second in musl Python (ncnn) of this one's (ONNX Runtime)", theirs / ours, BAR),
        Line("  musl Python", f"{theirs:.1f} images/s"),
        Line("  this Python", f"{ours:.1f} images/s"),
        Line("images with the same names", f"{same} of {len(pictures)}", f"{len(pictures)}", same == len(pictures)),
    ]
    data = {"images": len(pictures), "musl": theirs, "glibc": ours, "share": theirs / ours, "same_names": same}
    command = f"./stashai bench musl --python {python} --people {people} --photos {photos} --count {count}"
    return Outcome("musl", command, lines, data, f"{len(pictures)} images, best of {ROUNDS} runs, profile balanced, learning not counted")


def environment() -> Path:
    """Where the other Python's environment is kept, like the one of the tests."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stashai-ci" / "musl-venv"


def identified(python: Path, people: Path, pictures: Sequence[Path], environ: dict[str, str]) -> Run:
    """A run with rows of its own. Raises StashAIError when it fails."""
    with tempfile.TemporaryDirectory(prefix="stashai-bench-") as data:
        words = ["identify", "--json", "--people", str(people), *(str(path.absolute()) for path in pictures)]
        command = [str(python), str(ROOT / "stashai"), *words]
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        ran = subprocess.run(
            command, env={**kept, **environ, "STASHAI_DATA": data}, capture_output=True, text=True, check=False
        )
    if ran.returncode != 0:
        raise StashAIError(f"{python} failed: {ran.stderr.strip()[-500:]}", code="benchmark")
    answer: dict[str, Any] = json.loads(ran.stdout)
    names = {item["path"]: sorted(person["name"] for person in item["people"]) for item in answer["items"]}
    return Run(len(pictures) / answer["timings"]["identify"], names)
