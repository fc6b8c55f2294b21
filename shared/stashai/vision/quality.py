"""How much a face can be trusted, from 0 to 1, by what can be measured of it without knowing who it is."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..media.frames import Pixels
from .align import scale_of, transform
from .detect_look import EYES, Refined

MATCH_FLOOR = 0.03
"""Below it a face is too weak to be matched with anybody."""
REFERENCE_FLOOR = 0.3
"""Below it a face is too weak for somebody to be known by."""
PARTS = ("size", "sharpness", "yaw", "pitch", "detector", "fit", "norm")
FEATURES = ("size", "sharpness", "yaw", "pitch", "detector", "norm")


def measure(found: Refined, crop: Pixels, norm: float, usual_norm: float) -> dict[str, float]:
    """The parts by name: `size` (pixels between the eyes, as the picture has them), `sharpness` (of the 112 crop), `yaw` and
    `pitch` (0 frontal, 1 about a profile), `detector`, `fit` (pixels of the crop by which looks at it disagree), `norm` (of
    the embedding, as a share of what is usual for the network)."""
    yaw, pitch = pose(found)
    return {
        "size": EYES / scale_of(found.matrix),
        "sharpness": sharpness(crop),
        "yaw": yaw,
        "pitch": pitch,
        "detector": found.face.score,
        "fit": found.fit,
        "norm": norm / usual_norm,
    }


_WEIGHTS = np.array([0.66, 0.07, -0.5, -1.1, 1.2, 4.2, 4.6])
"""Of FEATURES, then the constant: a logistic regression by scripts/fit_quality.py on 480 spoilt photographs of 420 people and
234 things that only look like faces (area under the curve on people not fitted: 0.97). At MATCH_FLOOR 99.4 % of the faces that
would be recognised stay and 68 % of the things go; at REFERENCE_FLOOR 95 % stay, 93 % go and 81 % of the unrecognisable faces."""


def features(parts: Mapping[str, float]) -> NDArray[np.float64]:
    """The parts as what the score is linear in, (len(FEATURES),): about zero for an ordinary portrait."""
    return np.array(
        [
            math.log(min(max(parts["size"], 2.0), 48.0) / 32),
            math.log(min(max(parts["sharpness"], 0.02), 1.0) / 0.4),
            min(parts["yaw"], 2.0) ** 2,
            min(parts["pitch"], 2.0) ** 2,
            10 * (parts["detector"] - 0.92),
            4 * math.log(min(max(parts["norm"], 0.2), 1.3)),
        ]
    )


def score(parts: Mapping[str, float]) -> float:
    """The parts as one number: how likely such a face is to be recognised."""
    return float(1 / (1 + math.exp(-float(features(parts) @ _WEIGHTS[:-1] + _WEIGHTS[-1]))))


def pose(found: Refined) -> tuple[float, float]:
    """(yaw, pitch) without units, from the landmarks in the crop: how far the nose's tip lies beside the middle between the
    eyes, in eye distances, and how far its height is from the usual one between eyes and mouth."""
    eye, other, nose, left, right = transform(found.face.landmarks, found.matrix)
    eyes, mouth = (eye + other) / 2, (left + right) / 2
    width, height = max(float(np.linalg.norm(other - eye)), 1.0), max(float(mouth[1] - eyes[1]), 1.0)
    middle = (eyes + mouth) / 2
    yaw = abs(float(nose[0] - middle[0])) / (0.5 * max(width, 0.8 * height))
    pitch = abs(float(nose[1] - eyes[1]) / height - 0.49) / 0.4
    return yaw, pitch


def sharpness(crop: Pixels) -> float:
    """How much of the contrast of the crop's inner part is fine detail: the spread of the Laplacian over the spread of the
    brightness (both standard deviations). 0 for a plain surface."""
    grey = crop[20:100, 20:92].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    laplacian = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * grey[1:-1, 1:-1]
    return float(laplacian.std() / max(float(grey.std()), 4.0))
