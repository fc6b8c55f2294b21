"""A lock of this host on a file: who infers, who sets up. It ends with its process, however that ends. Standard library only."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from .filelock import try_lock, unlock

RETRY = 0.05
"""Seconds between two tries."""
FRESH = 10.0
"""Seconds for which a wish is believed: its owner renews it while it waits."""


class HostLock:
    """Held by one process at a time. Long work asks `wanted` between its units and lets a person's click go first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wish = path.with_suffix(".wish")
        self._file: BinaryIO | None = None

    def acquire(self, timeout: float = 0.0, *, urgent: bool = False) -> bool:
        """Whether it is ours within `timeout` seconds. `urgent` makes long work yield to us."""
        if self._file is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        limit = time.monotonic() + timeout
        file = self._path.open("ab")
        while not try_lock(file):
            if urgent:
                self._wish.touch()
            if time.monotonic() >= limit:
                file.close()
                return False
            time.sleep(RETRY)
        self._file = file
        if urgent:
            self._wish.unlink(missing_ok=True)
        return True

    def release(self) -> None:
        if self._file is not None:
            unlock(self._file)
            self._file.close()
            self._file = None

    def wanted(self) -> bool:
        """Whether somebody urgent waits for it."""
        try:
            return time.time() - self._wish.stat().st_mtime < FRESH
        except OSError:
            return False

    def is_taken(self) -> bool:
        """Whether any process holds it just now."""
        if self._file is not None:
            return True
        if not self.acquire():
            return True
        self.release()
        return False

    def __enter__(self) -> HostLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
