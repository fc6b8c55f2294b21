"""The services that this worker knows: its own processors, other workers, Visage-compatible backends; with honest health."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from anyio import to_thread

from stashai import __version__
from stashai.contracts.enums import ServiceStatus, ServiceType
from stashai.contracts.services import ServiceInfo
from stashai.errors import UsageError
from stashai.processing.registry import Listed, Registry

from .adopting import Identity
from .config import WorkerConfig
from .elsewhere import Kind, OutOfReachError, Question, Remote, ServiceDownError
from .forms import Form
from .kept_services import KeptServices
from .other_worker import asked_who
from .probing import ADAPTERS, Breaker, after_probe, averaged, probed_now

logger = logging.getLogger(__name__)

HEALTH: Mapping[Kind, str] = {"worker": "/api/v1/health", "visage": "/openapi.json", "http": "/health"}
CAN: Mapping[Kind, tuple[str, ...]] = {"worker": ("facial_recognition",), "visage": ("facial_recognition",), "http": ()}
"""What a service can do that does not say it itself."""
T = TypeVar("T")


class Services:
    """Safe for several threads. In-process processors come from the registry and need no probe."""

    def __init__(self, config: WorkerConfig, registry: Registry, file: KeptServices) -> None:
        self._config = config
        self._registry = registry
        self._file, self._kept = file, file.load()
        self._lock = threading.Lock()
        self._remotes: dict[str, Remote] = {}
        self._breakers: dict[str, Breaker] = {}
        for number, origin in enumerate(config.workers, 1):
            self._add(f"worker-{number}", "worker", origin)
        if config.visage_url:
            self._add("visage", "visage", config.visage_url.rstrip("/"))
        for info in self._kept.registered.values():
            try:
                self._join(info)
            except UsageError as error:
                logger.warning("The service %s, registered earlier, is left out: %s", info.name, error)
        for name in self._kept.aside & self._remotes.keys():
            self._remotes[name] = replace(self._remotes[name], maintenance=True)

    def all(self) -> list[ServiceInfo]:
        local = [self._local(listed) for listed in self._registry.all()]
        with self._lock:
            return local + [remote.info() for remote in self._remotes.values()]

    def register(self, info: ServiceInfo) -> ServiceInfo:
        """Add a service elsewhere, on an origin that the configuration allows. Raises UsageError otherwise."""
        with self._lock:
            added = self._join(info)
            self._kept.registered[info.name] = added
            self._file.save(self._kept)
            return added

    def _join(self, info: ServiceInfo) -> ServiceInfo:
        origin = self._allowed(info.endpoint)
        if info.health_check_url and self._allowed(info.health_check_url) != origin:
            raise UsageError("The health check lies on another origin than the service.", code="forbidden")
        kind: Kind = "worker" if info.type == "worker" else "visage" if info.type == "visage" else "http"
        if info.name in self._remotes or self._registry.find(info.name):
            raise UsageError(f"There is a service {info.name!r} already.", code="conflict")
        endpoint = info.endpoint if kind == "http" else origin
        return self._add(info.name, kind, endpoint, tuple(info.capabilities), info.type, info.health_check_url, info.version).info()

    def _add(
        self, name: str, kind: Kind, endpoint: str, can: tuple[str, ...] = (), said: str = "", health: str = "", version: str = ""
    ) -> Remote:
        token = self._config.service_token if kind == "worker" else ""
        url = health or _origin(endpoint) + HEALTH[kind]
        remote = Remote(name, kind, endpoint, can or CAN[kind], said, url, token, version=version)
        self._remotes[name] = remote
        return remote

    def remove(self, name: str) -> None:
        with self._lock:
            if self._remotes.pop(name, None) is None:
                raise UsageError(f"There is no registered service {name!r}.", code="not-found")
            self._kept.registered.pop(name, None)
            self._kept.aside.discard(name)
            self._file.save(self._kept)

    def set_maintenance(self, name: str, aside: bool) -> ServiceInfo:
        with self._lock:
            listed = None if name in self._remotes else self._registry.find(name)
            if listed is None and name not in self._remotes:
                raise UsageError(f"There is no service {name!r}.", code="not-found")
            (self._kept.aside.add if aside else self._kept.aside.discard)(name)
            self._file.save(self._kept)
            if listed is not None:
                return self._local(listed)
            self._remotes[name] = replace(self._remotes[name], maintenance=aside)
            return self._remotes[name].info()

    def in_maintenance(self, processor: str) -> bool:
        return processor in self._kept.aside

    def candidates(self, forms: Sequence[Form], *, last_resort: bool = False) -> list[tuple[Remote, Form]]:
        """Healthy services elsewhere and the first of the forms that each takes, the least loaded first (the quicker one of two).
        With `last_resort` also, behind all others, those whose answers are no probabilities: nobody else is to be replaced by
        them. Asked for by their own name they are like any other."""
        found: dict[str, tuple[Remote, Form]] = {}
        for form in forms:
            for remote in self._able(form.capability):
                proper = last_resort or _proper(remote, form.capability)
                if proper and remote.name not in found and ADAPTERS[remote.kind].takes(form.path, form.body):
                    found[remote.name] = (remote, form)
        return sorted(found.values(), key=_by_load)

    def least_load(self, *capabilities: str) -> int | None:
        """Of the healthy services elsewhere with one of the capabilities, None when there are none."""
        able = ((remote, name) for name in capabilities for remote in self._able(name))
        return min((remote.load + remote.asked for remote, name in able if _proper(remote, name)), default=None)

    def identities(self, remote: Remote, ids: Sequence[str]) -> list[Identity]:
        return asked_who(remote, ids)

    def asked(self) -> int:
        """How many requests are with services elsewhere at the moment."""
        with self._lock:
            return sum(remote.asked for remote in self._remotes.values())

    def _able(self, capability: str) -> list[Remote]:
        """Healthy, and not left alone for failing too often."""
        with self._lock:
            known = list(self._remotes.values())
        well = [one for one in known if one.status is ServiceStatus.HEALTHY and not one.maintenance]
        return [one for one in well if _can(one, capability) and not self._breaker(one.name).rests()]

    def workers(self, capability: str) -> list[Remote]:
        """Healthy workers elsewhere that can do it, the least loaded first."""
        return sorted((one for one in self._able(capability) if one.kind == "worker"), key=_load)

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        """Raises ServiceDownError, and MediaError for what the service says of the request."""
        return self.through(remote, lambda: ADAPTERS[remote.kind].ask(remote, question))

    def through(self, remote: Remote, ask: Callable[[], T]) -> T:
        """What `ask` answers and raises, counted. After FAILURES in a row a service is left alone for a while."""
        breaker, started = self._breaker(remote.name), time.monotonic()
        if breaker.rests():
            raise ServiceDownError(f"The service {remote.name} failed too often and is left alone for now.")
        self._change(remote.name, lambda known: replace(known, asked=known.asked + 1))
        failed = False
        try:
            said = ask()
            breaker.note(None)
            return said
        except ServiceDownError as error:
            failed = True
            breaker.note(None if isinstance(error, OutOfReachError) else error)
            logger.warning("%s", error)
            raise
        finally:
            seconds = time.monotonic() - started
            self._change(remote.name, lambda known: replace(averaged(known, seconds, failed=failed), asked=max(0, known.asked - 1)))

    def _breaker(self, name: str) -> Breaker:
        with self._lock:
            return self._breakers.setdefault(name, Breaker())

    def _change(self, name: str, change: Callable[[Remote], Remote]) -> None:
        with self._lock:
            if name in self._remotes:
                self._remotes[name] = change(self._remotes[name])

    async def probe(self) -> None:
        """Ask for the health of services elsewhere, until cancelled: now and then, later and later while one is down."""
        while True:
            for remote in list(self._remotes.values()):
                if remote.next_probe <= time.monotonic():
                    probed = await to_thread.run_sync(probed_now, remote)
                    self._change(remote.name, partial(after_probe, probed))
            await asyncio.sleep(1.0)

    def _allowed(self, endpoint: str) -> str:
        parts, origin = urlsplit(endpoint), _origin(endpoint)
        if parts.scheme not in ("http", "https") or origin not in self._config.service_origins:
            raise UsageError(
                f"Services on {origin} are not allowed.", code="forbidden", remedy="Name the origin in STASHAI_SERVICE_ORIGINS."
            )
        return origin

    def _local(self, listed: Listed) -> ServiceInfo:
        action = str(getattr(listed.processor, "action_type", ""))
        status = ServiceStatus.HEALTHY if listed.state == "ready" else ServiceStatus.UNHEALTHY
        return ServiceInfo(
            name=listed.id[:100].replace("/", "."),
            type=_TYPES.get(listed.id) or _TYPES.get(action) or action or "unknown",
            version=__version__,
            endpoint=f"/api/v1/{listed.id}/process",
            health_check_url="/api/v1/health",
            capabilities=[name for name in dict.fromkeys((action, _TYPES.get(listed.id, ""))) if name],
            status=ServiceStatus.MAINTENANCE if listed.id in self._kept.aside else status,
            last_health_check=datetime.now(UTC),
            error=listed.reason or None,
            parameters=None if listed.is_built_in else listed.parameters,
        )


_TYPES = {
    "metadata.extract": ServiceType.METADATA_EXTRACTION,
    "facial_recognition": ServiceType.FACIAL_RECOGNITION,
    "face_comparison": ServiceType.FACIAL_RECOGNITION,
    "content_analysis": ServiceType.CONTENT_ANALYSIS,
}
"""Of built-in services, by id or else by action type; others are called by their own action type."""


def _can(remote: Remote, capability: str) -> bool:
    """Other workers are asked for what they can do; every other service also by its own name."""
    return capability in remote.capabilities or (capability == remote.name and remote.kind != "worker")


def _proper(remote: Remote, capability: str) -> bool:
    return remote.kind != "visage" or capability == remote.name


def _load(remote: Remote) -> tuple[int, float]:
    return remote.load + remote.asked, remote.latency


def _by_load(candidate: tuple[Remote, Form]) -> tuple[bool, int, float]:
    remote, form = candidate
    return not _proper(remote, form.capability), *_load(remote)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
