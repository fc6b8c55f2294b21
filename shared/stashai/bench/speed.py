"""How much of what the bare stages allow the whole pipeline reaches on images.

The bound: what the run asked of each stage (decode, resize, detect, warp, embed; networks from pixels to their answer) is noted
down, each stage is made to do exactly that alone on one thread, and the CPU time of all of them is divided by the cores. Cores
that are halves of one, or share a cache too small for the networks, never reach that: what the stages take while all cores are
busy with them is shown beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from ..media.frames import Pixels
from ..media.images import read_image
from ..settings import Settings
from ..vision.blob import make_blob
from ..vision.catalog import Catalog, Input, ModelEntry
from ..vision.detect_decode import decoder
from ..vision.detect_look import GUESS
from ..vision.embed import Embedder
from ..vision.engine import VisionEngine
from ..vision.profile import Profile
from ..vision.runtime import open_session
from ..vision.session import Session, Tensor
from .outcome import Line, Outcome, at_least
from .pipeline import pictures_below, pipeline
from .tape import Tape, cpu_seconds, replayed

BAR = 0.90


def measure(settings: Settings, photos: Path, people: Path | None, count: int, profile: Profile, rounds: int = 3) -> Outcome:
    """Images a second of the whole pipeline beside the bound. `people` are enrolled first, so that there is something to match."""
    pictures = pictures_below(photos, count)
    tape = taped(settings, pictures, people, profile)
    rounds_of_stages, runs = [], []
    for _ in range(rounds):  # in turns: a machine that others use is slower in one minute than in the next
        rounds_of_stages.append(bare(settings, pictures, tape))
        runs.append(paced(settings, pictures, people, profile))
    stages = {stage: min(times[stage] for times in rounds_of_stages) for stage in rounds_of_stages[0]}
    busy = sum(bare(settings, pictures, tape, settings.cores).values())
    bound = settings.cores / sum(stages.values())
    reached, cost = max(pace for pace, _ in runs), min(cpu for _, cpu in runs)
    lines = [
        at_least(f"whole pipeline of what the bare stages allow, {settings.cores} cores", reached / bound, BAR),
        Line("whole pipeline", f"{reached:.1f} images/s, {1000 * cost:.2f} ms CPU an image"),
        Line("bare stages", f"{bound:.1f} images/s, {1000 * sum(stages.values()):.2f} ms CPU an image"),
        Line("CPU time of the bare stages of the whole pipeline's", f"{sum(stages.values()) / cost:.1%}"),
        Line("  the same while every core does them: what cores that share caches allow", f"{busy / cost:.1%}"),
        *(Line(f"  {name}", f"{1000 * seconds:.2f} ms CPU an image") for name, seconds in stages.items()),
    ]
    data = {
        "images": len(pictures), "cores": settings.cores, "profile": profile.value, "images_per_second": reached, "bound": bound,
        "share": reached / bound, "cpu_ms": 1000 * cost, "busy_ms": 1000 * busy,
        "stages_cpu_ms": {name: 1000 * seconds for name, seconds in stages.items()},
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


def bare(settings: Settings, pictures: Sequence[Path], tape: Tape, threads: int = 1) -> dict[str, float]:
    """CPU seconds an image of each stage alone, while `threads` threads do the same."""
    seconds = {
        "decode": replayed([(read_image, (path,)) for path in pictures], threads),
        "resize": replayed(tape.resizes, threads),
        "warp": replayed(tape.warps, threads),
        "detect": 0.0,
        "embed": 0.0,
    }
    for name in {name for name, _ in tape.runs}:
        entry = Catalog.load().get(name)
        session = open_session(entry, settings)
        for (model, shape), times in tape.runs.items():
            if model == name:
                stage, work = asked(entry, session, tape.blobs[model, shape])
                seconds[stage] += times * cpu_seconds(work, threads)
        session.close()
    return {stage: total / len(pictures) for stage, total in seconds.items()}


def asked(entry: ModelEntry, session: Session, blob: Tensor) -> tuple[str, Callable[[], object]]:
    """The stage's name, and the network asked about the picture of `blob` once: from pixels to candidates, or to a vector."""
    pixels = picture_of(blob, entry.input)
    if entry.role != "detector":
        return "embed", partial(Embedder(entry, session).embed, pixels, mirror=False)
    decode, size = decoder(entry.family), (blob.shape[3], blob.shape[2])
    return "detect", lambda: decode(session.run(make_blob([pixels], entry.input)), entry, size, GUESS)


def picture_of(blob: Tensor, spec: Input) -> Pixels:
    """The first picture of a blob, (H, W, 3) RGB: make_blob undone."""
    planes = blob[0] * np.reshape(spec.std, (3, 1, 1)) + np.reshape(spec.mean, (3, 1, 1))
    ordered = planes[::-1] if spec.color == "bgr" else planes
    return np.ascontiguousarray(ordered.transpose(1, 2, 0).round().clip(0, 255).astype(np.uint8))


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
