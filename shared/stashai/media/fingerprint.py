"""What a file is, by its content alone: the same picture under another name is the same picture."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO, Protocol

from ..errors import MediaError
from ..text import storable

WHOLE_UP_TO = 32 * 2**20
"""Bytes up to which a file is read in full; of a larger one SAMPLES blocks are."""
SAMPLES = 24
BLOCK = 2**18


class FingerprintRows(Protocol):
    def known_fingerprint(self, path: str, size: int, mtime_ns: int) -> str | None: ...

    def remember_fingerprint(self, path: str, size: int, mtime_ns: int, fingerprint: str) -> None: ...


def fingerprint_bytes(content: bytes) -> str:
    return blake2b(content, digest_size=20, person=b"stashai-media").hexdigest()


def fingerprint(path: Path) -> str:
    """The fingerprint of a file (see fingerprint_stream). Raises MediaError when it cannot be read, or is no file: reading a
    pipe may never end."""
    try:
        check_regular(path.stat())
        with path.open("rb") as file:
            return fingerprint_stream(file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise unreadable(path, error) from error


def fingerprint_stream(file: BinaryIO, size: int) -> str:
    """40 hex digits. Up to 32 MiB all bytes count; beyond, the size and 24 blocks of 256 KiB spread from head to tail: enough
    to tell videos apart without reading gigabytes."""
    if size <= WHOLE_UP_TO:
        return fingerprint_bytes(file.read())
    digest = blake2b(size.to_bytes(8, "little"), digest_size=20, person=b"stashai-media")
    for index in range(SAMPLES):
        file.seek((size - BLOCK) * index // (SAMPLES - 1))
        digest.update(file.read(BLOCK))
    return digest.hexdigest()


def fingerprint_of(path: Path, rows: FingerprintRows) -> str:
    """`fingerprint`, but out of the rows when a file of this path, size and time of change was read before."""
    try:
        stat = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    check_regular(stat)
    key = storable(str(path))
    known = rows.known_fingerprint(key, stat.st_size, stat.st_mtime_ns)
    if known is None:
        known = fingerprint(path)
        rows.remember_fingerprint(key, stat.st_size, stat.st_mtime_ns, known)
    return known


def check_regular(status: os.stat_result) -> None:
    """Raises MediaError for a folder, a pipe, a socket or a device."""
    if S_ISDIR(status.st_mode):
        # A folder becomes an item only when it could not be looked into.
        raise MediaError("The folder cannot be read.", code="unreadable-folder", remedy="Give this user the right to read it.")
    if not S_ISREG(status.st_mode):
        raise MediaError("It is a pipe or a device, not a file.", code="not-a-file", remedy="Save it as a file first.")


def unreadable(path: Path, error: OSError) -> MediaError:
    """The sentence for a file that the system does not give."""
    if isinstance(error, FileNotFoundError):
        return MediaError("There is no such file.", code="missing-file", remedy="Check the path, or whether its disk is mounted.")
    if isinstance(error, PermissionError):
        return MediaError("The file may not be read.", code="no-permission", remedy="Give this user the right to read it.")
    if isinstance(error, IsADirectoryError):
        return MediaError("The folder cannot be read.", code="unreadable-folder", remedy="Give this user the right to read it.")
    return MediaError(
        f"The file cannot be read: {error.strerror or error}.", code="unreadable-file", remedy="Check its disk, or where its link leads."
    )
