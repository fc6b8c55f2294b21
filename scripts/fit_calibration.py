#!/usr/bin/env python3
"""Fit models/calibration.toml on labelled photographs: the constants that turn scores into probabilities.

    scripts/fit_calibration.py --known DIR --strangers DIR [--scenes DIR] [--operating-point P]
        [--out models/calibration.toml] [--folds 3] [--seed 1]

KNOWN holds <name>/<two or more photographs>, STRANGERS <name>/<a photograph>; one photograph of each person is spoilt, too, so
that bad ones are known. First the people are divided, and each part is judged by what was fitted on the others: those figures
are printed, and the operating point comes from them. Then the constants are fitted on everybody and written. Photographs of
other people should judge the result.

SCENES holds videos with known truth (as `bench scenes` takes them): from their tracks comes what being seen at several moments
tells, by constants that were fitted on people who are not in them. Without it the value that there is stays.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "shared"), str(Path(__file__).resolve().parent)]

from calibration_draws import Draw, People, draw, gathered, model_constants
from calibration_scenes import cast_of, lasting_of
from spoiling import SPOILT
from stashai.bench.curves import calibration_error, log_loss, named_rates, operating_point
from stashai.bench.photos import observe, subjects
from stashai.matching.calibration import Calibration, Configuration, ModelConstants, Probabilities, posterior, prior
from stashai.matching.fitting import fit, table
from stashai.matching.fusion import feature_names
from stashai.settings import Settings
from stashai.vision.engine import VisionEngine

SIZES = {20: 24, 50: 10, 100: 6, 200: 4, 400: 3, 560: 3}
"""How many galleries of how many people are fitted on; all sizes count alike."""
MIXED = (True, False)
"""Galleries of people with several faces each, and ones of a face each: the latter are what most people begin with."""
JUDGED = (20,) * 20 + (200,) * 3 + (840,) * 2
"""How many are enrolled in the galleries that each held-out part is judged with (in the largest, others are enrolled, too)."""
STRANGERS_NAMED = (0.004, 0.0045, 0.005, 0.0055)
"""The shares of strangers, in the largest galleries, whose thresholds the operating point is the mean of: one stranger more or
less moves each of them by several hundredths."""
UNDECIDED = (0.002, 0.9995)
"""The band of the first model's probability in which another one is asked."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of each probe: the probability of its best candidate, whether that is the right one, whether anybody is."""

    probability: Probabilities
    right: NDArray[np.bool_]
    known: NDArray[np.bool_]


def main() -> int:
    arguments = _arguments()
    settings, models = Settings.from_environ(), arguments.models.split(",")
    known, strangers = subjects(arguments.known), subjects(arguments.strangers)
    engine = VisionEngine(settings, embedders=tuple(models))
    paths = [path for subject in (*known, *strangers) for path in subject.photographs]
    seen = observe(settings, paths, engine=engine, progress=_progress)
    last = [subject.photographs[-1] for subject in (*known, *strangers)]
    spoilt = observe(settings, last, change=SPOILT, engine=engine, progress=_progress)
    people = gathered(known, strangers, seen, spoilt, models)
    told = f"{len(people.known)} people with several faces, {len(people.strangers)} strangers, {len(people.spoilt)} spoilt photographs"
    print(f"{told}; {', '.join(models)}")
    constants = {model: model_constants(people, model) for model in models}
    threshold = cross_validated(people, models, constants, arguments.folds, arguments.seed)
    threshold = arguments.operating_point or threshold
    lasting = Calibration.load().lasting
    if arguments.scenes:
        cast = cast_of(arguments.scenes)
        elsewhere = [[one for one in group if one.name not in cast] for group in (known, strangers)]
        others = gathered(elsewhere[0], elsewhere[1], seen, spoilt, models)
        apart = fitted_on(others, models, constants, np.random.default_rng(arguments.seed))
        lasting = lasting_of(engine, settings, arguments.scenes, apart)
    fitted = fitted_on(people, models, constants, np.random.default_rng(arguments.seed))
    arguments.out.write_text(document(replace(fitted, threshold=threshold, lasting=lasting)), encoding="utf-8")
    print(f"operating point {threshold}; written: {arguments.out}")
    return 0


def configurations(models: Sequence[str]) -> list[tuple[str, ...]]:
    """Each model alone, the first with each other one, and of more than two all together."""
    pairs = [(models[0], other) for other in models[1:]]
    return [(model,) for model in models] + pairs + [tuple(models)] * (len(models) > 2)


def fitted_on(people: People, models: Sequence[str], constants: Mapping[str, ModelConstants], rng: np.random.Generator) -> Calibration:
    blank = Calibration(0.5, UNDECIDED, constants, [Configuration(names, {}, 0.0) for names in configurations(models)])
    drawn = [(draw(people, size, models, blank, rng, many=many), size) for size, count in SIZES.items() for many in MIXED * count]
    fitted = [fit([one.sample(names, 1 / SIZES[size]) for one, size in drawn], names) for names in configurations(models)]
    return replace(blank, configurations=fitted)


def cross_validated(people: People, models: Sequence[str], constants: Mapping[str, ModelConstants], folds: int, seed: int) -> float:
    """Each part of the people judged by what was fitted on the others. Prints the figures, returns the operating point."""
    rng = np.random.default_rng(seed)
    part = rng.integers(0, folds, len(people.known) + len(people.strangers))
    found: dict[tuple[str, int], list[Verdicts]] = {}
    for held in range(folds):
        fitted = fitted_on(people.only(part != held), models, constants, rng)
        for size in JUDGED:
            own = people.only(part == held)
            drawn = draw(own if size <= len(own.known) else people, size, models, fitted, rng, many=False)
            mine = part[drawn.owner] == held
            if size < len(own.known):
                mine &= as_often_as_assumed(drawn.truth, size, rng)
            for name, verdicts in judged(drawn, fitted, models, mine).items():
                found.setdefault((name, size), []).append(verdicts)
    joined = {key: _joined(parts) for key, parts in found.items()}
    largest = joined["balanced", max(JUDGED)]
    points = [operating_point(largest.probability, largest.known, share) for share in STRANGERS_NAMED]
    threshold = round(sum(points) / len(points), 2)
    for (name, size), verdicts in joined.items():
        print(f"{size:4d} enrolled, {name:18s} {summary(verdicts, threshold)}")
    return threshold


def as_often_as_assumed(truth: NDArray[np.intp], size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Leaves out some probes, so that enrolled people are among the others as often as the prior says."""
    known, odds = truth >= 0, float(np.exp(prior(size))) * size
    surplus = known.sum() / max(1.0, odds * (~known).sum())
    keep = np.where(known, min(1.0, 1.0 / surplus), min(1.0, surplus))
    return np.asarray(rng.random(len(truth)) < keep)


def judged(drawn: Draw, fitted: Calibration, models: Sequence[str], mine: NDArray[np.bool_]) -> dict[str, Verdicts]:
    """Verdicts of each configuration, and of the profile `balanced`: the second model where the first is undecided."""
    shares = {names: probabilities(drawn, fitted.configuration(names)) for names in configurations(models)}
    told = {" + ".join(names): table for names, table in shares.items()}
    if len(models) > 1:
        first, both = shares[(models[0],)], shares[(models[0], models[1])]
        low, high = fitted.undecided
        best = first.max(axis=1, keepdims=True)
        told["balanced"] = np.where((best >= low) & (best <= high), both, first)
    else:
        told["balanced"] = shares[(models[0],)]
    return {name: _verdicts(table[mine], drawn.truth[mine]) for name, table in told.items()}


def probabilities(drawn: Draw, configuration: Configuration) -> Probabilities:
    weights = np.array([configuration.weights[name] for name in feature_names(configuration.models)], np.float32)
    return posterior(table(drawn.gallery, drawn.items, configuration.models) @ weights + configuration.bias, len(drawn.gallery))


def summary(verdicts: Verdicts, threshold: float) -> str:
    p, right, known = verdicts.probability, verdicts.right, verdicts.known
    rates = named_rates(p, right, known, threshold)
    best = [named_rates(p, right, known, operating_point(p, known, share)).found for share in (0.01, 0.005, 0.003)]
    middle = (p >= 0.05) & (p <= 0.95)
    return (
        f"found {rates.found:.4f} strangers {rates.strangers:.4f} right {rates.right:.4f} | at 1, .5, .3 %: "
        + " ".join(f"{value:.4f}" for value in best)
        + f" | ECE {calibration_error(p, right):.4f}, middle {calibration_error(p[middle], right[middle]):.4f} of {middle.sum()}"
        + f", log loss {log_loss(p, right):.4f}"
    )


def _verdicts(shares: Probabilities, truth: NDArray[np.intp]) -> Verdicts:
    best = shares.argmax(axis=1)
    return Verdicts(shares.max(axis=1), best == truth, truth >= 0)


def _joined(parts: Sequence[Verdicts]) -> Verdicts:
    return Verdicts(
        np.concatenate([one.probability for one in parts]),
        np.concatenate([one.right for one in parts]),
        np.concatenate([one.known for one in parts]),
    )


def document(fitted: Calibration) -> str:
    """The calibration as TOML."""
    lines = ["# Written by scripts/fit_calibration.py: do not edit.", f"threshold = {fitted.threshold}"]
    lines += [f"undecided = [{fitted.undecided[0]}, {fitted.undecided[1]}]", f"lasting = {fitted.lasting}"]
    for model, constants in fitted.models.items():
        lines += ["", f"[models.{model}]", f"likeness = {constants.likeness}", f"cohort = {constants.cohort}"]
        lines += [f'centre = "{base64.b64encode(constants.centre.astype("<f2").tobytes()).decode()}"']
    for known in fitted.configurations:
        named = ", ".join(f'"{model}"' for model in known.models)
        lines += ["", "[[configurations]]", f"models = [{named}]", f"bias = {known.bias:.4f}", "[configurations.weights]"]
        lines += [f'"{name}" = {weight:.4f}' for name, weight in known.weights.items()]
    return "\n".join(lines) + "\n"


def _progress(done: int, total: int) -> None:
    if done % 100 == 0 or done == total:
        print(f"\r{done} of {total} photographs", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", type=Path, required=True)
    parser.add_argument("--strangers", type=Path, required=True)
    parser.add_argument("--scenes", type=Path, help="a folder made by make_scenes.py")
    parser.add_argument("--models", default="sface,facenet", help="the primary one first")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[1] / "models" / "calibration.toml")
    parser.add_argument("--operating-point", type=float, help="instead of the one that comes from the held-out parts")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
