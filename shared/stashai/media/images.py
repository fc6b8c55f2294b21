"""Stills and animations as frames: upright, RGB, bounded in pixels, and honest about what was damaged."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from ..errors import MediaError
from .fingerprint import unreadable
from .frames import Frame, Pixels

MAX_PIXELS = 80_000_000
"""More than this is not decoded: it would take over half a gigabyte."""
MAX_SIDE = 65_500
MAX_ANIMATION_FRAMES = 24
"""Frames of an animation that are looked at, spread over its length."""
GROUND = (128, 128, 128)
"""What lies behind transparent pixels."""
CUT_OFF = "cut off: only a part of it could be read"
WHOLE_ENOUGH = 0.25
"""Share of the rows that a damaged picture must still show to be looked at."""


def read_image(source: Path | bytes) -> list[Frame]:
    """The frames of a picture: one for a still, up to 24 with their times for an animation.

    Orientation (EXIF) is applied; CMYK, palettes, 16 bits and transparency become plain RGB. A frame that was cut off has a
    `note`. Raises MediaError: missing, empty, not a picture, too large, damaged beyond use.
    """
    name = source.name if isinstance(source, Path) else "the picture"
    with _opened(source, name) as image:
        _check_size(image)
        count = getattr(image, "n_frames", 1)
        if count > 1 and getattr(image, "is_animated", False):
            return _animation(image, count)
        return [_still(image)]


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[Image.Image]:
    try:
        content = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    except OSError as error:
        raise unreadable(Path(name), error) from error
    with content:
        if not content.read(1):
            raise MediaError("The file is empty.", code="empty-file", remedy="Copy it again from where it came.")
        content.seek(0)
        try:
            with Image.open(content) as image:
                yield image
        except UnidentifiedImageError as error:
            raise MediaError("It is not a picture of a known kind.", code="not-a-picture", remedy="Convert it to JPEG or PNG.") from error
        except Image.DecompressionBombError as error:
            raise _too_large() from error
        except (OSError, SyntaxError, ValueError, struct.error, EOFError, IndexError, KeyError, MemoryError) as error:
            raise MediaError(
                f"The picture is damaged: {error}.", code="damaged", remedy="Open and save it again, or copy it again from its source."
            ) from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise _too_large(image.size)


def _too_large(size: tuple[int, int] | None = None) -> MediaError:
    what = f"The picture is {size[0]} by {size[1]} pixels large" if size else "The picture is too large"
    return MediaError(f"{what}; at most {MAX_PIXELS // 10**6} megapixels are read.", code="too-large", remedy="Make it smaller.")


def _still(image: Image.Image) -> Frame:
    note = None
    try:
        image.load()
    except (OSError, SyntaxError, struct.error) as error:
        image, note = _repaired(image, error), CUT_OFF
    upright = ImageOps.exif_transpose(image) if _orientation(image) > 1 else image
    return Frame(_rgb(upright), note=note)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except (TypeError, ValueError, SyntaxError, OSError, struct.error):
        return 1


def _repaired(image: Image.Image, error: Exception) -> Image.Image:
    """What there is of a JPEG that was cut off: with an end marker behind it the decoder fills the rest with grey."""
    content = getattr(image, "fp", None)
    if image.format not in ("JPEG", "MPO") or content is None:
        raise error
    content.seek(0)
    repaired = Image.open(io.BytesIO(content.read() + b"\xff\xd9"))
    repaired.load()
    if _filled(repaired) < WHOLE_ENOUGH:
        raise MediaError(
            "The picture is cut off; hardly anything of it can be read.", code="truncated", remedy="Copy it again from its source."
        ) from error
    return repaired


def _filled(image: Image.Image) -> float:
    """Share of the rows above the even filling at the bottom."""
    rows = np.asarray(image).reshape(image.height, -1)
    different = np.flatnonzero((rows != rows[-1:]).any(axis=1))
    return float(different[-1] + 1) / image.height if different.size else 0.0


def _animation(image: Image.Image, count: int) -> list[Frame]:
    wanted = {round(i * (count - 1) / max(1, min(count, MAX_ANIMATION_FRAMES) - 1)) for i in range(min(count, MAX_ANIMATION_FRAMES))}
    frames, time = [], 0.0
    for index in range(max(wanted) + 1):
        try:
            image.seek(index)
        except (EOFError, OSError, SyntaxError, struct.error):
            break
        if index in wanted:
            frames.append(Frame(_rgb(image), time=round(time, 3)))
        time += _duration(image)
    if not frames:
        raise MediaError("No frame of the animation can be read.", code="damaged", remedy="Copy it again from its source.")
    return frames


def _duration(image: Image.Image) -> float:
    milliseconds: Any = image.info.get("duration", 100)
    return max(float(milliseconds or 100), 10.0) / 1000.0


def _rgb(image: Image.Image) -> Pixels:
    """(H, W, 3) uint8 RGB of any mode that pillow knows."""
    if image.mode.startswith(("I;16", "I", "F")):
        return _scaled(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        ground = Image.new("RGBA", image.size, (*GROUND, 255))
        image = Image.alpha_composite(ground, image.convert("RGBA"))
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), dtype=np.uint8))


def _scaled(image: Image.Image) -> Pixels:
    """Deep greyscale: 16 bits by their range, anything else between its own extremes."""
    values = np.asarray(image).astype(np.float32)
    low, high = (0.0, 65535.0) if values.size and 0 <= values.min() and 255 < values.max() <= 65535 else (float(values.min()), float(values.max()))
    grey = np.clip((values - low) * (255.0 / max(high - low, 1e-6)), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
