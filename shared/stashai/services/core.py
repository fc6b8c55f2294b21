"""One process's ledger, rows, services and networks, wired: what the command line, the worker and the plugin stand on."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet

from ..clock import Clock, SystemClock
from ..errors import Paused
from ..processing.context import Context, MediaResolver, Remembered
from ..processing.control import JobControl
from ..processing.registry import Registry
from ..processing.runner import Runner
from ..settings import Settings
from ..tracking.open import open_stores

if TYPE_CHECKING:
    from ..vision.engine import VisionEngine
    from ..vision.sharing import Networks

DEFAULT_PROFILE = "balanced"


class Core:
    """Open once a process and `close`. Networks are loaded when a job first needs them, one engine a profile."""

    def __init__(
        self,
        settings: Settings,
        *,
        media: MediaResolver | None = None,
        clock: Clock | None = None,
        registry: Registry | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.ledger, self.stores = open_stores(settings, clock=self.clock)
        self.registry = registry or Registry(folder=settings.data / "processors")
        self.media = media
        self._engines: dict[str, VisionEngine] = {}
        self._networks: Networks | None = None
        self._lock = threading.Lock()
        self._remembered = Remembered()
        self._controls: WeakSet[JobControl] = WeakSet()

    def engine(self, profile: str = DEFAULT_PROFILE) -> VisionEngine:
        """The engine of a profile; made here, its networks are opened on first use."""
        from ..vision.engine import VisionEngine
        from ..vision.profile import Profile
        from ..vision.sharing import Networks

        with self._lock:
            self._networks = self._networks or Networks(self.settings.cores)
            if profile not in self._engines:
                self._engines[profile] = VisionEngine(self.settings, profile=Profile(profile), opener=self._networks.open)
            return self._engines[profile]

    def context(self, control: JobControl) -> Context:
        """What the processor of the running job may reach."""
        with self._lock:
            self._controls.add(control)
        engine = self.engine(self._profile(control.job_id))
        return Context(self.settings, self.stores, self.clock, control, engine, self.media, self._remembered)

    def runner(self, cores: int | None = None) -> Runner:
        return Runner(self.ledger, self.registry, self.context, cores=cores or self.settings.cores)

    def pause(self) -> None:
        """Ask the jobs of this process to stop where they are; they are put back as pending."""
        with self._lock:
            controls = list(self._controls)
        for control in controls:
            control.stop(Paused("this process ends"))

    def unload(self) -> None:
        """Free the networks; the next job loads them again."""
        with self._lock:
            engines, self._engines = self._engines, {}
        for engine in engines.values():
            engine.close()
        if self._networks is not None:
            self._networks.unload()

    def close(self) -> None:
        self.unload()
        self.ledger.database.close()

    def _profile(self, job_id: str) -> str:
        """The profile that a job's parameters name: engines differ by it in what they store."""
        job = self.ledger.job(job_id)
        named = json.loads(job.job_config).get("profile") if job else None
        return named if isinstance(named, str) else DEFAULT_PROFILE
