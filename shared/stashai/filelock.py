"""Locking an open file, so that other processes see it: it ends with its process, however that ends. Standard library only."""

from __future__ import annotations

import errno
import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt

    def try_lock(file: BinaryIO) -> bool:
        """Whether the lock of `file` is ours now; does not wait."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def unlock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(file: BinaryIO) -> bool:
        """Whether the lock of `file` is ours now; does not wait."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # Some network file systems have no locks; what is written there still gets its name at once.
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP}:
                raise
        return True

    def unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
