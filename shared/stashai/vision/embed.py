"""Faces as vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..media.frames import Pixels
from .blob import make_blob
from .catalog import ModelEntry
from .faces import Vector
from .session import Session


class Embedder:
    """An embedder of the catalog. Safe for several threads."""

    def __init__(self, entry: ModelEntry, session: Session) -> None:
        self.entry, self._session = entry, session

    def embed(self, crop: Pixels, *, mirror: bool) -> tuple[Vector, float]:
        """The unit vector (D,) of the network's own crop (side, side, 3), and how long it was before: a face that says
        little is short. `mirror` adds the mirrored crop's vector, both at their own length."""
        raw = self.raw([crop, crop[:, ::-1]] if mirror else [crop])
        total = raw.sum(axis=0)
        return unit(total), float(np.linalg.norm(total)) / len(raw)

    def raw(self, crops: Sequence[Pixels]) -> NDArray[np.float32]:
        """What the network says of N crops, (N, D), not normalised.

        One after the other: a batch of two gains nothing on a CPU and holds the memory of two.
        """
        rows = [self._session.run(make_blob([crop], self.entry.input))[0] for crop in crops]
        return np.concatenate([np.asarray(row, np.float32).reshape(1, -1) for row in rows])


def unit(vector: NDArray[np.float32]) -> Vector:
    """`vector` at length one (a vector of zeros stays one)."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
