"""One face, one box: non-maximum suppression over all passes of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .align import roll_of, similarity, template
from .detect_decode import Candidates

CROWD = 1000
"""At most this many candidates are compared: the best ones. More faces than that no picture shows recognisably."""
TURNED = 35.0
"""Two guesses about one place that differ by more degrees of roll than this are both looked at again."""


def suppress(candidates: Candidates, overlap: float) -> Candidates:
    """Candidates by falling score, without those whose intersection over union with a better one exceeds `overlap`."""
    ordered, groups = grouped(candidates, overlap)
    return ordered.take(np.array([group[0] for group in groups], np.intp))


def hypotheses(candidates: Candidates, overlap: float) -> list[Candidates]:
    """Places by falling score; of each the best guess and those that overlap it but are turned otherwise."""
    ordered, groups = grouped(candidates, overlap)
    rolls = np.array([roll_of(similarity(points, template())) for points in ordered.landmarks])
    return [ordered.take(np.array(_turned_otherwise(group, rolls), np.intp)) for group in groups]


def grouped(candidates: Candidates, overlap: float) -> tuple[Candidates, list[list[int]]]:
    """The best CROWD candidates by falling score, and their indices by place: the best of the place first."""
    order = np.argsort(-candidates.scores, kind="stable")[:CROWD]
    ordered = candidates.take(order)
    shared = overlaps(ordered.boxes) > overlap
    free, groups = np.ones(len(ordered), bool), []
    for index in range(len(ordered)):
        if free[index]:
            members = np.flatnonzero(free & shared[index])
            groups.append([index, *(int(member) for member in members if member != index)])
            free[members] = free[index] = False
    return ordered, groups


def overlaps(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, N) intersection over union of N boxes (x, y, width, height)."""
    near, far = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    sides = np.minimum(far[:, None], far[None]) - np.maximum(near[:, None], near[None])
    shared = np.prod(np.clip(sides, 0, None), axis=2)
    area = np.prod(boxes[:, 2:], axis=1)
    return np.asarray(shared / np.maximum(area[:, None] + area[None] - shared, 1e-9), np.float64)


def _turned_otherwise(group: list[int], rolls: NDArray[np.float64]) -> list[int]:
    kept: list[int] = []
    for index in group:
        if all(abs((rolls[index] - rolls[other] + 180) % 360 - 180) > TURNED for other in kept):
            kept.append(index)
    return kept
