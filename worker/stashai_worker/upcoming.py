"""The items of a job that waits: where its service tells them by the parameters alone, they have rows before anything is done."""

from __future__ import annotations

from itertools import islice

from stashai.processing.announcing import upcoming
from stashai.processing.base import Processor
from stashai.processing.control import JobControl, Running
from stashai.services.core import Core
from stashai.tracking.announcing import ANNOUNCED
from stashai.tracking.records import JobRequest, Upcoming


def first_items(request: JobRequest, core: Core) -> tuple[Upcoming, ...]:
    """None of a service that somebody added: its code runs within jobs alone, where whatever it raises is recorded."""
    listed = core.registry.find(request.processor)
    if listed is None or not listed.is_built_in or listed.state != "ready" or listed.processor is None:
        return ()
    if listed.processor.alone is Processor.alone:
        return ()
    processor = listed.processor()
    params = processor.params.model_validate_json(request.config)
    units = processor.units(params, core.context(JobControl("", core.clock)))
    return tuple(upcoming(Running(unit, number)) for number, unit in enumerate(islice(units, ANNOUNCED)))
