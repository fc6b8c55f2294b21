"""Whether more frames of an item would still tell something."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..vision.faces import Observation

SURE, SURELY_NOT = 0.95, 0.05
"""A person is decided above or below these probabilities."""
ENOUGH = 2
"""Frames of somebody unknown after which more of them would not bring a name."""
PLENTY = 6
"""Frames of somebody after which more of them would only repeat what was seen."""
UNSEEN = 0.15
"""The share of faces that may be of people not seen yet."""


def is_settled(people: Sequence[Sequence[Observation]], best: NDArray[np.float64]) -> bool:
    """`people` are the faces of each person of the item, `best` the probability of each one's best name.

    Settled when everybody is decided and hardly anybody can be left to be found: the share of faces of people not seen yet is
    about the share of people who were seen in one frame only (Good 1953).
    """
    if all(face.time is None for faces in people for face in faces):
        return True
    seen = [len({face.time for face in faces}) for faces in people]
    decided = all(_is_decided(float(probability), frames) for probability, frames in zip(best, seen, strict=True))
    return decided and seen.count(1) / sum(seen) <= UNSEEN


def _is_decided(probability: float, frames: int) -> bool:
    return probability >= SURE or frames >= PLENTY or (probability <= SURELY_NOT and frames >= ENOUGH)
