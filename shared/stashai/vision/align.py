"""Faces turned upright and brought to one size: similarity transforms, and the warp that cuts crops without aliasing.

Points are (x, y) with a pixel's centre at whole numbers (the convention of the ArcFace template and of OpenCV).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..media.frames import Pixels
from .faces import Landmarks

Matrix = NDArray[np.float64]
"""(2, 3): a map of points, `matrix[:, :2] @ point + matrix[:, 2]`."""


def template() -> NDArray[np.float64]:
    """Where eyes, nose and the corners of the mouth lie in the 112 x 112 crop of ArcFace (InsightFace, `arcface_dst`)."""
    return np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def similarity(source: Landmarks | NDArray[np.float64], target: NDArray[np.float64]) -> Matrix:
    """The rotation, uniform scale and shift that bring `source` (K, 2) closest to `target` (K, 2) by least squares.

    Umeyama (1991); in the plane and without reflection its solution is one complex factor, so no SVD is needed.
    """
    first, second = _complex(source), _complex(target)
    centre, aim = first.mean(), second.mean()
    spread = float(np.sum(np.abs(first - centre) ** 2))
    factor = np.sum(np.conj(first - centre) * (second - aim)) / max(spread, 1e-12)
    shift = aim - factor * centre
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def transform(points: NDArray[np.floating], matrix: Matrix) -> NDArray[np.float64]:
    """`points` (..., 2) mapped by `matrix`."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix: Matrix) -> Matrix:
    """The map that undoes `matrix`."""
    (a, b, e), (c, d, f) = matrix
    size = a * d - b * c
    return np.array([[d / size, -b / size, (b * f - d * e) / size], [-c / size, a / size, (c * e - a * f) / size]])


def compose(outer: Matrix, inner: Matrix) -> Matrix:
    """The map that does `inner` first, then `outer`."""
    result = outer[:, :2] @ inner
    result[:, 2] += outer[:, 2]
    return np.asarray(result, np.float64)


def scale_of(matrix: Matrix) -> float:
    """By how much a similarity enlarges."""
    return float(math.hypot(matrix[0, 0], matrix[1, 0]))


def roll_of(matrix: Matrix) -> float:
    """By how many degrees clockwise the face lies in the picture when `matrix` turns it upright (-180 to 180)."""
    return float(math.degrees(math.atan2(-matrix[1, 0], matrix[0, 0])))


def warp(image: Pixels, matrix: Matrix, size: int, *, smooth: bool = True) -> Pixels:
    """The (size, size, 3) crop to which `matrix` maps `image` (H, W, 3); what lies outside is black.

    Only the part that is needed is touched. A face that is more than twice as large as its crop is first shrunk by box
    averages, so that nothing aliases; then one bilinear interpolation (bicubic costs 2.5 times as much and recognises no better).
    Without `smooth` the nearest pixel is taken instead, in a tenth of the time: good enough to look where a face is.
    """
    back = invert(matrix)
    left, top, right, bottom = _region(back, size, image.shape[1], image.shape[0])
    if right <= left or bottom <= top:
        return np.zeros((size, size, 3), np.uint8)
    part = Image.fromarray(image[top:bottom, left:right])
    step = max(1, int(scale_of(back) + 0.25))
    if step > 1:
        part = part.reduce(step)
    # PIL counts from a pixel's corner, we from its centre: half a pixel on either side.
    linear, shift = back[:, :2] / step, (back[:, 2] + 0.5 - back[:, :2] @ (0.5, 0.5) - (left, top)) / step
    data = (*linear[0], shift[0], *linear[1], shift[1])
    chosen = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    return np.asarray(part.transform((size, size), Image.Transform.AFFINE, data, chosen))


def _region(back: Matrix, size: int, width: int, height: int) -> tuple[int, int, int, int]:
    corners = transform(np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float64), back)
    slack = 2 * scale_of(back) + 2
    low, high = corners.min(axis=0) - slack, corners.max(axis=0) + slack
    return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0]) + 1), min(height, int(high[1]) + 1)


def _complex(points: NDArray[np.floating]) -> NDArray[np.complex128]:
    return np.asarray(points[:, 0], np.complex128) + 1j * np.asarray(points[:, 1], np.complex128)
