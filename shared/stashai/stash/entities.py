"""What we know of Stash's rows: ids are Stash's, as strings. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EntityKind = Literal["scene", "image", "gallery"]


def base_name(path: str) -> str:
    """The last part of a path of Stash's host, whatever system that runs on."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Performer:
    """`image` is the path below Stash's base under which the picture lies, None when there is only the default one."""

    id: str
    name: str
    disambiguation: str
    favorite: bool
    ignore_auto_tag: bool
    image: str | None
    updated_at: str

    @property
    def label(self) -> str:
        return f"{self.name} ({self.disambiguation})" if self.disambiguation else self.name


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file as Stash's host sees it. `duration` is in seconds (0 for a still), `inside_zip` when its path cannot be opened."""

    path: str
    size: int
    mod_time: str
    width: int
    height: int
    duration: float
    is_video: bool
    inside_zip: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A scene or an image: `paths` are below Stash's base, by name (sprite, vtt, stream; image)."""

    kind: EntityKind
    id: str
    title: str
    organized: bool
    updated_at: str
    performers: tuple[str, ...]
    ignored: frozenset[str]
    """Those of `performers` that ignore auto tag."""
    file: MediaFile | None
    paths: dict[str, str]

    @property
    def is_video(self) -> bool:
        """A scene, or an image that is a clip."""
        return self.file is not None and self.file.is_video

    @property
    def pixels(self) -> int:
        """Of the picture, or of a frame; 0 where there is no file."""
        return self.file.width * self.file.height if self.file else 0

    @property
    def name(self) -> str:
        """The title, else the file's name; empty when there is neither."""
        return self.title or (base_name(self.file.path) if self.file else "")


@dataclass(frozen=True, slots=True)
class Gallery:
    """`name` is the title, else that of the zip or the folder, as on Stash's pages."""

    id: str
    name: str
    organized: bool
    updated_at: str
    performers: tuple[str, ...]
    image_count: int


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job in Stash's queue: `status` is READY, RUNNING, STOPPING, FINISHED, CANCELLED or FAILED. `added` is when it was queued."""

    id: str
    status: str
    description: str
    added: str = ""

    @property
    def key(self) -> str:
        """Tells it from all others: Stash counts from 1 again after each start."""
        return f"{self.id}@{self.added}"

    @property
    def is_open(self) -> bool:
        """It waits or runs."""
        return self.status in ("READY", "RUNNING", "STOPPING")


@dataclass(frozen=True, slots=True)
class Server:
    """`session_age` is how long a session lives without a request, in seconds; `api_key` is empty when none is set."""

    version: str
    api_key: str
    session_age: int
