"""The kept crop of a face: upright, at one place and size, with room for every network's crop.

Its geometry is canonical: the template's points lie at the same pixels of every chip, so nothing needs to be kept beside it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..errors import MediaError, ModelError
from ..media.frames import Pixels
from .align import Matrix, compose, invert, warp

SIDE = 192
"""Pixels of a chip's side."""
_ZOOM = 1.2
"""Pixels of the chip to one of the 112 crop: a chip shows 160 of them, more than any network's crop."""
_QUALITY = 93
_CROPS: Mapping[str, tuple[int, tuple[float, float], tuple[float, float]]] = MappingProxyType(
    {"arcface-112": (112, (112.0, 112.0), (56.0, 56.0)), "facenet-160": (160, (98.0, 128.0), (56.5, 66.0))}
)
"""By name: a crop's side, and the size and middle of what it shows in pixels of the 112 crop."""


def chip_matrix() -> Matrix:
    """From the 112 crop to the chip; the face's middle a little above the chip's, as in a portrait."""
    return np.array([[_ZOOM, 0.0, SIDE / 2 - _ZOOM * 56], [0.0, _ZOOM, SIDE / 2 - _ZOOM * 64]])


def crop_matrix(name: str) -> tuple[Matrix, int]:
    """From the 112 crop to the crop of template `name`, and that crop's side; ModelError for a name that is unknown.

    "arcface-112" is InsightFace's crop itself. "facenet-160" is what FaceNet wants of an upright face: 98 of its pixels
    across and 128 down, stretched to a square, as the boxes were that it was trained with. Square crops of 112 to 140 find
    a fifth fewer at one false match in 10,000.
    """
    if name not in _CROPS:
        raise ModelError(f"There is no crop {name!r}.", remedy=f"Known: {', '.join(_CROPS)}.")
    side, (width, height), (x, y) = _CROPS[name]
    across, down = side / width, side / height
    return np.array([[across, 0.0, side / 2 - across * x], [0.0, down, side / 2 - down * y]]), side


def cut(image: Pixels, matrix: Matrix, name: str) -> Pixels:
    """The crop of template `name` out of a picture, where `matrix` leads from the picture to the 112 crop."""
    crop, side = crop_matrix(name)
    return warp(image, compose(crop, matrix), side)


def make_chip(image: Pixels, matrix: Matrix) -> bytes:
    """The chip (JPEG) of the face that `matrix` brings to the 112 crop."""
    buffer = io.BytesIO()
    Image.fromarray(warp(image, compose(chip_matrix(), matrix), SIDE)).save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    return buffer.getvalue()


def open_chip(chip: bytes) -> Pixels:
    """The chip's pixels, (SIDE, SIDE, 3). Raises MediaError when it is none."""
    try:
        pixels = np.asarray(Image.open(io.BytesIO(chip)).convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise MediaError("A kept crop of a face cannot be read.", code="damaged-crop", remedy="Analyse the picture again.") from error
    if pixels.shape != (SIDE, SIDE, 3):
        raise MediaError(f"A kept crop has {pixels.shape[1]} x {pixels.shape[0]} pixels, not {SIDE}.", code="damaged-crop")
    return pixels


def cut_chip(chip: Pixels, name: str) -> Pixels:
    """The crop of template `name` out of a chip."""
    return cut(chip, invert(chip_matrix()), name)
