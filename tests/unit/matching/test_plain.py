"""Without numpy the same faces are put together as with it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stashai.matching.calibration import Calibration
from stashai.matching.plain import LOOSE, fitted_models, joined
from stashai.matching.tracks import linked
from stashai.tracking.vectors import to_bytes, vector_of

MODEL = fitted_models()[0]
LENGTH = 128


def faces(people: list[int], seed: int) -> list[bytes]:
    """A vector each, alike for one person."""
    noise = np.random.default_rng(seed)
    centres = np.random.default_rng(1).standard_normal((6, LENGTH))
    rows = centres[people] + 0.7 * noise.standard_normal((len(people), LENGTH))
    return [to_bytes((row / np.linalg.norm(row)).astype(np.float32)) for row in rows]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), max_size=14), st.integers(0, 99))
def test_as_with_numpy(seen: list[tuple[int, int]], seed: int) -> None:
    vectors, places = faces([person for person, _ in seen], seed), [str(place) for _, place in seen]
    constants = Calibration.load().models[MODEL]
    expected: list[list[int]] = []
    if seen:
        rows = constants.centred(np.array([vector_of(vector) for vector in vectors], np.float32))
        apart = np.array(places)[:, None] == np.array(places)[None, :]
        np.fill_diagonal(apart, False)
        expected = linked([[number] for number in range(len(seen))], rows, LOOSE * constants.likeness, apart)
    assert sorted(joined([[vector] for vector in vectors], places, MODEL)) == sorted(expected)


def test_two_of_one_place_are_two_people() -> None:
    one, other = faces([0, 0], 3)
    assert joined([[one], [other]], ["a", "b"], MODEL) == [[0, 1]]
    assert joined([[one], [other]], ["a", "a"], MODEL) == [[0], [1]]
