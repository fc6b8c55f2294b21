"""The worker's ways to media, in order: a mapped path inside the allowed folders, Stash itself (the one configured origin),
an upload. Nothing that a request names is ever fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from stashai.errors import MediaError, UsageError
from stashai.media.medium import Medium
from stashai.processing.context import WantedMedium
from stashai.processing.stores import ObservationStore
from stashai.processors.identify import medium_at

from .config import WorkerConfig
from .spool import Spool
from .stash_media import StashMedia


class WorkerMedia:
    """Implements `processing.context.MediaResolver`."""

    def __init__(self, config: WorkerConfig, spool: Spool, rows: ObservationStore, stash: StashMedia | None) -> None:
        self._config = config
        self._spool = spool
        self._rows = rows
        self._stash = stash

    def medium(self, entity: WantedMedium) -> Medium:
        if entity.upload:
            return self._at(self._uploaded(entity.upload))
        if entity.screenshots == "only":
            return self._screenshot(entity) or self._file(entity)
        try:
            return self._file(entity)
        except MediaError:
            instead = self._screenshot(entity) if entity.screenshots == "fallback" else None
            if instead is None:
                raise
            return instead

    def way(self, path: str | None) -> Literal["path", "stash", "upload"]:
        """How a file of that Stash's would be reached."""
        if path and self._mapped(path) is not None:
            return "path"
        return "stash" if self._stash is not None else "upload"

    def content(self, upload: str) -> bytes:
        return self._uploaded(upload).read_bytes()

    def path(self, path: Path) -> Path:
        if self._inside(path) is None:
            raise MediaError(
                f"{path.name!r} is not inside the folders that this worker may open.",
                code="no-way-to-media",
                remedy="Name its folder in STASHAI_MEDIA.",
            )
        return path

    def _file(self, entity: WantedMedium) -> Medium:
        mapped = self._mapped(entity.path) if entity.path else None
        if mapped is not None:
            return self._at(mapped)
        if self._stash is not None:
            return self._stash.medium(entity.type, entity.id, self._rows, self._mapped)
        raise MediaError(
            f"There is no way to the {entity.type} {entity.id}: no file of it was sent, its path is not inside STASHAI_MEDIA, and no "
            "STASH_URL is set.",
            code="no-way-to-media",
            remedy="Upload it, map its path with STASHAI_PATH_MAP, or set STASH_URL.",
        )

    def _screenshot(self, entity: WantedMedium) -> Medium | None:
        return self._stash.screenshot(entity.id) if self._stash is not None and entity.type == "scene" else None

    def images(self, gallery: WantedMedium) -> Sequence[WantedMedium]:
        if self._stash is None:
            raise MediaError(
                f"The pictures of gallery {gallery.id} were not sent, and no STASH_URL is set to ask for them.",
                code="no-way-to-media",
                remedy="Send the pictures with the request, or set STASH_URL.",
            )
        return self._stash.images(gallery.id)

    def _at(self, path: Path) -> Medium:
        medium, _ = medium_at(path, self._rows)
        return medium

    def _uploaded(self, key: str) -> Path:
        try:
            return self._spool.path(key)
        except UsageError as error:
            raise MediaError(error.message, code="upload-gone", remedy=error.remedy) from error

    def _mapped(self, path: str) -> Path | None:
        """The file on this machine, when it lies inside the allowed folders, links followed; None otherwise."""
        for theirs, ours in self._config.path_map:
            if path == theirs or path.startswith(theirs.rstrip("/\\") + ("\\" if "\\" in theirs else "/")):
                path = ours.rstrip("/") + "/" + path[len(theirs) :].replace("\\", "/").lstrip("/")
                break
        real = self._inside(Path(path))
        return real if real is not None and real.is_file() else None

    def _inside(self, path: Path) -> Path | None:
        """`path` with its links followed, when that is inside the allowed folders."""
        try:
            real = path.resolve(strict=True) if path.is_absolute() else None
        except (OSError, ValueError):  # not there, a name too long, a zero byte
            return None
        return real if real is not None and any(real.is_relative_to(folder) for folder in self._config.media) else None
