"""Asking services elsewhere, and a request that is done by one, tracked like any other job.

It goes out with its pictures' bytes, which rows never hold: `uploads` names them in the spool. What comes back is the body of
the answer. When the first service cannot do it the next one is asked, once."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from stashai.errors import UsageError
from stashai.processing.base import Entity, Metrics, Processor, Unit
from stashai.processing.context import Context
from stashai.processing.registry import Registry

from .adopting import adopted
from .elsewhere import Question, Remote, ServiceDownError

SERVICES_ASKED = 2


class Choice(Protocol):
    """Implemented by services.Services."""

    def candidates(self, capability: str, path: str, body: Mapping[str, Any]) -> Sequence[Remote]:
        """Healthy services elsewhere that take such a request, the least loaded first."""
        ...

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        """The answer's body, through the service's circuit breaker. Raises ServiceDownError and MediaError."""
        ...


class ForwardParams(BaseModel):
    """`path` is below /api/v1; `uploads` maps places in the body ("image_data.data", "images.3.base64") to keys of the spool."""

    capability: str
    path: str
    body: dict[str, Any]
    uploads: dict[str, str] = {}
    entity_type: str = "request"
    entity_id: str = ""
    timeout: float


class Forwarded(BaseModel):
    service: str
    response: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`upload` is where the upload of a key lies. Raises UsageError for one that is gone."""

    choice: Choice
    upload: Callable[[str], Path]

    def ask(self, capability: str, path: str, body: Mapping[str, Any], seconds: float, name: str, ctx: Context) -> Forwarded:
        """The answer of the least loaded service, or of the next one. Raises ServiceDownError when neither can, MediaError for
        what they say of the medium, Cancelled. The same `name` gives the same job there."""
        question = Question(path, body, seconds, name, ctx.check, self._files(body))
        problem = ServiceDownError("No service elsewhere is healthy.")
        for remote in self.choice.candidates(capability, path, body)[:SERVICES_ASKED]:
            ctx.check()
            try:
                answer = self.choice.ask(remote, question)
            except ServiceDownError as error:
                problem = error
            else:
                return Forwarded(service=remote.name, response=adopted(answer, ctx.stores.people.people()))
        raise problem

    def _files(self, body: Mapping[str, Any]) -> Mapping[str, Path]:
        try:
            return {key: self.upload(key) for key in _uploads(body)}
        except UsageError as error:
            raise ServiceDownError(error.message) from error


class Forward(Processor[ForwardParams, Forwarded]):
    id: ClassVar[str] = "services.forward"
    title: ClassVar[str] = "A request done by a service elsewhere"
    action_type: ClassVar[str] = "forwarded"
    params: ClassVar[type[BaseModel]] = ForwardParams
    result: ClassVar[type[BaseModel]] = Forwarded
    elsewhere: Elsewhere | None = None

    def units(self, params: ForwardParams, ctx: Context) -> Iterator[Unit]:
        yield Unit("request", Entity(params.entity_type, params.entity_id))

    def process(self, unit: Unit, params: ForwardParams, ctx: Context) -> Forwarded:
        if self.elsewhere is None:
            raise ServiceDownError("This process knows no other services.")
        return self.elsewhere.ask(params.capability, params.path, _filled(params, ctx), params.timeout, ctx.control.job_id, ctx)

    def metrics(self, result: Forwarded) -> Metrics:
        performers = result.response.get("performers") or []
        return Metrics(people_found=len(performers), confidences=[float(one.get("confidence", 0.0)) for one in performers])


class WorkerRegistry(Registry):
    """The registry of a worker. It can also forward, which is nothing to ask for by name: the routes decide it."""

    elsewhere: Elsewhere | None = None

    def create(self, processor_id: str) -> Processor[Any, Any]:
        if processor_id != Forward.id:
            return super().create(processor_id)
        processor = Forward()
        processor.elsewhere = self.elsewhere
        return processor


def without_pictures(body: Mapping[str, Any], spool: Callable[[str], str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A request's body without its pictures, and where they are now: `spool` keeps one (base64 or a data URL) and answers its
    key."""
    rest, uploads = deepcopy(dict(body)), {}
    for place, holder, name in _pictures(rest):
        if holder[name]:
            uploads[place] = spool(holder[name])
            holder[name] = ""
    return rest, uploads


def _pictures(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Where pictures lie in a body: the place's name, the object that holds it and its key there."""
    for name in ("image_data", "image1_data", "image2_data"):
        if isinstance(body.get(name), dict):
            yield f"{name}.data", body[name], "data"
    for number, image in enumerate(body.get("images") or ()):
        yield f"images.{number}.base64", image, "base64"


def _filled(params: ForwardParams, ctx: Context) -> dict[str, Any]:
    body = deepcopy(params.body)
    for place, holder, name in _pictures(body):
        if place in params.uploads and ctx.media is not None:
            holder[name] = base64.b64encode(ctx.media.content(params.uploads[place])).decode()
    return body


def _uploads(body: Any) -> Iterator[str]:
    """The uploads that entities of a body name by their keys."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name == "upload" and isinstance(value, str):
                yield value
            else:
                yield from _uploads(value)
    elif isinstance(body, list):
        for value in body:
            yield from _uploads(value)
