"""A lock on a file, so that two processes do not fetch or prepare the same network at once. It ends with its process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import SetupError
from ..filelock import try_lock, unlock

_RETRY_SECONDS = 0.2


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
        while not try_lock(file):
            time.sleep(_RETRY_SECONDS)
        try:
            yield
        finally:
            unlock(file)
