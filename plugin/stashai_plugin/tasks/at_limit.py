"""Adding without asking: every name found so far that reaches the limit which the user set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from stashai.errors import UsageError
from stashai.stash.writeback import Addition, WriteBack
from stashai.tracking.records import JobRequest

from ..engine.handed import take_in
from ..host.bench import Bench
from ..looking.reading import CLICK, LIBRARY, read_findings
from ..looking.verdicts import verdicts_of
from ..request import Request
from .setting_up import ready
from .task import Task
from .telling import tell

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.stash.entities import EntityKind
    from stashai.tracking.records import Claim

PROCESSOR = "stash.apply"
AT_ONCE = 200
_NEWEST = (
    "SELECT entity_type, entity_id, response_data FROM processing_tests WHERE id IN (SELECT max(id) FROM processing_tests "
    "WHERE entity_type = ? AND result = 'pass' AND (? OR job = ?) AND job IN (SELECT id FROM processing_jobs WHERE processor IN (?, ?)) "
    "GROUP BY entity_id) AND performers_found > 0 AND max_confidence >= ? ORDER BY id"
)


def apply_at_limit(request: Request) -> str:
    """Add the names found so far that reach the limit of the settings. Refuses when no limit is set."""
    ready(request)
    bench = Bench(request)
    _limit(bench)
    what = JobRequest(PROCESSOR, "facial_recognition", name="Add names at or above my limit")
    return Task(bench, what, "task_apply").run_free(lambda claim: Adding(bench, claim))


class Adding:
    """Implements `task.FreeWork`."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench, self._claim = bench, claim
        self._told = "Added 0 names."

    def run(self, control: JobControl) -> Mapping[str, object]:
        self._told = add_at_limit(self._bench, self._claim, control.check, everywhere=True)
        return {}

    def told(self) -> str:
        return self._told


def add_at_limit(bench: Bench, claim: Claim, check: Callable[[], None], *, everywhere: bool) -> str:
    """Count, say so in the log, then add, `everywhere` or to what this job looked at; returns the closing line. The job's id is the
    run's: what is gone on with later is undone with what was added before. Raises UsageError when no limit is set, and what `check`
    raises when the work is to stop.

    Organized items are left alone, so are performers that ignore auto tag, and whatever a person rejected or took back."""
    limit = _limit(bench)
    take_in(bench)
    additions = list(_candidates(bench, limit, check, None if everywhere else claim.job.id))
    entities = {(a.kind, a.entity_id) for a in additions}
    bench.request.log.info(f"{len(additions):,} names on {len(entities):,} items reach {limit:.1%}.")
    write, added = WriteBack(bench.gateway, bench.writes), 0
    for start in range(0, len(additions), AT_ONCE):
        check()
        added += len(write.apply(claim.job.job_id, claim.job.job_id, additions[start : start + AT_ONCE]).added)
        tell(bench, claim, min(len(additions), start + AT_ONCE), len(additions))
    return f"Added {added:,} names at or above {limit:.1%}. It can be undone on StashAI's page."


def _limit(bench: Bench) -> float:
    limit = bench.preferences["auto_from"]
    if limit is None:
        raise UsageError(
            "No limit is set from which names are added without asking.",
            remedy="Set “Add without asking from” under Settings, Plugins, StashAI.",
            code="no-limit",
        )
    return float(limit)


def _candidates(bench: Bench, limit: float, check: Callable[[], None], job: int | None) -> Iterator[Addition]:
    keys = {person.id: person.key for person in bench.stores.people.people() if person.source == "stash"}
    kinds: tuple[EntityKind, ...] = ("scene", "image")
    for kind in kinds:
        for _, entity_id, data in bench.ledger.database.query(_NEWEST, (kind, job is None, job, CLICK, LIBRARY, limit)):
            check()
            if not data:
                continue
            item = bench.gateway.item(kind, entity_id)
            if item is None or item.organized:
                continue
            rejected = {*verdicts_of(bench, kind, entity_id)["rejected"], *bench.writes.taken_back(kind, entity_id)}
            for person in read_findings(data).people:
                performer = keys.get(person.person_id)
                known = bench.mirror.find(performer) if performer else None
                unwanted = known is None or known.ignored or known.id in rejected or known.id in item.performers
                if known is not None and not unwanted and person.probability >= limit:
                    yield Addition(kind, entity_id, known.id, f"at or above {limit:.1%}", person.probability)
