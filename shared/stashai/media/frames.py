"""The picture as every other room sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture. `asked` is the question that it answers (see media/asked.py), None where it was not sampled.

    `image` is (height, width, 3) uint8 RGB, C-contiguous, upright as a viewer displays it (EXIF orientation and the
    container's rotation are applied, stereo halves are cut to one eye). `time` is in seconds, None for a still.
    `origin` is the (x, y) of `image`'s corner in the displayed picture (not zero only where one eye of a stereo
    picture was cut). `note` says in a few words what is poor about it ("HDR, tone-mapped"), else None.
    `scale` is how many displayed pixels one pixel of `image` is wide and high: (1, 1) but for a picture so large that it was
    reduced while it was decoded and for the squeezed eye of a stereo picture. Whoever reports a box or a point passes it
    through `displayed` first, since what is kept is in displayed pixels of the original.
    """

    image: Pixels
    time: float | None = None
    origin: tuple[int, int] = (0, 0)
    note: str | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    asked: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of `image`."""
        return self.image.shape[1], self.image.shape[0]

    def displayed(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """(…, 2) points (x, y) in pixels of `image` as points of the displayed picture: scaled, then moved to `origin`."""
        return np.asarray(points * np.array(self.scale, np.float32) + np.array(self.origin, np.float32), dtype=np.float32)

    def pixels(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """The inverse of `displayed`: points of the displayed picture in pixels of `image`."""
        return np.asarray((points - np.array(self.origin, np.float32)) / np.array(self.scale, np.float32), dtype=np.float32)
