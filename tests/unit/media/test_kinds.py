"""What a file is, by its name and by its first bytes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from stashai.media.kinds import HEAD, Kind, kind_of_content, kind_of_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.JPG", Kind.IMAGE), ("a.webp", Kind.IMAGE), ("a.b.MKV", Kind.VIDEO), ("a.m2ts", Kind.VIDEO), ("a.txt", None), ("jpg", None)],
)
def test_by_name(name: str, kind: Kind | None) -> None:
    assert kind_of_name(Path(name)) is kind


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "JPEG2000"])
def test_pictures_by_content(form: str) -> None:
    content = io.BytesIO()
    Image.new("RGB", (16, 16)).save(content, form)
    assert kind_of_content(content.getvalue()[:HEAD]) is Kind.IMAGE


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x18ftypisom", b"\0\0\0\x18ftypqt  ", b"\0\0\0\x08wide", b"\x1aE\xdf\xa3", b"RIFF\0\0\0\0AVI ", b"FLV\x01",
        b"\0\0\x01\xba", b"G" + bytes(187) + b"G" + bytes(200), bytes(4) + b"G" + bytes(191) + b"G" + bytes(200),
    ],
)
def test_videos_by_content(head: bytes) -> None:
    assert kind_of_content(head) is Kind.VIDEO


@pytest.mark.parametrize(
    "head", [b"", b"Good morning, this is a text. " * 20, b"RIFF\0\0\0\0WAVEfmt ", b"%PDF-1.7", b"PK\x03\x04", bytes(HEAD)]
)
def test_neither(head: bytes) -> None:
    assert kind_of_content(head) is None
