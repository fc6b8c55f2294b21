"""Doing one unit: what it answers or what it died of becomes an outcome; faults that may pass are tried again first."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from ..errors import Cancelled, LeaseLost, Paused, StashAIError, StorageError, TransientError, UnitCancelled, UnitDeadline
from ..text import storable
from ..tracking.records import Outcome
from .base import Metrics, Processor
from .context import Context
from .control import JobControl, Running
from .hands import Hands

T = TypeVar("T")
TRIES = 5
PASSING = (TransientError, ConnectionError, TimeoutError)
"""What is tried again."""

log = logging.getLogger(__name__)


class UnitWork:
    """Does units of one job: callable by several threads at once."""

    def __init__(self, processor: Processor[Any, Any], hands: Hands, params: BaseModel, ctx: Context, control: JobControl) -> None:
        self._processor = processor
        self._hands = hands
        self._params = params
        self._ctx = ctx
        self._control = control

    def __call__(self, running: Running) -> Outcome | None:
        """None when the unit stopped because the job did; nothing is recorded of it then."""
        clock = self._ctx.clock
        running.began, running.started_at = clock.monotonic(), clock.now()
        running.deadline = running.began + self._processor.unit_deadline
        with self._control.working_on(running):
            return self._outcome(running)

    def _outcome(self, running: Running) -> Outcome | None:
        try:
            self._control.check()
            return self._result(running, self._persistently(running))
        except (UnitCancelled, UnitDeadline) as error:
            return self.failed(running, error.code, error.message)
        except (StorageError, Paused) as error:
            self._control.stop(error)
            return None
        except (Cancelled, LeaseLost):
            return None
        except StashAIError as error:
            return None if self._control.why is not None else self.failed(running, error.code, str(error))
        except Exception as error:  # the boundary: whatever a service raises is its unit's error, and the job goes on
            log.exception("%s: unit %s", self._processor.id, running.unit.key)
            return self.failed(running, "unexpected", f"{type(error).__name__}: {error}", traceback.format_exc())

    def _persistently(self, running: Running) -> BaseModel:
        def process() -> BaseModel:
            return self._hands.process(self._processor, running.unit, self._params, self._ctx)

        def again() -> None:
            self._control.check()
            running.retries += 1

        return persistently(process, again, self._control.wait)

    def _result(self, running: Running, result: BaseModel) -> Outcome:
        metrics = self._processor.metrics(result)
        models = ",".join(self._processor.models_used(self._ctx)) or None
        return self._row(
            running,
            result="pass" if metrics.criteria_failed is None else "fail",
            data=result.model_dump_json(),
            ai_model=models,
            model_version=self._processor.model_version(self._ctx),
            **_counted(metrics),
        )

    def failed(self, running: Running, code: str, message: str, details: str | None = None) -> Outcome:
        return self._row(running, result="error", error_type=code, error_message=_kept(message), error_details=_kept(details))

    def _row(self, running: Running, **columns: Any) -> Outcome:
        entity = running.unit.entity
        return Outcome(
            unit=running.unit.key,
            sequence=running.sequence,
            entity_type=entity.type,
            entity_id=entity.id,
            path=entity.path,
            name=entity.name,
            started_at=running.started_at or self._ctx.clock.now(),
            seconds=self._ctx.clock.monotonic() - running.began if running.began else 0.0,
            retries=running.retries,
            **columns,
        )


def persistently(work: Callable[[], T], again: Callable[[], None], sleep: Callable[[float], None], tries: int = TRIES) -> T:
    """What `work` answers. While what it raises may pass it is tried again, with growing pauses, up to `tries` times in all;
    `again` is called before each further try."""
    try:
        return work()
    except PASSING:
        sleep(0.1)
        return _again(work, again, sleep, tries - 1)


def _again(work: Callable[[], T], again: Callable[[], None], sleep: Callable[[float], None], tries: int) -> T:
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    def once_more() -> T:
        again()
        return work()

    return Retrying(
        retry=retry_if_exception_type(PASSING),
        stop=stop_after_attempt(tries),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        sleep=sleep,
        reraise=True,
    )(once_more)


def _counted(metrics: Metrics) -> dict[str, Any]:
    return {
        "people_found": metrics.people_found,
        "confidences": tuple(metrics.confidences),
        "tags": tuple(metrics.tags),
        "criteria": metrics.criteria,
        "reason": metrics.criteria_failed,
        "score": metrics.score,
    }


def _kept(text: str | None) -> str | None:
    """The end of a text, which says most of a traceback, as the rows of both databases can hold it."""
    return None if text is None else storable(text[-8000:]).encode("utf-8", "replace").decode().replace("\0", "\\0")
