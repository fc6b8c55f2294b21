"""Long films for measuring, made in seconds: a short loop is encoded once and its packets are repeated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from PIL import Image

from ..media.frames import Pixels

LOOP_SECONDS = 20
RATE = 25
KEYFRAME_EVERY = 250
"""Frames between keyframes: x264's default, and the worst case for seeking."""


def make_film(path: Path, seconds: float, pictures: Sequence[Pixels] = (), size: tuple[int, int] = (1920, 1080)) -> Path:
    """Write an H.264 film of at least `seconds` to `path` (MP4): `pictures` drift over a noisy background."""
    loop = path.with_name(f".{path.name}.loop.mp4")
    try:
        _encode(loop, pictures, size)
        _repeat(loop, path, round(seconds / LOOP_SECONDS + 0.5))
    finally:
        loop.unlink(missing_ok=True)
    return path


def _encode(path: Path, pictures: Sequence[Pixels], size: tuple[int, int]) -> None:
    options = {"crf": "23", "preset": "ultrafast", "g": str(KEYFRAME_EVERY), "sc_threshold": "0", "bf": "2"}
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number, image in enumerate(_pictures(pictures, size)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number
            for packet in stream.encode(frame):
                film.mux(packet)
        for packet in stream.encode():
            film.mux(packet)


def _pictures(pictures: Sequence[Pixels], size: tuple[int, int]) -> list[Pixels]:
    width, height = size
    random = np.random.default_rng(7)
    coarse = Image.fromarray(random.integers(30, 200, (9, 16, 3), dtype=np.uint8))
    ground = np.asarray(coarse.resize((width + 200, height + 200), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = random.integers(-6, 7, ground.shape, dtype=np.int16)
    ground = np.clip(ground + grain, 0, 255).astype(np.uint8)
    side = height // 2
    shown = [np.asarray(Image.fromarray(picture).resize((side, side))) for picture in pictures]
    frames = []
    for number in range(LOOP_SECONDS * RATE):
        shift = number % 200
        image = ground[shift : shift + height, shift : shift + width].copy()
        if shown:
            left = (number * 3) % (width - side)
            image[height // 4 : height // 4 + side, left : left + side] = shown[number * len(shown) // (LOOP_SECONDS * RATE)]
        frames.append(image)
    return frames


def _repeat(loop: Path, path: Path, times: int) -> None:
    with av.open(str(loop)) as source, av.open(str(path), "w") as film:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        copied = film.add_stream_from_template(stream)
        base = stream.time_base
        if base is None:
            raise ValueError("a stream without a time base")
        length = round(LOOP_SECONDS / base)
        stamps = [(packet.pts or 0, packet.dts or 0, bytes(packet), packet.is_keyframe) for packet in packets]
        for turn in range(times):
            for pts, dts, content, key in stamps:
                packet = av.Packet(content)
                packet.pts, packet.dts, packet.time_base = pts + turn * length, dts + turn * length, base
                packet.is_keyframe = key
                packet.stream = copied
                film.mux(packet)
