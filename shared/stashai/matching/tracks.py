"""Which of an item's faces are one person, before anybody is named: by likeness, time and place; never two of one frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..vision.faces import Observation
from .fusion import Matrix
from .solver import cheapest

TIGHT = 0.78
"""Faces are one person when their mean cosine is above this share of what two photographs of one person usually have."""
ONE_FACE = 0.9
"""Two faces of one frame are one person all the same when their cosine is above this: a mirror, a picture shown twice. Different
people's stay far below it, and different photographs of one person mostly do."""
GAP = 3.0
"""Seconds between two frames over which a face is followed by its place."""
_SAME_PLACE, _LINK, _LINK_IN_PLACE = 0.3, 0.85, 0.55


@dataclass(frozen=True, slots=True)
class Constraints:
    """`labels` names the person of faces of whom somebody said who they are (by position); `rejected` are (position, person)
    that were said not to be so."""

    labels: dict[int, int]
    rejected: frozenset[tuple[int, int]]


NO_CONSTRAINTS = Constraints({}, frozenset())


def tracks(seen: Sequence[Observation], vectors: Matrix, likeness: float, said: Constraints = NO_CONSTRAINTS) -> list[list[int]]:
    """Groups of positions in `seen`, whose vectors are the rows of `vectors`: faces that are one person beyond doubt."""
    groups = [[position] for position in range(len(seen))]
    if len({one.time for one in seen}) > 1:
        groups = _followed(seen, vectors, likeness, said)
    groups = _labelled(groups, said)
    return linked(groups, vectors, TIGHT * likeness, conflicts(groups, seen, vectors, said))


def linked(groups: Sequence[Sequence[int]], vectors: Matrix, least: float, apart: NDArray[np.bool_]) -> list[list[int]]:
    """Average linkage: the two groups with the highest mean cosine are joined until none is above `least`. Groups that are
    `apart` (G, G) are never joined, nor what was joined with them."""
    merged, apart = [list(group) for group in groups], apart.copy()
    if len(merged) < 2:
        return merged
    means = np.array([vectors[group].mean(axis=0) for group in merged], np.float32)
    likes = np.where(apart, -np.inf, means @ means.T).astype(np.float32)
    np.fill_diagonal(likes, -np.inf)
    nearest = likes.argmax(axis=1)
    while True:
        best = likes[np.arange(len(merged)), nearest]
        first = int(best.argmax())
        if best[first] <= least:
            return [sorted(group) for group in merged if group]
        second = int(nearest[first])
        sizes = len(merged[first]), len(merged[second])
        means[first] = (means[first] * sizes[0] + means[second] * sizes[1]) / sum(sizes)
        merged[first], merged[second] = merged[first] + merged[second], []
        apart[first] |= apart[second]
        apart[:, first] = apart[first]
        apart[second], apart[:, second] = True, True  # gone: what it was is in the first now
        row = np.where(apart[first], -np.inf, means @ means[first]).astype(np.float32)
        row[first] = -np.inf
        likes[first], likes[:, first] = row, row
        likes[second], likes[:, second] = -np.inf, -np.inf
        nearest = np.where(row > likes[np.arange(len(merged)), nearest], first, nearest)
        for lost in np.flatnonzero((nearest == first) | (nearest == second)):
            nearest[lost] = likes[lost].argmax()
        nearest[first] = likes[first].argmax()


def conflicts(
    groups: Sequence[Sequence[int]], seen: Sequence[Observation], vectors: Matrix, said: Constraints = NO_CONSTRAINTS
) -> NDArray[np.bool_]:
    """(G, G): groups that cannot be one person, as both are in one frame, with faces that differ, or were said to be different
    people."""
    shared = same_frame(groups, seen)
    means = np.array([vectors[group].mean(axis=0) for group in groups], np.float32)
    for first, second in np.argwhere(np.triu(shared & (means @ means.T > ONE_FACE / 2))):
        if _together(groups[first], groups[second], seen, vectors) > ONE_FACE:
            shared[first, second] = shared[second, first] = False
    if not said.labels and not said.rejected:
        return shared
    names = [{said.labels[position] for position in group if position in said.labels} for group in groups]
    refused = [{person for position, person in said.rejected if position in set(group)} for group in groups]
    for first, second in np.argwhere(~np.eye(len(groups), dtype=bool)):
        different = bool(names[first] and names[second] and names[first] != names[second])
        denied = bool(names[first] & refused[second] or names[second] & refused[first])
        shared[first, second] |= different or denied
    return shared


def same_frame(groups: Sequence[Sequence[int]], seen: Sequence[Observation]) -> NDArray[np.bool_]:
    """(G, G): groups of which some faces are in one frame."""
    shared = np.zeros((len(groups), len(groups)), bool)
    frames: dict[Hashable, set[int]] = defaultdict(set)
    for number, group in enumerate(groups):
        for position in group:
            frames[seen[position].time].add(number)
    for together in frames.values():
        inside = list(together)
        shared[np.ix_(inside, inside)] = True
    np.fill_diagonal(shared, False)
    return shared


def _together(first: Sequence[int], second: Sequence[int], seen: Sequence[Observation], vectors: Matrix) -> float:
    """The mean cosine of faces of two groups that share frames, over the frames that they share."""
    cosines = [float(vectors[a] @ vectors[b]) for a in first for b in second if seen[a].time == seen[b].time]
    return sum(cosines) / len(cosines)


def _labelled(groups: Iterable[Sequence[int]], said: Constraints) -> list[list[int]]:
    """Faces of whom somebody said that they are one person belong together, whatever they look like."""
    if not said.labels:
        return [list(group) for group in groups]
    named: dict[int, list[int]] = defaultdict(list)
    rest = []
    for group in groups:
        for position in group:
            if position in said.labels:
                named[said.labels[position]].append(position)
        rest.append([position for position in group if position not in said.labels])
    return [*named.values(), *(group for group in rest if group)]


def _followed(seen: Sequence[Observation], vectors: Matrix, likeness: float, said: Constraints) -> list[list[int]]:
    """Faces followed from frame to frame: those alike enough, or in the same place and still alike."""
    frames: dict[float, list[int]] = defaultdict(list)
    for position, one in enumerate(seen):
        frames[one.time or 0.0].append(position)
    groups: list[list[int]] = []
    group_of: dict[int, list[int]] = {}
    before: list[int] = []
    last = -np.inf
    for time in sorted(frames):
        links = _links(before, frames[time], seen, vectors, likeness) if time - last <= GAP else {}
        for position in frames[time]:
            group = group_of[links[position]] if position in links and position not in said.labels else []
            if not group:
                groups.append(group)
            group.append(position)
            group_of[position] = group
        before, last = frames[time], time
    return groups


def _links(
    before: Sequence[int], now: Sequence[int], seen: Sequence[Observation], vectors: Matrix, likeness: float
) -> dict[int, int]:
    """For positions of the later frame, the position in the earlier one that each continues."""
    cosine = vectors[now] @ vectors[before].T
    place = np.array([[overlap(seen[a].face.box, seen[b].face.box) for b in before] for a in now])
    least = np.where(place >= _SAME_PLACE, _LINK_IN_PLACE, _LINK) * likeness
    rows, columns = cheapest(-np.where(cosine >= least, cosine + 1.0, 0.0))
    return {now[a]: before[b] for a, b in zip(rows, columns, strict=True) if cosine[a, b] >= least[a, b]}


def overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (first[2] * first[3] + second[2] * second[3] - wide * high)
