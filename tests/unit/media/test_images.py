"""Every kind of picture as upright RGB; what is damaged is told; what is too large is refused before it is decoded."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stashai.errors import MediaError
from stashai.media import images
from stashai.media.frames import Frame, Pixels
from stashai.media.images import ANIMATION_FRAMES, CUT_OFF, MAX_PIXELS, read_image
from stashai.media.pixels import GROUND, KEPT_PIXELS, to_rgb


def scene(width: int = 120, height: int = 80) -> Pixels:
    """Red top left, green top right, blue bottom left, white bottom right, with a little grain."""
    image = np.empty((height, width, 3), np.uint8)
    image[: height // 2, : width // 2], image[: height // 2, width // 2 :] = (220, 20, 20), (20, 200, 20)
    image[height // 2 :, : width // 2], image[height // 2 :, width // 2 :] = (20, 20, 220), (240, 240, 240)
    grain = np.random.default_rng(5).integers(-6, 7, image.shape)
    return np.clip(image.astype(int) + grain, 0, 255).astype(np.uint8)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def one(source: bytes | Path) -> Frame:
    (frame,) = read_image(source)
    assert frame.image.dtype == np.uint8
    assert frame.image.flags["C_CONTIGUOUS"]
    assert frame.time is None
    return frame


def near(found: Pixels, wanted: Pixels, tolerance: float = 8.0) -> bool:
    return found.shape == wanted.shape and float(np.abs(found.astype(int) - wanted.astype(int)).mean()) < tolerance


def refused(source: bytes | Path) -> str:
    with pytest.raises(MediaError) as caught:
        read_image(source)
    assert caught.value.remedy
    return caught.value.code


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "JPEG2000", "TGA"])
def test_common_formats(form: str) -> None:
    options = {"quality": 95} if form in ("JPEG", "WEBP", "AVIF") else {}
    frame = one(saved(Image.fromarray(scene()), form, **options))
    assert near(frame.image, scene(), 6)
    assert frame.note is None
    assert frame.scale == (1.0, 1.0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    """The stored picture is what a camera held that way would store; what comes out is the scene."""
    undo = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 5: lambda a: np.swapaxes(a, 0, 1),
        6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2), 8: lambda a: np.rot90(a, -1),
    }  # fmt: skip
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](scene())))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert near(one(saved(stored, "JPEG", exif=exif, quality=95)).image, scene())


def test_cmyk() -> None:
    frame = one(saved(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95))
    assert near(frame.image, scene(), 12)


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(16, 0)
    image = one(saved(Image.fromarray(ramp), "PNG")).image
    assert np.abs(image[8, :, 0].astype(int) - np.arange(256)).max() <= 1
    assert (image[..., 0] == image[..., 2]).all()


def test_twelve_bits_in_sixteen_are_not_dark() -> None:
    ramp = np.linspace(0, 4095, 256).astype(np.uint16)[None, :].repeat(16, 0)
    assert one(saved(Image.fromarray(ramp), "TIFF")).image.max() >= 254


def test_sixteen_bit_colour_png() -> None:
    """Written by hand: pillow does not write them."""
    wide = (scene().astype(np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in wide)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", wide.shape[1], wide.shape[0], 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert near(one(content).image, scene(), 1)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_other_numbers_take_their_own_range(mode: str) -> None:
    ramp = np.linspace(-5, 5, 256).astype(np.float32)[None, :].repeat(8, 0)
    values = ramp if mode == "F" else (ramp * 1e6).astype(np.int32)
    image = one(saved(Image.fromarray(values), "TIFF")).image
    assert image[4, 0, 0] == 0
    assert image[4, -1, 0] >= 254
    assert (np.diff(image[4, :, 0].astype(int)) >= 0).all()


def test_grey_palette_and_one_bit() -> None:
    grey = one(saved(Image.fromarray(scene()).convert("L"), "PNG")).image
    assert (grey[..., 0] == grey[..., 1]).all()
    assert near(one(saved(Image.fromarray(scene()).quantize(64), "PNG")).image, scene(), 10)
    assert set(np.unique(one(saved(Image.fromarray(scene()).convert("1"), "PNG")).image)) <= {0, 255}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_on_neutral_grey(mode: str) -> None:
    image = Image.fromarray(np.dstack([scene(), np.zeros(scene().shape[:2], np.uint8)]), "RGBA")
    content = saved(image.convert(mode), "PNG", transparency=0) if mode == "P" else saved(image.convert(mode), "PNG")
    if mode == "P":
        index = int(np.asarray(Image.open(io.BytesIO(content)))[0, 0])
        content = saved(image.convert(mode), "PNG", transparency=index)
        assert tuple(one(content).image[0, 0]) == GROUND
    else:
        assert (one(content).image == GROUND[0]).all()


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_animations_are_frames_with_times(form: str) -> None:
    pictures = [Image.fromarray(np.roll(scene(), step * 11, axis=1)) for step in range(5)]
    content = saved(pictures[0], form, save_all=True, append_images=pictures[1:], duration=200, loop=0)
    frames = read_image(content)
    assert [frame.time for frame in frames] == [0.0, 0.2, 0.4, 0.6, 0.8]
    for frame, picture in zip(frames, pictures, strict=True):
        assert near(frame.image, np.asarray(picture), 14)


def test_a_long_animation_is_sampled_over_its_length() -> None:
    pictures = [Image.fromarray(np.full((8, 8, 3), step, np.uint8)) for step in range(0, 200, 2)]
    frames = read_image(saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:], duration=100))
    assert len(frames) == ANIMATION_FRAMES
    assert frames[0].time == 0.0
    assert frames[-1].time == pytest.approx(9.9)


def test_pages_are_no_animation() -> None:
    pages = [Image.fromarray(np.roll(scene(), step * 11, axis=1)) for step in range(3)]
    assert near(one(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])).image, scene(), 1)


@pytest.mark.parametrize(("form", "options"), [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("BMP", {}), ("GIF", {})])
def test_what_is_left_of_a_picture_that_was_cut_off_is_used_and_said(form: str, options: dict[str, Any]) -> None:
    whole = Image.fromarray(scene(600, 400))
    content = saved(whole, form, **options)
    frame = one(content[: len(content) * 7 // 10])
    assert frame.note == CUT_OFF
    # A BMP begins with the bottom row.
    held = slice(250, 400) if form == "BMP" else slice(0, 150)
    assert near(frame.image[held], one(content).image[held], 12)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"])
def test_hardly_anything_left_is_refused(form: str) -> None:
    content = saved(Image.fromarray(scene(600, 400)), form)
    assert refused(content[: max(40, len(content) // 50)]) in ("truncated", "damaged", "not-a-picture")


def test_empty_missing_and_no_picture(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    assert refused(tmp_path / "empty.jpg") == "empty-file"
    assert refused(b"") == "empty-file"
    assert refused(tmp_path / "missing.jpg") == "missing-file"
    assert refused(tmp_path) == "unreadable-folder"
    assert refused(b"a text and no picture" * 50) == "not-a-picture"
    assert refused(b"\0\0\0\x18ftypheic" + bytes(500)) == "damaged"


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "really a png.jpg"
    path.write_bytes(saved(Image.fromarray(scene()), "PNG"))
    assert near(one(path).image, scene(), 1)


def test_a_very_wide_jpeg_is_reduced_while_it_is_decoded() -> None:
    columns = np.linspace(0, 255, 60_000).astype(np.uint8)
    wide = np.broadcast_to(columns[None, :, None], (1_000, 60_000, 3))
    frame = one(saved(Image.fromarray(np.ascontiguousarray(wide)), "JPEG", quality=60))
    assert frame.size[0] * frame.size[1] <= KEPT_PIXELS * 1.01
    corner = frame.displayed(np.array([frame.size], np.float32))[0]
    assert corner == pytest.approx([60_000, 1_000], rel=1e-5)
    middle = frame.image[frame.size[1] // 2, frame.size[0] // 2]
    assert abs(int(middle[0]) - 127) < 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "P"])
def test_a_large_picture_is_reduced_in_bands_as_it_would_be_at_once(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stashai.media.pixels.KEPT_PIXELS", 300_000)
    noise = np.random.default_rng(1).integers(0, 256, (97, 61, 3), np.uint8)
    picture = Image.fromarray(noise).resize((611, 977)).convert(mode)
    size = (433, 693)
    expected = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BOX), np.int16)
    found = to_rgb(picture)
    assert found.shape == (size[1], size[0], 3)
    assert np.abs(found - expected).max() <= 1


def test_a_turned_large_jpeg_has_its_scale_in_displayed_pixels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    frame = one(saved(Image.new("RGB", (9_000, 5_000), (200, 100, 50)), "JPEG", exif=exif))
    corner = frame.displayed(np.array([frame.size], np.float32))[0]
    assert corner == pytest.approx([5_000, 9_000], rel=1e-5)


def header_only(width: int, height: int, form: str) -> bytes:
    """A picture that claims a size and holds next to nothing."""
    if form == "PNG":
        content = bytearray(saved(Image.new("RGB", (1, 1)), "PNG"))
        content[16:24] = struct.pack(">II", width, height)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
        return bytes(content)
    content = bytearray(saved(Image.new("RGB", (8, 8)), "BMP"))
    content[18:26] = struct.pack("<ii", width, height)
    return bytes(content)


@pytest.mark.parametrize("form", ["PNG", "BMP"])
def test_a_bomb_is_refused_by_its_header_and_in_one_sentence(form: str, recwarn: pytest.WarningsRecorder) -> None:
    images._quieten.cache_clear()
    assert refused(header_only(60_000, MAX_PIXELS // 60_000 + 1, form)) == "too-large"
    assert refused(header_only(60_000, 60_000, form)) == "too-large"
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "ICO"])
def test_noise_in_a_file_is_read_or_refused(form: str) -> None:
    content = saved(Image.fromarray(scene(64, 48)), form)
    outcomes = {"read": 0, "refused": 0}
    for seed in range(40):
        random = np.random.default_rng(seed)
        damaged = bytearray(content)
        for _ in range(8):
            damaged[random.integers(0, len(damaged))] = random.integers(0, 256)
        try:
            frames = read_image(bytes(damaged))
        except MediaError:
            outcomes["refused"] += 1
        else:
            outcomes["read"] += all(frame.image.ndim == 3 for frame in frames)
    assert sum(outcomes.values()) == 40


def test_points_go_to_displayed_pixels_and_back() -> None:
    frame = Frame(np.zeros((10, 20, 3), np.uint8), origin=(100, 50), scale=(0.5, 2.0))
    points = np.array([[0, 0], [20, 10]], np.float32)
    assert frame.displayed(points).tolist() == [[100, 50], [110, 70]]
    assert frame.pixels(frame.displayed(points)).tolist() == points.tolist()


def test_what_starts_programs_is_no_picture() -> None:
    assert refused(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n") == "not-a-picture"


def test_a_picture_that_is_cut_off_is_not_of_an_unknown_kind() -> None:
    assert refused(saved(Image.fromarray(scene()), "AVIF")[:200]) == "damaged"


@pytest.mark.parametrize("form", ["GIF", "PNG"])
def test_an_animation_that_is_cut_off_is_told(form: str) -> None:
    moments = [Image.fromarray(np.roll(scene(), shift, axis=1)) for shift in range(10)]
    whole = saved(moments[0], form, save_all=True, append_images=moments[1:], duration=100)
    frames = read_image(whole[: len(whole) // 2])
    assert 1 <= len(frames) < 10
    assert frames[-1].note == CUT_OFF
    assert read_image(whole)[-1].note is None


@pytest.mark.parametrize(("progressive", "read"), [(False, True), (True, False)])
def test_a_large_jpeg_is_read_when_it_is_reduced_on_the_way(progressive: bool, read: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "KEPT_PIXELS", 1_000)
    monkeypatch.setattr(images, "MAX_PIXELS", 5_000)
    content = saved(Image.fromarray(scene()), "JPEG", progressive=progressive)
    if read:
        assert one(content).image.size < scene().size
    else:
        assert refused(content) == "too-large"


def test_giants_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "KEPT_PIXELS", 1_000)
    content = saved(Image.fromarray(scene()), "PNG")
    found: list[Frame] = []
    with images._GIANTS:
        other = threading.Thread(target=lambda: found.extend(read_image(content)))
        other.start()
        other.join(0.2)
        assert not found
    other.join()
    assert found
