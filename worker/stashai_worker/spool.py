"""Uploaded media, kept by their content for a while: streamed to disk, bounded, never executed, never fetched from elsewhere."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from anyio import to_thread

from stashai.errors import StorageError, UsageError

_KEY = re.compile(r"^[0-9a-f]{40}(\.[a-z0-9]{1,5})?$")
ROOM_LEFT = 512 * 2**20
"""Bytes that an upload must leave free on the disk."""


class Spool:
    """`<root>/<content hash><extension>`; a file that nobody asked for during `hours` is removed."""

    def __init__(self, root: Path, limit: int, hours: float, free: Callable[[Path], int] | None = None) -> None:
        self._root = root
        self._limit = limit
        self._seconds = hours * 3600
        self._free = free or _free

    async def store(self, chunks: AsyncIterator[bytes], filename: str) -> str:
        """Keep what is uploaded and return its key. Raises UsageError over the limit, StorageError when the disk refuses."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._root / f".{secrets.token_hex(8)}"
        digest, total = blake2b(digest_size=20), 0
        try:
            with await to_thread.run_sync(_create, aside) as file:
                async for chunk in chunks:
                    total += len(chunk)
                    self._check(total)
                    digest.update(chunk)
                    await to_thread.run_sync(file.write, chunk)
            key = digest.hexdigest() + _extension(filename)
            aside.replace(self._root / key)
        except OSError as error:
            raise StorageError(
                f"The upload cannot be kept: {error.strerror or error}.", code="spool-not-writable", remedy="Make room on the worker."
            ) from error
        finally:
            aside.unlink(missing_ok=True)
        if total == 0:
            (self._root / key).unlink(missing_ok=True)
            raise UsageError("The uploaded file is empty.", code="empty-file")
        return key

    def path(self, key: str) -> Path:
        """Where an upload lies. Raises UsageError for a key that is none or whose file is gone."""
        if not _KEY.match(key) or not (self._root / key).is_file():
            raise UsageError("That upload is not here, or not any more.", code="not-found", remedy="Upload it again.")
        os.utime(self._root / key)
        return self._root / key

    def sweep(self, now: float | None = None) -> int:
        """Remove what was not used for long; returns how many files."""
        oldest = (time.time() if now is None else now) - self._seconds
        removed = 0
        for path in self._root.iterdir() if self._root.is_dir() else ():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _check(self, total: int) -> None:
        if total > self._limit:
            raise UsageError(f"The upload is larger than {self._limit // 2**20} MiB.", code="too-large")
        if total % (64 * 2**20) < 2**20 and self._free(self._root) < ROOM_LEFT:
            raise StorageError("The worker's disk is nearly full.", code="disk-full", remedy="Make room on the worker.")


def _create(path: Path) -> BinaryIO:
    # The flags come from `open`: on Windows they say that bytes are bytes.
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _extension(filename: str) -> str:
    suffix = Path(filename[-255:]).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""
