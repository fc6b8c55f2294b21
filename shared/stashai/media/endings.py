"""Whether a file ends where it should, by what it is made of: to the byte, where the length in seconds is a guess.

A stream may end anywhere, but not in the middle of what it is made of: where headers name no bytes, that is the one honest sign
that something is missing. MPEG-TS that was cut between two packets, MPEG-PS and Ogg between two of their own, are whole streams.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from typing import BinaryIO

_FILE_PROPERTIES = bytes.fromhex("A1DCAB8C47A9CF118EE400C00C205365")
_HEAD = 2**16
_TS_UNITS = ((188, 0), (192, 4), (204, 0))
"""Bytes of a transport packet, plain, with a time stamp in front, with parity behind, and where in it the sync byte is."""
_SYNC = 0x47
_PACKET = re.compile(rb"\x00\x00\x01[\xbd-\xef]")
_SEGMENT = 0x18538067
_OPEN = frozenset([_SEGMENT, 0x1F43B675])
"""Segment and cluster: what is in them is read one by one, as their sizes may be unknown."""
_BLOCK_HEAD = 4
"""Bytes of track, time and flags: FFmpeg's place of a packet is in front of them."""
_MOST_ELEMENTS = 10_000
_BOXES = frozenset([b"mdat", b"moov", b"moof"])
"""What holds the pictures, or tells where they are, in MP4; anything else behind them may be rubbish that harms nobody."""
_PAGE = b"OggS"


def ends_early(names: Iterable[str], file: BinaryIO, size: int, last: int | None) -> bool:
    """Whether a file of `size` bytes in one of the formats `names` ends too early, as far as can be told. `last` is the byte
    behind the last packet that was read, where one was."""
    formats = frozenset(names)
    if "asf" in formats:
        return _asf(_at(file, 0, _HEAD), size)
    if "mpegts" in formats:
        return _transport(_at(file, 0, _HEAD), size)
    if "mpeg" in formats:
        return _program(_at(file, max(0, size - _HEAD), _HEAD))
    if "mp4" in formats:
        return _mp4(file, size)
    if "ogg" in formats:
        return _ogg(_at(file, max(0, size - _HEAD), _HEAD))
    return bool(formats & {"matroska", "webm"}) and _matroska(file, last, size)


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


def _asf(head: bytes, size: int) -> bool:
    """By the number of bytes that the file properties name, unless they say that they were written before the end was known."""
    place = head.find(_FILE_PROPERTIES)
    if place < 0 or len(head) < place + 92:
        return False
    (whole,), (flags,) = struct.unpack_from("<Q", head, place + 40), struct.unpack_from("<I", head, place + 88)
    return not flags & 1 and whole > size


def _transport(head: bytes, size: int) -> bool:
    for unit, sync in _TS_UNITS:
        marks = head[sync : sync + 5 * unit : unit]
        if len(marks) == 5 and set(marks) == {_SYNC}:
            return bool(size % unit)
    return False


def _program(tail: bytes) -> bool:
    """By the last packet, whose length is in front of it. What begins a picture or a part of one has other codes."""
    last = max((found.start() for found in _PACKET.finditer(tail)), default=None)
    if last is None:
        return False
    length = int.from_bytes(tail[last + 4 : last + 6], "big")
    return last + 6 + length > len(tail)


def _mp4(file: BinaryIO, size: int) -> bool:
    """By its boxes, each of which names its bytes: the last one ends beyond the file."""
    place = 0
    for _ in range(_MOST_ELEMENTS):
        head = _at(file, place, 16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length < 8 or place + length > size:  # none is left, or it says that it goes on to the end, wherever that is
            return length >= 8 and kind in _BOXES
        place += length
    return False


def _ogg(tail: bytes) -> bool:
    """By the last page, in front of which are the bytes of its parts."""
    last = tail.rfind(_PAGE)
    if last < 0:
        return False
    parts = tail[last + 27 : last + 27 + tail[last + 26]] if len(tail) > last + 26 else b""
    return len(tail) < last + 27 or len(parts) < tail[last + 26] or last + 27 + len(parts) + sum(parts) > len(tail)


def _matroska(file: BinaryIO, last: int | None, size: int) -> bool:
    """By the bytes that the whole names; where it does not, by what is behind the last picture."""
    place = 0
    for _ in range(2):  # the first tells what it is, the second is the whole
        element = _element(_at(file, place, 12))
        if element is None:
            break
        identity, begins, content = element
        if identity == _SEGMENT and content is not None:
            return place + begins + content > size
        place += begins + (content or 0)
    return last is not None and _behind(file, last + _BLOCK_HEAD, size)


def _behind(file: BinaryIO, place: int, size: int) -> bool:
    """By the elements behind the last picture (sound, for the most part): one of them ends beyond the file."""
    if place >= size:  # where what all packets begin with is left out, they are longer than their bytes
        return False
    for _ in range(_MOST_ELEMENTS):
        if place >= size:
            return place > size
        element = _element(_at(file, place, 12))
        if element is None:
            return size - place < 12
        identity, begins, content = element
        place += begins + (0 if identity in _OPEN else content or 0)
    return False


def _element(head: bytes) -> tuple[int, int, int | None] | None:
    """What it is, the bytes before its content and those of it (None: not told); None where no element begins."""
    identity = 4 - (head[0] >> 4).bit_length() + 1 if head else 0
    length = 8 - head[identity].bit_length() + 1 if len(head) > identity else 0
    if not 1 <= length <= 8 or len(head) < identity + length:
        return None
    content = int.from_bytes(head[identity : identity + length], "big") - (1 << 7 * length)
    told = content if content != (1 << 7 * length) - 1 else None
    return int.from_bytes(head[:identity], "big"), identity + length, told
