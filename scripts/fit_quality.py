"""Fit the quality score: which measurable parts of a face foretell that it will be recognised?

    python scripts/fit_quality.py ../shared/data/lfw/known

Wants a folder with one folder a person, two photographs or more in each. The first photograph of each person stays as it is;
the others are spoilt at random (shrunk, blurred, compressed, noisy, cut off). A spoilt face counts as recognised when its
likeness to the person's first photograph exceeds what one in 10,000 pairs of different people exceeds. Pictures whose pieces
were shuffled give faces that are none; those are never recognised. A logistic regression of "recognised" on the parts is
the quality: fitted on half of the people, tested on the others, printed as the constants of `stashai/vision/quality.py`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from spoiling import spoil
from stashai.media.frames import Frame, Pixels
from stashai.media.images import read_image
from stashai.settings import Settings
from stashai.vision import quality
from stashai.vision.engine import VisionEngine

Features = NDArray[np.float64]
LEAST = MappingProxyType({"yaw": -0.5, "pitch": -0.3})


@dataclass(frozen=True, slots=True)
class Sample:
    """A spoilt face: whose it is (None for what is no face), its parts and its vector."""

    person: str | None
    parts: dict[str, float]
    vector: NDArray[np.float32]


def shuffled(image: Pixels, generator: np.random.Generator) -> Pixels:
    """The pieces of `image` (a fifth of its sides) in another order, some of them turned: nobody's face."""
    side = min(image.shape[:2]) // 5
    pieces = [image[y : y + side, x : x + side] for y in range(0, 5 * side, side) for x in range(0, 5 * side, side)]
    order = generator.permutation(len(pieces))
    turned = [np.rot90(pieces[index], int(generator.integers(4))) for index in order]
    return np.ascontiguousarray(np.vstack([np.hstack(turned[row * 5 : row * 5 + 5]) for row in range(5)]))


def collect(engine: VisionEngine, folder: Path, limit: int, workers: int) -> tuple[dict[str, NDArray[np.float32]], list[Sample]]:
    """References by person, and the spoilt samples."""
    people = [entry for entry in sorted(folder.iterdir()) if len(list(entry.glob("*.jpg"))) > 1][:limit]
    references: dict[str, NDArray[np.float32]] = {}

    def one(number: int) -> list[Sample]:
        generator = np.random.default_rng(number)
        first, *others = sorted(people[number].glob("*.jpg"))
        known = measured(engine, read_image(first)[0].image)
        if known is not None:
            references[people[number].name] = known.vector
        found = [measured(engine, spoil(read_image(path)[0].image, generator)) for path in others[:2]]
        none = measured(engine, shuffled(read_image(first)[0].image, generator))
        named = [replace(sample, person=people[number].name) for sample in found if sample is not None]
        return [*named, *([none] if none is not None else [])]

    with ThreadPoolExecutor(workers) as pool:
        samples = [sample for group in pool.map(one, range(len(people))) for sample in group]
    return references, samples


def measured(engine: VisionEngine, image: Pixels) -> Sample | None:
    """The face nearest the middle, whatever its quality."""
    middle = np.array([image.shape[1], image.shape[0]]) / 2
    faces = engine.analyze(Frame(image), crops=False)
    if not faces:
        return None
    nearest = min(faces, key=lambda face: float(np.abs(face.observation.face.landmarks.mean(axis=0) - middle).sum())).observation
    return Sample(None, dict(nearest.details), nearest.embeddings[engine.primary])


def fit(features: Features, recognised: NDArray[np.bool_]) -> Features:
    """Weights of a logistic regression, the constant last; a little ridge keeps them small.

    No part may count against what it means, and portraits hold too few turned heads to fit yaw and pitch: they count at
    least as LEAST says.
    """
    rows = np.hstack([features, np.ones((len(features), 1))])
    signs = np.where(recognised, 1.0, -1.0)
    least = [LEAST.get(name, 0.0) for name in quality.FEATURES]
    bounds = [(None, value) if value < 0 else (value, None) for value in least]

    def loss(weights: Features) -> float:
        return float(np.logaddexp(0, -signs * (rows @ weights)).mean() + 1e-4 * np.sum(weights[:-1] ** 2))

    start = np.array([*(value or 0.5 for value in least), 0.0])
    return np.asarray(minimize(loss, start, method="L-BFGS-B", bounds=[*bounds, (None, None)]).x, np.float64)


def area_under_curve(scores: Features, recognised: NDArray[np.bool_]) -> float:
    """The chance that a recognised face scores higher than one that is not."""
    order = np.argsort(np.argsort(scores)) + 1
    good = int(recognised.sum())
    return float((order[recognised].sum() - good * (good + 1) / 2) / (good * (len(scores) - good)))


def label(references: dict[str, NDArray[np.float32]], samples: Sequence[Sample]) -> NDArray[np.bool_]:
    """Whether each sample would be recognised at one false match in 10,000 among clean references."""
    known = np.stack(list(references.values()))
    between = (known @ known.T)[np.triu_indices(len(known), 1)]
    threshold = float(np.quantile(between, 1 - 1e-4))
    return np.array([s.person in references and float(s.vector @ references[str(s.person)]) > threshold for s in samples])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", type=Path)
    parser.add_argument("--limit", type=int, default=840)
    parser.add_argument("--keep", type=Path, help="write the samples' parts and labels there (.npz)")
    arguments = parser.parse_args()
    settings = Settings.from_environ()
    engine = VisionEngine(settings, match_floor=0.0)
    references, samples = collect(engine, arguments.people, arguments.limit, settings.cores)
    usable = [sample for sample in samples if sample.person is None or sample.person in references]
    recognised = label(references, usable)
    features = np.array([quality.features(sample.parts) for sample in usable])
    if arguments.keep:
        parts = np.array([[sample.parts[name] for name in quality.PARTS] for sample in usable])
        np.savez(arguments.keep, parts=parts, recognised=recognised, person=[sample.person or "" for sample in usable])
    train = np.array([hash_half(sample.person, index) for index, sample in enumerate(usable)])
    weights = fit(features[train], recognised[train])
    tested = features[~train] @ weights[:-1] + weights[-1]
    report = {
        "samples": len(usable),
        "faces": sum(sample.person is not None for sample in usable),
        "recognised": float(recognised.mean()),
        "auc_on_other_people": area_under_curve(tested, recognised[~train]),
        "weights": dict(zip((*quality.FEATURES, "constant"), fit(features, recognised).round(3).tolist(), strict=True)),
    }
    print(json.dumps(report, indent=2))


def hash_half(person: str | None, index: int) -> bool:
    """Half of the people, and half of what is nobody."""
    return (sum((person or str(index)).encode()) % 2) == 0


if __name__ == "__main__":
    main()
