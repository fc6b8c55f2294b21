"""The short cut of the assignment costs exactly what scipy's answer costs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from stashai.matching.solver import cheapest


@given(arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.sampled_from([-2.0, -1.0, -0.5, 0.0, 1.0])))
def test_costs_what_scipy_costs(costs: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    rows, columns = cheapest(costs)
    best = costs[linear_sum_assignment(costs)].sum()
    assert len(set(columns.tolist())) == len(columns) == min(costs.shape)
    assert np.isclose(costs[rows, columns].sum(), best)
