"""Which of the faces in media that name one performer alone are that performer's: those that agree with one another. Standard
library alone."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stashai.matching.plain import Numbers

if TYPE_CHECKING:
    from stashai.tracking.exchange import KeptFace

ALIKE = 0.45
"""Cosine of the primary model from which on two faces of such media are taken for one person. Both media name the same
performer, so this is far below what strangers would need."""
SHARE = 0.5
"""The part of a scene's faces that its dominating face has at least, and of the pictures that agree on one face."""
Seen = tuple["KeptFace", Numbers]


@dataclass(frozen=True, slots=True)
class Found:
    """A face that may be the performer's; `path` is what rows call the medium, `vector` the primary model's, of length 1."""

    path: str
    fingerprint: str
    face: KeptFace
    vector: Numbers


def only(faces: Sequence[Seen]) -> Seen | None:
    """The face of a picture that shows one alone."""
    return faces[0] if len(faces) == 1 else None


def dominating(faces: Sequence[Seen]) -> Seen | None:
    """The best face of the largest group of alike ones, when that group has at least SHARE of all."""
    usable = [one for one in faces if one[1]]
    largest = max(([other for other in usable if _alike(vector, other[1])] for _, vector in usable), key=len, default=[])
    kept = [one for one in largest if one[0].crop]
    return max(kept, key=lambda one: one[0].quality) if kept and len(largest) >= SHARE * len(usable) else None


def agreeing(found: Sequence[Found], own: Sequence[Numbers] = ()) -> list[Found]:
    """Those that are like what the person is known by; of somebody unknown, the largest set that is like one of it, when that is
    more than SHARE of all. The best first."""
    if own:
        agreed = [one for one in found if any(_alike(vector, one.vector) for vector in own)]
    else:
        agreed = max(([other for other in found if _alike(one.vector, other.vector)] for one in found), key=len, default=[])
        agreed = agreed if len(agreed) > SHARE * len(found) else []
    return sorted(agreed, key=lambda one: -one.face.quality)


def _alike(one: Numbers, other: Numbers) -> bool:
    cosine: float = sum(map(operator.mul, one, other))
    return cosine >= ALIKE
