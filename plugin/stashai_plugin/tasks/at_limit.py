"""Adding without asking: every name found so far that reaches the limit which the user set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stashai.errors import UsageError
from stashai.ids import new_id
from stashai.stash.writeback import Addition, WriteBack

from ..engine.handed import take_in
from ..host.bench import Bench
from ..looking.reading import read_findings
from ..looking.verdicts import verdicts_of
from ..request import Request
from .setting_up import ready
from .task import closing

if TYPE_CHECKING:
    from stashai.stash.entities import EntityKind

AT_ONCE = 200
_NEWEST = (
    "SELECT entity_type, entity_id, response_data FROM processing_tests WHERE id IN (SELECT max(id) FROM processing_tests "
    "WHERE entity_type = ? AND result = 'pass' GROUP BY entity_id) AND performers_found > 0 AND max_confidence >= ? ORDER BY id"
)


def apply_at_limit(request: Request) -> str:
    """Add the names found so far that reach the limit of the settings. Refuses when no limit is set."""
    ready(request)
    return closing(request, add_at_limit(Bench(request)))


def add_at_limit(bench: Bench) -> str:
    """Count, say so in the log, then add; returns the closing line. Raises UsageError when no limit is set.

    Organized items are left alone, so are performers that ignore auto tag, and whatever a person rejected."""
    limit = bench.preferences["auto_from"]
    if limit is None:
        raise UsageError(
            "No limit is set from which names are added without asking.",
            remedy="Set “Add without asking from” under Settings, Plugins, StashAI.",
            code="no-limit",
        )
    take_in(bench)
    additions = list(_candidates(bench, float(limit)))
    entities = {(a.kind, a.entity_id) for a in additions}
    bench.request.log.info(f"{len(additions):,} names on {len(entities):,} items reach {limit:.1%}.")
    run, write = new_id(), WriteBack(bench.gateway, bench.writes)
    added = 0
    for start in range(0, len(additions), AT_ONCE):
        added += len(write.apply(run, None, additions[start : start + AT_ONCE]).added)
        bench.request.log.progress(min(1.0, (start + AT_ONCE) / max(1, len(additions))))
    return f"Added {added:,} names at or above {limit:.1%}. It can be undone on StashAI's page."


def _candidates(bench: Bench, limit: float) -> Iterator[Addition]:
    keys = {person.id: person.key for person in bench.stores.people.people() if person.source == "stash"}
    kinds: tuple[EntityKind, ...] = ("scene", "image")
    for kind in kinds:
        for _, entity_id, data in bench.ledger.database.query(_NEWEST, (kind, limit)):
            if not data:
                continue
            item = bench.gateway.item(kind, entity_id)
            if item is None or item.organized:
                continue
            rejected = set(verdicts_of(bench, kind, entity_id)["rejected"])
            for person in read_findings(data).people:
                performer = keys.get(person.person_id)
                known = bench.mirror.find(performer) if performer else None
                unwanted = known is None or known.ignored or known.id in rejected or known.id in item.performers
                if known is not None and not unwanted and person.probability >= limit:
                    yield Addition(kind, entity_id, known.id, f"at or above {limit:.1%}", person.probability)
