"""Stereo video shows everybody twice: one eye is enough."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .frames import Pixels

_BESIDE = re.compile(r"(?:^|[^a-z0-9])(?:h?-?sbs|lr|3dh|side.?by.?side|180x180_3dh|vr180|180_sbs)(?:[^a-z0-9]|$)", re.IGNORECASE)
_ABOVE = re.compile(r"(?:^|[^a-z0-9])(?:h?-?tb|h?-?ou|3dv|top.?bottom|over.?under|180_tb)(?:[^a-z0-9]|$)", re.IGNORECASE)
ALIKE_WHEN_NAMED = 0.6
ALIKE_ALONE = 0.9
"""Correlation of the halves that makes a picture stereo: with a name that says so, and without one."""


@dataclass(frozen=True, slots=True)
class Eye:
    """Which half is used: the left one of a side-by-side picture, the upper one of top-bottom."""

    beside: bool

    def cut(self, image: Pixels) -> tuple[Pixels, tuple[float, float]]:
        """The eye's pixels (a copy), and how many of the whole picture's pixels one of them is in x and y: a squeezed eye
        (both in the frame of one ordinary picture) is stretched again."""
        height, width = image.shape[:2]
        if self.beside:
            half = image[:, : width // 2]
            squeezed = width < 1.95 * height
            return (_twice(half, 1), (0.5, 1.0)) if squeezed else (np.ascontiguousarray(half), (1.0, 1.0))
        half = image[: height // 2]
        squeezed = width < 2.2 * height and width > 1.1 * height
        return (_twice(half, 0), (1.0, 0.5)) if squeezed else (np.ascontiguousarray(half), (1.0, 1.0))


def _twice(image: Pixels, axis: int) -> Pixels:
    """Twice the size along one axis, pixels in between interpolated."""
    wide = image.astype(np.uint16)
    after = np.take(wide, np.minimum(np.arange(wide.shape[axis]) + 1, wide.shape[axis] - 1), axis=axis)
    pair = np.stack([wide, (wide + after) // 2], axis=axis + 1)
    shape = list(image.shape)
    shape[axis] *= 2
    return np.ascontiguousarray(pair.reshape(shape).astype(np.uint8))


def find_eye(name: str, image: Pixels, metadata: Mapping[str, str]) -> Eye | None:
    """The eye to use of a video whose first looked-at frame is `image`; None for a flat one.

    Names and tags say which layout to expect, the likeness of the halves whether it is so; a very wide (or square and
    high) picture is tested without a name.
    """
    height, width = image.shape[:2]
    tag = metadata.get("stereo_mode", "").lower()
    for beside, named, shaped in (
        (True, bool(_BESIDE.search(name)) or tag in ("left_right", "right_left", "1", "3"), _wide(width, height)),
        (False, bool(_ABOVE.search(name)) or tag in ("top_bottom", "bottom_top", "2"), _tall(width, height)),
    ):
        needed = ALIKE_WHEN_NAMED if named else ALIKE_ALONE if shaped else None
        if needed is not None and halves_alike(image, beside) >= needed:
            return Eye(beside)
    return None


def _wide(width: int, height: int) -> bool:
    """Two 16:9 pictures, or the two squares of a 180° recording."""
    return width >= 3.2 * height or (1.9 * height <= width <= 2.1 * height and width >= 2880)


def _tall(width: int, height: int) -> bool:
    return height >= 0.95 * width and height >= 1440 and width >= 1440


def halves_alike(image: Pixels, beside: bool) -> float:
    """Correlation, -1 to 1, of the two halves' coarse grey pictures."""
    height, width = image.shape[:2]
    grey = image[:: max(1, height // 128), :: max(1, width // 256)].astype(np.float32).mean(axis=2)
    rows, columns = grey.shape
    one, other = (grey[:, : columns // 2], grey[:, -(columns // 2) :]) if beside else (grey[: rows // 2], grey[-(rows // 2) :])
    return _correlation(one, other)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-6 else 0.0
