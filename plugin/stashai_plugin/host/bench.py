"""The objects that an operation works with, made from Stash's document: settings, gateway, rows, models. Each on first use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from stashai.clock import SystemClock
from stashai.errors import StashAIError
from stashai.hostlock import HostLock
from stashai.mode import activate
from stashai.stash.mirror import Mirror

from ..gateway import gateway
from ..preferences.fields import only_on_worker, wants_worker
from ..preferences.saved import cached, load
from ..request import Request
from ..said import Said
from ..setup.start import needed
from ..setup.state import is_ready, make_private

if TYPE_CHECKING:
    from stashai.processing.context import Context, RunControl
    from stashai.processing.stores import Stores
    from stashai.stash.client import StashClient
    from stashai.stash.pictures import Pictures
    from stashai.tracking.exchange import Exchange
    from stashai.tracking.ledger import Ledger
    from stashai.tracking.people import People
    from stashai.vision.engine import VisionEngine

    from .provenance import Provenance


TURN = 8.0
"""Seconds within which a click's step ends, and a task gives way."""


def inference_lock(request: Request) -> HostLock:
    """One process of this host infers at a time; a person's click goes before a task."""
    return HostLock(request.data / "inference.lock")


@contextmanager
def right_to_infer(request: Request, here: bool, patience: float) -> Iterator[bool]:
    """Whether this process may infer now; where a worker does it, always."""
    if not here:
        yield True
        return
    with inference_lock(request) as lock:
        yield lock.acquire(patience, urgent=True)


@contextmanager
def infers(bench: Bench) -> Iterator[None]:
    """What belongs to no job waits its turn at the networks, too. Raises StashAIError when that does not come."""
    with right_to_infer(bench.request, True, TURN) as may:
        if not may:
            raise StashAIError("Another recognition is at work.", remedy="Try again in a moment.", code="another-recognition")
        yield


def rows_can_be_kept() -> bool:
    """Whether the ledger can be opened with what comes with the plugin: all that is needed where a worker looks."""
    return all(find_spec(name) is not None for name in ("peewee", "tenacity", "requests"))


class Bench:
    """Raises SetupNeededError when the packages or the first models are missing, unless a worker is paired. `notice` is why this host
    does what a worker was to do."""

    def __init__(self, request: Request, *, models: bool = True) -> None:
        self.request = request
        there = activate(request.data, request.locks)
        elsewhere = rows_can_be_kept() and wants_worker(cached(request))
        if (not there and not rows_can_be_kept()) or (models and not elsewhere and not (there and is_ready(request))):
            raise needed(request)
        make_private(request.data)
        self.clock = SystemClock()
        self.settings = request.library_settings()
        self.mirror = Mirror(request.data)
        self.notice = Said("", "")

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
    def people(self) -> People:
        """People with what the plugin alone asks of them."""
        from stashai.tracking.people import People

        return People(self.ledger.database)

    @cached_property
    def exchange(self) -> Exchange:
        """Our rows as they travel to a worker and back."""
        from stashai.processors.stash_performers import SOURCE
        from stashai.tracking.exchange import Exchange

        return Exchange(self.ledger.database, SOURCE)

    @cached_property
    def instance(self) -> str:
        """What a worker knows this Stash by."""
        from stashai.tracking.exchange import instance_of

        return instance_of(self.ledger.database)

    def require_local(self) -> None:
        """Raises SetupNeededError unless the networks can run here."""
        if not (activate(self.request.data, self.request.locks) and is_ready(self.request)):
            raise needed(self.request)

    @property
    def may_fall_back(self) -> bool:
        """Whether this host may and can go on where a worker stopped."""
        return not only_on_worker(self.preferences) and is_ready(self.request)

    @cached_property
    def writes(self) -> Provenance:
        from .provenance import Provenance

        return Provenance.of(self.ledger.database)

    @cached_property
    def pictures(self) -> Pictures:
        from stashai.media.crops import CropFolder
        from stashai.stash.pictures import Pictures

        return Pictures(self.gateway, self.writes, CropFolder(self.settings.data / "replaced"))

    @cached_property
    def vision(self) -> VisionEngine:
        from stashai.vision.catalog import Catalog
        from stashai.vision.engine import VisionEngine
        from stashai.vision.profile import Profile

        return VisionEngine(self.settings, Catalog.load(), Profile(self.preferences["profile"]))

    def context(self, control: RunControl) -> Context:
        from stashai.processing.context import Context

        return Context(self.settings, self.stores, self.clock, control, self.vision)
