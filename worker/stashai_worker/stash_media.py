"""Stash as a source of media for the worker: its one configured origin, with its API key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, cast

from stashai.errors import MediaError
from stashai.media.fingerprint import FingerprintRows, fingerprint_bytes
from stashai.media.images import read_image
from stashai.media.video import VideoReader
from stashai.processors.entities import WantedEntity
from stashai.processors.evidence import Medium
from stashai.stash.client import StashClient
from stashai.stash.connection import Address, Connection, StashError
from stashai.stash.media import RangeFile


def open_stash(url: str, api_key: str) -> StashMedia | None:
    """None when no Stash is configured."""
    if not url:
        return None
    connection = Connection(Address(url.rstrip("/") + "/"))
    if api_key:
        connection.use_api_key(api_key)
    return StashMedia(StashClient(connection))


class StashMedia:
    """Scenes by ranged requests of their stream, images as they are."""

    def __init__(self, client: StashClient) -> None:
        self._client = client

    def medium(self, kind: str, entity_id: str, rows: FingerprintRows) -> Medium:
        """Raises MediaError when Stash does not know it or does not give it."""
        if not entity_id.isdigit() or kind not in ("scene", "image"):
            raise MediaError(f"Stash has no {kind} {entity_id!r}.", code="missing-entity")
        try:
            return self._scene(entity_id) if kind == "scene" else self._image(entity_id)
        except StashError as error:
            raise MediaError(
                f"Stash does not give the {kind} {entity_id}: {error.message}", code=error.code, remedy=error.remedy
            ) from error

    def images(self, gallery_id: str) -> Sequence[WantedEntity]:
        if not gallery_id.isdigit():
            raise MediaError(f"Stash has no gallery {gallery_id!r}.", code="missing-entity")
        return [WantedEntity(type="image", id=item.id, title=item.title) for item in self._client.gallery_images(gallery_id)]

    def _scene(self, scene_id: str) -> Medium:
        item = self._client.item("scene", scene_id)
        if item is None or item.file is None:
            raise MediaError(f"Stash has no scene {scene_id}, or it has no file.", code="missing-entity")
        file, path = item.file, f"scene/{scene_id}/stream"
        key = fingerprint_bytes(f"{file.path}\n{file.size}\n{file.mod_time}".encode())
        name = file.path.rsplit("/", 1)[-1]
        return Medium(key, video=lambda: VideoReader(cast("IO[bytes]", RangeFile(self._client.connection, path)), name=name))

    def _image(self, image_id: str) -> Medium:
        content = self._client.fetch(f"image/{image_id}/image")
        if content is None:
            raise MediaError(f"Stash has no image {image_id}.", code="missing-entity")
        return Medium(fingerprint_bytes(content), still=lambda: read_image(content))
