"""Small clips of every awkward kind, written with PyAV, whose pictures tell which frame they are."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
RATE = 25
BITS = 8
RED, GREEN, BLUE, DARK = (200, 40, 40), (40, 180, 40), (40, 60, 200), (30, 30, 30)


def picture(number: int, width: int = 320, height: int = 180) -> Picture:
    """Red top left, green top right, blue bottom left, dark bottom right; in the middle row the number in binary as black and
    white fields."""
    image = np.empty((height, width, 3), np.uint8)
    half_h, half_w = height // 2, width // 2
    image[:half_h, :half_w], image[:half_h, half_w:] = RED, GREEN
    image[half_h:, :half_w], image[half_h:, half_w:] = BLUE, DARK
    side = width // BITS
    for bit in range(BITS):
        image[half_h - 20 : half_h + 20, bit * side : (bit + 1) * side] = 235 if number >> bit & 1 else 20
    return image


def number_of(image: Picture) -> int:
    """What `picture` was given."""
    height, width = image.shape[:2]
    row = image[height // 2 - 10 : height // 2 + 10].mean(axis=(0, 2))
    side = width // BITS
    return sum(1 << bit for bit in range(BITS) if row[bit * side + side // 4 : (bit + 1) * side - side // 4].mean() > 128)


def write(
    path: Path,
    *,
    frames: int = 100,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    container: str | None = None,
    container_options: dict[str, str] | None = None,
    pixels: str = "yuv420p",
    size: tuple[int, int] = (320, 180),
    milliseconds: Callable[[int], int] | None = None,
    stream_set_up: Callable[[Any], None] | None = None,
    frame_set_up: Callable[[Any], None] | None = None,
    draw: Callable[[int, int, int], Picture] = picture,
) -> Path:
    """A clip of `frames` at 25 a second (or at `milliseconds(i)`), a keyframe a second."""
    with av.open(str(path), "w", format=container, options=container_options or {}) as file:
        stream: Any = file.add_stream(codec, rate=RATE, options=options or {"g": "25"})
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if stream_set_up:
            stream_set_up(stream)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(draw(number, *size), format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = (milliseconds(number), Fraction(1, 1000)) if milliseconds else (number, Fraction(1, RATE))
            if frame_set_up:
                frame_set_up(frame)
            for packet in stream.encode(frame):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return path


def remux(source: Path, path: Path, **options: str) -> Path:
    """The same packets in another container, or with other options of it."""
    with av.open(str(source)) as old, av.open(str(path), "w", options=options) as new:
        stream = old.streams.video[0]
        copied = new.add_stream_from_template(stream)
        for packet in old.demux(stream):
            if packet.dts is not None:
                packet.stream = copied
                new.mux(packet)
    return path


def cut(source: Path, path: Path, share: float = 0.5) -> Path:
    """The first `share` of the bytes."""
    content = source.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


ONE = 1 << 16
MATRICES = {
    "quarter": (0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30),
    "half": (-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30),
    "three quarters": (0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30),
    "mirrored": (-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30),
    "upside down": (ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30),
}


def turned(source: Path, path: Path, matrix: tuple[int, ...]) -> Path:
    """An MP4 with another display matrix in its track header."""
    content = bytearray(source.read_bytes())
    place = content.find(b"tkhd") + 4
    times = 20 if content[place] == 0 else 32
    start = place + 4 + times + 16
    content[start : start + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(content)
    return path


def sound(path: Path) -> Path:
    """A second of silence and no picture."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        for packet in stream.encode(frame):
            file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    return path
