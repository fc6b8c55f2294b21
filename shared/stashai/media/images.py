"""Stills and animations as frames: upright, RGB, bounded in pixels, and honest about what was damaged."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from ..errors import MediaError
from .fingerprint import unreadable
from .frames import Frame
from .kinds import HEAD, is_avif, is_heic
from .pixels import KEPT_PIXELS, to_rgb

MAX_PIXELS = 89_000_000
"""Pixels that are decoded at most (pillow's own limit): half a gigabyte on the way. A JPEG may have more, since it is reduced
while it is decoded."""
MAX_JPEG_PIXELS = 2_000_000_000
ANIMATION_FRAMES = 24
"""Frames of an animation that are looked at, spread over its length."""
ANIMATION_PIXELS = 60_000_000
"""Pixels of these frames together."""
ANIMATION_REACH = 1200
"""Frames into an animation that it is followed: each has to be decoded to get to the next."""
_PHOTOGRAPHS = "JPEG PNG GIF WEBP AVIF HEIF BMP DIB TIFF JPEG2000 PPM TGA ICO ICNS PCX PSD SGI QOI DDS SUN XBM XPM"
FORMATS = frozenset(_PHOTOGRAPHS.split())
"""What is let in: of pillow's other formats some start programs (EPS: Ghostscript), and none holds photographs."""
ANIMATED = frozenset(["GIF", "WEBP", "PNG", "AVIF"])
"""Formats whose further pictures are moments; elsewhere (TIFF, MPO) they are pages and thumbnails."""
CUT_OFF = "cut off: only a part of it could be read; copy it again from its source"
WHOLE_ENOUGH = 0.25
"""Share of the rows that a damaged picture must still show to be looked at."""
_GIANTS = threading.Lock()
"""Pictures of more than KEPT_PIXELS are decoded one at a time: each takes hundreds of megabytes on its way."""
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, struct.error, zlib.error, EOFError, IndexError, KeyError, OverflowError, RuntimeError
)
"""What pillow's decoders raise on files that are not what they should be."""


def read_image(source: Path | bytes) -> list[Frame]:
    """The frames of a picture: one for a still, up to 24 with their times for an animation.

    Orientation (EXIF) is applied; CMYK, palettes, 16 bits and transparency become plain RGB. Up to 24 megapixels keep their
    resolution; of larger pictures the frame has a `scale`. A frame of a file that was cut off has a `note`. Raises
    MediaError: missing, empty, not a picture, too large, damaged beyond use.
    """
    with _content(source) as content, _opened(content) as image:
        whole = image.size
        _limit(image)
        with _GIANTS if whole[0] * whole[1] > KEPT_PIXELS else nullcontext():
            count, note = _moments(image) if image.format in ANIMATED else (1, None)
            if count > 1:
                return _animation(image, count, note)
            frame = _still(image, content, whole)
            return [replace(frame, note=frame.note or note)]


@contextmanager
def _content(source: Path | bytes) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        with source.open("rb") as content:
            yield content
    except OSError as error:
        # Damage inside is a MediaError by now: what is left is the file itself.
        raise unreadable(source, error) from error


@contextmanager
def _opened(content: IO[bytes]) -> Iterator[Image.Image]:
    head = content.read(HEAD)
    if not head:
        raise MediaError("The file is empty.", code="empty-file", remedy="Copy it again from where it came.")
    content.seek(0)
    if is_heic(head):
        _learn_heic()
    _quieten()
    try:
        with _by_kind(content, head) as image:
            if image.format not in FORMATS:
                raise _no_picture(head)
            yield image
    except UnidentifiedImageError as error:
        raise _no_picture(head) from error
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except MemoryError as error:
        raise MediaError("There is not enough memory for the picture.", code="too-large", remedy="Make it smaller.") from error
    except _DAMAGE as error:
        raise MediaError(
            f"The picture is damaged: {error}.", code="damaged", remedy="Open and save it again, or copy it again from its source."
        ) from error


def _by_kind(content: IO[bytes], head: bytes) -> Image.Image:
    if head.startswith(b"\xff\xd8\xff"):
        # Without Image.open's own limit on pixels, which knows nothing of a JPEG's reduction; ours is checked at once.
        return JpegImagePlugin.JpegImageFile(content)
    # The plug-in for HEIC takes whatever is in the same container for its own.
    return Image.open(content, formats=["AVIF"] if is_avif(head) else None)


@cache
def _quieten() -> None:
    """A picture above pillow's limit is refused in a sentence of ours: pillow's own warning would stand beside it."""
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@cache
def _learn_heic() -> None:
    """Phones' photographs: a plug-in of pillow, which Stash's plugin leaves out, as Stash has no such pictures."""
    with suppress(ImportError):  # then such a picture is told to be one
        from pi_heif import register_heif_opener

        register_heif_opener(thumbnails=False)


def _no_picture(head: bytes) -> MediaError:
    if is_heic(head) and find_spec("pi_heif") is None:
        return MediaError("It is a HEIC picture, which cannot be read here.", code="not-a-picture", remedy="Convert it to JPEG.")
    if is_heic(head) or is_avif(head):
        return MediaError("The picture is damaged or cut off.", code="damaged", remedy="Copy it again from its source.")
    return MediaError("It is not a picture of a known kind.", code="not-a-picture", remedy="Convert it to JPEG or PNG.")


def _limit(image: Image.Image) -> None:
    """Before anything is decoded, by the header alone; lets a JPEG be decoded at a half, a quarter or an eighth."""
    pixels = image.width * image.height
    if pixels <= KEPT_PIXELS:
        return
    # A progressive JPEG is held in memory as a whole before it is reduced.
    if image.format == "JPEG" and pixels <= (MAX_PIXELS if "progressive" in image.info else MAX_JPEG_PIXELS):
        # By halves only: to one that leaves at least half of what is kept.
        shrink = (KEPT_PIXELS / 2 / pixels) ** 0.5
        image.draft(image.mode, (max(1, int(image.width * shrink)), max(1, int(image.height * shrink))))
        pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise _too_large(image.size)


def _too_large(size: tuple[int, int] | None = None) -> MediaError:
    what = f"The picture is too large: {size[0]} by {size[1]} pixels" if size else "The picture is too large"
    return MediaError(
        f"{what}. At most {MAX_PIXELS // 10**6} megapixels are read, or {MAX_JPEG_PIXELS // 10**6} of a JPEG that is not progressive.",
        code="too-large",
        remedy="Make it smaller.",
    )


def _still(image: Image.Image, content: IO[bytes], whole: tuple[int, int]) -> Frame:
    """`whole` is the size that the file says the picture has, before a decoder was told to reduce it."""
    orientation = _orientation(image)
    note = None
    try:
        image.load()
    except _DAMAGE as error:
        image, note = _repaired(image, content, error), CUT_OFF
    pixels = to_rgb(image, orientation)
    width, height = whole if orientation < 5 else (whole[1], whole[0])
    return Frame(pixels, note=note, scale=(width / pixels.shape[1], height / pixels.shape[0]))


def _orientation(image: Image.Image) -> int:
    try:
        found = int(image.getexif().get(0x0112, 1))
    except _DAMAGE:
        return 1
    return found if 1 <= found <= 8 else 1


def _repaired(image: Image.Image, content: IO[bytes], error: Exception) -> Image.Image:
    """What there is of a picture that was cut off. A JPEG gets an end marker, behind which the decoder fills up with grey; other
    decoders leave what they have got through in the picture."""
    if image.format == "JPEG":
        content.seek(0)
        repaired: Image.Image = JpegImagePlugin.JpegImageFile(io.BytesIO(content.read() + b"\xff\xd9"))
        _limit(repaired)
    else:
        repaired = image
        vars(repaired)["tile"] = []
    repaired.load()
    if _filled(repaired) < WHOLE_ENOUGH:
        raise MediaError(
            "The picture is cut off; hardly anything of it can be read.", code="truncated", remedy="Copy it again from its source."
        ) from error
    return repaired


def _filled(image: Image.Image) -> float:
    """Share of the rows that show anything: what a decoder did not get to is even."""
    rows = np.asarray(image).reshape(image.height, image.width, -1)
    return float((rows != rows[:, :1]).any(axis=(1, 2)).mean())


def _moments(image: Image.Image) -> tuple[int, str | None]:
    """How many pictures there are, and a note when they end in damage."""
    try:
        return getattr(image, "n_frames", 1), None
    except _DAMAGE:
        return image.tell() + 1, CUT_OFF


def _animation(image: Image.Image, count: int, note: str | None) -> list[Frame]:
    reach = min(count, ANIMATION_REACH)
    most = max(2, min(ANIMATION_FRAMES, reach, ANIMATION_PIXELS // max(1, image.width * image.height)))
    wanted = {round(i * (reach - 1) / (most - 1)) for i in range(most)}
    frames: list[Frame] = []
    time = 0.0
    for index in range(reach):
        try:
            image.seek(index)
            image.load()
        except _DAMAGE:
            note = CUT_OFF
            break
        if index in wanted:
            pixels = to_rgb(image)
            scale = (image.width / pixels.shape[1], image.height / pixels.shape[0])
            frames.append(Frame(pixels, time=round(time, 3), scale=scale))
        time += _duration(image)
    if not frames:
        raise MediaError("No frame of the animation can be read.", code="damaged", remedy="Copy it again from its source.")
    frames[-1] = replace(frames[-1], note=note)
    return frames


def _duration(image: Image.Image) -> float:
    """Seconds that the current frame is shown; what browsers show for none given is a tenth."""
    milliseconds: Any = image.info.get("duration") or 100
    try:
        return max(float(milliseconds), 10.0) / 1000.0
    except (TypeError, ValueError):
        return 0.1
