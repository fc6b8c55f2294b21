"""Many faces as one, many scores as one: pooled vectors, and the features that the evidence is a weighted sum of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..vision.faces import Vector
from .calibration import Configuration

Matrix = NDArray[np.float32]

TOP_SHARE = 0.25
"""The share of other people, the most similar ones, that a face's cohort mean is taken over."""
SHRINK = 3.0
"""As many people are added to a cohort at the usual mean: so a small gallery's own cohort counts little."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """Several faces of one person as one: the unit mean `vector`, how many independent looks they amount to, and how good
    they are (0 to 1)."""

    vector: Vector
    looks: float
    quality: float


@dataclass(frozen=True, slots=True)
class Support:
    """What n pooled vectors rest on, (n,) each: see Pooled."""

    looks: NDArray[np.float32]
    quality: NDArray[np.float32]

    @classmethod
    def of(cls, pooled: Sequence[Pooled]) -> Support:
        return cls(np.array([one.looks for one in pooled], np.float32), np.array([one.quality for one in pooled], np.float32))

    def __getitem__(self, rows: NDArray[np.intp]) -> Support:
        return Support(self.looks[rows], self.quality[rows])

    @property
    def terms(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As the evidence is linear in it, (n,) each: 0 for one look (the first more ones tell most), 0 for a perfect face (the
        first flaws tell most, too)."""
        return np.asarray(1 - 1 / self.looks, np.float32), np.sqrt(1 - np.minimum(self.quality, 1), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Scores:
    """One model's view of T items against N candidates: cosines (T, N), the cohort mean of each item (T, N: the candidate
    itself left out) and of each candidate (N,). `few` is 0 for a large cohort and 1 for none."""

    cosine: Matrix
    item_cohort: Matrix
    person_cohort: Matrix
    few: float


def pool(vectors: Sequence[Vector] | Matrix, weights: Sequence[float], likeness: float) -> Pooled:
    """Pool unit vectors (n, D) by a mean that is weighted by their quality.

    Frames of one shot repeat each other: n of them that are as alike as two photographs of one person usually are
    (`likeness`) count as n looks, n equal ones as one, linearly between.
    """
    if len(vectors) == 1:
        return Pooled(vectors[0], 1.0, weights[0])
    rows, share = np.asarray(vectors, np.float32), np.asarray(weights, np.float32)
    quality = float((share * share).sum() / share.sum())
    share = share / share.sum()
    mean = share @ rows
    length = float(np.linalg.norm(mean))
    vector = np.asarray(mean / max(length, 1e-9), np.float32)
    repeats = float((share * share).sum())
    if repeats > 0.999:
        return Pooled(vector, 1.0, quality)
    alike = (length * length - repeats) / (1.0 - repeats)  # the mean cosine of two different ones
    fresh = min(1.0, max(0.0, (1.0 - alike) / (1.0 - likeness)))
    return Pooled(vector, 1.0 + (1.0 / repeats - 1.0) * fresh, quality)


def cohort_means(scores: Matrix, columns: NDArray[np.intp], usual: float, total: int) -> Matrix:
    """The mean of each row's highest TOP_SHARE of `scores` (T, C) with a cohort, for each of `total` candidates: (T, total).

    `columns` (C,) says which candidate a column belongs to: for that candidate, its own column is left out, as what it
    scores says nothing of other people. Shrunk to `usual` where the cohort is small. Mean normalisation of the cohort
    scores (Auckenthaler et al. 2000; only the mean helps here, the deviation does not).
    """
    count, size = len(scores), scores.shape[1]
    if size <= 1:
        return np.full((count, total), usual, np.float32)
    kept = counted(size)
    best = -np.partition(-scores, kept, axis=1)[:, : kept + 1] if kept < size else scores
    best = -np.sort(-best, axis=1)
    whole, last, spare = best[:, :kept].sum(axis=1), best[:, kept - 1 : kept], best[:, kept : kept + 1]
    means = np.repeat(whole[:, None], total, axis=1)
    if len(columns):
        means[:, columns] += np.where(scores >= last, spare - scores, 0.0)
    return np.asarray((means + SHRINK * usual) / (kept + SHRINK), np.float32)


def counted(size: int) -> int:
    """Over how many of a cohort of `size` the mean is taken."""
    return max(1, round(TOP_SHARE * (size - 1))) if size > 1 else 0


def fewness(size: int) -> float:
    """The share of what is usual in the means of a cohort of `size`."""
    return SHRINK / (counted(size) + SHRINK)


def feature_names(models: Sequence[str]) -> list[str]:
    """The names of the features of a configuration, in the order of `terms`."""
    first = [f"{models[0]}.{part}" for part in ("cosine", "item_cohort", "person_cohort")]
    others = [f"{model}.cosine" for model in models[1:]]
    support = [f"{side}_{part}" for part in ("looks", "poor") for side in ("item", "person")]
    return [*first, *others, "few_others", *support, *(f"cosine.{name}" for name in support)]


def terms(first: Scores, others: Sequence[Matrix], item: Support, person: Support) -> list[Matrix]:
    """The features by name order, each (T, N) or broadcastable to it, for T items and N people: of the first model's scores
    and the other models' cosines (T, N).

    Only the first model's cohorts count: the ones of another model beside it made matters slightly worse.
    """
    own: list[Matrix] = [first.cosine, first.item_cohort, first.person_cohort[None, :], *others]
    few = np.full((1, 1), first.few, np.float32)
    support = [part for mine, theirs in zip(item.terms, person.terms, strict=True) for part in (mine[:, None], theirs[None, :])]
    return [*own, few, *support, *(first.cosine * part for part in support)]


def evidence(
    first: Scores, others: Sequence[Matrix], item: Support, person: Support, configuration: Configuration
) -> NDArray[np.float64]:
    """The log likelihood ratio of "the same person" against "another one", (T, N), by the scores of the configuration's first
    model and the cosines of its other ones."""
    parts = terms(first, others, item, person)
    weights = [configuration.weights.get(name, 0.0) for name in feature_names(configuration.models)]
    total = np.full(parts[0].shape, configuration.bias, np.float64)
    for weight, part in zip(weights, parts, strict=True):
        total += weight * part
    return total
