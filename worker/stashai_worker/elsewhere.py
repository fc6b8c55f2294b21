"""Services elsewhere and how they are spoken to; third parties' HTTP services are here, other kinds beside this.

No address of a request is asked: origins come from the configuration alone, and redirects are not followed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import requests

from stashai.contracts.enums import ServiceStatus
from stashai.contracts.services import ServiceInfo
from stashai.errors import MediaError, StashAIError

from .errors import CALLERS_FAULTS

CONNECT_SECONDS = 5.0
PROBE_SECONDS = 5.0
FORWARDED = "X-StashAI-Forwarded"
"""Says that a worker asks on behalf of a client: whoever is asked so does it itself, so that nothing goes round in circles."""
NOT_THERE = frozenset(
    [
        "no-way-to-media",
        "missing-file",
        "no-permission",
        "upload-gone",
        "missing-entity",
        "not-found",
        "ambiguous",
        "no-model",
        "bad-parameters",
    ]
)
"""What another service may have that this one has not: files, uploads, people, networks."""
OWN_ROUTE = "/process"
"""The end of the route that every processor has."""
LARGEST_ENCODED = 40 * 2**20
"""Bytes of files that go into one request as text: within what a worker takes by default."""
Kind = Literal["worker", "visage", "http"]


class ServiceDownError(StashAIError):
    """The service cannot do it; another one can be asked."""

    code = "service-down"


class OutOfReachError(ServiceDownError):
    """The service is well, but has no way to this medium, or this one thing failed there."""


@dataclass(frozen=True, slots=True)
class Health:
    """What a probe found. `load` is how many jobs wait or run there; `can` what it says it can do, None when it does not say."""

    healthy: bool
    version: str = ""
    load: int = 0
    can: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A service elsewhere, as it is known now. `latency` is in seconds, `errors` a share; both running averages. `asked` is how
    many requests are with it at the moment."""

    name: str
    kind: Kind
    endpoint: str
    capabilities: tuple[str, ...] = ()
    type: str = ""
    health_url: str = ""
    token: str = field(default="", repr=False)
    status: ServiceStatus = ServiceStatus.UNKNOWN
    maintenance: bool = False
    version: str = ""
    checked: datetime | None = None
    latency: float = 0.0
    errors: float = 0.0
    failures: int = 0
    load: int = 0
    asked: int = 0
    next_probe: float = field(default=0.0, compare=False)

    def info(self) -> ServiceInfo:
        return ServiceInfo(
            name=self.name,
            type=self.type or self.kind,
            version=self.version,
            endpoint=self.endpoint,
            health_check_url=self.health_url,
            capabilities=list(self.capabilities),
            status=ServiceStatus.MAINTENANCE if self.maintenance else self.status,
            last_health_check=self.checked,
            latency=round(self.latency, 4) if self.checked else None,
            error_rate=round(self.errors, 4) if self.checked else None,
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A request as it goes out: the API's path below /api/v1, the body with its pictures, a limit in seconds, an id that is the
    same whenever it is asked again; `check` raises when the client does not want the answer any more. `files` are the uploads
    that the body names by their keys."""

    path: str
    body: Mapping[str, Any]
    timeout: float
    id: str
    check: Callable[[], None]
    files: Mapping[str, Path] = field(default_factory=dict)


class Adapter(Protocol):
    """How services of one kind are spoken to."""

    def takes(self, path: str, body: Mapping[str, Any]) -> bool:
        """Whether such a request can be put to them at all."""
        ...

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        """The answer's body, as this API's route gives it. Raises ServiceDownError, or MediaError for what it says of the
        picture."""
        ...

    def health(self, remote: Remote) -> Health:
        """Raises requests.RequestException and ValueError for what does not answer as it should."""
        ...


class HttpAdapter:
    """A third party's service: the request's body goes to its endpoint, with uploads as base64 by their keys, and its answer is
    the body of this API's answer; to a processor's parameters it answers with the processor's result."""

    def takes(self, path: str, body: Mapping[str, Any]) -> bool:
        return True

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        files = as_text(question.files)
        body = {**question.body, "request_id": question.id} | ({"uploads": files} if files else {})
        said = answered(remote, *post(remote, remote.endpoint, body, question.timeout))
        alone = question.path.endswith(OWN_ROUTE) and "items" not in said
        return {"items": [{"response_data": said}]} if alone else said

    def health(self, remote: Remote) -> Health:
        answer = get(remote, remote.health_url)
        return Health(answer.status_code == 200, remote.version)


def post(remote: Remote, url: str, body: Mapping[str, Any], seconds: float) -> tuple[int, dict[str, Any]]:
    """The status and the body. Raises ServiceDownError for what is no answer."""
    try:
        answer = requests.post(
            url, json=dict(body), headers=_headers(remote), timeout=(CONNECT_SECONDS, seconds + CONNECT_SECONDS), allow_redirects=False
        )
        said = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise ServiceDownError(f"The service {remote.name} does not answer: {type(error).__name__}.") from error
    if not isinstance(said, dict):
        raise ServiceDownError(f"The service {remote.name} answers with something else than an object.")
    return answer.status_code, said


def get(remote: Remote, url: str, seconds: float = PROBE_SECONDS) -> requests.Response:
    return requests.get(url, headers=_headers(remote), timeout=seconds, allow_redirects=False)


def as_text(files: Mapping[str, Path]) -> dict[str, str]:
    """Base64 of each. Raises OutOfReachError for more than fits into a request."""
    if sum(path.stat().st_size for path in files.values()) > LARGEST_ENCODED:
        raise OutOfReachError(f"Files of more than {LARGEST_ENCODED // 2**20} MiB do not go into a request.")
    return {key: base64.b64encode(path.read_bytes()).decode() for key, path in files.items()}


def answered(remote: Remote, status: int, said: dict[str, Any]) -> dict[str, Any]:
    """Its body. Raises MediaError for what it says of the request, ServiceDownError for everything else."""
    if status == 200:
        return said
    if said.get("code") in NOT_THERE:
        raise OutOfReachError(f"The service {remote.name} has no way to the medium: {said.get('message')}.")
    if status in (400, 413, 422):
        code = said.get("code") if said.get("code") in CALLERS_FAULTS else "undecodable"
        raise MediaError(f"The service {remote.name} refuses it: {said.get('message') or said.get('detail') or status}.", code=code)
    failed = status == 500 and said.get("code") not in (None, "internal")
    kind = OutOfReachError if failed else ServiceDownError
    raise kind(f"The service {remote.name} answered with {status}: {said.get('message') or said.get('detail') or ''}.")


def _headers(remote: Remote) -> dict[str, str]:
    return {FORWARDED: "1"} | ({"Authorization": f"Bearer {remote.token}"} if remote.token else {})
