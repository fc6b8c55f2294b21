"""What a look came to, as items of the ledger and notes of the mirror keep it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stashai.tracking.records import JobRow, Outcome

from ..said import helps
from .reading import CLICK, LIBRARY, StashFindings, findings_text, read_findings

if TYPE_CHECKING:
    from stashai.errors import StashAIError
    from stashai.stash.entities import Item

    from ..host.bench import Bench


def outcome_of(item: Item, findings: StashFindings, number: int, started: float | None) -> Outcome:
    begun = started or time.time()
    probabilities = tuple(person.probability for person in findings.people)
    return Outcome(
        item.id, number, item.kind, item.id, "pass", begun, max(0.0, time.time() - begun), path=item.file.path if item.file else None,
        name=item.name or None, data=findings_text(findings), ai_model=",".join(findings.models), people_found=len(findings.people),
        confidences=probabilities,
    )  # fmt: skip


def failed_outcome(item: Item, number: int, error: StashAIError) -> Outcome:
    return Outcome(
        item.id, number, item.kind, item.id, "error", time.time(), 0.0, path=item.file.path if item.file else None, name=item.name or None,
        error_type=error.code, error_message=error.message, error_details=helps(error),
    )  # fmt: skip


def findings_of_job(bench: Bench, job_id: str) -> dict[str, StashFindings]:
    """The findings of a job's items by the item's id in Stash."""
    rows = bench.ledger.all_items(job_id)
    return {row.entity_id: read_findings(row.response_data) for row in rows if row.response_data}


def newest_findings(bench: Bench, kind: str, entity_id: str) -> StashFindings | None:
    """What the last finished look at a scene or an image came to."""
    for row in bench.ledger.items_of(kind, entity_id, limit=10, processors=(CLICK, LIBRARY)):
        if row.response_data:
            return read_findings(row.response_data)
    return None


def unfinished_findings(bench: Bench, kind: str, entity_id: str) -> StashFindings | None:
    """What a look whose dialog was closed before its end has found so far."""
    for job in bench.ledger.jobs(entity=(kind, entity_id), limit=5):
        kept = bench.mirror.fact(f"findings:{job.job_id}")
        if kept is not None:
            return read_findings(kept)
    return None


def current_findings(bench: Bench, job: JobRow) -> Mapping[str, StashFindings]:
    """What a job knows now, by the item's id: its items, or the provisional look of a click that goes on."""
    kept = bench.mirror.fact(f"findings:{job.job_id}")
    if kept is not None and job.entity_id:
        return {job.entity_id: read_findings(kept)}
    return findings_of_job(bench, job.job_id)
