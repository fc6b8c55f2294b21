"""The worker's figures: what tracking costs, what more workers bring, whether it answers while it works, whether it grows.

The measuring itself belongs to the worker's package, which this one does not know: it is a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ..demo import fetch_pictures
from ..errors import SetupError
from ..settings import Settings, available_cores
from .outcome import Line, Outcome, at_most

JOB_MS, UNIT_SHARE, HEALTH_MS, GROWTH = 3.0, 0.02, 50.0, 0.05


def measure(settings: Settings, jobs: int = 10_000, picture: Path | None = None) -> Outcome:
    """`picture` is what is looked at while health is asked for (default: one of the demo's). Raises SetupError."""
    looked_at = picture or fetch_pictures(settings)["obama2.jpg"]
    command = [sys.executable, "-m", "stashai_worker.measuring", "--jobs", str(jobs), "--picture", str(looked_at)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode:
        raise SetupError("The worker could not be measured.", remedy="Install its packages: ./stashai worker does.")
    found = json.loads(answer.stdout)
    lines = [
        at_most("a job of one empty unit, SQLite", found["job_ms"], JOB_MS, "{:.2f} ms"),
        at_most("what a unit of 100 ms takes longer", found["unit_overhead"], UNIT_SHARE, "{:.2%}"),
    ]
    lines += [Line(f"items of 20 ms, {count} worker(s)", f"{rate:.0f} /s") for count, rate in found["items_per_second"].items()]
    lines.append(at_most("/health while every core infers, p99", found["health_ms"]["p99"], HEALTH_MS, "{:.1f} ms"))
    rss = found["rss_mib"]
    if rss["early"]:
        lines.append(at_most(f"growth of memory from {jobs // 10} to {jobs} jobs", rss["late"] / rss["early"] - 1, GROWTH, "{:+.1%}"))
        lines.append(Line("  memory then", f"{rss['late']:.0f} MiB"))
    return Outcome("worker", f"./stashai bench worker --jobs {jobs}", lines, found, f"{available_cores()} cores")
