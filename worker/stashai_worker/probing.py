"""What is known of services elsewhere: probes that are cheap and back off, running averages, a circuit breaker each."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import requests
from pybreaker import STATE_CLOSED, STATE_OPEN, CircuitBreaker, CircuitBreakerError, CircuitMemoryStorage

from stashai.contracts.enums import ServiceStatus

from .elsewhere import Adapter, Health, HttpAdapter, Remote, ServiceDownError
from .other_worker import WorkerAdapter, same_version
from .visage import VisageAdapter

logger = logging.getLogger(__name__)

PROBE_SECONDS = 30.0
LONGEST_PROBE_SECONDS = 600.0
FAILURES = 3
REST_SECONDS = 30
WEIGHT = 0.2
"""Of the newest call in the running averages of latency and errors."""
ADAPTERS: Mapping[str, Adapter] = {"worker": WorkerAdapter(), "visage": VisageAdapter(), "http": HttpAdapter()}


class Breaker:
    """pybreaker's states around requests that run at the same time, which its own `call` would put one behind the other."""

    def __init__(self) -> None:
        self._storage = CircuitMemoryStorage(STATE_CLOSED)
        self._breaker = CircuitBreaker(fail_max=FAILURES, reset_timeout=REST_SECONDS, state_storage=self._storage)

    def rests(self) -> bool:
        since = self._storage.opened_at
        return self._storage.state == STATE_OPEN and since is not None and (datetime.now(UTC) - since).total_seconds() < REST_SECONDS

    def note(self, error: ServiceDownError | None) -> None:
        def ended() -> None:
            if error is not None:
                raise error

        with suppress(CircuitBreakerError, ServiceDownError):
            self._breaker.call(ended)


def after_probe(probed: Remote, known: Remote) -> Remote:
    return replace(probed, maintenance=known.maintenance, asked=known.asked)


def probed_now(remote: Remote) -> Remote:
    """`remote` as its health says."""
    started = time.monotonic()
    try:
        found = ADAPTERS[remote.kind].health(remote)
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.info("Service %s does not answer as it should: %s", remote.name, type(error).__name__)
        found = Health(False, remote.version, remote.load)
    failures = 0 if found.healthy else remote.failures + 1
    pause = min(LONGEST_PROBE_SECONDS, 2.0 ** min(failures + 1, 10)) if failures else PROBE_SECONDS
    return replace(
        averaged(remote, time.monotonic() - started, failed=not found.healthy),
        status=_status(remote, found),
        version=found.version,
        capabilities=found.can or remote.capabilities,
        checked=datetime.now(UTC),
        failures=failures,
        load=found.load,
        next_probe=time.monotonic() + pause * random.uniform(0.8, 1.2),  # noqa: S311 - jitter
    )


def _status(remote: Remote, found: Health) -> ServiceStatus:
    """A worker of another version may not mean the same by what it answers: it is degraded, and gets nothing."""
    if not found.healthy:
        return ServiceStatus.UNHEALTHY
    fits = remote.kind != "worker" or same_version(found.version)
    return ServiceStatus.HEALTHY if fits else ServiceStatus.DEGRADED


def averaged(remote: Remote, seconds: float, *, failed: bool) -> Remote:
    latency = (1 - WEIGHT) * remote.latency + WEIGHT * seconds if remote.latency else seconds
    return replace(remote, latency=latency, errors=(1 - WEIGHT) * remote.errors + WEIGHT * failed)
