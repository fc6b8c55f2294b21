"""How much of what the bare stages allow the whole pipeline reaches on images.

The bound: what the run asked of each stage (decode, resize, detect, warp, embed) is noted down, each stage is made to do
exactly that alone on one thread, and the CPU time of all of them is divided by the cores.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..media.images import read_image
from ..settings import Settings
from ..vision.catalog import Catalog
from ..vision.engine import VisionEngine
from ..vision.profile import Profile
from ..vision.runtime import open_session
from .outcome import Line, Outcome, at_least
from .pipeline import pictures_below, pipeline
from .tape import Tape, replayed, run_seconds

BAR = 0.90


def measure(settings: Settings, photos: Path, people: Path | None, count: int, profile: Profile, rounds: int = 3) -> Outcome:
    """Images a second of the whole pipeline beside the bound. `people` are enrolled first, so that there is something to match."""
    pictures = pictures_below(photos, count)
    tape = taped(settings, pictures, people, profile)
    stages = bare(settings, pictures, tape)
    bound = settings.cores / sum(stages.values())
    runs = [paced(settings, pictures, people, profile) for _ in range(rounds)]
    reached, cost = max(pace for pace, _ in runs), min(cpu for _, cpu in runs)
    lines = [
        at_least(f"whole pipeline of what the bare stages allow, {settings.cores} cores", reached / bound, BAR),
        Line("whole pipeline", f"{reached:.1f} images/s, {1000 * cost:.2f} ms CPU an image"),
        Line("bare stages", f"{bound:.1f} images/s, {1000 * sum(stages.values()):.2f} ms CPU an image"),
        Line("CPU time of the bare stages of the whole pipeline's", f"{sum(stages.values()) / cost:.1%}"),
        *(Line(f"  {name}", f"{1000 * seconds:.2f} ms CPU an image") for name, seconds in stages.items()),
    ]
    data = {
        "images": len(pictures), "cores": settings.cores, "profile": profile.value, "images_per_second": reached, "bound": bound,
        "share": reached / bound, "cpu_ms": 1000 * cost, "stages_cpu_ms": {name: 1000 * seconds for name, seconds in stages.items()},
    }
    command = f"./stashai bench speed --photos {photos} --count {count} --profile {profile.value}"
    return Outcome("speed", command, lines, data, f"{len(pictures)} images, best of {rounds} runs")


def taped(settings: Settings, pictures: Sequence[Path], people: Path | None, profile: Profile) -> Tape:
    """What a run over the pictures asks of the stages."""
    tape = Tape()
    vision = VisionEngine(settings, Catalog.load(), profile, opener=tape.opener)
    with pipeline(replace(settings, cores=1), vision) as run:
        if people is not None:
            run.enroll(people)
        for calls in (tape.resizes, tape.warps, tape.runs):
            calls.clear()
        with tape.listening():
            run.identify(pictures)
    return tape


def bare(settings: Settings, pictures: Sequence[Path], tape: Tape) -> dict[str, float]:
    """CPU seconds an image of each stage, alone on one thread."""
    seconds = {
        "decode": replayed([(read_image, (path,)) for path in pictures]),
        "resize": replayed(tape.resizes),
        "warp": replayed(tape.warps),
        "detect": 0.0,
        "embed": 0.0,
    }
    catalog = Catalog.load()
    for name in {name for name, _ in tape.runs}:
        session = open_session(catalog.get(name), settings)
        stage = "detect" if tape.roles[name] == "detector" else "embed"
        for (model, shape), times in tape.runs.items():
            if model == name:
                seconds[stage] += times * run_seconds(session, tape.blobs[model, shape])
        session.close()
    return {stage: total / len(pictures) for stage, total in seconds.items()}


def whole(settings: Settings, pictures: Sequence[Path], people: Path | None, profile: Profile) -> float:
    """Images a second of the identify job, rows and all, with the networks loaded."""
    return paced(settings, pictures, people, profile)[0]


def paced(settings: Settings, pictures: Sequence[Path], people: Path | None, profile: Profile) -> tuple[float, float]:
    """Images a second of the identify job, and its CPU seconds an image."""
    vision = VisionEngine(settings, Catalog.load(), profile)
    vision.warm()
    with pipeline(settings, vision) as run:
        if people is not None:
            run.enroll(people)
        before = time.process_time()
        _, seconds = run.identify(pictures)
        cpu = time.process_time() - before
    vision.close()
    return len(pictures) / seconds, cpu / len(pictures)
