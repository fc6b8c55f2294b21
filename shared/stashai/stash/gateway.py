"""Stash as the rest of the library sees it: a Protocol, so that processors and write-back run against a fake in memory, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .entities import EntityKind, Gallery, Item, Performer, QueuedJob, Server


class Gateway(Protocol):
    """Every method raises StashError when Stash refuses, cannot be reached, or answers with something else than it should."""

    def server(self) -> Server: ...

    def performer(self, performer_id: str) -> Performer | None: ...

    def performer_page(self, page: int, *, since: str | None = None, favourites: bool = False) -> tuple[int, list[Performer]]:
        """How many there are in all, and a page of them: those with most scenes first; of those changed `since` (RFC 3339), by id."""
        ...

    def performers_now(self) -> tuple[int, str]:
        """How many there are, and when the last of them was changed; an empty string when there are none."""
        ...

    def performer_count(self) -> int: ...

    def performer_order(self) -> list[str]:
        """Ids of all performers, those with the most scenes first."""
        ...

    def item(self, kind: EntityKind, item_id: str) -> Item | None:
        """A scene or an image."""
        ...

    def gallery(self, gallery_id: str) -> Gallery | None: ...

    def gallery_images(self, gallery_id: str) -> Iterator[Item]: ...

    def items(self, kind: EntityKind, *, without_performers: bool = False, performer: str | None = None) -> Iterator[Item]:
        """Scenes or images that are not organized, in the order of their ids; with `performer`, those tagged with just this one."""
        ...

    def tagged_since(self, kind: EntityKind, since: str) -> set[str]:
        """Ids of performers with whom alone something was tagged that changed after that time (RFC 3339)."""
        ...

    def galleries(self, *, performer: str | None = None) -> Iterator[Gallery]:
        """Galleries that are not organized, in the order of their ids; with `performer`, those tagged with just this one."""
        ...

    def count(self, kind: EntityKind, *, without_performers: bool = False) -> int:
        """How many `items` or `galleries` would give."""
        ...

    def links(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Performer ids by id of those that are still there."""
        ...

    def touched(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, float]:
        """When those that are still there were changed last, in seconds since the epoch; Stash tells whole seconds."""
        ...

    def link(self, kind: EntityKind, ids: Sequence[str], performers: Sequence[str], *, add: bool) -> None:
        """Add the performers to each of the entities, or remove them."""
        ...

    def create_performer(self, name: str, image: bytes | None) -> str:
        """The new id. `image` is a JPEG."""
        ...

    def performers_named(self, name: str) -> list[tuple[str, float]]:
        """(id, when it was made, in seconds since the epoch) of those of exactly that name; Stash tells whole seconds."""
        ...

    def performer_is_unused(self, performer_id: str) -> bool:
        """Nothing is tagged with it and it was not edited after it was made."""
        ...

    def set_performer_image(self, performer_id: str, image: bytes | None) -> None:
        """None takes it away."""
        ...

    def destroy_performer(self, performer_id: str) -> None: ...

    def fetch(self, path: str, *, kinds: Iterable[str] = ("image/",)) -> bytes | None:
        """What lies under `path` below Stash's base; None when there is nothing (404)."""
        ...

    def plugin_settings(self, plugin_id: str) -> Mapping[str, Any]: ...

    def save_plugin_settings(self, plugin_id: str, values: Mapping[str, Any]) -> None: ...

    def job_queue(self) -> list[QueuedJob]: ...

    def job(self, job_id: str) -> QueuedJob | None: ...

    def run_task(self, plugin_id: str, description: str, arguments: Mapping[str, Any]) -> str:
        """Queue a task of the plugin's without a name of its own; returns Stash's job id."""
        ...

    def stop_job(self, job_id: str) -> None: ...

    def keep_alive(self) -> None:
        """Renew the session when a quarter of its age has passed in silence. Cheap: call it often."""
        ...
