"""Who does a job's units: this process, or somebody whom it asks. All else of the job is the runner's either way."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import BaseModel

from .base import Processor, Unit
from .context import Context


class Hands(Protocol):
    def load(self, processor: Processor[Any, Any], params: BaseModel, ctx: Context) -> None:
        """Called once a run before the first unit."""
        ...

    def process(self, processor: Processor[Any, Any], unit: Unit, params: BaseModel, ctx: Context) -> BaseModel:
        """What `processor.process` answers, and raises. Called by several threads at once."""
        ...


class OwnHands:
    """The processor itself, in this process."""

    def load(self, processor: Processor[Any, Any], params: BaseModel, ctx: Context) -> None:
        processor.load(params, ctx)

    def process(self, processor: Processor[Any, Any], unit: Unit, params: BaseModel, ctx: Context) -> BaseModel:
        result: BaseModel = processor.process(unit, params, ctx)
        return result
