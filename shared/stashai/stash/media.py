"""Media behind Stash's HTTP as files that can be sought in: for what lies in a zip or on a disk that we cannot see."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from .connection import LOOK, NotMediaError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from .connection import Connection

BLOCK = 1 << 20
"""Bytes fetched at once: decoders read in small pieces, and each request costs half a millisecond."""
KEPT_BLOCKS = 8


class RangeFile(io.RawIOBase):
    """A read-only file over ranged requests, with the last few blocks kept (8 MiB at most). For PyAV's and Pillow's `open`."""

    def __init__(self, connection: Connection, path: str) -> None:
        super().__init__()
        self._connection, self._path = connection, path
        self._position = 0
        self._size = 0
        self._blocks: dict[int, bytes] = {}
        first = self._fetch(0)
        self._blocks[0] = first

    def _fetch(self, start: int) -> bytes:
        response = self._connection.get(self._path, {"Range": f"bytes={start}-{start + BLOCK - 1}"})
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html"):
            raise NotMediaError(f"Stash answered {self._path} with a page where a clip was meant.")
        if response.status_code == 416:
            return b""
        found = re.fullmatch(r"bytes \d+-\d+/(\d+)", response.headers.get("Content-Range", ""))
        if response.status_code == 200:
            # No ranges here: the answer is the whole of it.
            self._size = len(response.content)
            self._blocks = {n: bytes(response.content[n * BLOCK : (n + 1) * BLOCK]) for n in range(self._size // BLOCK + 1)}
            return bytes(response.content[start : start + BLOCK])
        if response.status_code != 206 or found is None:
            raise NotMediaError(f"Stash answered {self._path} with status {response.status_code}.", remedy=LOOK)
        self._size = int(found[1])
        return bytes(response.content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._position >= self._size or not len(view):
            return 0
        number, offset = divmod(self._position, BLOCK)
        data = self._block(number)[offset : offset + len(view)]
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _block(self, number: int) -> bytes:
        block = self._blocks.pop(number, None)
        if block is None:
            block = self._fetch(number * BLOCK)
        while len(self._blocks) >= KEPT_BLOCKS:
            self._blocks.pop(next(iter(self._blocks)))
        self._blocks[number] = block
        return block
