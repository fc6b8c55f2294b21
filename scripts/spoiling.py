"""Good photographs made bad: what the quality score and the calibration learn poor faces from."""

from __future__ import annotations

import io
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from stashai.bench.photos import Change
from stashai.media.frames import Pixels


def spoil(image: Pixels, generator: np.random.Generator) -> Pixels:
    """`image` made worse in some of five ways."""
    picture = Image.fromarray(image)
    if generator.random() < 0.3:
        width, height = picture.size
        left, top = (int(generator.uniform(0, 0.45) * side) for side in picture.size)
        picture = picture.crop((left, 0, width, height) if generator.random() < 0.5 else (0, top, width, height))
    if generator.random() < 0.8:
        shrunk = float(np.exp(generator.uniform(np.log(0.1), 0)))
        picture = picture.resize((max(24, int(picture.width * shrunk)), max(24, int(picture.height * shrunk))), Image.Resampling.BILINEAR)
    if generator.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.3, 4)))
    pixels: NDArray[np.float64] = np.asarray(picture).astype(np.float64)
    if generator.random() < 0.3:
        pixels = pixels + generator.normal(0, generator.uniform(2, 40), pixels.shape)
    if generator.random() < 0.2:
        pixels = pixels * generator.uniform(0.15, 0.6)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    if generator.random() < 0.5:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(generator.integers(8, 60)))
        picture = Image.open(buffer).convert("RGB")
    return np.asarray(picture)


SPOILT = Change("spoilt 1", lambda path, image: spoil(image, np.random.default_rng(zlib.crc32(path.name.encode()))))
"""The same photograph is always spoilt in the same way."""
