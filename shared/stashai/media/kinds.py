"""Which files are media: by extension in a folder, by content when it comes to reading."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from .fingerprint import unreadable

_IMAGES = "jpg jpeg jpe jfif png apng webp gif bmp tif tiff avif heic heif hif jp2 ppm pgm tga ico"
_VIDEOS = "mp4 m4v mov mkv webm avi wmv asf flv f4v mpg mpeg m2v vob ts m2ts mts 3gp 3g2 ogv ogm rm rmvb divx mxf"
IMAGE_EXTENSIONS = frozenset(f".{name}" for name in _IMAGES.split())
VIDEO_EXTENSIONS = frozenset(f".{name}" for name in _VIDEOS.split())
MEDIA_EXTENSIONS = IMAGE_EXTENSIONS | VIDEO_EXTENSIONS
HEAD = 512
"""Bytes that the content's kind is told from."""


class Kind(Enum):
    IMAGE = "image"
    VIDEO = "video"


_IMAGE_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ", b"P5", b"P6")
_VIDEO_MAGIC = (b"\x1aE\xdf\xa3", b"OggS", b"FLV", b"0&\xb2u\x8ef\xcf\x11", b"\0\0\x01\xba", b"\0\0\x01\xb3", b".RMF")


def kind_of_name(path: Path) -> Kind | None:
    """By extension alone; None for what is no medium."""
    suffix = path.suffix.lower()
    if suffix in IMAGE_EXTENSIONS:
        return Kind.IMAGE
    return Kind.VIDEO if suffix in VIDEO_EXTENSIONS else None


def kind_of_content(head: bytes) -> Kind | None:
    """By the first HEAD bytes of a file; None when they tell nothing."""
    if head.startswith(_IMAGE_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return Kind.IMAGE
    if head[4:8] == b"ftyp":
        return Kind.IMAGE if is_heic(head) or is_avif(head) else Kind.VIDEO
    if head.startswith(_VIDEO_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"AVI ") or head[4:8] in _BOXES:
        return Kind.VIDEO
    return Kind.VIDEO if _is_transport_stream(head) else None


def kind_of_file(path: Path) -> Kind | None:
    """By what it holds. Raises MediaError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return kind_of_content(file.read(HEAD))
    except OSError as error:
        raise unreadable(path, error) from error


def is_heic(head: bytes) -> bool:
    """Whether a file begins as a phone's photographs do (HEIF, mostly with HEVC inside)."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS and not is_avif(head)


def is_avif(head: bytes) -> bool:
    """Some call themselves a picture of any kind first, and AVIF only among the kinds that they are compatible with."""
    if head[4:8] != b"ftyp":
        return False
    brands = [head[8:12]]
    if brands[0] in _ANY_BRANDS:
        brands += [head[at : at + 4] for at in range(16, min(len(head), int.from_bytes(head[:4], "big")), 4)]
    return not _AVIF_BRANDS.isdisjoint(brands)


_ANY_BRANDS = frozenset([b"mif1", b"msf1"])
_HEIC_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"]) | _ANY_BRANDS
_AVIF_BRANDS = frozenset([b"avif", b"avis"])
_BOXES = frozenset([b"moov", b"mdat", b"free", b"wide", b"skip"])


def _is_transport_stream(head: bytes) -> bool:
    """A sync byte at the beginning of two packets in a row: of 188 bytes, or of 192 with a time code before each."""
    return any(len(head) > at + size and head[at] == head[at + size] == 0x47 for at, size in ((0, 188), (4, 192)))
