"""What of matching is done with the standard library alone: rules that hold where numpy is not there, too, and the joining of a
gallery's unknown faces on a Stash whose worker looks at its pictures."""

from __future__ import annotations

import base64
import operator
import struct
import sys
import tomllib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations, count
from pathlib import Path
from typing import Any

from ..errors import ModelError

SURE_ALONE = 0.99
"""A name that one picture of a gallery gives alone must be at least this probable; else it needs a second picture."""
LOOSE = 0.66
"""Faces are one person when their mean cosine is above this share of what two photographs of one person usually have, when names
have been looked for."""
Numbers = Sequence[float]


@dataclass(frozen=True, slots=True)
class _Group:
    members: list[int]
    total: Numbers
    faces: int
    places: frozenset[str]

    def with_(self, other: _Group) -> _Group:
        total = list(map(operator.add, self.total, other.total))
        return _Group(self.members + other.members, total, self.faces + other.faces, self.places | other.places)

    def likeness(self, other: _Group) -> float:
        """The mean cosine of one's faces and the other's."""
        cosines: float = sum(map(operator.mul, self.total, other.total))
        return cosines / (self.faces * other.faces)


def joined(seen: Sequence[Sequence[bytes]], places: Sequence[str], model: str) -> list[list[int]]:
    """As `tracks.linked`, slower: groups of positions in `seen`, the vectors of each one's faces by `model`. Two of one place are
    never joined. Raises KeyError for a model of which nothing was fitted."""
    table = _models()[model]
    least, centre = LOOSE * float(table["likeness"]), _halves(table)
    groups = {number: _single(number, own, place, centre) for number, (own, place) in enumerate(zip(seen, places, strict=True))}
    pairs = [(-groups[a].likeness(groups[b]), a, b) for a, b in combinations(groups, 2) if not groups[a].places & groups[b].places]
    likes, fresh = [pair for pair in pairs if -pair[0] > least], count(len(groups))
    heapify(likes)
    while likes:
        _, a, b = heappop(likes)
        if a in groups and b in groups:
            number, one = next(fresh), groups.pop(a).with_(groups.pop(b))
            for other, group in groups.items():
                if not group.places & one.places and (like := group.likeness(one)) > least:
                    heappush(likes, (-like, other, number))
            groups[number] = one
    return [sorted(group.members) for group in groups.values()]


def fitted_models() -> list[str]:
    """Ids of the models of which constants were fitted, the primary one first."""
    return list(_models())


def _models() -> dict[str, dict[str, Any]]:
    models: dict[str, dict[str, Any]] = tomllib.loads(calibration_path().read_text(encoding="utf-8"))["models"]
    return models


def _single(number: int, own: Sequence[bytes], place: str, centre: Numbers) -> _Group:
    faces = [_centred(numbers(vector), centre) for vector in own]
    return _Group([number], [sum(values) for values in zip(*faces, strict=True)], len(faces), frozenset([place]))


def _centred(vector: Numbers, centre: Numbers) -> Numbers:
    moved = list(map(operator.sub, vector, centre))
    length: float = sum(map(operator.mul, moved, moved)) ** 0.5
    return [value / max(length, 1e-9) for value in moved]


def _halves(table: dict[str, Any]) -> Numbers:
    data = base64.b64decode(table["centre"], validate=True)
    return struct.unpack(f"<{len(data) // 2}e", data)


def numbers(vector: bytes) -> Numbers:
    """A row's vector."""
    found = array("f", vector)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def calibration_path() -> Path:
    """calibration.toml beside the package (a built plugin, a wheel) or in models/ at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    candidates = [package / "calibration.toml", *(parent / "models" / "calibration.toml" for parent in package.parents[:2])]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ModelError("The calibration is missing.", remedy="Install StashAI again: models/calibration.toml belongs to it.")
