"""The faces behind a row that a person points at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stashai.errors import UsageError

from ..looking.findings import current_findings, newest_findings
from ..looking.galleries import keys_of_stranger
from ..looking.people_rows import unknown_key
from ..looking.reading import StashFindings

if TYPE_CHECKING:
    from stashai.contracts.findings import SeenFace
    from stashai.processing.stores import Person
    from stashai.tracking.records import JobRow

    from ..host.bench import Bench
    from ..request import Request


def job_of(bench: Bench, request: Request) -> JobRow:
    job = bench.ledger.job(request.text("job", longest=64))
    if job is None:
        raise UsageError("There is no such job.", code="unknown-job", remedy="Reload this page.")
    return job


def faces_of(job: JobRow, key: str, bench: Bench) -> list[tuple[str, StashFindings, list[SeenFace]]]:
    """(item id, its findings, the row's faces there) for a row of a result. Raises UsageError for a row that is not there."""
    found = dict(current_findings(bench, job))
    if not found and job.entity_id and (kept := newest_findings(bench, job.entity_type or "", job.entity_id)):
        found = {job.entity_id: kept}
    people = {person.id: person.key for person in bench.stores.people.people() if person.source == "stash"}
    keys = keys_of_stranger(bench, job.entity_id or "", found, key) if job.entity_type == "gallery" and key.startswith("u") else {key}
    rows = []
    for item, findings in found.items():
        faces = [f for p in findings.people if key == f"p{people.get(p.person_id)}" for f in p.faces]
        strangers = [row.faces for row in findings.unknown] + [row.faces for row in findings.people]
        faces += [f for seen in strangers if seen and unknown_key(seen) in keys for f in seen]
        if faces:
            rows.append((item, findings, faces))
    if not rows:
        raise UsageError(f"There is no row {key} any more.", code="unknown-row", remedy="Open the dialog again.", params={"row": key})
    return rows


def probability_of(findings: StashFindings, faces: Sequence[SeenFace]) -> float | None:
    seen = {face.observation for face in faces}
    return next((p.probability for p in findings.people if any(face.observation in seen for face in p.faces)), None)


def best_crop(rows: Sequence[tuple[str, StashFindings, list[SeenFace]]]) -> str | None:
    faces = [face for _, _, faces in rows for face in faces if face.crop]
    return max(faces, key=lambda face: face.quality).crop if faces else None


def person_of(bench: Bench, performer: str) -> Person | None:
    return next((p for p in bench.stores.people.people() if p.source == "stash" and p.key == performer), None)
