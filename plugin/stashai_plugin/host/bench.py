"""The objects that an operation works with, made from Stash's document: settings, gateway, rows, models. Each on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from stashai.clock import SystemClock
from stashai.hostlock import HostLock
from stashai.mode import activate
from stashai.stash.mirror import Mirror

from ..gateway import gateway
from ..preferences.saved import load
from ..request import Request
from ..setup.start import needed
from ..setup.state import is_ready, make_private

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.processing.control import JobControl
    from stashai.processing.stores import Stores
    from stashai.stash.client import StashClient
    from stashai.tracking.ledger import Ledger
    from stashai.vision.engine import VisionEngine

    from .provenance import Provenance


def inference_lock(request: Request) -> HostLock:
    """One process of this host infers at a time; a person's click goes before a task."""
    return HostLock(request.data / "inference.lock")


class Bench:
    """Raises SetupNeededError when the packages or the first models are missing."""

    def __init__(self, request: Request, *, models: bool = True) -> None:
        self.request = request
        if (models and not is_ready(request)) or not activate(request.data, request.locks):
            raise needed(request)
        make_private(request.data)
        self.clock = SystemClock()
        self.settings = request.library_settings()
        self.mirror = Mirror(request.data)

    @cached_property
    def gateway(self) -> StashClient:
        return gateway(self.request)

    @cached_property
    def preferences(self) -> dict[str, Any]:
        return load(self.request)

    @cached_property
    def _opened(self) -> tuple[Ledger, Stores]:
        from stashai.media.crops import CropFolder
        from stashai.tracking.open import open_stores

        return open_stores(self.settings, CropFolder(self.settings.data / "crops"), self.clock)

    @property
    def ledger(self) -> Ledger:
        return self._opened[0]

    @property
    def stores(self) -> Stores:
        return self._opened[1]

    @cached_property
    def writes(self) -> Provenance:
        from .provenance import Provenance

        return Provenance.of(self.ledger.database)

    @cached_property
    def vision(self) -> VisionEngine:
        from stashai.vision.catalog import Catalog
        from stashai.vision.engine import VisionEngine
        from stashai.vision.profile import Profile

        return VisionEngine(self.settings, Catalog.load(), Profile(self.preferences["profile"]))

    def context(self, control: JobControl) -> Context:
        from stashai.processing.context import Context

        return Context(self.settings, self.stores, self.clock, control, self.vision)

    def quiet_context(self) -> Context:
        """For what is done at once and belongs to no job."""
        from stashai.processing.control import JobControl

        return self.context(JobControl("", self.clock))
