"""The gateway over HTTP: explicit fields, ids in variables, strict pages by id, never an empty list of ids."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import queries
from .connection import Connection, StashError
from .entities import EntityKind, Gallery, Item, MediaFile, Performer, QueuedJob, Server, base_name

PAGE = 500
LINKED_AT_ONCE = 500


class StashClient:
    """Implements `gateway.Gateway`."""

    def __init__(self, connection: Connection, page_size: int = PAGE) -> None:
        self.connection = connection
        self._page_size = page_size
        self._server: Server | None = None

    def clone(self) -> StashClient:
        """The same Stash over a connection of its own, for another thread."""
        return StashClient(self.connection.clone(), self._page_size)

    def server(self) -> Server:
        if self._server is None:
            data = self.connection.graphql(queries.SERVER)
            general = data["configuration"]["general"]
            key, age = general["apiKey"] or "", int(general["maxSessionAge"])
            self._server = Server(str(data["version"]["version"]), key, age)
            if key:
                self.connection.use_api_key(key)
        return self._server

    def keep_alive(self) -> None:
        server = self.server()
        if not server.api_key and time.monotonic() - self.connection.identity.renewed > server.session_age / 4:
            self.connection.graphql(queries.PING)

    # performers ------------------------------------------------------------------------------------------------------

    def performer(self, performer_id: str) -> Performer | None:
        row = self.connection.graphql(queries.PERFORMER, {"id": performer_id})["findPerformer"]
        return _performer(row) if row else None

    def performer_page(self, page: int, *, since: str | None = None, favourites: bool = False) -> tuple[int, list[Performer]]:
        where: dict[str, Any] = {"filter_favorites": True} if favourites else {}
        if since:
            where["updated_at"] = {"value": since, "modifier": "GREATER_THAN"}
        order = ("id", "ASC") if since else ("scenes_count", "DESC")
        variables = {"page": page, "size": self._page_size, "where": where, "sort": order[0], "direction": order[1]}
        found = self.connection.graphql(queries.PERFORMERS, variables)["findPerformers"]
        return int(found["count"]), [_performer(row) for row in found["performers"]]

    def performers_now(self) -> tuple[int, str]:
        found = self.connection.graphql(queries.PERFORMERS_NOW)["findPerformers"]
        return int(found["count"]), next((str(row["updated_at"]) for row in found["performers"]), "")

    def performer_count(self) -> int:
        return int(self.connection.graphql(queries.PERFORMER_COUNT)["findPerformers"]["count"])

    def performer_order(self) -> list[str]:
        rows = self.connection.graphql(queries.PERFORMER_ORDER)["findPerformers"]["performers"]
        return [str(row["id"]) for row in rows]

    def create_performer(self, name: str, image: bytes | None) -> str:
        values: dict[str, Any] = {"name": name}
        if image is not None:
            values["image"] = _data_url(image)
        return str(self.connection.graphql(queries.PERFORMER_CREATE, {"input": values})["performerCreate"]["id"])

    def performers_named(self, name: str) -> list[tuple[str, float]]:
        rows = self.connection.graphql(queries.PERFORMERS_NAMED, {"name": name})["findPerformers"]["performers"]
        # Stash takes % and _ for wildcards, and letters without regard to case.
        return [(str(row["id"]), datetime.fromisoformat(row["created_at"]).timestamp()) for row in rows if row["name"] == name]

    def performer_is_unused(self, performer_id: str) -> bool:
        row = self.connection.graphql(queries.PERFORMER_USE, {"id": performer_id})["findPerformer"]
        counts = ("scene_count", "image_count", "gallery_count")
        return row is not None and not any(row[name] for name in counts) and row["created_at"] == row["updated_at"]

    def set_performer_image(self, performer_id: str, image: bytes | None) -> None:
        values = {"id": performer_id, "image": _data_url(image) if image is not None else None}
        self.connection.graphql(queries.PERFORMER_UPDATE, {"input": values})

    def destroy_performer(self, performer_id: str) -> None:
        self.connection.graphql(queries.PERFORMER_DESTROY, {"id": performer_id})

    # scenes, images, galleries ---------------------------------------------------------------------------------------

    def item(self, kind: EntityKind, item_id: str) -> Item | None:
        row = self._one(kind, item_id)
        return _item(kind, row) if row else None

    def gallery(self, gallery_id: str) -> Gallery | None:
        row = self._one("gallery", gallery_id)
        return _gallery(row) if row else None

    def gallery_images(self, gallery_id: str) -> Iterator[Item]:
        where = {"galleries": {"value": [gallery_id], "modifier": "INCLUDES"}}
        return (_item("image", row) for row in self._rows("image", where))

    def items(self, kind: EntityKind, *, without_performers: bool = False, performer: str | None = None) -> Iterator[Item]:
        return (_item(kind, row) for row in self._rows(kind, _where(without_performers, performer)))

    def tagged_since(self, kind: EntityKind, since: str) -> set[str]:
        where = {"performer_count": {"value": 1, "modifier": "EQUALS"}, "updated_at": {"value": since, "modifier": "GREATER_THAN"}}
        return {str(performer["id"]) for row in self._rows(kind, where) for performer in row["performers"]}

    def galleries(self, *, performer: str | None = None) -> Iterator[Gallery]:
        return (_gallery(row) for row in self._rows("gallery", _where(False, performer)))

    def count(self, kind: EntityKind, *, without_performers: bool = False) -> int:
        variables = {"size": 1, "where": _where(without_performers, None)}
        return int(next(iter(self.connection.graphql(queries.PAGE[kind], variables).values()))["count"])

    def links(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        rows = self._linked(kind, ids)
        return {str(row["id"]): tuple(str(p["id"]) for p in row["performers"]) for row in rows}

    def touched(self, kind: EntityKind, ids: Sequence[str]) -> dict[str, float]:
        return {str(row["id"]): datetime.fromisoformat(row["updated_at"]).timestamp() for row in self._linked(kind, ids)}

    def _linked(self, kind: EntityKind, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """One missing id would fail the whole query: then each is asked for alone."""
        for part in _parts(list(dict.fromkeys(ids))):
            try:
                data = self.connection.graphql(queries.LINKS[kind], {"ids": part})
                rows = next(iter(data.values()))[queries.PLURAL[kind]]
            except StashError as error:
                if error.code != StashError.code:
                    raise
                rows = [row for row in (self._one(kind, number) for number in part) if row]
            yield from rows

    def link(self, kind: EntityKind, ids: Sequence[str], performers: Sequence[str], *, add: bool) -> None:
        if not performers:
            return
        change = {"ids": list(performers), "mode": "ADD" if add else "REMOVE"}
        for part in _parts(list(ids)):
            self.connection.graphql(queries.LINK[kind], {"ids": part, "change": change})

    def _one(self, kind: str, number: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = next(iter(self.connection.graphql(queries.ONE[kind], {"id": number}).values()))
        return found

    def _rows(self, kind: str, where: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Pages by id, so that rows which come or go meanwhile move nobody over a page's edge."""
        last = 0
        while True:
            wanted = {**where, "id": {"value": last, "modifier": "GREATER_THAN"}}
            data = self.connection.graphql(queries.PAGE[kind], {"size": self._page_size, "where": wanted})
            rows = next(iter(data.values()))[queries.PLURAL[kind]]
            yield from rows
            if len(rows) < self._page_size:
                return
            last = int(rows[-1]["id"])

    def fetch(self, path: str, *, kinds: Iterable[str] = ("image/",)) -> bytes | None:
        return self.connection.fetch(path, kinds)

    # Stash itself ----------------------------------------------------------------------------------------------------

    def plugin_settings(self, plugin_id: str) -> Mapping[str, Any]:
        plugins = self.connection.graphql(queries.SETTINGS, {"ids": [plugin_id]})["configuration"]["plugins"]
        return dict(plugins.get(plugin_id) or {})

    def save_plugin_settings(self, plugin_id: str, values: Mapping[str, Any]) -> None:
        """Stash replaces the whole map: what is there is read first."""
        merged = {**self.plugin_settings(plugin_id), **values}
        self.connection.graphql(queries.SAVE_SETTINGS, {"id": plugin_id, "values": merged})

    def job_queue(self) -> list[QueuedJob]:
        return [_job(row) for row in self.connection.graphql(queries.JOBS)["jobQueue"] or ()]

    def job(self, job_id: str) -> QueuedJob | None:
        row = self.connection.graphql(queries.JOB, {"id": job_id})["findJob"]
        return _job(row) if row else None

    def run_task(self, plugin_id: str, description: str, arguments: Mapping[str, Any]) -> str:
        variables = {"plugin": plugin_id, "description": description, "arguments": dict(arguments)}
        return str(self.connection.graphql(queries.RUN_TASK, variables)["runPluginTask"])

    def stop_job(self, job_id: str) -> None:
        self.connection.graphql(queries.STOP_JOB, {"id": job_id})


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), LINKED_AT_ONCE):
        yield ids[start : start + LINKED_AT_ONCE]


def _where(without_performers: bool, performer: str | None) -> dict[str, Any]:
    where: dict[str, Any] = {"organized": False}
    if without_performers:
        where["is_missing"] = "performers"
    if performer is not None:
        where = {"performers": {"value": [performer], "modifier": "INCLUDES"}, "performer_count": {"value": 1, "modifier": "EQUALS"}}
    return where


def _data_url(image: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(image).decode("ascii")


def below_base(url: str) -> str:
    """The path and query of one of Stash's URLs without its API key: what is asked of the address that we know."""
    parts = urlsplit(url)
    query = "&".join(part for part in parts.query.split("&") if part and not part.lower().startswith("apikey="))
    return parts.path + (f"?{query}" if query else "")


def _performer(row: Mapping[str, Any]) -> Performer:
    url = str(row["image_path"] or "")
    real = bool(url) and parse_qs(urlsplit(url).query).get("default") != ["true"]
    return Performer(
        str(row["id"]), str(row["name"]), str(row["disambiguation"] or ""), bool(row["favorite"]), bool(row["ignore_auto_tag"]),
        below_base(url) if real else None, str(row["updated_at"]),
    )  # fmt: skip


def _file(row: Mapping[str, Any]) -> MediaFile:
    return MediaFile(
        str(row["path"]), int(row["size"]), str(row["mod_time"]), int(row["width"]), int(row["height"]),
        float(row.get("duration") or 0.0), "duration" in row, bool(row.get("zip_file")),
    )  # fmt: skip


def _item(kind: EntityKind, row: Mapping[str, Any]) -> Item:
    files = row["files"] if kind == "scene" else row["visual_files"]
    performers = row["performers"]
    return Item(
        kind, str(row["id"]), str(row["title"] or ""), bool(row["organized"]), str(row["updated_at"]),
        tuple(str(p["id"]) for p in performers), frozenset(str(p["id"]) for p in performers if p["ignore_auto_tag"]),
        _file(files[0]) if files else None, {name: below_base(url) for name, url in row["paths"].items() if url},
    )  # fmt: skip


def _gallery(row: Mapping[str, Any]) -> Gallery:
    performers = tuple(str(p["id"]) for p in row["performers"])
    places = [*row["files"], *([row["folder"]] if row["folder"] else [])]
    name = row["title"] or next((base_name(place["path"]) for place in places), "")
    return Gallery(str(row["id"]), str(name), bool(row["organized"]), str(row["updated_at"]), performers, int(row["image_count"]))


def _job(row: Mapping[str, Any]) -> QueuedJob:
    return QueuedJob(str(row["id"]), str(row["status"]), str(row["description"]), str(row["addTime"]))
