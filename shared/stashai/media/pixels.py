"""Every pixel format that pillow knows as plain RGB of bounded size."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from .frames import Pixels

KEPT_PIXELS = 24_000_000
"""Pixels up to which a picture keeps its full resolution (6,000 by 4,000): faces are cut out of it. Larger ones are reduced."""
BAND = 256
"""Rows of a large picture that are reduced at a time."""
GROUND = (128, 128, 128)
"""What lies behind transparent pixels: neither a white nor a black outline around a face."""


def to_rgb(image: Image.Image, orientation: int = 1) -> Pixels:
    """(H, W, 3) uint8 RGB of a decoded picture, turned by its EXIF `orientation` (1 to 8); reduced to KEPT_PIXELS if it has
    more.

    16 and 32 bits are scaled into 8, never clipped; transparency is laid over neutral grey; colour profiles are ignored, for
    they move a face's colours less than the light of the room does.
    """
    deep = image.mode.startswith("I;16") or image.mode in ("I", "F")
    plain = _from_deep(image) if deep else _plain(image) if image.width * image.height <= KEPT_PIXELS else _reduced(image)
    turn = _TURNS.get(orientation)
    if turn is not None:
        plain = plain.transpose(turn)
    return np.ascontiguousarray(np.asarray(plain, dtype=np.uint8))


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _reduced(image: Image.Image) -> Image.Image:
    """Band by band, so that a picture's other forms never take as much memory as itself."""
    shrink = math.sqrt(KEPT_PIXELS / (image.width * image.height))
    width, height = max(1, round(image.width * shrink)), max(1, round(image.height * shrink))
    reduced = Image.new("RGB", (width, height))
    for first in range(0, height, BAND):
        last = min(first + BAND, height)
        top, bottom = first * image.height / height, last * image.height / height
        above = math.floor(top)
        band = _plain(image.crop((0, above, image.width, math.ceil(bottom))))
        shown = (0, top - above, image.width, bottom - above)
        reduced.paste(band.resize((width, last - first), Image.Resampling.BOX, box=shown), (0, first))
    return reduced


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return Image.alpha_composite(Image.new("RGBA", image.size, (*GROUND, 255)), image.convert("RGBA")).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or of floating point. 16 bits are taken over their whole range, or over the 12 or 10 bits of the
    sensor when nothing is brighter; other numbers between their own extremes."""
    step = max(1, math.ceil(math.sqrt(image.width * image.height / KEPT_PIXELS)))
    values = np.asarray(image)[::step, ::step].astype(np.float32)
    values = np.where(np.isfinite(values), values, np.float32(0))
    low, high = float(values.min()), float(values.max())
    if low >= 0 and 255 < high <= 65535:
        low, high = 0.0, next(float(2**bits - 1) for bits in (10, 12, 16) if high < 2**bits)
    elif low >= 0 and high <= 1 and image.mode == "F":
        low, high = 0.0, 1.0
    grey = np.clip((values - low) * (255.0 / max(high - low, 1e-6)), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
