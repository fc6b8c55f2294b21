"""The rows of a fake Stash: performers, scenes, images, galleries, with the files and pictures behind them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

KINDS = ("scene", "image", "gallery", "performer", "tag")


@dataclass
class Row:
    """One entity. `performers`, `galleries`, `tags` hold ids; `values` the plain fields of its GraphQL type."""

    kind: str
    id: int
    values: dict[str, object]
    performers: list[int] = field(default_factory=list)
    galleries: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    files: list[dict[str, object]] = field(default_factory=list)
    media: dict[str, bytes] = field(default_factory=dict)
    """Bytes served for it by name: image (performer), sprite, vtt, screenshot, original (a picture inside a zip)."""
    created: int = 0
    updated: int = 0


class Library:
    """All rows by kind and id, and the clock that stamps them: whole seconds, never twice the same."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.rows: dict[str, dict[int, Row]] = {kind: {} for kind in KINDS}
        self.now = 0

    def tick(self) -> int:
        self.now = max(self.now + 1, int(time.time()))
        return self.now

    def _add(self, row: Row) -> Row:
        with self.lock:
            row.created = row.updated = self.tick()
            self.rows[row.kind][row.id] = row
        return row

    def next_id(self, kind: str) -> int:
        return max(self.rows[kind], default=0) + 1

    def add_performer(self, name: str, image: bytes | None = None, **values: object) -> Row:
        defaults: dict[str, object] = {
            "name": name, "disambiguation": "", "alias_list": [], "favorite": False, "ignore_auto_tag": False, "stash_ids": [],
            "custom_fields": {}, "urls": [], "details": None, "gender": None, "birthdate": None, "country": None, "rating100": None,
        }  # fmt: skip
        media = {"image": image} if image else {}
        return self._add(Row("performer", self.next_id("performer"), defaults | values, media=media))

    def add_scene(
        self, title: str, path: Path | str, *, duration: float = 0, size: tuple[int, int] = (0, 0), rate: float = 25,
        performers: Iterable[int] = (), sprite: bytes | None = None, vtt: bytes | None = None, organized: bool = False,
    ) -> Row:  # fmt: skip
        number = self.next_id("scene")
        file = self._file(number, Path(path)) | {
            "width": size[0], "height": size[1], "duration": duration, "frame_rate": rate, "bit_rate": 1_000_000, "format": "mp4",
            "video_codec": "h264", "audio_codec": "", "__typename": "VideoFile",
        }  # fmt: skip
        media = {name: data for name, data in (("sprite", sprite), ("vtt", vtt)) if data}
        values = {"title": title, "organized": organized, "urls": [], "code": None, "details": None, "date": None, "rating100": None}
        return self._add(Row("scene", number, values, list(performers), files=[file], media=media))

    def add_image(
        self, title: str, path: Path | str, *, size: tuple[int, int] = (0, 0), galleries: Iterable[int] = (),
        performers: Iterable[int] = (), data: bytes | None = None, clip: dict[str, object] | None = None, organized: bool = False,
    ) -> Row:  # fmt: skip
        """`data` for a picture inside a zip (its path cannot be opened), `clip` with VideoFile's fields for an image clip."""
        number = self.next_id("image")
        file = self._file(10_000 + number, Path(path)) | {"width": size[0], "height": size[1], "format": "jpeg", "__typename": "ImageFile"}
        if clip is not None:
            file |= {"bit_rate": 1, "format": "mp4", "video_codec": "h264", "audio_codec": "", "__typename": "VideoFile", **clip}
        values = {"title": title, "organized": organized, "urls": [], "date": None}
        media = {"original": data} if data else {}
        return self._add(Row("image", number, values, list(performers), list(galleries), files=[file], media=media))

    def add_gallery(self, title: str, folder: Path | None = None, zip_file: Path | None = None, organized: bool = False) -> Row:
        number = self.next_id("gallery")
        values: dict[str, object] = {"title": title, "organized": organized, "urls": [], "date": None, "scenes": [], "studio": None}
        values["folder"] = {"id": str(number), "path": str(folder)} if folder else None
        files = [self._file(20_000 + number, zip_file)] if zip_file else []
        return self._add(Row("gallery", number, values, files=files))

    def _file(self, number: int, path: Path) -> dict[str, object]:
        size = path.stat().st_size if path.exists() else 0
        stamp = path.stat().st_mtime if path.exists() else 0.0
        return {
            "id": str(number), "path": str(path), "basename": path.name, "size": size, "fingerprints": [], "zip_file": None,
            "mod_time": datetime.fromtimestamp(stamp, UTC).isoformat(),
        }  # fmt: skip

    def images_of(self, gallery: int) -> list[Row]:
        return [row for row in self.rows["image"].values() if gallery in row.galleries]

    def touch(self, row: Row) -> None:
        row.updated = self.tick()
