"""For authors of services: `check_processor` runs one as StashAI would and says what it breaks of the contract.

from stashai.testing import check_processor

def test_blur_score(tmp_path):
    check_processor(BlurScore, {"paths": [str(picture)]}, tmp_path)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from .clock import SystemClock
from .processing.base import Metrics, Processor, Unit
from .processing.context import Context
from .processing.control import JobControl
from .processing.registry import Listed, Registry
from .processing.runner import Runner
from .settings import Settings
from .tracking.ledger import Ledger
from .tracking.open import open_stores
from .tracking.records import ItemRow, JobRequest, JobRow

if TYPE_CHECKING:
    from .vision.engine import VisionEngine

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


class Nonconforming(AssertionError):  # noqa: N818 - it reads as what it says of the processor
    """The processor breaks the contract; the message says how."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was seen: the job's row and its items, in order."""

    job: JobRow
    items: list[ItemRow]


class _No:
    """Stands for the networks where a check gives none: touching it says so."""

    def __getattr__(self, name: str) -> Any:
        raise Nonconforming(f"It uses ctx.vision.{name}: give check_processor a `vision`.")


class _One(Registry):
    def __init__(self, kind: type[Processor[Any, Any]]) -> None:
        super().__init__(built_in=(), group=None)
        self._kind = kind

    def listing(self) -> Iterator[Listed]:
        yield Listed(self._kind.id, "under test", "ready", self._kind)


def check_processor(
    kind: type[Processor[Any, Any]],
    params: BaseModel | Mapping[str, object],
    folder: Path,
    *,
    vision: VisionEngine | None = None,
    unusable: Mapping[str, object] | None = None,
) -> Checked:
    """Run `kind` with `params` (which must give at least one unit that works) on a ledger in `folder`.

    Checked are: its declaration; that it lists the same unique units twice; that each item gets a row whose JSON is its
    result again; that a cancelled job stops; that a job that was killed half way ends with the same rows. `unusable`
    parameters must be refused by its params model. Raises Nonconforming.
    """
    _declaration(kind)
    given = _params(kind, params)
    if unusable is not None:
        _refused(kind, unusable)
    settings = Settings(folder / "data", folder / "models", 2)
    ledger, stores = open_stores(settings)
    try:

        def context(control: JobControl) -> Context:
            return Context(settings, stores, ledger.clock, control, vision or _No())  # type: ignore[arg-type]  # says what is missing when it is asked

        keys = _units(kind, given, context(JobControl("check", SystemClock())))
        runner = Runner(ledger, _One(kind), context, cores=2)
        whole = _run(ledger, runner, kind, given)
        _rows(kind, whole, keys)
        _cancelled(ledger, runner, kind, given)
        _resumed(ledger, runner, kind, given, whole)
        return whole
    finally:
        ledger.database.close()


def _require(condition: object, message: str) -> None:
    if not condition:
        raise Nonconforming(message)


def _declaration(kind: type[Processor[Any, Any]]) -> None:
    for name in ("id", "title", "action_type", "params", "result"):
        _require(hasattr(kind, name), f"{kind.__name__} does not set `{name}`.")
    _require(_ID.fullmatch(kind.id), f"The id {kind.id!r} is not of the form 'area.name' in small letters.")
    _require(kind.title.strip(), "The title is empty.")
    for name, model in (("params", kind.params), ("result", kind.result)):
        _require(isinstance(model, type) and issubclass(model, BaseModel), f"`{name}` is not a pydantic model.")
    _require(kind.unit_deadline > 0, "unit_deadline is not positive.")
    for missing in (name for name in ("units", "process") if getattr(kind, name) is getattr(Processor, name)):
        _require(False, f"It does not define `{missing}`.")


def _params(kind: type[Processor[Any, Any]], params: BaseModel | Mapping[str, object]) -> BaseModel:
    model = params if isinstance(params, BaseModel) else kind.params.model_validate(params)
    again = kind.params.model_validate_json(model.model_dump_json())
    _require(again == model, "The parameters are not the same after a way through JSON, and rows keep them so.")
    return model


def _refused(kind: type[Processor[Any, Any]], unusable: Mapping[str, object]) -> None:
    try:
        kind.params.model_validate(unusable)
    except ValueError:
        return
    raise Nonconforming(f"The parameters {unusable!r} are taken, though they cannot be used.")


def _units(kind: type[Processor[Any, Any]], params: BaseModel, ctx: Context) -> list[str]:
    def listed() -> list[Unit]:
        processor = kind()
        processor.load(params, ctx)
        return list(processor.units(params, ctx))

    units = listed()
    keys = [unit.key for unit in units]
    _require(units, "The parameters give no unit: nothing can be checked.")
    _require(
        all(isinstance(unit, Unit) and unit.key and unit.entity.type and unit.entity.id for unit in units), "A unit lacks key or entity."
    )
    _require(len(set(keys)) == len(keys), "Two units have the same key; only one of them would be done.")
    _require([unit.key for unit in listed()] == keys, "Its units are not the same when they are listed again, so no job can be resumed.")
    return keys


def _run(ledger: Ledger, runner: Runner, kind: type[Processor[Any, Any]], params: BaseModel) -> Checked:
    job = ledger.submit(JobRequest(kind.id, kind.action_type, params.model_dump_json())).job
    ended = runner.run(job.job_id)
    return Checked(ended.job, list(ledger.all_items(job.job_id)))


def _rows(kind: type[Processor[Any, Any]], whole: Checked, keys: list[str]) -> None:
    said = "; ".join(f"{item.unit}: {item.error_message}\n{item.error_details or ''}" for item in whole.items if item.result == "error")
    _require(
        whole.job.status == "completed",
        f"The job ended {whole.job.status}: {whole.job.error_message or ''}\n{whole.job.error_details or ''}{said}",
    )
    _require([item.unit for item in whole.items] == keys, "Not every unit has one row, in the order of the units.")
    worked = [item for item in whole.items if item.result != "error"]
    unexpected = [item for item in whole.items if item.error_type == "unexpected"]
    _require(not unexpected, f"It raises what is no StashAIError, which tells a user nothing: {said}")
    for item in worked:
        result = kind.result.model_validate_json(item.response_data or "")
        _require(json.loads(result.model_dump_json()) == json.loads(item.response_data or ""), "A result changes on its way through JSON.")
        _require(isinstance(kind().metrics(result), Metrics), "metrics() does not answer Metrics.")


def _cancelled(ledger: Ledger, runner: Runner, kind: type[Processor[Any, Any]], params: BaseModel) -> None:
    job = ledger.submit(JobRequest(kind.id, kind.action_type, params.model_dump_json())).job
    paused = runner.run(job.job_id, seconds=0.0).job
    _require(paused.status in ("pending", "completed"), f"A job whose step is over ended {paused.status}: {paused.error_message}")
    ledger.cancel(job.job_id)
    found = ledger.job(job.job_id)
    _require(found is not None and found.status in ("cancelled", "completed"), "A cancelled job goes on.")


def _resumed(ledger: Ledger, runner: Runner, kind: type[Processor[Any, Any]], params: BaseModel, whole: Checked) -> None:
    """As after a kill: every second row is lost, the job is taken up again."""
    job = ledger.submit(JobRequest(kind.id, kind.action_type, params.model_dump_json())).job
    runner.run(job.job_id)
    with ledger.database.write():
        ledger.database.execute("DELETE FROM processing_tests WHERE job = ? AND sequence % 2 = 0", (job.id,))
        ledger.database.execute("UPDATE processing_jobs SET status = 'pending' WHERE id = ?", (job.id,))
    runner.run(job.job_id)
    units = [item.unit for item in ledger.all_items(job.job_id)]
    _require(sorted(units) == sorted(item.unit for item in whole.items), "A job that was killed half way ends with other items.")
