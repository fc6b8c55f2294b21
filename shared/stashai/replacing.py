"""Files that are there whole or not at all: written beside their place and renamed. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def moved_into_place(path: Path, write: Callable[[Path], object]) -> None:
    """`path` as `write` makes it. What is half made (a full disk) goes; what was there before stays then."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
