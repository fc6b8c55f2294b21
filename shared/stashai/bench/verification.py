"""Are two photographs of one person: LFW's protocol, for each model alone and for what they say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..matching.calibration import Calibration
from ..settings import Settings
from ..vision.faces import Observation
from .outcome import Line, Outcome, at_least
from .photos import observe

FOLDS = 10
ACCURACY, TAR = 0.996, 0.993
FALSE_ACCEPTS = (1e-3, 1e-4, 1e-5)

Scores = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pair:
    same: bool
    first: Path
    second: Path


def measure(settings: Settings, pairs: Path) -> Outcome:
    """`pairs` has lines of 1 or 0 and two paths beside it, separated by tabs. A photograph without a face scores lowest."""
    listed = read_pairs(pairs)
    check(listed, pairs)
    paths = sorted({path for pair in listed for path in (pair.first, pair.second)})
    seen = observe(settings, paths)
    calibration = Calibration.load()
    models = [model for model in calibration.models if all(model in face.embeddings for face in seen.values())]
    seen = {path: _centred(face, models, calibration) for path, face in seen.items()}
    weights = {model: {model: 1.0} for model in models} | fused(calibration, models)
    same = np.array([pair.same for pair in listed])
    lines, data = [], dict[str, Any]()
    for name, mixture in weights.items():
        scores = pair_scores(listed, seen, mixture)
        accuracy, deviation = ten_folds(scores, same)
        tar = accepted(scores[same], scores[~same], 1e-3)
        everything = all_against_all(paths, seen, mixture)
        rates = {f"{rate:g}": value for rate, value in zip(FALSE_ACCEPTS, everything, strict=True)}
        data[name] = {"accuracy": accuracy, "deviation": deviation, "tar_at_1e-3": tar, "all_against_all": rates, "weights": mixture}
        together = "+" in name
        lines += [
            at_least(f"{name}: accuracy, ten folds", accuracy, ACCURACY, "{:.2%}")
            if together
            else Line(f"{name}: accuracy, ten folds", f"{accuracy:.2%}"),
            at_least(f"{name}: TAR at FAR 0.1 %", tar, TAR, "{:.2%}") if together else Line(f"{name}: TAR at FAR 0.1 %", f"{tar:.2%}"),
            Line(f"{name}: all against all, TAR at 1e-3, 1e-4, 1e-5", " ".join(f"{value:.4f}" for value in everything)),
        ]
    data |= {"pairs": len(listed), "photographs": len(paths), "without_a_face": [str(path) for path in paths if path not in seen]}
    note = f"{len(listed)} pairs of {len(paths)} photographs, {len(paths) - len(seen)} without a face"
    return Outcome("verification", f"./stashai bench verification --pairs {pairs}", lines, data, note)


def _centred(face: Observation, models: Sequence[str], calibration: Calibration) -> Observation:
    return replace(face, embeddings={model: calibration.models[model].centred(face.embeddings[model]) for model in models})


def read_pairs(path: Path) -> list[Pair]:
    """Raises UsageError with the line that cannot be read."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        parts = line.split("\t")
        if len(parts) != 3 or parts[0] not in ("0", "1"):
            raise UsageError(f"{path}, line {number}: not 1 or 0 and two paths, separated by tabs.")
        found.append(Pair(parts[0] == "1", path.parent / parts[1], path.parent / parts[2]))
    return found


def check(pairs: Sequence[Pair], place: Path) -> None:
    """Raises UsageError when nothing can be told from `pairs`, or a photograph is not there."""
    if len({pair.same for pair in pairs}) < 2:
        raise UsageError(f"{place} needs pairs of both kinds, of one person and of two.")
    missing = next((path for pair in pairs for path in (pair.first, pair.second) if not path.is_file()), None)
    if missing is not None:
        raise UsageError(f"{place} names {missing}, which is not there.", remedy="Paths are taken from where that file lies.")


def fused(calibration: Calibration, models: Sequence[str]) -> dict[str, dict[str, float]]:
    """By name: how much each model's cosine weighs beside the first one's, as the calibration has it."""
    mixtures = {}
    for known in calibration.configurations:
        if len(known.models) > 1 and set(known.models) <= set(models):
            own = {model: known.weights[f"{model}.cosine"] for model in known.models}
            mixtures[" + ".join(known.models)] = {model: weight / own[known.models[0]] for model, weight in own.items()}
    return mixtures


def pair_scores(pairs: Sequence[Pair], seen: Mapping[Path, Observation], mixture: Mapping[str, float]) -> Scores:
    scores = np.full(len(pairs), -sum(mixture.values()))
    for row, pair in enumerate(pairs):
        if pair.first in seen and pair.second in seen:
            one, other = seen[pair.first].embeddings, seen[pair.second].embeddings
            scores[row] = sum(weight * float(one[model] @ other[model]) for model, weight in mixture.items())
    return scores


def ten_folds(scores: Scores, same: Flags) -> tuple[float, float]:
    """Mean accuracy and its deviation: each tenth judged by the threshold that is best for the nine others."""
    fold = np.empty(len(scores), int)
    for kind in (True, False):
        rows = np.flatnonzero(same == kind)
        fold[rows] = np.arange(len(rows)) * FOLDS // len(rows)
    accuracies = []
    for held in np.unique(fold):
        threshold = best_threshold(scores[fold != held], same[fold != held])
        accuracies.append(((scores[fold == held] >= threshold) == same[fold == held]).mean())
    return float(np.mean(accuracies)), float(np.std(accuracies))


def best_threshold(scores: Scores, same: Flags) -> float:
    """The threshold with the most right answers (the middle between two scores)."""
    order = np.argsort(scores, kind="stable")
    ranked, kinds = scores[order], same[order]
    right = np.concatenate([[0], np.cumsum(~kinds)]) + np.concatenate([np.cumsum(kinds[::-1])[::-1], [0]])
    best = int(right.argmax())
    low = ranked[max(best - 1, 0)]
    high = ranked[min(best, len(ranked) - 1)]
    return float((low + high) / 2)


def accepted(same: Scores, different: Scores, rate: float) -> float:
    """The share of `same` above the threshold that the share `rate` of `different` passes; no number where there are none."""
    if not len(same) or not len(different):
        return math.nan
    allowed = int(rate * len(different))
    threshold = -np.partition(-different, allowed)[allowed]
    return float((same > threshold).mean())


def all_against_all(paths: Sequence[Path], seen: Mapping[Path, Observation], mixture: Mapping[str, float]) -> list[float]:
    """TAR at each of FALSE_ACCEPTS over every pair of the photographs; people are told apart by their folders."""
    usable = [path for path in paths if path in seen]
    names = np.unique([path.parent.name for path in usable], return_inverse=True)[1]
    total = np.zeros((len(usable), len(usable)), np.float32)
    for model, weight in mixture.items():
        rows = np.array([seen[path].embeddings[model] for path in usable])
        total += np.float32(weight) * (rows @ rows.T)
    upper = np.triu_indices(len(usable), 1)
    scores, same = total[upper].astype(np.float64), (names[:, None] == names[None, :])[upper]
    return [accepted(scores[same], scores[~same], rate) for rate in FALSE_ACCEPTS]
