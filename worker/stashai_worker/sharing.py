"""Jobs that wait here while a service elsewhere has less to do: their units are asked for there, one by one.

The row stays in this ledger and the job in the hands of a runner of this process, so that lease, cancel, progress and outcome
are those of any other job. A unit that two services elsewhere could not do puts the job back: its other units are done here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from stashai.errors import Paused
from stashai.processing.base import Processor, Unit
from stashai.processing.context import Context
from stashai.processors.stash_look import LookParams
from stashai.tracking.records import JobRow, request_hash

from .elsewhere import ServiceDownError
from .forms import forms_of
from .forwarding import Elsewhere
from .lending import Lending

Asking = Callable[[Processor[Any, Any], BaseModel, str, Context], tuple[str, BaseModel | None]]
UNITS_AT_ONCE = 4
"""Of one job, elsewhere: whoever does them has cores of its own."""
JOBS_AWAY = 16


class TheirHands:
    """Services elsewhere do the units of one job. Implements `processing.hands.Hands`. `ask` gives a service's name and the result
    of the one unit of the parameters `alone`, the same for the same `name`."""

    def __init__(self, job: JobRow, ask: Asking) -> None:
        self._job, self._ask = job, ask
        self.service = ""
        """Who did the last unit."""

    def load(self, processor: Processor[Any, Any], params: BaseModel, ctx: Context) -> None:
        """Nothing is needed here."""

    def process(self, processor: Processor[Any, Any], unit: Unit, params: BaseModel, ctx: Context) -> BaseModel:
        alone = processor.alone(unit, params)
        if alone is None:
            raise Paused(f"{processor.id} is done here only.")
        try:
            service, result = self._ask(processor, alone, request_hash(self._job.job_id, unit.key)[:64], ctx)
        except (ServiceDownError, LookupError, TypeError, ValueError) as error:
            raise Paused(f"No service elsewhere could do {unit.key}: {error}") from error
        if result is None:
            raise Paused(f"No service elsewhere could do {unit.key}.")
        self.service = service
        ctx.control.progress(unit.key, 1.0, f"Done by {service}")
        return result


def by_request(elsewhere: Elsewhere, job: JobRow) -> Asking:
    """Units as requests of the API."""

    def ask(processor: Processor[Any, Any], alone: BaseModel, name: str, ctx: Context) -> tuple[str, BaseModel | None]:
        forms = forms_of(processor, alone, {"priority": job.priority, "client_id": job.client_id})
        said, form = elsewhere.ask(forms, processor.unit_deadline, name, ctx)
        return said.service, form.read(said.response)

    return ask


def by_lending(lending: Lending) -> Asking:
    """Units as looks for a Stash's plugin."""

    def ask(processor: Processor[Any, Any], alone: BaseModel, name: str, ctx: Context) -> tuple[str, BaseModel | None]:
        return lending.look(LookParams.model_validate(alone), name, processor.unit_deadline, ctx)

    return ask


class Away:
    """The jobs of this process that are elsewhere, a thread each, which waits more than it works; `most` at once."""

    def __init__(self, run: Callable[[str], None], most: int = JOBS_AWAY) -> None:
        self._run, self._most = run, most
        self._lock = threading.Lock()
        self._jobs: set[str] = set()

    def __len__(self) -> int:
        return len(self._jobs)

    def take(self, job_id: str) -> bool:
        """Whether the job is away now; not when too many are."""
        with self._lock:
            if job_id in self._jobs or len(self._jobs) >= self._most:
                return job_id in self._jobs
            self._jobs.add(job_id)
        threading.Thread(target=self._away, args=(job_id,), name=f"away-{job_id[:8]}", daemon=True).start()
        return True

    def _away(self, job_id: str) -> None:
        try:
            self._run(job_id)
        finally:
            with self._lock:
                self._jobs.discard(job_id)
