"""Enrolled people who look like one person: a face in two folders by mistake, or the same person under two names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..processing.stores import Person
from .calibration import Calibration
from .fusion import evidence
from .gallery import Gallery

LIKELY = 50.0
"""Odds that two people are one from which it is told, when there are few; with many people chance alone makes pairs, so the
odds must outweigh a tenth of the number of pairs."""
ROWS = 256


@dataclass(frozen=True, slots=True)
class Pair:
    """`probability` that `first` and `second` are one person, where that was as likely as not before."""

    first: Person
    second: Person
    probability: float


def lookalikes(gallery: Gallery, calibration: Calibration | None = None) -> Iterator[Pair]:
    """Pairs of the gallery's people who are likely one, by the primary model."""
    constants, model = calibration or Calibration.load(), gallery.models[0]
    bank, count = gallery.banks[model], len(gallery)
    least = math.log(max(LIKELY, count * (count - 1) / 20))
    for start in range(0, count, ROWS):
        rows = np.arange(start, min(start + ROWS, count))
        scores = bank.scores(bank.vectors[rows])
        ratios = evidence(scores, [], gallery.support[rows], gallery.support, constants.configuration((model,)))
        for row, column in zip(*np.nonzero(ratios >= least), strict=True):
            if rows[row] < column:
                chance = 1.0 / (1.0 + math.exp(-float(ratios[row, column])))
                yield Pair(gallery.people[rows[row]], gallery.people[column], chance)
