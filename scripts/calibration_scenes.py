"""What tracks of videos with known truth add to the calibration (see fit_calibration.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from stashai.bench.curves import log_loss
from stashai.bench.pipeline import pipeline
from stashai.bench.scenes import inside
from stashai.matching.calibration import Calibration
from stashai.matching.gallery import Gallery
from stashai.matching.recognizer import ItemDecision, Recognizer
from stashai.media.fingerprint import fingerprint_of
from stashai.settings import Settings
from stashai.text import original
from stashai.vision.engine import VisionEngine

USUAL = 1.0
"""How large a change of the log odds is usual: a few undecided tracks alone do not make a larger one."""


def scenes_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["scenes"]
    return found


def cast_of(folder: Path) -> set[str]:
    """Everybody who is in the scenes or enrolled for them."""
    enrolled = {place.name for place in (folder / "people").iterdir()}
    return enrolled.union(*(scene["cast"] for scene in scenes_of(folder).values()))


def lasting_of(vision: VisionEngine, settings: Settings, folder: Path, fitted: Calibration) -> float:
    """The `lasting` under which what really happened to the scenes' tracks of several moments was likeliest."""
    scenes = scenes_of(folder)
    paths = [folder / "scenes" / name for name in sorted(scenes)]
    with pipeline(settings, vision) as run:
        run.enroll(folder / "people")
        run.identify(paths)
        references = run.stores.people.references()
        gallery = Gallery.build(run.stores.people.people(), references, vision.installed_embedders, fitted)
        recognizer, rows = Recognizer(gallery, replace(fitted, lasting=0.0)), run.stores.observations
        kept = {path.name: rows.frames(fingerprint_of(path, rows), vision.detector_id) for path in paths}
    decided = {name: recognizer.decide([face for frame in frames for face in frame.observations]) for name, frames in kept.items()}
    told = np.array([row for name, decision in decided.items() for row in tracks(decision, scenes[name]["cast"])])
    lasting = likeliest(told[:, 0], told[:, 1] > 0)
    before, after = (log_loss(shifted(told[:, 0], more), told[:, 1] > 0) for more in (0.0, lasting))
    print(f"{len(told)} tracks of {len(paths)} scenes: log loss {before:.4f}, with {lasting} more log odds {after:.4f}")
    return lasting


def tracks(decision: ItemDecision, cast: Mapping[str, Any]) -> Iterator[tuple[float, bool]]:
    """Of everybody seen at several moments: the probability of the best name, and whether it is right."""
    told = [(person.probability, person.name, person.observations) for person in decision.people]
    told += [(one.candidates[0].probability, one.candidates[0].name, one.observations) for one in decision.unknown if one.candidates]
    for probability, name, faces in told:
        times = {face.time or 0.0 for face in faces}
        if len(times) > 1:
            member = cast.get(original(name))
            there = member and member["enrolled"] and any(inside(time, member["spans"]) for time in times)
            yield probability, bool(there)


def likeliest(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The log odds to add: likeliest by the tracks and a normal distribution of what is usual."""

    def loss(more: float) -> float:
        return len(right) * log_loss(shifted(probability, more), right) + 0.5 * (more / USUAL) ** 2

    return round(float(minimize_scalar(loss, bounds=(-4 * USUAL, 4 * USUAL), method="bounded").x), 2)


def shifted(probability: NDArray[np.float64], more: float) -> NDArray[np.float64]:
    """`probability` with `more` log odds."""
    odds = np.exp(more) * probability
    return np.asarray(odds / (1 - probability + odds))
