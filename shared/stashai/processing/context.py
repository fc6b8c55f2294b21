"""Everything a processor may reach, handed to it: rows through Protocols, models, settings, cancellation, progress."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from ..clock import Clock
from ..settings import Settings
from .stores import Stores

if TYPE_CHECKING:
    from ..media.medium import Medium
    from ..vision.engine import VisionEngine


T = TypeVar("T")
Screenshots = Literal["never", "fallback", "only"]
"""Whether a scene's sprite sheet or cover serves: not at all, where its file cannot be reached, or instead of its file."""


class RunControl(Protocol):
    """The running job as a processor sees it."""

    @property
    def job_id(self) -> str: ...

    def check(self) -> None:
        """Raise Cancelled when the job is to stop (a cancel, a lapsed watch, a unit past its deadline), LeaseLost when
        another process took the job over. Cheap: call it often."""
        ...

    def progress(self, unit_key: str, fraction: float, message: str = "") -> None:
        """How far the unit is, 0 to 1. Throttled by the runner."""
        ...

    def advanced(self) -> None:
        """Something was done that is kept: whoever stops the job from now on loses none of it."""
        ...


class MediaResolver(Protocol):
    """From an entity of a request to what can be looked into: mapped paths, Stash itself, uploads (design.md section 2)."""

    def medium(self, entity: WantedMedium) -> Medium:
        """Raises MediaError when there is no allowed way to its bytes."""
        ...

    def images(self, gallery: WantedMedium) -> Sequence[WantedMedium]:
        """The pictures of a gallery. Raises MediaError."""
        ...

    def content(self, upload: str) -> bytes:
        """The bytes of an upload. Raises MediaError when it is gone."""
        ...

    def path(self, path: Path) -> Path:
        """`path`, if its file or folder may be opened, links followed. Raises MediaError otherwise."""
        ...


class WantedMedium(Protocol):
    """`upload` is the key of an uploaded file; `url` is a label, never fetched."""

    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str | None: ...
    @property
    def url(self) -> str | None: ...
    @property
    def path(self) -> str | None: ...
    @property
    def upload(self) -> str | None: ...
    @property
    def screenshots(self) -> Screenshots: ...


class Remembered:
    """What is dear to make out of rows and the same until they change: one value a key, of the newest version."""

    def __init__(self, keys: int = 8) -> None:
        self._keys = keys
        self._lock = threading.Lock()
        self._values: dict[Hashable, tuple[int, Any]] = {}

    def get(self, key: Hashable, version: int, make: Callable[[], T]) -> T:
        """Two threads that ask at once may both make it; nothing waits."""
        with self._lock:
            known = self._values.get(key)
        if known is not None and known[0] == version:
            value: T = known[1]
            return value
        made = make()
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = (version, made)
            while len(self._values) > self._keys:
                self._values.pop(next(iter(self._values)))
        return made


@dataclass(frozen=True, slots=True)
class Context:
    """`stores` reaches rows; `vision` loads networks lazily (touching it imports numpy and a runtime). `remembered` outlives
    the job where a process runs many."""

    settings: Settings
    stores: Stores
    clock: Clock
    control: RunControl
    vision: VisionEngine
    media: MediaResolver | None = None
    remembered: Remembered = field(default_factory=Remembered)

    def check(self) -> None:
        self.control.check()

    def path(self, path: Path) -> Path:
        """A path out of a job's parameters: any on the user's own command line, those of the media folders where jobs come
        from requests. Raises MediaError."""
        return path if self.media is None else self.media.path(path)
