"""Second looks: a guess is turned upright at a known size and detected again.

Its landmarks become as good as those of a portrait, whatever its size and roll were, a wrong guess loses its score, and of
several guesses about one place the one that is right wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..media.frames import Pixels
from .align import Matrix, invert, roll_of, scale_of, similarity, template, transform, warp
from .blob import make_blob
from .catalog import ModelEntry
from .detect_decode import Candidates, decoder
from .faces import Face
from .profile import Look
from .session import Session

GUESS = 0.35
"""Lowest score of a guess. Low, since a guess is looked at again; lower adds work and no faces."""
EYES = 35.24
"""Pixels between the template's eyes."""
STEADY = 12.0
"""Degrees of roll left after the first look that make another one, from the better landmarks, worth its time."""


@dataclass(frozen=True, slots=True)
class Refined:
    """A face after it was looked at again: `face` in the picture, `matrix` to the template's crop, `fit` how well the
    landmarks of the looks agree with one another (mean distance in the 112 crop's pixels)."""

    face: Face
    matrix: Matrix
    fit: float


class SecondLook:
    """A detector on upright crops. Safe for several threads."""

    def __init__(self, entry: ModelEntry, session: Session) -> None:
        self._entry, self._session = entry, session
        self._decode = decoder(entry.family)

    def refine(self, image: Pixels, guesses: Candidates, looks: Sequence[Look]) -> Refined | None:
        """Look again at one place, upright and as each of `looks` says; None when there is no face.

        The first look decides which of the guesses about the place is right. The landmarks of all looks are averaged: errors
        of the detector that depend on size and side cancel out.
        """
        firsts = [self._first(image, landmarks, looks[0]) for landmarks in guesses.landmarks]
        first = max((one for one in firsts if one), key=lambda one: one.score, default=None)
        if first is None:
            return None
        crops = [_upright(image, first.landmarks, eyes, side) for eyes, side in dict.fromkeys((one.eyes, one.side) for one in looks[1:])]
        more = [self._look(crop, one.mirrored) for crop in crops for one in looks[1:] if (one.eyes, one.side) == (crop.eyes, crop.side)]
        return _combined([first, *(one for one in more if one)])

    def _first(self, image: Pixels, landmarks: NDArray[np.float64], look: Look) -> _Seen | None:
        first = self._look(_upright(image, landmarks, look.eyes, look.side), look.mirrored)
        if first is not None and abs(_roll_between(landmarks, first.landmarks)) > STEADY:
            return self._look(_upright(image, first.landmarks, look.eyes, look.side), look.mirrored)
        return first

    def _look(self, crop: _Crop, mirrored: bool) -> _Seen | None:
        side = crop.pixels.shape[0]
        pixels = np.ascontiguousarray(crop.pixels[:, ::-1]) if mirrored else crop.pixels
        outputs = self._session.run(make_blob([pixels], self._entry.input))
        found = self._decode(outputs, self._entry, (side, side), GUESS)
        if not len(found):
            return None
        middle = found.boxes[:, :2] + found.boxes[:, 2:] / 2 - side / 2
        # The best one whose middle is near the crop's: a neighbour may be in the crop, too.
        away = np.hypot(middle[:, 0], middle[:, 1]) / side
        nearest = int(np.argmax(found.scores - np.maximum(0.0, 4 * away - 1)))
        points, (x, y, width, height) = found.landmarks[nearest], found.boxes[nearest]
        if mirrored:
            points, x = points[[1, 0, 2, 4, 3]] * (-1, 1) + (side - 1, 0), side - x - width
        back, size = invert(crop.matrix), scale_of(crop.matrix)
        centre = transform(np.array([x + width / 2, y + height / 2]), back)
        return _Seen(transform(points, back), centre, np.array([width, height]) / size, float(found.scores[nearest]))


@dataclass(frozen=True, slots=True)
class _Crop:
    """A face upright and in the middle, and the map that led there."""

    pixels: Pixels
    matrix: Matrix
    eyes: float
    side: int


@dataclass(frozen=True, slots=True)
class _Seen:
    landmarks: NDArray[np.float64]
    centre: NDArray[np.float64]
    extent: NDArray[np.float64]
    score: float


def _upright(image: Pixels, landmarks: NDArray[np.float64], eyes: float, side: int) -> _Crop:
    points = template()
    matrix = similarity(landmarks, (points - points.mean(axis=0)) * (eyes / EYES) + side / 2)
    return _Crop(warp(image, matrix, side), matrix, eyes, side)


def _combined(looks: Sequence[_Seen]) -> Refined:
    landmarks = np.mean([look.landmarks for look in looks], axis=0)
    matrix = similarity(landmarks, template())
    width, height = np.mean([look.extent for look in looks], axis=0)
    (x, y), roll = np.mean([look.centre for look in looks], axis=0), roll_of(matrix)
    cosine, sine = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    # The box of the ellipse that the upright box holds: no larger for a face at 45 degrees than for one at 0.
    wide, high = float(np.hypot(width * cosine, height * sine)), float(np.hypot(width * sine, height * cosine))
    box = (float(x) - wide / 2, float(y) - high / 2, wide, high)
    fit = float(np.mean([np.hypot(*(look.landmarks - landmarks).T).mean() for look in looks]) * scale_of(matrix))
    score = float(np.mean([look.score for look in looks]))
    return Refined(Face(box, landmarks.astype(np.float32), score, roll), matrix, fit)


def _roll_between(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return roll_of(similarity(second, first))
