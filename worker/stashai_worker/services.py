"""The services that this worker knows: its own processors, other workers, Visage-compatible backends; with honest health."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from anyio import to_thread
from pybreaker import CircuitBreaker, CircuitBreakerError

from stashai import __version__
from stashai.contracts.enums import ServiceStatus, ServiceType
from stashai.contracts.services import ServiceInfo
from stashai.errors import MediaError, UsageError
from stashai.processing.registry import Listed, Registry

from .config import WorkerConfig
from .forwarding import Elsewhere, ServiceDownError, asked

logger = logging.getLogger(__name__)

PROBE_SECONDS = 30.0
LONGEST_PROBE_SECONDS = 600.0
PROBE_TIMEOUT = 5.0
FAILURES = 3
REST_SECONDS = 30
WEIGHT = 0.2
"""Of the newest call in the running averages of latency and errors."""
Kind = Literal["processor", "worker", "visage", "http"]


@dataclass(frozen=True, slots=True)
class Remote:
    """A service elsewhere, as it is known now. `latency` is in seconds, `errors` a share; both running averages."""

    name: str
    kind: Kind
    origin: str
    capabilities: tuple[str, ...] = ()
    type: str = ""
    health_url: str = ""
    status: ServiceStatus = ServiceStatus.UNKNOWN
    maintenance: bool = False
    version: str = ""
    checked: datetime | None = None
    latency: float = 0.0
    errors: float = 0.0
    failures: int = 0
    load: int = 0
    next_probe: float = field(default=0.0, compare=False)

    def info(self) -> ServiceInfo:
        health = self.health_url or self.origin + ("/api/v1/health" if self.kind == "worker" else "/health")
        return ServiceInfo(
            name=self.name,
            type=self.type or self.kind,
            version=self.version,
            endpoint=self.origin,
            health_check_url=health,
            capabilities=list(self.capabilities),
            status=ServiceStatus.MAINTENANCE if self.maintenance else self.status,
            last_health_check=self.checked,
            latency=round(self.latency, 4) if self.checked else None,
            error_rate=round(self.errors, 4) if self.checked else None,
        )


class Services:
    """Safe for several threads. In-process processors come from the registry and need no probe."""

    def __init__(self, config: WorkerConfig, registry: Registry) -> None:
        self._config = config
        self._registry = registry
        self._lock = threading.Lock()
        self._aside: set[str] = set()
        self._remotes: dict[str, Remote] = {}
        self._breakers: dict[str, CircuitBreaker] = {}
        for number, origin in enumerate(config.workers, 1):
            self._remotes[f"worker-{number}"] = Remote(f"worker-{number}", "worker", origin, ("facial_recognition",))
        if config.visage_url:
            self._remotes["visage"] = Remote("visage", "visage", config.visage_url.rstrip("/"), ("facial_recognition",))

    def all(self) -> list[ServiceInfo]:
        local = [self._local(listed) for listed in self._registry.all()]
        with self._lock:
            return local + [remote.info() for remote in self._remotes.values()]

    def register(self, info: ServiceInfo) -> ServiceInfo:
        """Add a service elsewhere, on an origin that the configuration allows. Raises UsageError otherwise."""
        origin = self._allowed(info.endpoint)
        if info.health_check_url and self._allowed(info.health_check_url) != origin:
            raise UsageError("The health check lies on another origin than the service.", code="forbidden")
        kind: Kind = "worker" if info.type == "worker" else "visage" if info.type == "visage" else "http"
        remote = Remote(info.name, kind, origin, tuple(info.capabilities), info.type, info.health_check_url, version=info.version)
        with self._lock:
            if info.name in self._remotes or self._registry.find(info.name):
                raise UsageError(f"There is a service {info.name!r} already.", code="conflict")
            self._remotes[info.name] = remote
        return remote.info()

    def remove(self, name: str) -> None:
        with self._lock:
            if self._remotes.pop(name, None) is None:
                raise UsageError(f"There is no registered service {name!r}.", code="not-found")

    def set_maintenance(self, name: str, aside: bool) -> ServiceInfo:
        with self._lock:
            if name in self._remotes:
                self._remotes[name] = replace(self._remotes[name], maintenance=aside)
                return self._remotes[name].info()
        listed = self._registry.find(name)
        if listed is None:
            raise UsageError(f"There is no service {name!r}.", code="not-found")
        (self._aside.add if aside else self._aside.discard)(name)
        return self._local(listed)

    def in_maintenance(self, processor: str) -> bool:
        return processor in self._aside

    def candidates(self, capability: str) -> list[Remote]:
        """Healthy services elsewhere that can do it, the least loaded first (the quicker one of two)."""
        with self._lock:
            able = [
                remote
                for remote in self._remotes.values()
                if capability in remote.capabilities and remote.status is ServiceStatus.HEALTHY and not remote.maintenance
            ]
        return sorted(able, key=lambda remote: (remote.load, remote.latency))

    def ask(self, service: Elsewhere, path: str, body: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """Through the service's circuit breaker: after FAILURES in a row it is left alone for a while. Raises ServiceDownError."""
        with self._lock:
            breaker = self._breakers.setdefault(
                service.name, CircuitBreaker(fail_max=FAILURES, reset_timeout=REST_SECONDS, exclude=[MediaError])
            )
        token = self._config.service_token if service.kind == "worker" else ""
        started = time.monotonic()
        try:
            said: dict[str, Any] = breaker.call(asked, service, path, body, timeout, token)
        except CircuitBreakerError as error:
            raise ServiceDownError(f"The service {service.name} failed too often and is left alone for now.") from error
        except ServiceDownError:
            self._note(service.name, time.monotonic() - started, failed=True)
            raise
        self._note(service.name, time.monotonic() - started, failed=False)
        return said

    def _note(self, name: str, seconds: float, *, failed: bool) -> None:
        with self._lock:
            if name in self._remotes:
                self._remotes[name] = _averaged(self._remotes[name], seconds, failed=failed)

    async def probe(self) -> None:
        """Ask for the health of services elsewhere, until cancelled: now and then, later and later while one is down."""
        while True:
            for remote in list(self._remotes.values()):
                if remote.next_probe <= time.monotonic():
                    probed = await to_thread.run_sync(_probed, remote)
                    with self._lock:
                        if remote.name in self._remotes:
                            self._remotes[remote.name] = replace(probed, maintenance=self._remotes[remote.name].maintenance)
            await asyncio.sleep(1.0)

    def _allowed(self, endpoint: str) -> str:
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
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
            capabilities=[action] if action else [],
            status=ServiceStatus.MAINTENANCE if listed.id in self._aside else status,
            last_health_check=datetime.now(UTC),
            error=listed.reason or None,
        )


_TYPES = {
    "metadata.extract": ServiceType.METADATA_EXTRACTION,
    "facial_recognition": ServiceType.FACIAL_RECOGNITION,
    "face_comparison": ServiceType.FACIAL_RECOGNITION,
    "content_analysis": ServiceType.CONTENT_ANALYSIS,
}
"""Of built-in services, by id or else by action type; others are called by their own action type."""


def _probed(remote: Remote) -> Remote:
    """`remote` as its health says. The origin is one that the configuration named."""
    started = time.monotonic()
    try:
        answer = requests.get(remote.info().health_check_url, timeout=PROBE_TIMEOUT, allow_redirects=False)
        healthy, (version, load) = answer.status_code == 200, _said(answer)
    except requests.RequestException as error:
        logger.info("Service %s does not answer: %s", remote.name, type(error).__name__)
        healthy, version, load = False, remote.version, remote.load
    taken = time.monotonic() - started
    failures = 0 if healthy else remote.failures + 1
    pause = min(LONGEST_PROBE_SECONDS, PROBE_SECONDS * 2 ** min(failures, 6)) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
    return replace(
        _averaged(remote, taken, failed=not healthy),
        status=_status(remote, healthy, version),
        version=version,
        checked=datetime.now(UTC),
        failures=failures,
        load=load,
        next_probe=time.monotonic() + pause,
    )


def _status(remote: Remote, healthy: bool, version: str) -> ServiceStatus:
    """A worker of another version may not mean the same by what it answers: it is degraded, and gets nothing."""
    if not healthy:
        return ServiceStatus.UNHEALTHY
    fits = remote.kind != "worker" or version.split(".")[:2] == __version__.split(".")[:2]
    return ServiceStatus.HEALTHY if fits else ServiceStatus.DEGRADED


def _averaged(remote: Remote, seconds: float, *, failed: bool) -> Remote:
    latency = (1 - WEIGHT) * remote.latency + WEIGHT * seconds if remote.latency else seconds
    return replace(remote, latency=latency, errors=(1 - WEIGHT) * remote.errors + WEIGHT * failed)


def _said(answer: requests.Response) -> tuple[str, int]:
    """The version and how many jobs wait or run, as far as the health says."""
    try:
        body = answer.json()
    except ValueError:
        return "", 0
    if not isinstance(body, dict):
        return "", 0
    queue = (body.get("metrics") or {}).get("queue_status") or {}
    return str(body.get("version", "")), sum(number for number in queue.values() if isinstance(number, int))
