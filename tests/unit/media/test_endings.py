"""Files that end in the middle of what they are made of, and files that do not."""

from __future__ import annotations

import io
import struct

import pytest

from stashai.media.endings import ends_early


def early(name: str, content: bytes, last: int | None = None) -> bool:
    return ends_early(name.split(","), io.BytesIO(content), len(content), last)


def test_a_program_stream_by_its_last_packet() -> None:
    sound = b"\x00\x00\x01\xc0" + (100).to_bytes(2, "big") + bytes(100)
    picture = b"\x00\x00\x01\xe0" + (60).to_bytes(2, "big") + (b"\x00\x00\x01\xb3" + bytes(26)) * 2
    assert not early("mpeg", sound + picture)
    assert not early("mpeg", picture + sound + b"\x00\x00\x01\xb9")
    assert early("mpeg", (picture + sound)[:-1])
    assert early("mpeg", (sound + picture)[:-40])
    assert not early("mpeg", b"no packet at all")


@pytest.mark.parametrize("unit", [188, 192, 204])
def test_a_transport_stream_by_its_last_packet(unit: int) -> None:
    content = (bytes(4) * (unit == 192) + b"\x47" + bytes(unit)) * 9
    whole = b"".join(content[:unit] for _ in range(9))
    assert not early("mpegts", whole)
    assert early("mpegts", whole[:-1])
    assert not early("mpegts", b"\x47" * 3)


@pytest.mark.parametrize(("flags", "missing", "told"), [(2, 0, False), (2, 1, True), (3, 1, False)])
def test_asf_by_the_size_that_it_names_unless_it_was_broadcast(flags: int, missing: int, told: bool) -> None:
    head = bytearray(200)
    head[30:46] = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
    struct.pack_into("<Q", head, 70, 200 + missing)
    struct.pack_into("<I", head, 118, flags)
    assert early("asf", bytes(head)) is told


def test_matroska_by_the_elements_behind_the_last_picture() -> None:
    picture = b"\xa3\x85" + b"\x81\x00\x00\x80" + b"P"
    sound = b"\xa3\x40\x14" + bytes(20)
    cluster = b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff"
    behind = 2 + 1  # FFmpeg's place is in front of the block's own header
    for content in (picture, picture + sound, picture + cluster + sound + sound):
        assert not early("matroska,webm", content, behind)
    assert early("matroska,webm", picture + sound[:-1], behind)
    assert early("matroska,webm", picture + cluster + sound[:2], behind)
    assert not early("matroska,webm", picture[:-1], None)
    assert not early("matroska,webm", picture, len(picture) + 9)


def test_matroska_by_the_bytes_that_the_whole_names() -> None:
    head, frame = b"\x1a\x45\xdf\xa3\x83abc", b"\xa3\x85" + bytes(5)
    whole = head + b"\x18\x53\x80\x67\x01" + len(frame * 9).to_bytes(7, "big") + frame * 9
    assert not early("matroska,webm", whole)
    assert not early("matroska,webm", whole + bytes(40))
    assert early("matroska,webm", whole[:-1])
    assert early("matroska,webm", whole[: -len(frame)])


def box(kind: bytes, content: bytes, *, wide: bool = False) -> bytes:
    size = (16 if wide else 8) + len(content)
    return (b"\0\0\0\1" + kind + size.to_bytes(8, "big") if wide else size.to_bytes(4, "big") + kind) + content


@pytest.mark.parametrize("wide", [False, True])
def test_mp4_by_the_boxes_that_hold_the_pictures(wide: bool) -> None:
    whole = box(b"ftyp", b"isom") + box(b"moov", bytes(30)) + box(b"mdat", bytes(50), wide=wide)
    for harmless in (b"", bytes(20), b"\xff" * 20, box(b"free", bytes(9))[:-1]):
        assert not early("mov,mp4", whole + harmless)
    assert early("mov,mp4", whole[:-1])
    assert early("mov,mp4", whole + box(b"moof", bytes(40))[:20])
    assert not early("mov,mp4", box(b"moov", b"") + b"\0\0\0\0mdat" + bytes(50))


def test_ogg_by_its_last_page() -> None:
    page = b"OggS" + bytes(22) + b"\x02\xff\x05" + bytes(260)
    assert not early("ogg", page * 3)
    for missing in (1, 259, 261, 270):
        assert early("ogg", (page * 3)[:-missing])
    assert not early("ogg", b"no page at all")
