"""From scores to probabilities: constants that were fitted on labelled photographs, read once.

`models/calibration.toml` is written by scripts/fit_calibration.py. The evidence for "this face is person j" is a weighted sum
of features (see fusion.feature_names), the log of a likelihood ratio; with N people enrolled, one of them every p_known / N,

    P(j | face) = exp(z_j) / (1 + sum_i exp(z_i)),    z_j = evidence_j + log(prior odds of j against "nobody enrolled")

so that what else scores high and how many are enrolled enter by themselves (open-set identification as in
Ramos and Gonzalez-Rodriguez 2013 for calibration, Brümmer and du Preez 2006 for the training criterion).
"""

from __future__ import annotations

import base64
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..vision.faces import Vector
from .plain import calibration_path

Probabilities = NDArray[np.float64]

CALIBRATED = 512.0
"""As many enrolled people make it an even chance that a face is one of theirs."""
MOST_ODDS = 16.0
"""However many are enrolled: at most these odds that a face is one of theirs."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The weights of one set of models: `weights[name]` for each of fusion.feature_names(models), and `bias`."""

    models: tuple[str, ...]
    weights: Mapping[str, float]
    bias: float


@dataclass(frozen=True, slots=True)
class ModelConstants:
    """What is usual for one model. `centre` (D,) is the mean of everybody's unit vectors, which says nothing of anybody and is
    taken off before vectors are compared. Of what is left then, `likeness` is the mean cosine of two photographs of one person
    and `cohort` what a face scores with the most similar quarter of other people (the stand-in where hardly anybody is enrolled)."""

    likeness: float
    cohort: float
    centre: Vector = field(default_factory=lambda: np.zeros(1, np.float32), compare=False)

    def centred(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit vectors (..., D) without what all have in common, at length one again."""
        moved = vectors - self.centre
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-9), np.float32)

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> ModelConstants:
        centre = np.frombuffer(base64.b64decode(table.get("centre", "AAA="), validate=True), "<f2").astype(np.float32)
        return cls(float(table["likeness"]), float(table["cohort"]), centre)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`threshold` is the operating point: at this probability a name is shown. `undecided` is the band of the first model's
    probability in which another model is asked. `lasting` is what being seen at several moments adds to somebody's log odds of
    being enrolled: the people of a clip are known more often than the passers-by of photographs are."""

    threshold: float
    undecided: tuple[float, float]
    models: Mapping[str, ModelConstants]
    configurations: Sequence[Configuration]
    lasting: float = 0.0

    @classmethod
    def load(cls, path: Path | None = None) -> Calibration:
        """Read `path`, or the file that travels with the program. Raises ModelError when it cannot be used."""
        found = path or calibration_path()
        try:
            return parse(tomllib.loads(found.read_text(encoding="utf-8")))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The calibration {found} cannot be used: {error}.", remedy="Write it again with scripts/fit_calibration.py."
            ) from error

    def configuration(self, models: Sequence[str]) -> Configuration:
        """The weights of `models`, the first one first. Of more than two that were never fitted together the evidence is the mean
        of what the first says with each of the others: no more than that is sure. Raises ModelError when there are none."""
        for known in self.configurations:
            if known.models == tuple(models):
                return known
        if len(models) > 2:
            return _mean([self.configuration((models[0], other)) for other in models[1:]])
        raise ModelError(
            f"There is no calibration for {' with '.join(models)}: its scores mean nothing yet.",
            code="not-calibrated",
            remedy="Fit one on labelled photographs with scripts/fit_calibration.py.",
        )

    def supports(self, models: Sequence[str]) -> bool:
        return any(known.models == tuple(models) for known in self.configurations)


def _mean(pairs: Sequence[Configuration]) -> Configuration:
    models = (pairs[0].models[0], *(pair.models[1] for pair in pairs))
    names = dict.fromkeys(name for pair in pairs for name in pair.weights)
    weights = {name: sum(pair.weights.get(name, 0.0) for pair in pairs) / len(pairs) for name in names}
    return Configuration(models, weights, sum(pair.bias for pair in pairs) / len(pairs))


def parse(document: Mapping[str, Any]) -> Calibration:
    """The calibration in a parsed calibration.toml. Raises KeyError, TypeError or ValueError."""
    low, high = document["undecided"]
    return Calibration(
        threshold=float(document["threshold"]),
        undecided=(float(low), float(high)),
        models={name: ModelConstants.read(table) for name, table in document["models"].items()},
        configurations=[
            Configuration(tuple(table["models"]), dict(table["weights"]), float(table["bias"])) for table in document["configurations"]
        ],
        lasting=float(document.get("lasting", 0.0)),
    )


def prior(enrolled: int) -> float:
    """The log odds, before a face is seen, of one of `enrolled` people against everybody who is not enrolled.

    The more people are enrolled, the likelier a face is one of theirs: in the proportion of the data that the calibration was
    fitted on, and saturating, so that among very many people each one becomes ever less likely.
    """
    return -math.log(CALIBRATED + max(enrolled, 1) / MOST_ODDS)


def posterior(evidence: NDArray[np.floating], enrolled: int) -> Probabilities:
    """P(person | face), (..., N), for log likelihood ratios `evidence` (..., N); what is missing to 1 is "nobody enrolled".

    Grows with a person's own evidence and falls with everybody else's. Minus infinity excludes a person.
    """
    logits = np.asarray(evidence, np.float64) + prior(enrolled)
    top = np.maximum(logits.max(axis=-1, keepdims=True, initial=0.0), 0.0)
    shares = np.exp(logits - top)
    return np.asarray(shares / (shares.sum(axis=-1, keepdims=True) + np.exp(-top)))
