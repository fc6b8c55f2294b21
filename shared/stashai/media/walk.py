"""From the command line's arguments to items: one a path, in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UsageError
from .kinds import MEDIA_EXTENSIONS

_SYSTEM_FOLDERS = frozenset(["@eadir", "__macosx", "$recycle.bin", "system volume information", "lost+found"])
"""What systems put beside people's files: thumbnails, waste, resource forks."""


@dataclass(frozen=True, slots=True)
class MediaPath:
    """An item to be: `path` is absolute with links unresolved; `problem` says why it cannot be looked into (a folder)."""

    path: Path
    problem: str | None = None


@dataclass(slots=True)
class Walk:
    """Iterate once to get the items; `ignored` counts what was passed over in folders (files that are no media, hidden files
    and folders, the system's own), complete afterwards."""

    arguments: Iterable[str]
    ignored: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[MediaPath]:
        for argument in self.arguments:
            path = absolute(argument)
            if is_directory(path):
                yield from self._folder(path, frozenset())
            else:
                yield MediaPath(path)

    def _folder(self, folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[MediaPath]:
        """Sorted; links are followed, but never back into a folder that is being walked."""
        try:
            stat = folder.stat()
            here = (stat.st_dev, stat.st_ino)
            if here in above:
                return
            with os.scandir(folder) as entries:
                names = sorted((entry.name, is_directory(entry)) for entry in entries)
        except OSError as error:
            yield MediaPath(folder, f"The folder cannot be read: {error.strerror or error}.")
            return
        for name, is_folder in names:
            if is_folder and (name.startswith(".") or name.lower() in _SYSTEM_FOLDERS):
                self.ignored += 1
            elif is_folder:
                yield from self._folder(folder / name, above | {here})
            elif Path(name).suffix.lower() in MEDIA_EXTENSIONS and not name.startswith("."):
                yield MediaPath(folder / name)
            else:
                self.ignored += 1


def absolute(path: str) -> Path:
    """`path` from the root on, links unresolved. UsageError for an empty one, which would be the current folder: it is what an
    unset variable of a shell gives."""
    if not path:
        raise UsageError("A path is empty.", remedy="Say . for the current folder.")
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links


def is_directory(entry: Path | os.DirEntry[str]) -> bool:
    """False, too, for what the system does not tell of (links in a circle, too long a name): it is an item that cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False
