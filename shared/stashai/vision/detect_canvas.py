"""Pictures laid out for a detector: shrunk, never enlarged, with an empty border, to sides that its strides divide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..media.frames import Pixels
from .detect_decode import Candidates

_STRIP = 8
"""Pixels across below which a shrunk picture is a strip: no face fits into it."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """`pixels` is what the detector sees. A point p of it lies at (p - offset + 0.5) / scale - 0.5 in the picture, after the
    canvas was turned back by `turns` quarters (it was turned counter-clockwise)."""

    pixels: Pixels
    scale: float
    offset: tuple[int, int]
    turns: int = 0

    def back(self, found: Candidates) -> Candidates:
        """Candidates on the canvas as candidates in the picture."""
        boxes, landmarks = found.boxes.copy(), found.landmarks
        if self.turns:
            # np.rot90 moved (x, y) to (y, width - 1 - x); `edge` is the width before it.
            edge = self.pixels.shape[0]
            boxes = np.stack([edge - boxes[:, 1] - boxes[:, 3], boxes[:, 0], boxes[:, 3], boxes[:, 2]], axis=1)
            landmarks = np.stack([edge - 1 - landmarks[..., 1], landmarks[..., 0]], axis=-1)
        boxes[:, :2] = (boxes[:, :2] - self.offset) / self.scale
        boxes[:, 2:] /= self.scale
        return Candidates(boxes, (landmarks - self.offset + 0.5) / self.scale - 0.5, found.scores)

    def turned(self) -> Canvas:
        """The same canvas, a quarter turn counter-clockwise."""
        return Canvas(np.ascontiguousarray(np.rot90(self.pixels)), self.scale, self.offset, turns=1)


def lay_out(image: Pixels, longest: int, border: int, multiple: int) -> Canvas:
    """`image` (H, W, 3) shrunk to at most `longest` pixels on its longer side, with at least `border` black ones around."""
    shrunk, scale = shrink(image, longest)
    height, width = shrunk.shape[:2]
    rows, columns = (-(-(side + 2 * border) // multiple) * multiple for side in (height, width))
    top, left = (rows - height) // 2, (columns - width) // 2
    pixels = np.zeros((rows, columns, 3), np.uint8)
    pixels[top : top + height, left : left + width] = shrunk
    return Canvas(pixels, scale, (left, top))


def shrink(image: Pixels, longest: int) -> tuple[Pixels, float]:
    """`image` with at most `longest` pixels on its longer side, and the scale; itself and 1.0 when it is small enough."""
    height, width = image.shape[:2]
    scale = longest / max(width, height)
    if scale >= 1:
        return image, 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Box averages first, by a whole number: ten times as fast as filtering every pixel of a large photograph. Of a strip
    # nothing would be left to filter, which pillow refuses.
    gap = 1.5 if min(size) >= _STRIP else None
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR, reducing_gap=gap)), scale
