"""Where the faces are: small ones in large pictures, ones that fill the frame, and ones that lie on their side.

A picture is looked at in passes that cost little. What they find is only a guess, which `detect_look` looks at again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..media.frames import Pixels
from .blob import make_blob
from .catalog import ModelEntry
from .detect_canvas import Canvas, lay_out, shrink
from .detect_decode import Candidates, decoder, joined
from .detect_look import GUESS, Refined, SecondLook
from .detect_merge import hypotheses, overlaps, suppress
from .profile import Effort
from .session import Session

VERSION = "2"
"""Raised when anything here changes what is found or where: kept observations of older versions are not mixed with new ones."""

ACCEPT = 0.6
"""Lowest score of a face after it was looked at again."""
LONGEST, TURNED_LONGEST, NEAR_LONGEST = 608, 192, 96
"""Longest sides of the three passes: the picture, the picture on its side, and a small one for a face that fills it."""
PLAIN = 0.8
"""A guess of this score is a face that stands upright, nearly always."""
BORDER = 16
TILE, TILE_LAP, FINEST, SLENDER = 928, 96, 2400, 3.0
"""The finer pass: parts of a picture of FINEST pixels on its longer side; of more when the picture is slender (a panorama),
whose area is then that of a picture of FINEST whose sides are as SLENDER to one."""
SMALL = 24.0
"""A guess smaller than this on the first pass's canvas asks for the finer pass."""
OVERLAP = 0.5
"""Candidates of one pass that overlap more than this are one."""
SAME = 0.4
"""Guesses that overlap more than this (intersection over union) are about one place."""
INNER = 0.25
"""The inner part of a found face: its middle, as a share of its width and height in each direction."""


class Detector:
    """A detector of the catalog with the passes around it. Safe for several threads."""

    def __init__(self, entry: ModelEntry, session: Session) -> None:
        self._entry, self._session = entry, session
        self._decode = decoder(entry.family)
        self._second = SecondLook(entry, session)

    def detect(self, image: Pixels, effort: Effort, *, still: bool) -> list[Refined]:
        """Faces of `image` (H, W, 3) RGB, best first. A still is searched for small faces also when nothing hints at them, a
        frame of a video only where something does."""
        found: list[Refined] = []
        for guesses in self.guesses(image, still=still, quick=effort.quick):
            if not _inside(guesses, found) and (one := self._second.refine(image, guesses, effort)) and one.face.score >= ACCEPT:
                found.append(one)
        return _distinct(found)

    def guesses(self, image: Pixels, *, still: bool, quick: bool = False) -> list[Candidates]:
        """What the passes find, one entry a place, the most certain first; a place may have several guesses that differ in roll.
        `quick` leaves out the turned and the near pass where the first one is sure of a face."""
        first = self._canvas(image, LONGEST)
        found = self._find(first)
        if not (quick and np.any(found.scores >= PLAIN)):
            found = joined([found, *self._other_passes(_pixels_of(first, image), first)])
        if _worth_finer(found, image, first.scale, still):
            found = joined([found, *self._finer(image)])
        return hypotheses(found, SAME)

    def _other_passes(self, shrunk: Pixels, first: Canvas) -> Iterator[Candidates]:
        """The picture on its side, and small; `shrunk` is what `first` shows of it."""
        yield self._find(self._canvas(shrunk, TURNED_LONGEST).turned(), first)
        if max(shrunk.shape[:2]) > TURNED_LONGEST:
            yield self._find(self._canvas(shrunk, NEAR_LONGEST), first)

    def _canvas(self, image: Pixels, longest: int) -> Canvas:
        return lay_out(image, longest, BORDER, max(self._entry.input.multiple, max(self._entry.strides)))

    def _find(self, canvas: Canvas, within: Canvas | None = None) -> Candidates:
        """Candidates in the picture that `canvas` shows, or in the one that `within` shows when `canvas` is made of it."""
        height, width = canvas.pixels.shape[:2]
        outputs = self._session.run(make_blob([canvas.pixels], self._entry.input))
        found = canvas.back(suppress(self._decode(outputs, self._entry, (width, height), GUESS), OVERLAP))
        return _scaled(found, within.scale) if within else found

    def _finer(self, image: Pixels) -> Iterator[Candidates]:
        shrunk, scale = shrink(image, _finest(image))
        for left, top in _tiles(shrunk.shape[1], shrunk.shape[0]):
            tile = self._find(self._canvas(shrunk[top : top + TILE, left : left + TILE], TILE))
            yield _scaled(_moved(tile, left, top), scale)


def _inside(guesses: Candidates, found: Sequence[Refined]) -> bool:
    """Whether the best guess has its middle where a face was found already: it would lead there again."""
    x, y, width, height = guesses.boxes[int(np.argmax(guesses.scores))]
    boxes = np.array([one.face.box for one in found]).reshape(-1, 4)
    away = np.abs(boxes[:, :2] + boxes[:, 2:] / 2 - (x + width / 2, y + height / 2))
    return bool(np.any(np.all(away < INNER * boxes[:, 2:], axis=1)))


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


def _finest(image: Pixels) -> int:
    short, long = sorted(image.shape[:2])
    return round(FINEST * math.sqrt(max(1.0, long / short / SLENDER)))


def _tiles(width: int, height: int) -> Iterator[tuple[int, int]]:
    for top in _starts(height):
        for left in _starts(width):
            yield left, top


def _starts(length: int) -> list[int]:
    count = max(1, -(-(length - TILE_LAP) // (TILE - TILE_LAP)))
    return [round(index * (length - TILE) / max(1, count - 1)) if count > 1 else 0 for index in range(count)]
