"""Linear sum assignment that imports scipy (0.3 s and more) only for the items that need it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def cheapest(costs: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the cheapest assignment of `costs` (R, C), as scipy's linear_sum_assignment gives them.

    Where every row's cheapest column is its own alone, that is the answer: no assignment can cost less than the sum of the
    rows' least costs. Rows to which all columns are equal take what is left.
    """
    rows, columns = costs.shape
    if rows > columns:
        taken, given = cheapest(costs.T)
        order = given.argsort()
        return given[order], taken[order]
    if rows:
        best = costs.argmin(axis=1)
        choosy = np.flatnonzero(costs.min(axis=1) < costs.max(axis=1))
        if len(np.unique(best[choosy])) == len(choosy):
            free = np.setdiff1d(np.arange(columns), best[choosy])
            indifferent = np.setdiff1d(np.arange(rows), choosy)
            best[indifferent] = free[: len(indifferent)]
            return np.arange(rows), best
    from scipy.optimize import linear_sum_assignment

    found: tuple[NDArray[np.intp], NDArray[np.intp]] = linear_sum_assignment(costs)
    return found
