"""Vectors as the bytes of their rows: little-endian float32, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..vision.faces import Landmarks, Vector


def to_bytes(vector: NDArray[Any] | bytes) -> bytes:
    """Bytes pass as they are: rows that came from another machine."""
    return vector if isinstance(vector, bytes) else vector.astype("<f4", copy=False).tobytes()


def vector_of(data: bytes) -> Vector:
    """(D,) float32, read-only."""
    import numpy as np

    return np.frombuffer(data, dtype="<f4")


def landmarks_of(data: bytes) -> Landmarks:
    """(5, 2) float32, read-only."""
    import numpy as np

    landmarks: NDArray[np.float32] = np.frombuffer(data, dtype="<f4").reshape(5, 2)
    return landmarks
