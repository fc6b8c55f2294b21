"""Pictures as networks want them: the one place where RGB becomes a network's own colour order and scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..media.frames import Pixels
from .catalog import Input
from .session import Tensor


def make_blob(images: Sequence[Pixels], spec: Input) -> Tensor:
    """(N, 3, H, W) float32 of N RGB uint8 pictures of equal size (H, W, 3): (value - mean) / std per channel, in the
    colour order, and with the means and deviations, of the network's catalog entry."""
    height, width = images[0].shape[:2]
    blob = np.empty((len(images), 3, height, width), np.float32)
    for index, image in enumerate(images):
        planes = image.transpose(2, 0, 1)
        blob[index] = planes[::-1] if spec.color == "bgr" else planes
    if any(spec.mean):
        blob -= np.asarray(spec.mean, np.float32).reshape(1, 3, 1, 1)
    if any(value != 1.0 for value in spec.std):
        blob *= np.reciprocal(np.asarray(spec.std, np.float32)).reshape(1, 3, 1, 1)
    return blob
