"""Asking services elsewhere, and a request that is done by one, tracked like any other job.

It goes out with its pictures' bytes, which rows never hold: `uploads` names them in the spool. What comes back is the body of
the answer. When the first service cannot do it the next one is asked, once."""

from __future__ import annotations

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
from stashai.processing.stores import PeopleStore

from .adopting import Identity, adopted, counterparts, named, own
from .elsewhere import OutOfReachError, Question, Remote, ServiceDownError, as_text
from .forms import Form, places

SERVICES_ASKED = 2


class Choice(Protocol):
    """Implemented by services.Services."""

    def candidates(self, forms: Sequence[Form], *, last_resort: bool = False) -> Sequence[tuple[Remote, Form]]:
        """Healthy services elsewhere and the form in which each takes it, the least loaded first."""
        ...

    def ask(self, remote: Remote, question: Question) -> dict[str, Any]:
        """The answer's body, through the service's circuit breaker. Raises ServiceDownError and MediaError."""
        ...

    def identities(self, remote: Remote, ids: Sequence[str]) -> list[Identity]:
        """Whom a worker means by these ids. Raises ServiceDownError."""
        ...


class ForwardParams(BaseModel):
    """`path`, `uploads` as in a Form. `last_resort`: also services whose answers are no probabilities."""

    capability: str
    path: str
    body: dict[str, Any]
    uploads: dict[str, str] = {}
    entity_type: str = "request"
    entity_id: str = ""
    timeout: float
    last_resort: bool = False


class Forwarded(BaseModel):
    service: str
    response: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`upload` is where the upload of a key lies. Raises UsageError for one that is gone."""

    choice: Choice
    upload: Callable[[str], Path]

    def ask(self, forms: Sequence[Form], seconds: float, name: str, ctx: Context, *, last_resort: bool = False) -> tuple[Forwarded, Form]:
        """The answer of the least loaded service, or of the next one, and in which form it was asked. Raises ServiceDownError when
        neither can, MediaError for what they say of the medium, Cancelled. The same `name` gives the same job there."""
        problem = ServiceDownError("No service elsewhere is healthy.")
        for remote, form in self.choice.candidates(forms, last_resort=last_resort)[:SERVICES_ASKED]:
            ctx.check()
            try:
                body = self._filled(form)
                question = Question(form.path, body, seconds, name, ctx.check, self._files(body))
                answer = self._adopted(remote, self.choice.ask(remote, question), ctx.stores.people)
            except ServiceDownError as error:
                problem = error
            else:
                return Forwarded(service=remote.name, response=answer), form
        raise problem

    def _adopted(self, remote: Remote, answer: dict[str, Any], people: PeopleStore) -> dict[str, Any]:
        told = named(answer)
        if remote.kind != "worker":
            return dict(adopted(answer, own(answer, people), strict=False))
        here = counterparts(self.choice.identities(remote, sorted(told)), people) if told else {}
        return dict(adopted(answer, here, strict=True))

    def _filled(self, form: Form) -> dict[str, Any]:
        """The body with its pictures. Raises OutOfReachError where they are gone, or too large for a request."""
        body = deepcopy(dict(form.body))
        files = {place: self._path(key) for place, key in form.uploads.items()}
        encoded = as_text(files)
        for place, holder, name in places(body):
            holder[name] = encoded.get(place, holder[name])
        return body

    def _files(self, body: Mapping[str, Any]) -> Mapping[str, Path]:
        return {key: self._path(key) for key in _uploads(body)}

    def _path(self, key: str) -> Path:
        try:
            return self.upload(key)
        except UsageError as error:
            raise OutOfReachError(error.message) from error


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
        form = Form(params.capability, params.path, params.body, params.uploads)
        return self.elsewhere.ask([form], params.timeout, ctx.control.job_id, ctx, last_resort=params.last_resort)[0]

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
    for place, holder, name in places(rest):
        if holder[name]:
            uploads[place] = spool(holder[name])
            holder[name] = ""
    return rest, uploads


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
