"""What a service is: it says which units of work there are and does one; the runner does everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel

from .context import Context

P = TypeVar("P", bound=BaseModel)
R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Entity:
    """What a unit is about, as the ledger's rows name it."""

    type: str
    id: str
    path: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One item of a job. `key` is unique within the job and the same in every attempt: a unit that has a row is skipped."""

    key: str
    entity: Entity


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the ledger counts of one result."""

    people_found: int = 0
    confidences: Sequence[float] = ()
    tags: Sequence[str] = ()
    criteria_failed: str | None = None
    """Why the item is `fail` (a criterion of the caller's was not met); None means `pass`."""
    criteria: Mapping[str, object] | None = None
    """What the caller asked of an item."""
    score: float | None = None
    """What the item reached of it."""


class Processor(Generic[P, R]):
    """Base of all services; one file each. Subclasses set the class attributes and write `units` and `process`.

    `process` runs in several threads at once and must call `ctx.check()` often (at least twice a second of work): it
    raises Cancelled or LeaseLost. Expected failures of one unit are raised as StashAIError and fail that unit alone.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    action_type: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    """Import names that must be importable; the registry lists the processor as unavailable otherwise."""
    params: ClassVar[type[BaseModel]]
    result: ClassVar[type[BaseModel]]
    unit_deadline: ClassVar[float] = 3600.0
    """Seconds after which a unit is failed as stuck."""

    def load(self, params: P, ctx: Context) -> None:
        """Called once a run before the first unit: load models, read the people index."""

    def units(self, params: P, ctx: Context) -> Iterable[Unit]:
        raise NotImplementedError

    def process(self, unit: Unit, params: P, ctx: Context) -> R:
        raise NotImplementedError

    def alone(self, unit: Unit, params: P) -> P | None:
        """The parameters of a job of this unit alone, by which another worker can be asked for it; None when it can be done here
        only. A service that answers lists its units without `load`."""
        return None

    def metrics(self, result: R) -> Metrics:
        return Metrics()

    def models_used(self, ctx: Context) -> Sequence[str]:
        """Model ids for the rows' ai_model column."""
        return ()

    def model_version(self, ctx: Context) -> str | None:
        """For the rows' model_version column: what besides the models' ids decides the result (files, preparation, method)."""
        return None

    def summarize(self, params: P, results: Iterable[R], ctx: Context) -> dict[str, object]:
        """Called once after the last unit of a job that was not cancelled: what the job's row keeps (results_summary)."""
        return {}
