"""The worker's ways to media, in order: a mapped path inside the allowed folders, Stash itself (the one configured origin),
an upload. Nothing that a request names is ever fetched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stashai.errors import MediaError, UsageError
from stashai.media.fingerprint import FingerprintRows
from stashai.processing.context import WantedMedium
from stashai.processors.evidence import Medium
from stashai.processors.identify import medium_at

from .config import WorkerConfig
from .spool import Spool
from .stash_media import StashMedia


class WorkerMedia:
    """Implements `processing.context.MediaResolver`."""

    def __init__(self, config: WorkerConfig, spool: Spool, rows: FingerprintRows, stash: StashMedia | None) -> None:
        self._config = config
        self._spool = spool
        self._rows = rows
        self._stash = stash

    def medium(self, entity: WantedMedium) -> Medium:
        if entity.upload:
            return self._at(self._uploaded(entity.upload))
        mapped = self._mapped(entity.path) if entity.path else None
        if mapped is not None:
            return self._at(mapped)
        if self._stash is not None:
            return self._stash.medium(entity.type, entity.id, self._rows)
        raise MediaError(
            f"There is no way to the {entity.type} {entity.id}: no file of it was sent, its path is not inside STASHAI_MEDIA, and no "
            "STASH_URL is set.",
            code="no-way-to-media",
            remedy="Upload it, map its path with STASHAI_PATH_MAP, or set STASH_URL.",
        )

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
        candidate = Path(path)
        if not candidate.is_absolute():
            return None
        real = candidate.resolve()
        inside = any(real.is_relative_to(folder) for folder in self._config.media)
        return real if inside and real.is_file() else None
