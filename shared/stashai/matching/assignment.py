"""Who is given which name, over a whole item at once: each name to one person of it at most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .calibration import Probabilities
from .solver import cheapest

_LEAST = 1e-12


def assign(probabilities: Probabilities, threshold: float) -> list[int | None]:
    """For each row of `probabilities` (T people of the item, N names) the name's number, or None for "nobody enrolled".

    Maximises the sum of the logarithms of what is chosen, where "nobody" is worth `threshold`: so a name is given when its
    probability reaches the threshold and nobody else of the item has a better claim (linear sum assignment, Crouse 2016).
    """
    count = len(probabilities)
    if not count or not probabilities.shape[1]:
        return [None] * count
    wanted = np.flatnonzero(probabilities.max(axis=0) >= max(threshold, _LEAST))
    if not len(wanted):
        return [None] * count
    gains = np.log(np.maximum(probabilities[:, wanted], _LEAST)) - np.log(max(threshold, _LEAST))
    nobody = np.where(np.eye(count, dtype=bool), 0.0, -1e6)
    # Below the threshold a name is worth less than nobody; at the threshold it is preferred.
    table = np.hstack([np.where(gains >= 0, gains + 1e-9, -1e6), nobody])
    _, columns = cheapest(-table)
    return [int(wanted[column]) if column < len(wanted) else None for column in columns]


def without_taken(probabilities: Probabilities, given: list[int | None], shared: NDArray[np.bool_]) -> Probabilities:
    """What is left for each row once it is known who the others are that are in one frame with it (`shared`, (T, T)).

    Somebody who is certainly another person of the frame is certainly not this one: the share of each name is scaled by the
    probability that those others are not that person, and all shares are scaled back to one.
    """
    left = probabilities.copy()
    for row, name in enumerate(given):
        if name is not None:
            for other in np.flatnonzero(shared[row]):
                if given[other] != name:
                    left[other, name] *= 1.0 - probabilities[row, name]
    nobody = 1.0 - probabilities.sum(axis=1, keepdims=True)
    return np.asarray(left / np.maximum(left.sum(axis=1, keepdims=True) + np.maximum(nobody, 0.0), _LEAST))
