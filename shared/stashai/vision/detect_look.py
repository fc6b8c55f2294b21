"""Second looks: a guess is turned upright at a known size and detected again.

Its landmarks become as good as those of a portrait, whatever its size and roll were, a wrong guess loses its score, and of
several guesses about one place the one that is right wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..media.frames import Pixels
from .align import Matrix, compose, invert, roll_of, scale_of, similarity, template, transform, warp
from .blob import make_blob
from .catalog import ModelEntry
from .detect_decode import Candidates, decoder
from .faces import Face
from .profile import Effort, Look
from .session import Session

GUESS = 0.35
"""Lowest score of a guess. Low, since a guess is looked at again; lower adds work and no faces."""
EYES = 35.24
"""Pixels between the template's eyes."""
CERTAIN = 0.93
"""A face that scores as much once it is upright and large is one: nineteen of twenty portraits do, and of 225 that were taken for
upright while they lay in another quarter none (YuNet; the best of them had 0.927)."""
SURE, GOOD, CLEAR = 0.915, 0.85, 0.05
"""A first look with the first score is not doubted (of a quick effort, with the second); below it the face is tried in the other
three quarters, too, and quarters whose scores differ by less than the third are compared with more care."""
FIRST, STEADY = Look(35.0, 160), Look(80.0, 256)
"""The looks that find the quarter in which a face lies, and then its roll. At 35 pixels a detector sees a third of a roll that
is left, at 80 all of it (YuNet on portraits: -10 degrees are seen as -3.5 and as -10.7)."""
QUICK = Look(35.0, 128, smooth=False)
"""The one look of a quick effort: as good as FIRST on 250 pairs of portraits (TAR .99 at FAR 1e-3) for half of the work."""
UPRIGHT, MOST = 8.0, 3
"""A crop is upright when fewer degrees are left; after so many attempts it is taken as it is."""


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

    def refine(self, image: Pixels, guesses: Candidates, effort: Effort) -> Refined | None:
        """Look again at one place, upright and as each of the effort's looks says; None when there is no face.

        First it is decided which of the guesses about the place is right, which is all of a quick effort, and the roll is made
        good. The landmarks of that last look and of the effort's are averaged: errors of the detector that depend on size and
        side cancel out.
        """
        if effort.quick:
            pose = self._decided(image, guesses, GOOD, QUICK)
            return None if pose is None else _combined([pose])
        upright = self._certain(image, guesses) or self._doubted(image, guesses)
        if upright is None:
            return None
        crop, seen = upright
        crops = {STEADY: crop}
        views = [seen]
        for look in effort.looks:
            plain = replace(look, mirrored=False)
            if plain not in crops:
                crops[plain] = _upright(image, seen.landmarks, plain)
            views.append(self._look(crops[plain], look.mirrored) or seen)
        return _combined(views)

    def _certain(self, image: Pixels, guesses: Candidates) -> tuple[_Crop, _Seen] | None:
        """The best guess made upright, when that leaves no doubt: the short way, which most faces go."""
        crop, seen = self._steadied(image, guesses.landmarks[int(np.argmax(guesses.scores))])
        return (crop, seen) if seen is not None and seen.score >= CERTAIN else None

    def _doubted(self, image: Pixels, guesses: Candidates) -> tuple[_Crop, _Seen] | None:
        """The face made upright after all that it could be was compared."""
        pose = self._decided(image, guesses)
        if pose is None:
            return None
        crop, seen = self._steadied(image, pose.landmarks)
        return crop, seen or pose

    def _decided(self, image: Pixels, guesses: Candidates, sure: float = SURE, first: Look = FIRST) -> _Seen | None:
        """The face as the right one of the guesses sees it, in whichever quarter it lies; a `first` look of `sure` is not doubted."""
        crops = [_upright(image, landmarks, first) for landmarks in guesses.landmarks]
        seen = _best([self._look(crop) for crop in crops])
        if seen is not None and seen.score >= sure:
            return seen
        # A detector may take a face for one upside down, with a score that is good but not very good.
        ranked = sorted([*_there([seen]), *_there(self._look(crop) for crop in crops[0].quarter_turns())], key=lambda one: -one.score)
        if len(ranked) > 1 and ranked[0].score - ranked[1].score < CLEAR:
            return max(ranked[:2], key=lambda one: self._certainty(image, one))
        return ranked[0] if ranked else None

    def _certainty(self, image: Pixels, pose: _Seen) -> float:
        """The mean score of the face and its mirror image, upright by its own landmarks: a fair comparison, unlike a guess's
        crop (on portraits the right quarter was ahead by 0.03 or more)."""
        crop, seen = self._steadied(image, pose.landmarks)
        mirrored = self._look(crop, mirrored=True)
        return ((seen or pose).score + (mirrored.score if mirrored else 0.0)) / 2

    def _steadied(self, image: Pixels, landmarks: NDArray[np.float64]) -> tuple[_Crop, _Seen | None]:
        """The face in a crop that is upright indeed, and as seen last: of a roll that is left only a part is seen at a time."""
        seen: _Seen | None = None
        for _ in range(MOST):
            crop = _upright(image, landmarks, STEADY)
            again = self._look(crop)
            if again is None:
                break
            left, seen, landmarks = abs(roll_of(similarity(transform(again.landmarks, crop.matrix), template()))), again, again.landmarks
            if left < UPRIGHT:
                break
        return crop, seen

    def _look(self, crop: _Crop, mirrored: bool = False) -> _Seen | None:
        side = crop.pixels.shape[0]
        pixels = crop.pixels[:, ::-1] if mirrored else crop.pixels
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

    def quarter_turns(self) -> Iterator[_Crop]:
        """The same crop turned by one, two and three quarters."""
        crop, quarter = self, np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, len(self.pixels) - 1.0]])
        for _ in range(3):
            crop = _Crop(np.rot90(crop.pixels), compose(quarter, crop.matrix))
            yield crop


@dataclass(frozen=True, slots=True)
class _Seen:
    landmarks: NDArray[np.float64]
    centre: NDArray[np.float64]
    extent: NDArray[np.float64]
    score: float


def _upright(image: Pixels, landmarks: NDArray[np.float64], look: Look) -> _Crop:
    points = template()
    matrix = similarity(landmarks, (points - points.mean(axis=0)) * (look.eyes / EYES) + look.side / 2)
    return _Crop(warp(image, matrix, look.side, smooth=look.smooth), matrix)


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


def _there(seen: Iterable[_Seen | None]) -> list[_Seen]:
    return [one for one in seen if one is not None]


def _best(seen: Iterable[_Seen | None]) -> _Seen | None:
    return max(_there(seen), key=lambda one: one.score, default=None)
