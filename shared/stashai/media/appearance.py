"""How good a picture looks, measured without any network: sharpness, exposure, contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .frames import Frame

SIDE = 512
"""Pictures are measured at about this many pixels a side, so that sizes compare."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """Each 0 to 1, 1 the best: `sharpness` (spread of the Laplacian of the brightness), `exposure` (share of pixels neither
    black nor burnt out), `contrast` (spread of the brightness)."""

    sharpness: float
    exposure: float
    contrast: float

    @property
    def score(self) -> float:
        """The geometric mean: one bad part spoils a picture."""
        return float((self.sharpness * self.exposure * self.contrast) ** (1 / 3))


def appearance(frame: Frame) -> Appearance:
    step = max(1, max(frame.size) // SIDE)
    grey = frame.image[::step, ::step].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    laplacian = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * grey[1:-1, 1:-1]
    usable = float(((grey > 8) & (grey < 247)).mean())
    return Appearance(
        sharpness=min(1.0, float(laplacian.std()) / 30.0) if laplacian.size else 0.0,
        exposure=usable,
        contrast=min(1.0, float(grey.std()) / 50.0),
    )


def typical(frames: Sequence[Frame]) -> Appearance:
    """The median of several frames' appearances, part by part."""
    parts = np.array([(one.sharpness, one.exposure, one.contrast) for one in map(appearance, frames)])
    sharpness, exposure, contrast = np.median(parts, axis=0)
    return Appearance(float(sharpness), float(exposure), float(contrast))
