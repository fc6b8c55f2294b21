"""Everything a processor may reach, handed to it: rows through Protocols, models, settings, cancellation, progress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..clock import Clock
from ..settings import Settings
from .stores import Stores

if TYPE_CHECKING:
    from ..processors.evidence import Medium
    from ..vision.engine import VisionEngine


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


class MediaResolver(Protocol):
    """From an entity of a request to what can be looked into: mapped paths, Stash itself, uploads (design.md section 2)."""

    def medium(self, entity: WantedMedium) -> Medium:
        """Raises MediaError when there is no allowed way to its bytes."""
        ...

    def images(self, gallery: WantedMedium) -> Sequence[WantedMedium]:
        """The pictures of a gallery. Raises MediaError."""
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


@dataclass(frozen=True, slots=True)
class Context:
    """`stores` reaches rows; `vision` loads networks lazily (touching it imports numpy and a runtime)."""

    settings: Settings
    stores: Stores
    clock: Clock
    control: RunControl
    vision: VisionEngine
    media: MediaResolver | None = None

    def check(self) -> None:
        self.control.check()
