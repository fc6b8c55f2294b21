"""Which face of a portrait is the person that it is a portrait of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..vision.faces import Face

CLEARLY_LARGER = 2.0
"""A face of twice the area of any other is the subject."""
CENTRED = 0.18
"""How far from the picture's centre (in units of its half diagonal) the centre of the subject of a centred portrait may be."""
AWAY = 0.28
"""How much farther from the centre than the subject everybody else of a centred portrait must be."""


@dataclass(frozen=True, slots=True)
class Choice:
    """`index` is None when nobody can say which face is meant."""

    index: int | None
    message: str = ""


def _area(face: Face) -> float:
    return face.box[2] * face.box[3]


def _off_centre(face: Face, size: tuple[int, int]) -> float:
    x, y, w, h = face.box
    dx, dy = x + w / 2 - size[0] / 2, y + h / 2 - size[1] / 2
    return float((dx * dx + dy * dy) ** 0.5 / ((size[0] ** 2 + size[1] ** 2) ** 0.5 / 2))


def choose_subject(faces: Sequence[Face], size: tuple[int, int]) -> Choice:
    """The face that a picture of `size` (width, height) is about: the only one, one of twice the area of the others, or one
    in the centre with the others well aside and not larger."""
    if not faces:
        return Choice(None, "no face was found")
    by_area = sorted(range(len(faces)), key=lambda i: -_area(faces[i]))
    if len(faces) == 1 or _area(faces[by_area[0]]) >= CLEARLY_LARGER * _area(faces[by_area[1]]):
        return Choice(by_area[0])
    centred = min(range(len(faces)), key=lambda i: _off_centre(faces[i], size))
    distance = _off_centre(faces[centred], size)
    others = [face for i, face in enumerate(faces) if i != centred]
    aside = all(_off_centre(face, size) >= distance + AWAY for face in others)
    if distance <= CENTRED and aside and all(_area(face) <= 1.5 * _area(faces[centred]) for face in others):
        return Choice(centred)
    return Choice(None, f"{len(faces)} faces are in it and none of them is clearly the subject")
