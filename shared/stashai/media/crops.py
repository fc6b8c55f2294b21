"""Kept crops of faces: small JPEG files named by their content, below the data folder and nowhere else."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from ..errors import StorageError

# Windows would translate line ends inside of the picture without O_BINARY, which only it has.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class CropFolder:
    """A CropStore on disk: `<root>/ab/abcdef….jpg`, mode 0600 in folders of mode 0700."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, crop: bytes) -> str:
        """Store and return the key; the same bytes give the same key. Raises StorageError when the disk refuses."""
        key = blake2b(crop, digest_size=16).hexdigest()
        path = self._path(key)
        if not path.exists():
            try:
                self._write(path, crop)
            except OSError as error:
                raise StorageError(
                    f"A face's crop cannot be kept in {self._root}: {error.strerror or error}.",
                    code="crops-not-writable",
                    remedy="Make room or set STASHAI_DATA to another folder, then run the same command again.",
                ) from error
        return key

    def get(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def wipe(self) -> None:
        shutil.rmtree(self._root, ignore_errors=False) if self._root.exists() else None

    def _path(self, key: str) -> Path:
        if not key.isalnum():
            raise StorageError(f"{key!r} is no key of a crop.", code="bad-key")
        return self._root / key[:2] / f"{key}.jpg"

    def _write(self, path: Path, crop: bytes) -> None:
        aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            handle = os.open(aside, _NEW, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(aside, _NEW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(crop)
            aside.replace(path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
