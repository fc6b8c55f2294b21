"""What a viewer would see is what comes out: turned, stretched, from one field, out of 10 bits, out of HDR."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.integration.media import clips
from tests.integration.media.clips import BLUE, DARK, GREEN, RED, Picture

from stashai.media.developing import HDR_NOTE
from stashai.media.tonemap import HLG, PQ, nits_to_pq
from stashai.media.video import VideoReader


def colour(image: Picture, y: int, x: int) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in image[y, x])
    return red, green, blue


def corners(image: Picture) -> list[tuple[int, int, int]]:
    """The colours top left, top right, bottom left, bottom right."""
    places = ((8, 8), (8, -8), (-8, 8), (-8, -8))
    return [colour(image, y, x) for y, x in places]


def alike(found: list[tuple[int, int, int]], wanted: list[tuple[int, int, int]], tolerance: int = 12) -> bool:
    return int(np.abs(np.subtract(found, wanted)).max()) <= tolerance


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("quarter", [BLUE, RED, DARK, GREEN]),
        ("half", [DARK, BLUE, GREEN, RED]),
        ("three quarters", [GREEN, DARK, RED, BLUE]),
        ("mirrored", [GREEN, RED, DARK, BLUE]),
        ("upside down", [BLUE, DARK, RED, GREEN]),
    ],
)
def test_rotation(tmp_path: Path, name: str, wanted: list[tuple[int, int, int]]) -> None:
    source = clips.write(tmp_path / "plain.mp4", frames=10)
    with VideoReader(clips.turned(source, tmp_path / "turned.mp4", clips.MATRICES[name])) as reader:
        (frame,) = reader.keyframes([0.0])
        size = (180, 320) if "quarter" in name else (320, 180)
        assert frame.size == (reader.info.width, reader.info.height) == size
        assert alike(corners(frame.image), wanted)
        assert frame.image.flags["C_CONTIGUOUS"]
        assert (frame.origin, frame.scale, frame.note) == ((0, 0), (1.0, 1.0), None)


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    def wide(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    with VideoReader(clips.write(tmp_path / "wide.mp4", frames=5, stream_set_up=wide)) as reader:
        (frame,) = reader.keyframes([0.0])
        assert frame.size == (reader.info.width, reader.info.height) == (427, 180)
        assert alike(corners(frame.image), [RED, GREEN, BLUE, DARK])


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv444p", "yuv422p"])
def test_other_pixel_formats(tmp_path: Path, pixels: str) -> None:
    with VideoReader(clips.write(tmp_path / "deep.mp4", frames=5, pixels=pixels)) as reader:
        (frame,) = reader.keyframes([0.0])
        assert alike(corners(frame.image), [RED, GREEN, BLUE, DARK])


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), 1), ((320, 180), 5)])
def test_colours_of_unmarked_video_are_those_of_its_size(tmp_path: Path, size: tuple[int, int], matrix: int) -> None:
    """High definition is BT.709 and the rest BT.601, though nothing says so."""
    # Full red in the video's own matrix, as studio levels.
    y, u, v = {1: (63, 102, 240), 5: (81, 90, 240)}[matrix]

    def red(frame: Any) -> None:
        for plane, value in zip(frame.planes, (y, u, v), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)

    path = clips.write(tmp_path / "red.mp4", frames=3, size=size, frame_set_up=red, options={"g": "25", "qp": "0"})
    with VideoReader(path) as reader:
        (frame,) = reader.keyframes([0.0])
        assert alike([colour(frame.image, 50, 50)], [(255, 0, 0)], 4)


def combing(image: Picture) -> float:
    """Share of pixels that differ from the lines above and below in the same direction."""
    grey = image.mean(axis=2)
    above, below = grey[1:-1] - grey[:-2], grey[1:-1] - grey[2:]
    return float(((np.abs(above) > 25) & (np.abs(below) > 25) & (np.sign(above) == np.sign(below))).mean())


def fields(number: int, width: int, height: int) -> Picture:
    """A striped picture in which the lower field is a moment later: everything has moved by 16 pixels."""
    stripes = np.where(np.arange(width + 600) // 40 % 2, 220, 30).astype(np.uint8)
    image = np.empty((height, width, 3), np.uint8)
    image[0::2] = stripes[number * 4 : number * 4 + width][None, :, None]
    image[1::2] = stripes[number * 4 + 16 : number * 4 + 16 + width][None, :, None]
    return image


def still_fields(number: int, width: int, height: int) -> Picture:
    return clips.picture(number, width, height)


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_interlaced_motion_loses_its_comb(tmp_path: Path, codec: str) -> None:
    options = {"g": "10", "flags": "+ildct+ilme"}
    if codec == "libx264":
        options["x264-params"] = "tff=1"

    def top_first(frame: Any) -> None:
        frame.interlaced_frame = True

    path = clips.write(tmp_path / "fields.mkv", frames=10, size=(640, 480), codec=codec, options=options, draw=fields)
    with av.open(str(path)) as file:
        raw = next(file.decode(video=0))
        if not raw.interlaced_frame:
            pytest.skip("this encoder does not mark fields")
        assert combing(np.asarray(raw.to_ndarray(format="rgb24"), dtype=np.uint8)) > 0.1
    with VideoReader(path) as reader:
        (frame,) = reader.keyframes([0.0])
        assert frame.size == (640, 480)
        assert combing(frame.image) < 0.01


def test_interlaced_video_without_motion_keeps_all_its_lines(tmp_path: Path) -> None:
    def lines(number: int, width: int, height: int) -> Picture:
        image = clips.picture(0, width, height)
        image[100:104] = 255
        return image

    options = {"g": "10", "flags": "+ildct+ilme", "x264-params": "tff=1", "qp": "4"}
    path = clips.write(tmp_path / "still.mkv", frames=5, size=(320, 240), options=options, draw=lines)
    with av.open(str(path)) as file:
        raw = next(file.decode(video=0))
        wanted = raw.to_ndarray(format="rgb24")
        if not raw.interlaced_frame:
            pytest.skip("this encoder does not mark fields")
    with VideoReader(path) as reader:
        (frame,) = reader.keyframes([0.0])
        assert int(np.abs(frame.image[98:106].astype(int) - wanted[98:106]).max()) < 30


@pytest.mark.parametrize(("transfer", "code"), [(PQ, float(nits_to_pq(np.array([100.0]))[0])), (HLG, 0.65)])
def test_hdr_is_tone_mapped_and_said(tmp_path: Path, transfer: int, code: float) -> None:
    """A grey of about 100 nits, half as bright as white paper, is a light grey and not the dim one of its code values."""
    level = round(64 + 876 * code)

    def grey(frame: Any) -> None:
        for plane, value in zip(frame.planes, (level, 512, 512), strict=True):
            plane.update(np.full(plane.buffer_size // 2, value, np.uint16).tobytes())
        frame.color_trc, frame.colorspace, frame.color_primaries = transfer, 9, 9

    def tags(stream: Any) -> None:
        context = stream.codec_context
        context.color_trc, context.colorspace, context.color_primaries, context.color_range = transfer, 9, 9, 1

    path = clips.write(
        tmp_path / "hdr.mp4", frames=3, pixels="yuv420p10le", frame_set_up=grey, stream_set_up=tags, options={"g": "25", "qp": "1"}
    )
    with VideoReader(path) as reader:
        (frame,) = reader.keyframes([0.0])
        assert frame.note == HDR_NOTE
        value = frame.image[90, 160].astype(int)
        assert value.max() - value.min() <= 4
        assert 165 <= value.mean() <= 205


def test_a_frame_of_more_than_24_megapixels_is_reduced_and_says_so(tmp_path: Path) -> None:
    def large(number: int, width: int, height: int) -> Picture:
        return np.broadcast_to(np.linspace(0, 255, width, dtype=np.uint8)[None, :, None], (height, width, 3)).copy()

    path = clips.write(tmp_path / "large.mkv", codec="mjpeg", pixels="yuvj420p", frames=1, size=(7680, 4320), draw=large, options={})
    with VideoReader(path) as reader:
        (frame,) = reader.keyframes([0.0])
        assert (reader.info.width, reader.info.height) == (7680, 4320)
        assert frame.size[0] * frame.size[1] <= 24_100_000
        corner = frame.displayed(np.array([frame.size], np.float32))[0]
        assert corner == pytest.approx([7680, 4320], abs=2)
