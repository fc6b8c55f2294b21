"""Faces of one person belong together; two of one frame never do, but for a face that is shown twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.matching.crowd import LIKENESS, Crowd, unit

from stashai.matching.fusion import Matrix
from stashai.matching.settling import is_settled
from stashai.matching.tracks import GAP, ONE_FACE, Constraints, linked, overlap, tracks
from stashai.vision.faces import Observation


def vectors(faces: Sequence[Observation]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([face.embeddings["one"] for face in faces], np.float32)


def test_shots_of_one_person_are_one_track_and_others_are_not() -> None:
    crowd = Crowd(3)
    faces = [crowd.face(person, time=float(time), x=100.0 * person) for time in range(6) for person in range(3)]
    found = tracks(faces, vectors(faces), LIKENESS)
    assert sorted(sorted({position % 3 for position in group}) for group in found) == [[0], [1], [2]]


@pytest.mark.parametrize(("later", "x", "people"), [(1.0, 0.0, 1), (GAP, 0.0, 1), (GAP + 0.1, 0.0, 2), (1.0, 500.0, 2)])
def test_a_face_that_turns_away_is_followed_by_its_place_for_a_while(later: float, x: float, people: int) -> None:
    crowd = Crowd(1)
    faces = [crowd.face(0, time=0.0), crowd.face(0, time=later, x=x)]
    turned = np.array([[1.0, 0.0], [0.45, math.sqrt(1 - 0.45**2)]], np.float32)
    assert len(tracks(faces, turned, LIKENESS)) == people


def test_who_was_said_not_to_be_somebody_is_not_joined_with_them() -> None:
    crowd = Crowd(1)
    faces = [crowd.face(0, time=0.0, spread=0.1), crowd.face(0, time=100.0, spread=0.1)]
    assert len(tracks(faces, vectors(faces), LIKENESS, Constraints({0: 9}, frozenset()))) == 1
    assert len(tracks(faces, vectors(faces), LIKENESS, Constraints({0: 9}, frozenset({(1, 9)})))) == 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 5), st.floats(0.2, 1.6))
def test_never_two_of_one_frame_and_nobody_lost(seed: int, people: int, frames: int, spread: float) -> None:
    crowd = Crowd(3, seed)
    faces = [crowd.face(p % 3, time=float(t), x=30.0 * p, spread=spread) for t in range(frames) for p in range(people)]
    found = tracks(faces, vectors(faces), LIKENESS)
    assert sorted(position for group in found for position in group) == list(range(len(faces)))
    together = [(a, b) for a, b in combinations(range(len(faces)), 2) if faces[a].time == faces[b].time]
    assume(all(vectors(faces)[a] @ vectors(faces)[b] <= ONE_FACE for a, b in together))
    for group in found:
        times = [faces[position].time for position in group]
        assert len(times) == len(set(times))


def test_the_same_face_twice_in_a_frame_is_one_person() -> None:
    crowd = Crowd(2)
    shown = [crowd.face(0, time=float(time)) for time in range(4)]
    mirrored = [crowd.face(0, time=float(time), x=300.0) for time in range(4)]
    for face, other in zip(shown, mirrored, strict=True):
        other.embeddings["one"] = face.embeddings["one"]
    faces = [*shown, *mirrored, *(crowd.face(1, time=float(time), x=100.0) for time in range(4))]
    assert sorted(map(sorted, tracks(faces, vectors(faces), LIKENESS))) == [list(range(8)), list(range(8, 12))]


def test_what_was_said_to_be_one_person_is_one() -> None:
    crowd = Crowd(5)
    faces = [crowd.face(person, time=float(person)) for person in range(5)]
    found = tracks(faces, vectors(faces), LIKENESS, Constraints({0: 9, 3: 9}, frozenset()))
    assert [0, 3] in found


def test_links_are_the_mean_of_all_pairs() -> None:
    rows = np.eye(3, dtype=np.float32)[[0, 0, 1]]
    apart = np.zeros((3, 3), bool)
    assert linked([[0], [1], [2]], rows, 0.5, apart) == [[0, 1], [2]]
    assert linked([[0], [1], [2]], rows, -0.1, apart) == [[0, 1, 2]]


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 12), st.floats(-0.2, 0.8))
def test_links_are_those_of_the_plain_method(seed: int, count: int, least: float) -> None:
    rng = np.random.default_rng(seed)
    rows = unit(rng.standard_normal((count, 4)).astype(np.float32))
    apart = rng.random((count, count)) < 0.2
    apart |= apart.T
    np.fill_diagonal(apart, False)
    assert sorted(linked([[n] for n in range(count)], rows, least, apart)) == sorted(plainly_linked(rows, least, apart))


def plainly_linked(rows: Matrix, least: float, apart: NDArray[np.bool_]) -> list[list[int]]:
    groups = [[n] for n in range(len(rows))]
    while True:
        allowed = [
            (float((rows[a] @ rows[b].T).mean()), i, j)
            for i, a in enumerate(groups)
            for j, b in enumerate(groups)
            if i < j and not apart[np.ix_(a, b)].any()
        ]
        if not allowed or max(allowed)[0] <= least:
            return groups
        _, first, second = max(allowed)
        groups[first] = sorted(groups[first] + groups.pop(second))


def test_overlap_of_boxes() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1.0
    assert overlap((0, 0, 10, 10), (20, 0, 10, 10)) == 0.0
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == 50 / 150


def test_settled_when_all_are_decided_and_nobody_was_seen_just_once() -> None:
    crowd = Crowd(3)
    many = [crowd.face(0, time=float(time)) for time in range(4)]
    once = [crowd.face(1, time=0.0)]
    assert is_settled([many], np.array([0.999]))
    assert not is_settled([many], np.array([0.6]))
    assert not is_settled([many, once], np.array([0.999, 0.999]))
    assert is_settled([[crowd.face(0)]], np.array([0.6]))
