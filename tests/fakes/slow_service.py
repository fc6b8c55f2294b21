"""A service of our own that needs no model: each unit takes as long as it is told and may fail."""

from __future__ import annotations

SLOW = '''
"""A service for tests: each unit takes as long as it is told and may fail."""
from __future__ import annotations
import time
from collections.abc import Iterator
from typing import ClassVar
from pydantic import BaseModel
from stashai.errors import StashAIError
from stashai.processing.base import Entity, Processor, Unit
from stashai.processing.context import Context

class Params(BaseModel):
    units: int = 1
    seconds: float = 0.0
    bad: list[int] = []
    mark: str = ""
    only: int | None = None

class Result(BaseModel):
    number: int

class Slow(Processor[Params, Result]):
    id: ClassVar[str] = "test.slow"
    title: ClassVar[str] = "Slow"
    action_type: ClassVar[str] = "a_custom_action"
    params: ClassVar[type[BaseModel]] = Params
    result: ClassVar[type[BaseModel]] = Result
    def units(self, params: Params, ctx: Context) -> Iterator[Unit]:
        for number in range(params.units) if params.only is None else [params.only]:
            yield Unit(str(number), Entity("a_custom_entity", str(number)))
    def alone(self, unit: Unit, params: Params) -> Params:
        return params.model_copy(update={"only": int(unit.key)})
    def process(self, unit: Unit, params: Params, ctx: Context) -> Result:
        until = time.monotonic() + params.seconds
        while time.monotonic() < until:
            ctx.check()
            time.sleep(0.01)
        if int(unit.key) in params.bad:
            raise StashAIError(f"Unit {unit.key} is bad.", code="bad-unit")
        return Result(number=int(unit.key))
'''
