"""A whole result as our pages show it, of a scene, an image or a gallery."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .findings import findings_of_job, newest_findings, unfinished_findings
from .galleries import gallery_result
from .people_rows import Rows
from .reading import StashFindings

if TYPE_CHECKING:
    from ..host.bench import Bench

Json = dict[str, Any]


def result_of(bench: Bench, kind: str, entity_id: str, findings: StashFindings, tagged: Iterable[str], provisional: bool) -> Json:
    """The Result of a scene or an image."""
    rows = Rows(bench, kind, entity_id, tagged)
    done, total = bench.mirror.progress()
    notes = "; ".join(flag.message for flag in findings.flags)
    return {
        "provisional": provisional, "source": findings.source, "duration": findings.duration, "width": findings.width,
        "height": findings.height, "compared": {"done": done, "total": total}, "note": notes or None,
        "people": rows.people(findings), "unknown": rows.unknown(findings),
    }  # fmt: skip


def kept_result(bench: Bench, kind: str, entity_id: str) -> Json | None:
    """The newest Result of an item, out of rows."""
    if kind == "gallery":
        jobs = [job for job in bench.ledger.jobs(entity=(kind, entity_id), limit=20) if bench.ledger.item_count(job.job_id, ended=True)]
        gallery = bench.gateway.gallery(entity_id)
        if not jobs or gallery is None:
            return None
        return gallery_result(bench, entity_id, findings_of_job(bench, jobs[0].job_id), gallery.performers, not jobs[0].ended)
    finished = newest_findings(bench, kind, entity_id)
    findings = finished or unfinished_findings(bench, kind, entity_id)
    item = bench.gateway.item("scene" if kind == "scene" else "image", entity_id)
    return None if findings is None or item is None else result_of(bench, kind, entity_id, findings, item.performers, finished is None)
