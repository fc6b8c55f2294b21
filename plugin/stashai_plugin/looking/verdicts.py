"""What a person said of an item beyond single faces: refused performers, skipped rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stashai.tracking.records import JobRow

    from ..host.bench import Bench


def verdict_key(kind: str, entity_id: str) -> str:
    return f"verdicts:{kind}/{entity_id}"


def verdicts_of(bench: Bench, kind: str, entity_id: str) -> dict[str, list[str]]:
    """What was said of an item beyond single faces: `rejected` performer ids, `skipped` row keys."""
    text = bench.mirror.fact(verdict_key(kind, entity_id))
    return {"rejected": [], "skipped": [], **(json.loads(text) if text else {})}


def note(bench: Bench, job: JobRow, what: str, value: str) -> None:
    kind, entity = job.entity_type or "", job.entity_id or ""
    said = verdicts_of(bench, kind, entity)
    if value not in said[what]:
        said[what].append(value)
    bench.mirror.note(verdict_key(kind, entity), json.dumps(said))


def take_back(bench: Bench, job: JobRow, what: str, value: str) -> None:
    kind, entity = job.entity_type or "", job.entity_id or ""
    said = verdicts_of(bench, kind, entity)
    said[what] = [known for known in said[what] if known != value]
    bench.mirror.note(verdict_key(kind, entity), json.dumps(said))
