"""Which engine works: decided anew at each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stashai.errors import StashAIError

from ..preferences.fields import only_on_worker, wants_worker
from ..said import Said
from ..setup.state import is_ready
from .link import Link, WorkerGoneError, find_worker

if TYPE_CHECKING:
    from stashai.processing.control import JobControl

    from ..host.bench import Bench
    from ..host.deadline import Step
    from .base import Engine


def engine_on(bench: Bench, link: Link | None, control: JobControl, step: Step | None = None) -> Engine:
    """The worker behind `link`, or this host."""
    if link is not None:
        from .remote import WorkerEngine

        return WorkerEngine(bench, link, control)
    from .local import LocalEngine

    return LocalEngine(bench, control, step)


def quiet_engine(bench: Bench) -> Engine:
    """For what is done at once and belongs to no job."""
    from stashai.processing.control import JobControl

    return engine_on(bench, worker_of(bench), JobControl("", bench.clock))


def worker_of(bench: Bench) -> Link | None:
    """The worker when the settings want one and it answers; None when this host is to do it and can. Raises StashAIError that says
    why neither can."""
    if not wants_worker(bench.preferences):
        if bench.preferences["run_on"] == "worker":
            remedy = "Enter its address and token in StashAI's settings."
            raise StashAIError("No other computer is paired.", remedy=remedy, code="no-worker")
        bench.require_local()
        return None
    try:
        return find_worker(bench)
    except WorkerGoneError as error:
        if only_on_worker(bench.preferences) or not is_ready(bench.request):
            raise
        bench.require_local()
        bench.notice = Said(error.code, f"{error.message} This Stash does it by itself.", error.params)
        bench.request.log.warning(bench.notice.text)
        return None
