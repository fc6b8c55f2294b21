"""What the detector says of a picture, and what is kept of each face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""An embedding, (D,) float32 of unit length."""

Landmarks = NDArray[np.float32]
"""(5, 2) float32 in pixels of the displayed picture, in the order of the ArcFace template: the eye at the left of an
upright picture, the other eye, the nose, the mouth's corner at the left, the other corner."""


@dataclass(frozen=True, slots=True)
class Face:
    """One detected face: `box` (x, y, width, height) and `landmarks` in upright displayed pixels, `score` 0 to 1,
    `roll` the angle in degrees (clockwise, -180 to 180) by which the face is turned in the picture."""

    box: tuple[float, float, float, float]
    landmarks: Landmarks
    score: float
    roll: float


@dataclass(slots=True)
class Observation:
    """One face as it is kept: where and when it was seen, how good it is, its embeddings by model id.

    `quality` is 0 to 1. `crop` is the key of the kept aligned crop in the crop store (None when none was kept: all but
    the best few of a track). `id` is the row's id once it is stored.
    """

    time: float | None
    face: Face
    quality: float
    embeddings: dict[str, Vector] = field(default_factory=dict)
    crop: str | None = None
    id: int | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    """The parts of the quality score by name (size, sharpness, yaw, detector, norm), for explanations and calibration."""
