"""Names over a whole item: each to one person at most, none below the threshold, and never a worse choice than possible."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stashai.matching.assignment import assign, without_taken

SHARES = arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 3)), elements=st.floats(0, 1)).map(
    lambda table: table / np.maximum(table.sum(axis=1, keepdims=True), 1.0)
)


@given(SHARES, st.floats(0.01, 0.99))
def test_each_name_once_and_none_below_the_threshold(shares: np.ndarray, threshold: float) -> None:
    given_names = assign(shares, threshold)
    named = [(row, name) for row, name in enumerate(given_names) if name is not None]
    assert len({name for _, name in named}) == len(named)
    assert all(shares[row, name] >= threshold for row, name in named)


@given(SHARES, st.floats(0.01, 0.99))
def test_no_other_assignment_is_worth_more(shares: np.ndarray, threshold: float) -> None:
    def worth(names: list[int | None]) -> float:
        return sum(float(np.log(shares[row, name] / threshold)) for row, name in enumerate(names) if name is not None)

    best = 0.0
    for names in product([None, *range(shares.shape[1])], repeat=len(shares)):
        taken = [name for name in names if name is not None]
        allowed = all(name is None or shares[row, name] >= threshold for row, name in enumerate(names))
        if len(set(taken)) == len(taken) and allowed:
            best = max(best, worth(list(names)))
    assert worth(assign(shares, threshold)) >= best - 1e-6


def test_nobody_enrolled_and_nobody_there() -> None:
    assert assign(np.zeros((3, 0)), 0.5) == [None, None, None]
    assert assign(np.zeros((0, 4)), 0.5) == []


@given(SHARES)
def test_what_is_left_are_probabilities_and_only_shared_frames_take(shares: np.ndarray) -> None:
    given_names = assign(shares, 0.3)
    apart = np.zeros((len(shares), len(shares)), bool)
    assert np.allclose(without_taken(shares, given_names, apart), shares)
    left = without_taken(shares, given_names, ~np.eye(len(shares), dtype=bool))
    assert (left >= 0).all()
    assert (left.sum(axis=1) <= 1 + 1e-9).all()


def test_who_is_certainly_the_other_one_is_not_this_one() -> None:
    left = without_taken(np.array([[1.0, 0.0], [0.6, 0.3]]), [0, None], np.array([[False, True], [True, False]]))
    assert left[1, 0] == 0.0
    assert np.isclose(left[1, 1], 0.75)


def test_who_is_there_twice_takes_nothing_from_themselves() -> None:
    mirrored = np.array([[0.9, 0.05], [0.8, 0.1]])
    assert np.allclose(without_taken(mirrored, [0, 0], ~np.eye(2, dtype=bool)), mirrored)
