"""One place, one face; two only where guesses differ in roll."""

from __future__ import annotations

import numpy as np

from stashai.vision.align import template
from stashai.vision.detect_decode import Candidates, no_candidates
from stashai.vision.detect_merge import hypotheses, overlaps, suppress


def candidates(*rows: tuple[float, float, float]) -> Candidates:
    """Faces of 100 pixels at x, with a score and a roll."""
    boxes, points, scores = [], [], []
    for x, score, roll in rows:
        angle = np.radians(roll)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        boxes.append([x, 0, 100, 100])
        points.append((template() - 56) @ turn.T + 56 + (x, 0))
        scores.append(score)
    return Candidates(np.array(boxes, float), np.array(points), np.array(scores))


def test_overlaps() -> None:
    assert np.allclose(
        overlaps(np.array([[0, 0, 10, 10], [5, 0, 10, 10], [20, 20, 1, 1.0]])), np.array([[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 1]])
    )


def test_the_better_of_two_stays() -> None:
    kept = suppress(candidates((0, 0.7, 0), (10, 0.9, 0), (300, 0.5, 0)), 0.4)
    assert kept.scores.tolist() == [0.9, 0.5]


def test_a_chain_is_not_swallowed_whole() -> None:
    kept = suppress(candidates((0, 0.9, 0), (40, 0.8, 0), (80, 0.7, 0)), 0.4)
    assert kept.boxes[:, 0].tolist() == [0, 80]


def test_guesses_of_another_roll_are_kept_beside() -> None:
    places = hypotheses(candidates((0, 0.9, 0), (5, 0.8, 10), (2, 0.7, 90), (4, 0.6, -170), (300, 0.5, 0)), 0.4)
    assert [place.scores.tolist() for place in places] == [[0.9, 0.7, 0.6], [0.5]]


def test_nothing_stays_nothing() -> None:
    assert len(suppress(no_candidates(), 0.4)) == 0
    assert hypotheses(no_candidates(), 0.4) == []
