"""Scenes and images of Stash as media that can be looked into: by their path where this host sees it, else over Stash's HTTP."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import MediaError
from ..media.fingerprint import fingerprint_bytes, fingerprint_of, fingerprint_stream
from ..media.frames import Frame
from ..media.images import read_image
from ..media.medium import Medium
from ..media.sprites import parse_tiles, sprite_frames
from ..media.video import VideoReader
from ..processing.stores import ObservationStore
from ..stash.client import StashClient
from ..stash.entities import Item, MediaFile
from ..stash.media import RangeFile

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


def medium_of(
    item: Item, gateway: StashClient, rows: ObservationStore, openable: Callable[[MediaFile], Path | None] = openable
) -> Medium:
    """The medium behind a scene or an image; `openable` says where this process may open its file. Raises MediaError when it
    has no file, StashError when Stash refuses it."""
    file = item.file
    if file is None:
        raise MediaError(f"This {item.kind} has no file.", code="no-file", remedy="Scan the library again.")
    remote = item.paths.get("stream" if item.kind == "scene" else "image")
    path = openable(file)
    if path is not None:
        fingerprint = fingerprint_of(path, rows)
        if file.is_video:
            return Medium(fingerprint, video=partial(VideoReader, path))
        return Medium(fingerprint, still=partial(read_image, path))
    if remote is None:
        raise MediaError("Stash serves no file for it.", code="no-file", remedy="Scan the library again.")
    if file.is_video:
        return _remote_video(item, file, remote, gateway, rows)
    return _remote_picture(item, file, remote, gateway, rows)


def _remote_video(item: Item, file: MediaFile, remote: str, gateway: StashClient, rows: ObservationStore) -> Medium:
    def opened() -> io.BufferedReader:
        return io.BufferedReader(RangeFile(gateway.connection.clone(), remote), buffer_size=1 << 16)

    fingerprint = _remembered(item, file, rows, lambda: _fingerprint_of_stream(opened(), file.size))
    return Medium(fingerprint, video=lambda: VideoReader(opened(), name=Path(file.path).name))


def _remote_picture(item: Item, file: MediaFile, remote: str, gateway: StashClient, rows: ObservationStore) -> Medium:
    def content() -> bytes:
        if file.size > LARGEST_PICTURE:
            raise MediaError("The picture is too large to be fetched.", code="too-large")
        data = gateway.fetch(remote)
        if data is None:
            raise MediaError("Stash has no picture for it.", code="missing-file", remedy="Scan the library again.")
        return data

    def frames() -> list[Frame]:
        return read_image(content())

    return Medium(_remembered(item, file, rows, lambda: fingerprint_bytes(content())), still=frames)


def _remembered(item: Item, file: MediaFile, rows: ObservationStore, compute: Callable[[], str]) -> str:
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


def _fingerprint_of_stream(stream: io.BufferedReader, size: int) -> str:
    with stream:
        return fingerprint_stream(stream, size)


def sprite_of(item: Item, gateway: StashClient) -> Medium | None:
    """The scene's sprite sheet as a medium whose frames are its tiles; None when none was generated."""
    sheet_path, cues_path = item.paths.get("sprite"), item.paths.get("vtt")
    if item.kind != "scene" or item.file is None or sheet_path is None or cues_path is None:
        return None
    sheet = gateway.fetch(sheet_path)
    cues = gateway.fetch(cues_path, kinds=("text/",)) if sheet is not None else None
    if sheet is None or cues is None:
        return None
    duration, text = item.file.duration, cues.decode("utf-8", "replace")
    return Medium(fingerprint_bytes(sheet + cues), still=lambda: sprite_frames(read_image(sheet)[0].image, parse_tiles(text), duration))
