"""Stash's files by content: where this process may open them, and the fingerprint that an unchanged one is remembered by."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from ..errors import MediaError
from ..media.fingerprint import FingerprintRows, fingerprint_bytes, fingerprint_of, fingerprint_stream
from .client import StashClient
from .entities import Item, MediaFile
from .media import RangeFile

LARGEST_PICTURE = 256 * 2**20
"""Bytes of a picture that is fetched into memory."""


def openable(file: MediaFile) -> Path | None:
    """The path when this process can open it: not in a zip, on a disk that is mounted here, of the size that Stash saw."""
    if file.inside_zip:
        return None
    path = Path(file.path)
    try:
        return path if path.is_file() and path.stat().st_size == file.size else None
    except (OSError, ValueError):
        return None


def file_of(item: Item) -> MediaFile:
    if item.file is None:
        raise MediaError(f"This {item.kind} has no file.", code="no-file", remedy="Scan the library again.")
    return item.file


def remote_of(item: Item) -> str:
    """The path below Stash's base under which it serves the file. Raises MediaError when it serves none."""
    remote = item.paths.get("stream" if item.kind == "scene" else "image")
    if remote is None:
        raise MediaError("Stash serves no file for it.", code="no-file", remedy="Scan the library again.")
    return remote


def stream_of(remote: str, gateway: StashClient) -> io.BufferedReader:
    """A file behind Stash's HTTP, over a connection of its own."""
    return io.BufferedReader(RangeFile(gateway.connection.clone(), remote), buffer_size=1 << 16)


def picture_of(file: MediaFile, remote: str, gateway: StashClient) -> bytes:
    if file.size > LARGEST_PICTURE:
        raise MediaError("The picture is too large to be fetched.", code="too-large")
    data = gateway.fetch(remote)
    if data is None:
        raise MediaError("Stash has no picture for it.", code="missing-file", remedy="Scan the library again.")
    return data


def item_fingerprint(item: Item, gateway: StashClient, rows: FingerprintRows) -> str:
    """The fingerprint of the file of a scene or an image, read through Stash where it cannot be opened here."""
    file = file_of(item)
    path = openable(file)
    return fingerprint_of(path, rows) if path is not None else remote_fingerprint(item, gateway, rows)


def remote_fingerprint(item: Item, gateway: StashClient, rows: FingerprintRows) -> str:
    file, remote = file_of(item), remote_of(item)

    def of_video() -> str:
        with stream_of(remote, gateway) as stream:
            return fingerprint_stream(stream, file.size)

    return _remembered(item, file, rows, of_video if file.is_video else lambda: fingerprint_bytes(picture_of(file, remote, gateway)))


def _remembered(item: Item, file: MediaFile, rows: FingerprintRows, compute: Callable[[], str]) -> str:
    """The fingerprint kept for this very file, so that an unchanged one is not fetched to be compared."""
    key, stamp = f"stash:{item.kind}/{item.id}", _stamp(file.mod_time)
    known = rows.known_fingerprint(key, file.size, stamp)
    if known is None:
        known = compute()
        rows.remember_fingerprint(key, file.size, stamp, known)
    return known


def _stamp(mod_time: str) -> int:
    """Any number that changes with the text: the rows compare it, nothing reads it."""
    return int(fingerprint_bytes(mod_time.encode())[:12], 16)
