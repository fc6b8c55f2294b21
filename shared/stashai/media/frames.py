"""The picture as every other room sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture.

    `image` is (height, width, 3) uint8 RGB, C-contiguous, upright as a viewer displays it (EXIF orientation and the
    container's rotation are applied, stereo halves are cut to one eye). `time` is in seconds, None for a still.
    `origin` is the (x, y) of `image`'s corner in the displayed picture and `scale` the displayed pixels, in x and y, of one of
    `image`'s (other than (0, 0) and (1, 1) only where one eye of a stereo picture was cut out and stretched). `note` says in a few words what is poor about it ("HDR, tone-mapped"), else None.
    """

    image: Pixels
    time: float | None = None
    origin: tuple[int, int] = (0, 0)
    scale: tuple[float, float] = (1.0, 1.0)
    note: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]
