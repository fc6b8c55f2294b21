"""Scenes and images of Stash as media that can be looked into: by their path where this host sees it, else over Stash's HTTP."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import MediaError
from ..media.fingerprint import fingerprint_bytes, fingerprint_of
from ..media.frames import Frame
from ..media.images import read_image
from ..media.medium import Medium
from ..media.sprites import parse_tiles, sprite_frames
from ..media.video import VideoReader
from ..processing.stores import ObservationStore
from ..stash.client import StashClient
from ..stash.entities import Item, MediaFile
from ..stash.files import file_of, openable, picture_of, remote_fingerprint, remote_of, stream_of


def medium_of(
    item: Item, gateway: StashClient, rows: ObservationStore, openable: Callable[[MediaFile], Path | None] = openable
) -> Medium:
    """The medium behind a scene or an image; `openable` says where this process may open its file. Raises MediaError when it
    has no file, StashError when Stash refuses it."""
    file = file_of(item)
    path = openable(file)
    if path is not None:
        fingerprint = fingerprint_of(path, rows)
        if file.is_video:
            return Medium(fingerprint, video=partial(VideoReader, path))
        return Medium(fingerprint, still=partial(read_image, path))
    remote, fingerprint = remote_of(item), remote_fingerprint(item, gateway, rows)
    if file.is_video:
        return Medium(fingerprint, video=lambda: VideoReader(stream_of(remote, gateway), name=Path(file.path).name))
    return Medium(fingerprint, still=lambda: read_image(picture_of(file, remote, gateway)))


def sprite_of(item: Item, gateway: StashClient) -> Medium | None:
    """The scene's sprite sheet as a medium whose frames are its tiles; None when none was generated."""
    sheet_path, cues_path = item.paths.get("sprite"), item.paths.get("vtt")
    if item.kind != "scene" or item.file is None or sheet_path is None or cues_path is None:
        return None
    sheet = gateway.fetch(sheet_path)
    cues = gateway.fetch(cues_path, kinds=("text/",)) if sheet is not None else None
    if sheet is None or cues is None:
        return None
    return sprite_medium(sheet, cues, item.file.duration)


def sprite_medium(sheet: bytes, cues: bytes, duration: float, cover: bytes | None = None) -> Medium:
    """The tiles of a sprite sheet as a medium; `cover`, a full picture of the scene, is one more frame."""

    def frames() -> list[Frame]:
        tiles = sprite_frames(read_image(sheet)[0].image, parse_tiles(cues.decode("utf-8", "replace")), duration)
        return tiles + _cover(cover)

    return Medium(fingerprint_bytes(sheet + cues + (cover or b"")), still=frames)


def _cover(content: bytes | None) -> list[Frame]:
    """Nothing for what Stash draws where there is no cover: it calls that a JPEG, too."""
    try:
        return read_image(content)[:1] if content else []
    except MediaError:
        return []
