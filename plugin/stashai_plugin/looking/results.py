"""A whole result as our pages show it, of a scene, an image or a gallery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .findings import findings_of_job, newest_findings, unfinished_findings
from .people_rows import MOST_UNKNOWN, Rows
from .reading import StashFindings

if TYPE_CHECKING:
    from stashai.contracts.findings import SeenPerson

    from ..host.bench import Bench

SURE_ALONE = 0.99
"""From here on one image of a gallery is enough for a name."""
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


def gallery_result(bench: Bench, gallery_id: str, found: Mapping[str, StashFindings], tagged: Iterable[str], provisional: bool) -> Json:
    """The Result of a gallery: per person the images they are in. A name needs two images, or one that is sure."""
    rows = Rows(bench, "gallery", gallery_id, tagged)
    seen: dict[int, list[tuple[str, SeenPerson]]] = {}
    for image, findings in found.items():
        for person in findings.people:
            seen.setdefault(person.person_id, []).append((image, person))
    people = []
    for person_id, places in seen.items():
        performer = rows.performer_id(person_id)
        best = max((person for _, person in places), key=lambda person: person.probability)
        if performer is None or rows.is_rejected(person_id) or (len(places) < 2 and best.probability < SURE_ALONE):
            continue
        images = [{"image_id": i, "crop_key": p.best_crop, "probability": round(p.probability, 4)} for i, p in places]
        shown: Json = {
            "key": f"p{performer}", "state": rows.state(performer, best.probability), "performer_id": performer, "name": best.name,
            "probability": round(best.probability, 4), "tagged": performer in set(tagged), "crop": rows.crop(best.best_crop),
            "reference": rows.crop(best.reference_crop), "best_time": None, "times": [], "spans": [], "frames": len(places),
            "candidates": [], "boxes": [], "images": images,
        }  # fmt: skip
        people.append(shown)
    people.sort(key=lambda row: (-int(str(row["frames"])), -float(str(row["probability"]))))
    strangers = [(image, row) for image, findings in found.items() for row in rows.unknown(findings)]
    unknown = [row | {"images": [{"image_id": image, "crop_key": None, "probability": 0.0}]} for image, row in strangers]
    done, total = bench.mirror.progress()
    return {
        "provisional": provisional, "source": "image", "width": None, "height": None, "compared": {"done": done, "total": total},
        "note": None, "people": people, "unknown": unknown[:MOST_UNKNOWN],
    }  # fmt: skip


def kept_result(bench: Bench, kind: str, entity_id: str) -> Json | None:
    """The newest Result of an item, out of rows."""
    if kind == "gallery":
        jobs = [job for job in bench.ledger.jobs(entity=(kind, entity_id), limit=20) if bench.ledger.item_count(job.job_id)]
        gallery = bench.gateway.gallery(entity_id)
        if not jobs or gallery is None:
            return None
        return gallery_result(bench, entity_id, findings_of_job(bench, jobs[0].job_id), gallery.performers, not jobs[0].ended)
    finished = newest_findings(bench, kind, entity_id)
    findings = finished or unfinished_findings(bench, kind, entity_id)
    item = bench.gateway.item("scene" if kind == "scene" else "image", entity_id)
    return None if findings is None or item is None else result_of(bench, kind, entity_id, findings, item.performers, finished is None)
