"""The objects that an operation works with, made from Stash's document: settings, gateway, rows, models. Each on first use."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stashai.clock import SystemClock
from stashai.errors import Cancelled, LeaseLost, Paused, StashAIError
from stashai.hostlock import HostLock
from stashai.mode import activate
from stashai.settings import Settings, available_cores
from stashai.stash.mirror import Mirror

from .request import Request
from .setup import SetupNeededError, is_ready, launch, make_private, was_accepted

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.processing.control import JobControl
    from stashai.processing.stores import Stores
    from stashai.stash.client import StashClient
    from stashai.tracking.ledger import Ledger
    from stashai.tracking.records import Claim
    from stashai.vision.engine import VisionEngine

    from .provenance import Provenance

WATCH = 0.5
"""Seconds between two looks at whether the job was cancelled."""
BEAT = 15.0
"""Seconds between two signs of life."""


def settings_for(request: Request) -> Settings:
    return Settings(data=request.data, models=request.data / "models", cores=available_cores())


def gateway(request: Request) -> StashClient:
    """Stash over HTTP. The packages that it needs come with the set-up."""
    activate(request.data, request.locks)
    try:
        from stashai.stash.client import StashClient
        from stashai.stash.connection import Address, Connection
    except ImportError as error:
        raise SetupNeededError("StashAI is not set up yet.", remedy="Run the task Set up.") from error
    return StashClient(Connection(Address.from_server_connection(request.connection)))


def inference_lock(request: Request) -> HostLock:
    """One process of this host infers at a time; a person's click goes before a task."""
    return HostLock(request.data / "inference.lock")


def _set_up_again(request: Request) -> SetupNeededError:
    """Why nothing can be done now; a set-up that was accepted before is started again by itself."""
    if not was_accepted(request):
        return SetupNeededError("StashAI is not set up yet.", remedy="Run the task Set up.")
    launch(request)
    return SetupNeededError("Python or StashAI was updated: its packages are being installed again.", remedy="Try again in some minutes.")


class Limit:
    """When a step is over: at a moment of the monotonic clock, but not before it had some of the processor for its work, so
    that each step gets on, however slow or busy the machine is."""

    def __init__(self, at: float) -> None:
        self.at = at
        # Until the work begins nothing is over: a slow start must not eat the step.
        self._worked = float("inf")

    def leave(self, seconds: float) -> None:
        """At least so many seconds of the processor from now."""
        self._worked = time.process_time() + seconds

    @property
    def is_reached(self) -> bool:
        return time.monotonic() >= self.at and time.process_time() >= self._worked


class Bench:
    """Raises SetupNeededError when the packages or the first models are missing."""

    def __init__(self, request: Request, *, models: bool = True) -> None:
        self.request = request
        if (models and not is_ready(request)) or not activate(request.data, request.locks):
            raise _set_up_again(request)
        make_private(request.data)
        self.clock = SystemClock()
        self.settings = settings_for(request)
        self.mirror = Mirror(request.data)

    @cached_property
    def gateway(self) -> StashClient:
        return gateway(self.request)

    @cached_property
    def preferences(self) -> dict[str, Any]:
        from .preferences import load

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

    @contextmanager
    def control(self, claim: Claim, limit: Limit | None = None) -> Iterator[JobControl]:
        """The job's control, told to stop by a cancel, by another owner, and (Paused) when `limit` is reached."""
        from stashai.processing.control import JobControl

        control = JobControl(claim.job.job_id, self.clock)
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(claim, control, limit, done), daemon=True, name="watch")
        watch.start()
        try:
            yield control
        finally:
            done.set()
            watch.join(5.0)

    def _watch(self, claim: Claim, control: JobControl, limit: Limit | None, done: threading.Event) -> None:
        beaten = time.monotonic()
        while not done.wait(_pause(limit)):
            if limit is not None and limit.is_reached:
                control.stop(Paused("This step is over."))
                return
            try:
                if time.monotonic() - beaten > BEAT:
                    self.ledger.heartbeat(claim)
                    beaten = time.monotonic()
                signal = self.ledger.signal(claim)
            except LeaseLost as error:
                control.stop(error)
                return
            except StashAIError as error:
                # The database is busy for a moment; the lease outlives that.
                self.request.log.warning(str(error))
                continue
            if signal.cancel:
                control.stop(Cancelled(signal.reason))
                return


def _pause(limit: Limit | None) -> float:
    return WATCH if limit is None else max(0.05, min(WATCH, limit.at - time.monotonic()))
