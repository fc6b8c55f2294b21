"""Which items a task looks at: those of a library, or a selection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from stashai.errors import UsageError
from stashai.stash.entities import EntityKind, Item
from stashai.tracking.records import JobRequest

from ..host.bench import Bench
from ..looking.reading import LIBRARY
from ..request import Request

MOST_SELECTED = 100_000
_TITLES = {"scene": "Identify people in scenes", "image": "Identify people in images", "gallery": "Identify people in galleries"}


def job_request(request: Request) -> JobRequest:
    """The job that a task's arguments ask for."""
    kind = request.choice("type", ("scene", "image", "gallery"))
    config: dict[str, Any] = {"type": kind}
    title = _TITLES[kind]
    if request.optional_text("ids_json"):
        config["ids"] = _ids(request.text("ids_json", longest=4_000_000))
        title = f"{title}: {len(config['ids']):,} selected"
    elif request.flag("missing"):
        config["missing"] = True
        title += " without performers"
    if request.flag("apply"):
        config["apply"] = True
    return JobRequest(LIBRARY, "facial_recognition", json.dumps(config, sort_keys=True), title)


def _ids(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError("ids_json is no JSON.") from error
    ids = [str(number) for number in value] if isinstance(value, list) else []
    if not ids or len(ids) > MOST_SELECTED or not all(number.isascii() and number.isdigit() for number in ids):
        raise UsageError(f"ids_json must be a list of 1 to {MOST_SELECTED:,} ids.")
    return list(dict.fromkeys(ids))


class Wanted:
    """What `job_request` noted, as items of Stash in the order of their ids, or of the selection."""

    def __init__(self, bench: Bench, config: Mapping[str, Any]) -> None:
        self._gateway = bench.gateway
        self._ids: list[str] = list(config.get("ids") or ())
        self._missing = bool(config.get("missing"))
        self.kind: EntityKind = config["type"]

    def planned(self) -> int:
        """How many scenes, images or galleries."""
        return len(self._ids) or self._gateway.count(self.kind, without_performers=self._missing)

    def items(self) -> Iterator[Item]:
        """Scenes and images themselves; of galleries, their images."""
        if self.kind == "gallery":
            for gallery in self._ids or (found.id for found in self._gateway.galleries()):
                yield from self._gateway.gallery_images(gallery)
        else:
            yield from self._scenes_or_images()

    def _scenes_or_images(self) -> Iterator[Item]:
        if not self._ids:
            return self._gateway.items(self.kind, without_performers=self._missing)
        return (item for number in self._ids if (item := self._gateway.item(self.kind, number)) is not None)
