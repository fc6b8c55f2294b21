"""From a detector's raw outputs to boxes, landmarks and scores: one decoder per family of networks, chosen by the catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .catalog import ModelEntry
from .session import Tensor


@dataclass(frozen=True, slots=True)
class Candidates:
    """N possible faces: `boxes` (N, 4) as x, y, width, height; `landmarks` (N, 5, 2) in the template's order; `scores`
    (N,) from 0 to 1. Pixels of the picture that was detected in."""

    boxes: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Candidates:
        return Candidates(self.boxes[index], self.landmarks[index], self.scores[index])


Decoder = Callable[[Sequence[Tensor], ModelEntry, tuple[int, int], float], Candidates]
"""(outputs of one picture, entry, (width, height) of the blob, lowest score) -> candidates, not yet suppressed."""


def no_candidates() -> Candidates:
    return Candidates(np.zeros((0, 4)), np.zeros((0, 5, 2)), np.zeros(0))


def joined(parts: Sequence[Candidates]) -> Candidates:
    """All of `parts` as one."""
    if not parts:
        return no_candidates()
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
        np.concatenate([part.scores for part in parts]),
    )


def decoder(family: str) -> Decoder:
    """The decoder of a detector family; ModelError when there is none."""
    try:
        return _DECODERS[family]
    except KeyError:
        raise ModelError(f"There is no decoder for detectors of the family {family!r}.", remedy=f"Known: {', '.join(_DECODERS)}.") from None


def decode_yunet(outputs: Sequence[Tensor], entry: ModelEntry, size: tuple[int, int], lowest: float) -> Candidates:
    """YuNet (Wu et al. 2023): per stride cls, obj, bbox (centre offset, log size) and kps; score = sqrt(cls * obj)."""
    parts, count = [], len(entry.strides)
    for level, stride in enumerate(entry.strides):
        product = (outputs[level] * outputs[count + level]).ravel()
        index = np.flatnonzero(product >= lowest**2)
        if not len(index):
            continue
        box, points = (_flat(outputs[kind * count + level], width)[index] for kind, width in ((2, 4), (3, 10)))
        cells = _cells(index, size[0] // stride)
        centre, extent = (cells + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride
        landmarks = (points.reshape(-1, 5, 2) + cells[:, None]) * stride
        scores = np.sqrt(np.minimum(product[index], 1.0), dtype=np.float64)
        parts.append(Candidates(np.hstack([centre - extent / 2, extent]), landmarks, scores))
    return joined(parts)


def decode_scrfd(outputs: Sequence[Tensor], entry: ModelEntry, size: tuple[int, int], lowest: float) -> Candidates:
    """SCRFD (Guo et al. 2021): per stride a score, four distances to the box's sides and landmark offsets, in strides
    from the cell's corner, `entry.anchors` to a cell."""
    parts, count = [], len(entry.strides)
    for level, stride in enumerate(entry.strides):
        score, sides, points = (_flat(outputs[kind * count + level], width) for kind, width in enumerate((1, 4, 10)))
        index = np.flatnonzero(score[:, 0] >= lowest)
        cells = _cells(index // entry.anchors, size[0] // stride)
        near, far = (cells - sides[index, :2]) * stride, (cells + sides[index, 2:]) * stride
        landmarks = (points[index].reshape(-1, 5, 2) + cells[:, None]) * stride
        parts.append(Candidates(np.hstack([near, far - near]), landmarks, score[index, 0].astype(np.float64)))
    return joined(parts)


def _flat(output: Tensor, width: int) -> Tensor:
    return np.asarray(output).reshape(-1, width)


def _cells(index: NDArray[np.intp], columns: int) -> NDArray[np.float64]:
    return np.stack([index % columns, index // columns], axis=1).astype(np.float64)


_DECODERS: Mapping[str, Decoder] = MappingProxyType({"yunet": decode_yunet, "scrfd": decode_scrfd})
