"""Where the faces are: small ones in large pictures, ones that fill the frame, and ones that lie on their side.

A picture is looked at in passes that cost little; what they find is only a guess. Each guess is then turned upright at a known
size and detected again (`refine`): its landmarks become as good as those of a portrait, whatever its size and roll were,
a wrong guess loses its score, and of two guesses about one place the one that is right wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stashai.media.frames import Pixels

from .align import Matrix, invert, roll_of, scale_of, similarity, template, transform, warp
from .blob import make_blob
from .catalog import ModelEntry
from .detect_canvas import Canvas, lay_out, shrink
from .detect_decode import Candidates, decoder, joined
from .detect_merge import hypotheses, overlaps, suppress
from .faces import Face
from .profile import Look
from .session import Session

VERSION = "1"
"""Raised when anything here changes what is found or where: kept observations of older versions are not mixed with new ones."""

GUESS = 0.35
"""Lowest score of a guess. Low, since a guess is looked at again; lower adds work and no faces."""
ACCEPT = 0.6
"""Lowest score of a face after it was looked at again."""
LONGEST, TURNED_LONGEST, NEAR_LONGEST = 576, 256, 96
"""Longest sides of the three passes: the picture, the picture on its side, and a small one for a face that fills it."""
BORDER = 32
TILE, TILE_LAP, FINEST = 928, 96, 2400
SMALL = 24.0
"""A guess smaller than this on the first pass's canvas asks for the finer pass."""
SAME, OVERLAP = 0.4, 0.5
EYES = 35.24
"""Pixels between the template's eyes."""
STEADY = 12.0
"""Degrees of roll left after one look that make another one, from the better landmarks, worth its time."""


@dataclass(frozen=True, slots=True)
class Refined:
    """A face after it was looked at again: `face` in the picture, `matrix` to the template's crop, `fit` how well the
    landmarks of the looks agree with one another (mean distance in the 112 crop's pixels)."""

    face: Face
    matrix: Matrix
    fit: float


class Detector:
    """A detector of the catalog with the passes around it. Safe for several threads."""

    def __init__(self, entry: ModelEntry, session: Session) -> None:
        self._entry, self._session = entry, session
        self._decode = decoder(entry.family)

    def detect(self, image: Pixels, looks: Sequence[Look], *, still: bool) -> list[Refined]:
        """Faces of `image` (H, W, 3) RGB, best first; `looks` as in `profile.Effort`. A still is searched for small faces
        also when nothing hints at them, a frame of a video only where something does."""
        found = [refined for group in self.guesses(image, still=still) if (refined := self._best(image, group, looks))]
        return _distinct(found)

    def guesses(self, image: Pixels, *, still: bool) -> list[Candidates]:
        """What the passes find, one entry a place; a place may have several guesses that differ in roll."""
        first = self._canvas(image, LONGEST)
        parts = [self._find(first), self._find(self._canvas(_pixels_of(first, image), TURNED_LONGEST).turned(), first)]
        if max(image.shape[:2]) > TURNED_LONGEST:
            parts.append(self._find(self._canvas(_pixels_of(first, image), NEAR_LONGEST), first))
        found = joined(parts)
        if _worth_finer(found, image, first.scale, still):
            found = joined([found, *self._finer(image)])
        return hypotheses(found, SAME)

    def refine(self, image: Pixels, landmarks: NDArray[np.float64], looks: Sequence[Look]) -> Refined | None:
        """Look again at the face at `landmarks` (5, 2), upright and as each of `looks` says; None when it is no face.

        The landmarks of the looks are averaged: errors of the detector that depend on size and side cancel out.
        """
        first = self._look(image, landmarks, looks[0])
        if first is not None and abs(_roll_between(landmarks, first.landmarks)) > STEADY:
            first = self._look(image, first.landmarks, looks[0])
        if first is None:
            return None
        seen = [first]
        for look in looks[1:]:
            if again := self._look(image, first.landmarks, look):
                seen.append(again)
        return _combined(seen)

    def _best(self, image: Pixels, group: Candidates, looks: Sequence[Look]) -> Refined | None:
        refined = [self.refine(image, landmarks, looks) for landmarks in group.landmarks]
        good = [one for one in refined if one is not None and one.face.score >= ACCEPT]
        return max(good, key=lambda one: one.face.score, default=None)

    def _canvas(self, image: Pixels, longest: int) -> Canvas:
        return lay_out(image, longest, BORDER, max(self._entry.input.multiple, max(self._entry.strides)))

    def _find(self, canvas: Canvas, within: Canvas | None = None, lowest: float = GUESS) -> Candidates:
        """Candidates in the picture that `canvas` shows, or in the one that `within` shows when `canvas` is made of it."""
        height, width = canvas.pixels.shape[:2]
        outputs = self._session.run(make_blob([canvas.pixels], self._entry.input))
        found = canvas.back(suppress(self._decode(outputs, self._entry, (width, height), lowest), OVERLAP))
        return _scaled(found, within.scale) if within else found

    def _finer(self, image: Pixels) -> Iterator[Candidates]:
        shrunk, scale = shrink(image, FINEST)
        for left, top in _tiles(shrunk.shape[1], shrunk.shape[0]):
            tile = self._find(self._canvas(shrunk[top : top + TILE, left : left + TILE], TILE))
            yield _scaled(_moved(tile, left, top), scale)

    def _look(self, image: Pixels, landmarks: NDArray[np.float64], look: Look) -> _Seen | None:
        matrix, side = _upright(landmarks, look), look.side
        crop = warp(image, matrix, side)
        if look.mirrored:
            crop = np.ascontiguousarray(crop[:, ::-1])
        outputs = self._session.run(make_blob([crop], self._entry.input))
        found = suppress(self._decode(outputs, self._entry, (side, side), GUESS), OVERLAP)
        if not len(found):
            return None
        middle = found.boxes[:, :2] + found.boxes[:, 2:] / 2 - side / 2
        nearest = int(np.argmin(np.hypot(middle[:, 0], middle[:, 1]) - 0.25 * side * found.scores))
        points, (x, y, width, height) = found.landmarks[nearest], found.boxes[nearest]
        if look.mirrored:
            points, x = points[[1, 0, 2, 4, 3]] * (-1, 1) + (side - 1, 0), side - x - width
        back, size = invert(matrix), scale_of(matrix)
        centre = transform(np.array([x + width / 2, y + height / 2]), back)
        return _Seen(transform(points, back), centre, np.array([width, height]) / size, float(found.scores[nearest]))


@dataclass(frozen=True, slots=True)
class _Seen:
    landmarks: NDArray[np.float64]
    centre: NDArray[np.float64]
    extent: NDArray[np.float64]
    score: float


def _upright(landmarks: NDArray[np.float64], look: Look) -> Matrix:
    """To the crop of `look`: the face upright and in the middle."""
    points = template()
    return similarity(landmarks, (points - points.mean(axis=0)) * (look.eyes / EYES) + look.side / 2)


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


def _distinct(found: Sequence[Refined]) -> list[Refined]:
    """Faces by falling score, each place once: two guesses may have been led to one face."""
    if not found:
        return []
    order = sorted(found, key=lambda one: -one.face.score)
    shared = overlaps(np.array([one.face.box for one in order])) > SAME
    kept: list[int] = []
    for index in range(len(order)):
        if not shared[index, kept].any():
            kept.append(index)
    return [order[index] for index in kept]


def _scaled(found: Candidates, scale: float) -> Candidates:
    """Candidates of a shrunk picture in the picture itself."""
    if scale == 1.0:
        return found
    return Candidates(found.boxes / scale, (found.landmarks + 0.5) / scale - 0.5, found.scores)


def _moved(found: Candidates, left: int, top: int) -> Candidates:
    """Candidates of a part in the whole, where the part's corner is at (left, top)."""
    return Candidates(found.boxes + np.array([left, top, 0, 0]), found.landmarks + np.array([left, top]), found.scores)


def _pixels_of(canvas: Canvas, image: Pixels) -> Pixels:
    """The picture as shrunk for `canvas`, without its border: further passes start from it."""
    left, top = canvas.offset
    height, width = (round(side * canvas.scale) for side in image.shape[:2])
    return canvas.pixels[top : top + height, left : left + width]


def _worth_finer(found: Candidates, image: Pixels, scale: float, still: bool) -> bool:
    if max(image.shape[:2]) * scale * 1.5 > max(image.shape[:2]):
        return False
    if not len(found):
        return still
    return bool(np.any(found.boxes[:, 2:].max(axis=1) * scale < SMALL))


def _tiles(width: int, height: int) -> Iterator[tuple[int, int]]:
    for top in _starts(height):
        for left in _starts(width):
            yield left, top


def _starts(length: int) -> list[int]:
    count = max(1, -(-(length - TILE_LAP) // (TILE - TILE_LAP)))
    return [round(index * (length - TILE) / max(1, count - 1)) if count > 1 else 0 for index in range(count)]


def _roll_between(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return roll_of(similarity(second, first))
