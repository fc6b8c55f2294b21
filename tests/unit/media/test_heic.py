"""Photographs of phones: HEIC is read where its plug-in is, and told to be what it is where it is not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from stashai.errors import MediaError
from stashai.media import images
from stashai.media.images import read_image
from stashai.media.kinds import HEAD, Kind, kind_of_content, kind_of_name
from stashai.media.walk import Walk


def gradient(width: int, height: int) -> Image.Image:
    """Brighter to the right, redder to the bottom."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([down, across, across], axis=2).astype(np.uint8))


def heic(image: Image.Image, orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = io.BytesIO()
    pillow_heif.from_pillow(image).save(content, quality=95, exif=exif.tobytes())
    return content.getvalue()


def test_is_read_as_it_was() -> None:
    (frame,) = read_image(heic(gradient(320, 200)))
    assert (frame.size, frame.scale, frame.time, frame.note) == ((320, 200), (1.0, 1.0), None, None)
    assert np.abs(frame.image.astype(int) - np.asarray(gradient(320, 200))).mean() < 4


def test_is_turned_once() -> None:
    (frame,) = read_image(heic(gradient(320, 200), orientation=6))
    upright = np.asarray(gradient(320, 200).transpose(Image.Transpose.ROTATE_270))
    assert frame.image.shape == upright.shape
    assert np.abs(frame.image.astype(int) - upright).mean() < 4


@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_cut_off_is_one_sentence(share: float) -> None:
    content = heic(gradient(640, 480))
    with pytest.raises(MediaError) as caught:
        read_image(content[: int(share * len(content))])
    assert (caught.value.code, bool(caught.value.remedy)) == ("damaged", True)


def test_without_the_plug_in_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = heic(gradient(64, 64))
    monkeypatch.setattr(images, "_learn_heic", lambda: None)
    monkeypatch.setattr(images, "find_spec", lambda name: None)
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    with pytest.raises(MediaError, match="HEIC") as caught:
        read_image(content)
    assert caught.value.code == "not-a-picture"


def test_an_avif_that_says_so_late_is_none() -> None:
    content = io.BytesIO()
    gradient(320, 200).save(content, format="AVIF", quality=95)
    late = content.getvalue()[:8] + b"mif1" + content.getvalue()[12:]
    read_image(heic(gradient(64, 64)))  # whose plug-in would have it
    (frame,) = read_image(late)
    assert np.abs(frame.image.astype(int) - np.asarray(gradient(320, 200))).mean() < 4
    assert kind_of_content(late[:HEAD]) is Kind.IMAGE


@pytest.mark.parametrize("name", ["IMG_0001.HEIC", "a.heif", "b.hif"])
def test_is_a_picture_in_a_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(heic(gradient(64, 64)))
    assert [found.path.name for found in Walk([str(tmp_path)])] == [name]
    assert kind_of_name(tmp_path / name) is kind_of_content((tmp_path / name).read_bytes()[:512]) is Kind.IMAGE
