"""Enrolled people who look like one person: a face in two folders by mistake, or the same person under two names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..processing.stores import Person
from .calibration import Calibration, posterior
from .fusion import evidence
from .gallery import Gallery

SURE = 0.95
ROWS = 256


@dataclass(frozen=True, slots=True)
class Pair:
    """`probability` that `first` and `second` are one person, among as many as are enrolled."""

    first: Person
    second: Person
    probability: float


def lookalikes(gallery: Gallery, calibration: Calibration | None = None) -> Iterator[Pair]:
    """Pairs of the gallery's people who are one with a probability of SURE and more, by the primary model."""
    constants, model = calibration or Calibration.load(), gallery.models[0]
    bank, count = gallery.banks[model], len(gallery)
    for start in range(0, count, ROWS):
        rows = np.arange(start, min(start + ROWS, count))
        scores = bank.scores(bank.vectors[rows])
        ratios = evidence(scores, [], gallery.looks[rows], gallery.looks, constants.configuration((model,)))
        ratios[np.arange(len(rows)), rows] = -np.inf
        shares = posterior(ratios, count)
        for row, column in zip(*np.nonzero(shares >= SURE), strict=True):
            if rows[row] < column:
                yield Pair(gallery.people[rows[row]], gallery.people[column], float(shares[row, column]))
