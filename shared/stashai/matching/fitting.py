"""How the calibration's constants come about: the weights under which what really happened was likeliest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from .calibration import Configuration, prior
from .fusion import Matrix, Pooled, Support, feature_names, terms
from .gallery import Gallery

SCALE = 10.0
"""Weights are searched for in tens, so that all are of one order."""
RIVALS = 40
"""People that each probe is compared with: the ones most like it. What is left out of several hundred weighs nothing."""
_RIDGE = 1e-6
_STEEPEST_FALLS = {"cosine.item_poor": -1.4, "cosine.person_poor": -0.4}
_STEEPEST_FALL = -0.5
"""How much more looks and poor faces may flatten a cosine's weight: together little enough that more likeness is never less
evidence."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One gallery's probes: `features` (T, K, F) of the candidates of each, `truth` (T,) the column of the right person or -1
    for nobody enrolled, `weight` (T,) how much each counts, `enrolled` how many people the gallery holds."""

    features: Matrix
    truth: NDArray[np.intp]
    weight: NDArray[np.float64]
    enrolled: int

    @classmethod
    def of(cls, features: Matrix, truth: NDArray[np.intp], weight: NDArray[np.float64]) -> Sample:
        """Out of everybody's `features` (T, N, F): the right person and the RIVALS with the highest cosines."""
        count, enrolled = features.shape[:2]
        if enrolled <= RIVALS + 1:
            return cls(features, truth, weight, enrolled)
        known, rows = truth >= 0, np.arange(count)
        cosines = features[..., 0].copy()
        cosines[rows[known], truth[known]] = np.inf
        chosen = np.argpartition(-cosines, RIVALS, axis=1)[:, : RIVALS + 1]
        own = np.argmax(chosen == truth[:, None], axis=1)
        return cls(np.take_along_axis(features, chosen[..., None], axis=1), np.where(known, own, -1), weight, enrolled)


def table(gallery: Gallery, items: Sequence[Mapping[str, Pooled]], models: Sequence[str]) -> Matrix:
    """The features (T, N, F) of items, each pooled by model id, against everybody in `gallery`."""
    rows = {model: np.array([item[model].vector for item in items], np.float32) for model in models}
    first = gallery.banks[models[0]].scores(rows[models[0]])
    others = [gallery.banks[model].cosines(rows[model]) for model in models[1:]]
    support = Support.of([item[models[0]] for item in items])
    shape = (len(items), len(gallery))
    return np.stack([np.broadcast_to(term, shape) for term in terms(first, others, support, gallery.support)], axis=-1).astype(np.float32)


def fit(samples: Sequence[Sample], models: Sequence[str]) -> Configuration:
    """The weights that minimise the log loss of the open-set posterior over `samples`.

    A multinomial logistic regression with "nobody" as one of the outcomes, hence convex; what would make a higher cosine
    speak against somebody is ruled out.
    """
    names = feature_names(models)
    bounds = [_bound(name) for name in names] + [(None, None)]
    start = np.zeros(len(names) + 1)
    best = minimize(_loss, start, args=(samples,), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    weights = best.x * SCALE
    return Configuration(tuple(models), dict(zip(names, (float(w) for w in weights[:-1]), strict=True)), float(weights[-1]))


def _bound(name: str) -> tuple[float | None, float | None]:
    if name.startswith("cosine."):
        return _STEEPEST_FALLS.get(name, _STEEPEST_FALL), None
    if name.endswith(".cosine"):
        return 0.0, None
    return (None, 0.0) if name.endswith("_cohort") else (None, None)


def _loss(point: NDArray[np.float64], samples: Sequence[Sample]) -> tuple[float, NDArray[np.float64]]:
    """The mean log loss and its gradient."""
    loss, slope, total = 0.0, np.zeros_like(point), 0.0
    for sample in samples:
        own, gradient, weight = _sample_loss(point * SCALE, sample)
        loss, slope, total = loss + own, slope + gradient, total + weight
    return loss / total + _RIDGE * float(point @ point), SCALE * slope / total + 2 * _RIDGE * point


def _sample_loss(weights: NDArray[np.float64], sample: Sample) -> tuple[float, NDArray[np.float64], float]:
    logits = (sample.features @ weights[:-1].astype(np.float32)).astype(np.float64) + weights[-1] + prior(sample.enrolled)
    top = np.maximum(logits.max(axis=1, keepdims=True), 0.0)
    shares = np.exp(logits - top)
    whole = shares.sum(axis=1, keepdims=True) + np.exp(-top)
    known, rows = sample.truth >= 0, np.arange(len(sample.truth))
    right = np.where(known, logits[rows, np.maximum(sample.truth, 0)], 0.0)
    loss = float((sample.weight * (top[:, 0] + np.log(whole[:, 0]) - right)).sum())
    excess = (shares / whole) * sample.weight[:, None]
    excess[rows[known], sample.truth[known]] -= sample.weight[known]
    gradient = np.einsum("tn,tnf->f", excess.astype(np.float32), sample.features)
    return loss, np.append(gradient.astype(np.float64), excess.sum()), float(sample.weight.sum())
