"""Painted faces and networks that see them: five coloured dots for landmarks, found in any position by a fake detector."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stashai.media.frames import Pixels
from stashai.vision.align import similarity, template, transform
from stashai.vision.catalog import Input, ModelEntry, Source
from stashai.vision.session import Tensor

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [0, 255, 255]], np.uint8)
STRIDES = (8, 16, 32)


def entry(role: str, **changes: object) -> ModelEntry:
    """A catalog entry for a network that exists only here."""
    values: dict[str, object] = {
        "id": f"painted-{role}",
        "title": "Painted",
        "role": role,
        "family": "yunet" if role == "detector" else "arcface",
        "file": "none",
        "sha256": "0" * 64,
        "bytes": 0,
        "licence": "MIT",
        "provenance": "a test",
        "source": Source("file", "", "", 0),
        "preparation": (),
        "input": Input(None if role == "detector" else (112, 112), "bgr", (0.0,) * 3, (1.0,) * 3, 32),
        "outputs": (),
        "strides": STRIDES if role == "detector" else (),
        "dimension": 0 if role == "detector" else 3,
        "template": "" if role == "detector" else "arcface-112",
    }
    return ModelEntry(**{**values, **changes})  # type: ignore[arg-type]  # fields by name


def paint(image: Pixels, eyes: float, centre: tuple[float, float], roll: float) -> NDArray[np.float64]:
    """Paint a face of `eyes` pixels between the eyes, turned clockwise by `roll` degrees; returns its landmarks (5, 2)."""
    angle = np.radians(roll)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (template() - template().mean(axis=0)) * (eyes / 35.24) @ turn.T + centre
    size = max(2, round(eyes / 8))
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    for (x, y), colour in zip(points, COLOURS, strict=True):
        image[(columns - x) ** 2 + (rows - y) ** 2 <= size**2] = colour
    return np.asarray(points, np.float64)


class PaintedDetector:
    """A session with YuNet's outputs that sees one painted face: upright or upside down, not on its side."""

    def __init__(self, smallest: float = 8.0) -> None:
        self.smallest = smallest
        self.shapes: list[tuple[int, ...]] = []

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        self.shapes.append(blob.shape)
        image = blob[0, ::-1].transpose(1, 2, 0)
        cells = [(blob.shape[2] // stride) * (blob.shape[3] // stride) for stride in STRIDES]
        outputs = [np.zeros((1, count, width), np.float32) for width in (1, 1, 4, 10) for count in cells]
        points = self._points(image)
        if points is not None:
            self._write(outputs, points, blob.shape[3] // STRIDES[0])
        return outputs

    def _points(self, image: Tensor) -> NDArray[np.float64] | None:
        found = []
        for colour in COLOURS.astype(np.float32):
            rows, columns = np.nonzero(np.abs(image - colour).max(axis=2) < 70)
            if not len(rows):
                return None
            found.append((columns.mean(), rows.mean()))
        points = np.array(found)
        eyes, mouth = points[1] - points[0], points[3:].mean(axis=0) - points[:2].mean(axis=0)
        if eyes[0] * mouth[1] - eyes[1] * mouth[0] < 0:  # a mirror image: what was left is right
            points = points[[1, 0, 2, 4, 3]]
        across = points[1] - points[0]
        sideways = abs(across[1]) > 1.2 * abs(across[0])
        return None if sideways or np.hypot(*across) < self.smallest else points

    def _write(self, outputs: list[Tensor], points: NDArray[np.float64], columns: int) -> None:
        stride, levels = STRIDES[0], len(STRIDES)
        matrix = similarity(template(), points)
        eyes = float(np.hypot(*(points[1] - points[0])))
        tilt = abs(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
        centre = transform(np.array([56.0, 66.0]), matrix)
        column, row = (centre // stride).astype(int)
        cell = row * columns + column
        score = 0.95 - 0.001 * tilt
        outputs[0][0, cell, 0] = outputs[levels][0, cell, 0] = score
        outputs[2 * levels][0, cell] = [*(centre / stride - (column, row)), *np.log(np.array([2.3, 3.0]) * eyes / stride)]
        outputs[3 * levels][0, cell] = ((points - (column * stride, row * stride)) / stride).ravel()

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        self.run(np.zeros(shape, np.float32))

    def close(self) -> None:
        self.shapes.clear()


class MeanColour:
    """An embedder whose vector is the mean colour that it is fed, in its own channel order."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        self.runs += 1
        return [blob.mean(axis=(2, 3))]

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        self.run(np.zeros(shape, np.float32))

    def close(self) -> None:
        self.runs = 0
