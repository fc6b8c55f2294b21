"""How scenes and images reach a worker: by a path that it can open, through Stash, or as uploaded bytes; with what was seen of them
here, so that nothing is looked at twice."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stashai.errors import MediaError
from stashai.media.fingerprint import fingerprint_bytes
from stashai.stash.connection import StashError
from stashai.stash.files import file_of, item_fingerprint, openable, picture_of, remote_of, stream_of

if TYPE_CHECKING:
    from stashai.stash.entities import Item

    from ..host.bench import Bench
    from .link import Link

LARGEST_IN_A_STEP = 64 << 20
"""Bytes of a video that a click sends whole; of a larger one it sends what Stash generated. A task sends what the worker takes."""
COVERS = ("image/jpeg", "image/png", "image/webp")
Json = dict[str, Any]


class Sending:
    """`largest` are the bytes of a video that is sent whole, when the worker takes as much."""

    def __init__(self, bench: Bench, link: Link, analysis: str, largest: int = LARGEST_IN_A_STEP) -> None:
        self._bench, self._link, self._analysis = bench, link, analysis
        self._largest = min(largest, int(link.abilities["largest_upload"]))

    def look(self, item: Item, moment: float | None, *, quick: bool) -> Json:
        """`items` and `known` of a look at one. `quick`: the sprite sheet first, so that something is seen at once."""
        sent = self._item(item, self._ways([item])[0], moment, quick)
        return {"items": [sent], "known": self._known([sent])}

    def looks(self, items: Sequence[Item]) -> tuple[Json, list[tuple[Item, MediaError]]]:
        """Of many items: those that can be sent, and why the others cannot."""
        sent: list[Json] = []
        left_out: list[tuple[Item, MediaError]] = []
        for item, way in zip(items, self._ways(items), strict=True):
            try:
                sent.append(self._item(item, way, None, quick=False))
            except MediaError as error:
                left_out.append((item, error))
        return {"items": sent, "known": self._known(sent)}, left_out

    def _ways(self, items: Sequence[Item]) -> list[str]:
        paths = [None if item.file is None or item.file.inside_zip else item.file.path for item in items]
        told = self._link.ways(paths)
        return ["upload" if self._bench.mirror.fact(_way(item)) else way for item, way in zip(items, told, strict=True)]

    def not_there(self, item: Item) -> None:
        """The worker found another file, or none, where it looked: this one is sent."""
        self._bench.mirror.note(_way(item), "upload")

    def was_sent(self, item: Item) -> bool:
        return self._bench.mirror.fact(_way(item)) is not None

    def _item(self, item: Item, way: str, moment: float | None, quick: bool) -> Json:
        file = file_of(item)
        fingerprint = item_fingerprint(item, self._bench.gateway, self._bench.stores.observations)
        sent: Json = {
            "type": item.kind, "id": item.id, "title": item.title or None, "path": file.path if way == "path" else None,
            "fingerprint": fingerprint, "is_video": file.is_video, "duration": file.duration, "at": moment,
        }  # fmt: skip
        if way == "upload":
            sent |= self._uploaded(item)
        new = not self._bench.exchange.moments(fingerprint, self._analysis)
        if quick and new and item.kind == "scene" and not sent.get("only_previews"):
            sent |= self._sprite(item, cover=False)
        return sent

    def _uploaded(self, item: Item) -> Json:
        """Raises MediaError when there is nothing that can be sent."""
        file = file_of(item)
        if not file.is_video or file.size <= self._largest:
            return {"upload": self._sent(item)}
        sprite = self._sprite(item, cover=True)
        if not sprite:
            raise MediaError(
                f"The worker cannot open this file, and it is too large to be sent ({file.size >> 20:,} MiB).",
                code="no-way-to-media",
                remedy="Name its folder in the worker's STASHAI_MEDIA, or generate sprites for it.",
            )
        return sprite | {"only_previews": True, "fingerprint": sprite["sprite"]}

    def _sent(self, item: Item) -> str:
        """The file itself, streamed from where it is; the upload's key."""
        file = file_of(item)
        path = openable(file)
        if path is not None:
            with path.open("rb") as stream:
                return self._link.upload(path.name, stream, file.size)
        if not file.is_video:
            return self._bytes(file.path, picture_of(file, remote_of(item), self._bench.gateway))
        with stream_of(remote_of(item), self._bench.gateway) as remote:
            return self._link.upload(file.path, remote, file.size)

    def _bytes(self, name: str, content: bytes) -> str:
        return self._link.upload(name, io.BytesIO(content), len(content))

    def _sprite(self, item: Item, *, cover: bool) -> Json:
        """What Stash generated of a scene, nothing when it has no sprite sheet."""
        gateway, paths = self._bench.gateway, item.paths
        sheet = gateway.fetch(paths["sprite"]) if "sprite" in paths else None
        cues = gateway.fetch(paths["vtt"], kinds=("text/",)) if sheet is not None and "vtt" in paths else None
        if sheet is None or cues is None:
            return {}
        picture = self._cover(item) if cover else None
        sent = {"sheet": self._bytes("sprite.jpg", sheet), "cues": self._bytes("sprite.vtt", cues)}
        if picture:
            sent["cover"] = self._bytes("cover.jpg", picture)
        return {**sent, "sprite": fingerprint_bytes(sheet + cues + (picture or b""))}

    def _cover(self, item: Item) -> bytes | None:
        try:
            return self._bench.gateway.fetch(item.paths["screenshot"], kinds=COVERS) if "screenshot" in item.paths else None
        except StashError:
            # What Stash draws where there is no cover is no picture of anybody.
            return None

    def _known(self, sent: Sequence[Json]) -> Json:
        """What was seen here of these media, and what was said of it."""
        return self._bench.exchange.known([one["fingerprint"] for one in sent], self._analysis, self._bench.stores.crops.get)


def _way(item: Item) -> str:
    return f"worker-way:{item.kind}/{item.id}"
