"""The items of a job that waits: where its service tells them by the parameters alone, they have rows before anything is done."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pydantic import BaseModel

from stashai.processing.announcing import upcoming
from stashai.processing.base import Processor
from stashai.processing.control import JobControl, Running
from stashai.services.core import Core
from stashai.tracking.announcing import ANNOUNCED
from stashai.tracking.records import Upcoming


def first_items(processor_id: str, params: BaseModel, core: Core) -> tuple[Upcoming, ...]:
    """None of a service that somebody added: its code runs within jobs alone, where whatever it raises is recorded."""
    listed = core.registry.find(processor_id)
    if listed is None or not listed.is_built_in or listed.processor is None or listed.processor.alone is Processor.alone:
        return ()
    processor: Processor[Any, Any] = listed.processor()
    units = processor.units(params, core.context(JobControl("", core.clock)))
    return tuple(upcoming(Running(unit, number)) for number, unit in enumerate(islice(units, ANNOUNCED)))
