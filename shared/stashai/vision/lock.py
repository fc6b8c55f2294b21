"""A lock on a file, so that two processes do not fetch or prepare the same network at once. It ends with its process."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import SetupError

_RETRY_SECONDS = 0.2

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # Some network file systems have no locks; what is written there still gets its name at once.
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP}:
                raise
        return True

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of `path` (created when missing), waiting for whoever has it. Polling keeps ctrl-C working.

    Raises SetupError when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("ab")
    except OSError as error:
        raise SetupError(
            f"{path} cannot be written: {error.strerror}.", remedy="Check the folder's permissions, or set STASHAI_MODELS."
        ) from error
    with opened as file:
        while not _try_lock(file):
            time.sleep(_RETRY_SECONDS)
        try:
            yield
        finally:
            _unlock(file)
