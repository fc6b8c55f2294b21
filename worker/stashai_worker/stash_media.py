"""Stash as a source of media for the worker: its one configured origin, with its API key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from stashai.errors import MediaError
from stashai.media.medium import Medium
from stashai.processing.stores import ObservationStore
from stashai.processors.entities import WantedEntity
from stashai.processors.stash_media import medium_of, sprite_of
from stashai.stash import queries
from stashai.stash.client import StashClient
from stashai.stash.connection import Address, Connection, StashError
from stashai.stash.entities import Item


def open_stash(url: str, api_key: str) -> StashMedia | None:
    """None when no Stash is configured. Nothing is asked of it yet."""
    if not url:
        return None
    connection = Connection(Address(url.rstrip("/") + "/"))
    if api_key:
        connection.use_api_key(api_key)
    return StashMedia(connection)


class StashMedia:
    """Scenes by ranged requests of their stream, images as they are. Safe for several threads: each call has a connection of
    its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def problem(self) -> str:
        """Why Stash cannot be asked now; empty when it answers."""
        try:
            self._client().connection.graphql(queries.PING)
        except StashError as error:
            return str(error)
        return ""

    def medium(self, kind: str, entity_id: str, rows: ObservationStore, mapped: Callable[[str], Path | None]) -> Medium:
        """By its file where `mapped` says that this machine may open it, else over HTTP. Raises MediaError when Stash does not
        know it or does not give it."""
        try:
            client = self._client()
            item = self._item(client, kind, entity_id)
            return medium_of(item, client, rows, lambda file: None if file.inside_zip else mapped(file.path))
        except StashError as error:
            raise _refused(f"{kind} {entity_id}", error) from error

    def screenshot(self, scene_id: str) -> Medium | None:
        """The scene's sprite sheet, None when it has none. Raises MediaError."""
        try:
            client = self._client()
            return sprite_of(self._item(client, "scene", scene_id), client)
        except StashError as error:
            raise _refused(f"scene {scene_id}", error) from error

    def images(self, gallery_id: str) -> Sequence[WantedEntity]:
        if not gallery_id.isdecimal():
            raise MediaError(f"Stash has no gallery {gallery_id!r}.", code="missing-entity")
        try:
            return [WantedEntity(type="image", id=item.id, title=item.title) for item in self._client().gallery_images(gallery_id)]
        except StashError as error:
            raise _refused(f"gallery {gallery_id}", error) from error

    def _client(self) -> StashClient:
        return StashClient(self._connection.clone())

    def _item(self, client: StashClient, kind: str, entity_id: str) -> Item:
        item = client.item(_known(kind), entity_id) if kind in ("scene", "image") and entity_id.isdecimal() else None
        if item is None:
            raise MediaError(f"Stash has no {kind} {entity_id!r}.", code="missing-entity")
        return item


def _known(kind: str) -> Literal["scene", "image"]:
    return "scene" if kind == "scene" else "image"


def _refused(what: str, error: StashError) -> MediaError:
    return MediaError(f"Stash does not give the {what}: {error.message}", code=error.code, remedy=error.remedy)
