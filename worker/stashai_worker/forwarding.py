"""Recognition by a service elsewhere: another StashAI worker or a Visage-compatible backend. Tracked like any other job.

The request goes out with its picture's bytes; what comes back is the answer's body. When the first service fails, the next one
is asked, once; a service that fails again and again is left alone for a while (a circuit breaker each).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import requests
from pydantic import BaseModel

from stashai.errors import MediaError, StashAIError
from stashai.processing.base import Entity, Metrics, Processor, Unit
from stashai.processing.context import Context
from stashai.processing.registry import Registry
from stashai.processors.entities import WantedEntity

CONNECT_SECONDS = 5.0


class ServiceDownError(StashAIError):
    """No service could take the request; here it can still be done."""

    code = "service-down"


class Elsewhere(Protocol):
    """A service that can be asked."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def origin(self) -> str: ...


class Choice(Protocol):
    """Implemented by services.Services."""

    def candidates(self, capability: str) -> Sequence[Elsewhere]:
        """Healthy services elsewhere, the least loaded first."""
        ...

    def ask(self, service: Elsewhere, path: str, body: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """The answer's body, through the service's breaker. Raises ServiceDownError."""
        ...


class ForwardParams(BaseModel):
    """`body` is the request as it came, without its picture: that is the entity's upload."""

    entity: WantedEntity
    path: str
    body: dict[str, Any]
    timeout: float


class Forwarded(BaseModel):
    service: str
    response: dict[str, Any]


class ForwardRecognition(Processor[ForwardParams, Forwarded]):
    id: ClassVar[str] = "services.recognize"
    title: ClassVar[str] = "Recognition by a service elsewhere"
    action_type: ClassVar[str] = "facial_recognition"
    params: ClassVar[type[BaseModel]] = ForwardParams
    result: ClassVar[type[BaseModel]] = Forwarded
    choice: Choice | None = None

    def units(self, params: ForwardParams, ctx: Context) -> Iterator[Unit]:
        entity = params.entity
        yield Unit("request", Entity(entity.type, entity.id, path=entity.path, name=entity.title))

    def process(self, unit: Unit, params: ForwardParams, ctx: Context) -> Forwarded:
        if self.choice is None:
            raise ServiceDownError("This process knows no other services.")
        body = dict(params.body)
        if params.entity.upload and ctx.media is not None:
            body["image_data"] = {"data": base64.b64encode(ctx.media.content(params.entity.upload)).decode()}
        problem = ServiceDownError("No service elsewhere is healthy.")
        for service in self.choice.candidates("facial_recognition")[:2]:
            ctx.check()
            try:
                return Forwarded(service=service.name, response=self.choice.ask(service, params.path, body, params.timeout))
            except ServiceDownError as error:
                problem = error
        raise problem

    def metrics(self, result: Forwarded) -> Metrics:
        performers = result.response.get("performers") or []
        return Metrics(people_found=len(performers), confidences=[float(one["confidence"]) for one in performers])


class WorkerRegistry(Registry):
    """The registry of a worker: what forwards is told which services there are."""

    choice: Choice | None = None

    def create(self, processor_id: str) -> Processor[Any, Any]:
        processor = super().create(processor_id)
        if isinstance(processor, ForwardRecognition):
            processor.choice = self.choice
        return processor


def asked(service: Elsewhere, path: str, body: Mapping[str, Any], timeout: float, token: str) -> dict[str, Any]:
    """One request to one service. Raises ServiceDownError when it cannot serve, MediaError for what it says of the picture."""
    route = f"/api/v1{path}?wait={timeout:.0f}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = requests.post(
            service.origin + route,
            json=dict(body),
            headers=headers,
            timeout=(CONNECT_SECONDS, timeout + CONNECT_SECONDS),
            allow_redirects=False,
        )
        said = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise ServiceDownError(f"The service {service.name} does not answer: {type(error).__name__}.") from error
    if 400 <= answer.status_code < 500 and answer.status_code not in (401, 403, 404, 429):
        raise MediaError(f"The service {service.name} refuses it: {said.get('message') or answer.status_code}.", code="undecodable")
    if answer.status_code != 200 or not isinstance(said, dict):
        raise ServiceDownError(f"The service {service.name} answered with {answer.status_code}.")
    return said
