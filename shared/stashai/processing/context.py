"""Everything a processor may reach, handed to it: rows through Protocols, models, settings, cancellation, progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..clock import Clock
from ..settings import Settings
from .stores import Stores

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True)
class Context:
    """`stores` reaches rows; `vision` loads networks lazily (touching it imports numpy and a runtime)."""

    settings: Settings
    stores: Stores
    clock: Clock
    control: RunControl
    vision: VisionEngine

    def check(self) -> None:
        self.control.check()
