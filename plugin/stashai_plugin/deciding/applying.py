"""Accepted names are written to Stash, each write a row; undo removes just those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stashai.errors import UsageError
from stashai.ids import new_id
from stashai.stash.pictures import IMAGE
from stashai.stash.writeback import CREATED, PERFORMERS, Addition, WriteBack

from ..host.bench import Bench
from ..request import KINDS, Request
from ..rows import stamp
from .faces import faces_of, job_of, person_of, probability_of
from .teaching import confirm, unconfirm

if TYPE_CHECKING:
    from stashai.tracking.records import JobRow
    from stashai.tracking.writes import RunRow

RUNS_A_PAGE = 25
Json = dict[str, Any]


def apply(request: Request) -> Json:
    """Add the accepted performers: to the item, or to a gallery and, where asked, to each image they were seen in."""
    bench = Bench(request)
    job = job_of(bench, request)
    accepted = [(str(row.get("person")), _id_of(row), bool(row.get("images"))) for row in request.rows("accept")]
    additions: list[Addition] = []
    for key, performer, images in accepted:
        additions += _additions(bench, job, key, performer, images, request.flag("gallery", True))
    run = new_id()
    applied = WriteBack(bench.gateway, bench.writes).apply(run, job.job_id, additions)
    for key, performer, _ in accepted:
        confirm(bench, job, key, performer)
    names = _names(bench, [performer for _, performer, _ in accepted])
    added = list(dict.fromkeys(addition.performer_id for addition in applied.added))
    already = [p for p in dict.fromkeys(addition.performer_id for addition in applied.already) if p not in added]
    message = f"Added {', '.join(names[p] for p in added)}." if added else "Nothing was added: they are all there already."
    shown = [{"performer_id": p, "name": names[p]} for p in added]
    return {"run": run if added else None, "added": shown, "already": [names[p] for p in already], "message": message}


def _id_of(row: Json) -> str:
    value = str(row.get("performer_id") or "")
    if not value.isascii() or not value.isdigit():
        raise UsageError(f"{value!r} is not an id of a performer.")
    return value


def _additions(bench: Bench, job: JobRow, key: str, performer: str, images: bool, gallery: bool) -> list[Addition]:
    rows = faces_of(job, key, bench)
    sure = {item: probability_of(findings, faces) for item, findings, faces in rows}
    if job.entity_type in ("scene", "image"):
        own = job.entity_id or ""
        return [Addition("scene" if job.entity_type == "scene" else "image", own, performer, "accepted", sure.get(own))]
    best = max(filter(None, sure.values()), default=None)
    chosen = [Addition("gallery", job.entity_id or "", performer, "accepted", best)] if gallery else []
    return chosen + ([Addition("image", item, performer, "accepted", value) for item, value in sure.items()] if images else [])


def undo(request: Request) -> Json:
    """Remove what a run added and is still there. `preview` only counts."""
    bench = Bench(request, models=False)
    run, preview = request.text("run", longest=64), request.flag("preview")
    rows = bench.writes.of_run(run)
    if not rows:
        raise UsageError("There is no such run.", code="unknown-run")
    undone = WriteBack(bench.gateway, bench.writes, bench.pictures).undo(run, preview=preview)
    if not preview:
        _take_back(bench, rows)
    names = list(dict.fromkeys(_names(bench, [row.value for row in rows if row.field == PERFORMERS]).values()))
    about = names or [row.value for row in rows if row.field == CREATED] or _names_of_pictures(bench, rows)
    did = "Would remove" if preview else "Removed"
    return {
        "count": undone.count, "name": ", ".join(about), "names": names, "message": f"{did} {undone.count}.",
        "skipped": [stays.text for stays in undone.skipped], "stays": [asdict(stays) for stays in undone.skipped],
    }  # fmt: skip


def _take_back(bench: Bench, rows: Sequence[Any]) -> None:
    """What was said and taught by accepting goes with it; a task's additions say and teach nothing."""
    for performer, job_id in {(row.value, row.job_id) for row in rows if row.field == PERFORMERS}:
        person, job = person_of(bench, performer), bench.ledger.job(job_id) if job_id else None
        if person is not None and job is not None and job.run_policy == "steps":
            unconfirm(bench, job, person)


def runs(request: Request) -> list[Json]:
    """The history of writes, the newest first: all, or those of one item."""
    bench = Bench(request, models=False)
    entity = (request.choice("type", KINDS), request.stash_id("id")) if "id" in request.arguments else None
    names = bench.mirror.names()
    return [_shown_run(bench, run, names) for run in bench.writes.runs(RUNS_A_PAGE, (request.page() - 1) * RUNS_A_PAGE, entity)]


def _shown_run(bench: Bench, run: RunRow, names: Mapping[str, str]) -> Json:
    """`names` of the performers that were added, `created` of those that were made, `pictures` of those that got one, `about` what
    they were found in."""
    rows = bench.writes.of_run(run.run)
    added = list(dict.fromkeys(row.value for row in rows if row.field == PERFORMERS))
    created = [row.value for row in rows if row.field == CREATED]
    pictures = _names_of_pictures(bench, rows)
    called = [names.get(p, f"performer {p}") for p in added] or [f"created {name}" for name in created]
    called = called or [f"picture of {name}" for name in pictures]
    title = ", ".join(called[:5]) + (" …" if len(called) > 5 else "")
    job = bench.ledger.job(run.job_id) if run.job_id else None
    about = job.entity_name or job.job_name if job else ""
    return {
        "run": run.run, "when": stamp(run.began), "title": f"{title}{f' – {about}' if about else ''}", "count": run.writes,
        "undone": run.undone, "names": [names.get(p, "") for p in added], "created": created, "pictures": pictures,
        "about": about,
    }  # fmt: skip


def _names_of_pictures(bench: Bench, rows: Sequence[Any]) -> list[str]:
    return list(_names(bench, [row.entity_id for row in rows if row.field == IMAGE]).values())


def _names(bench: Bench, performers: Sequence[str]) -> dict[str, str]:
    known = bench.mirror.names()
    names: dict[str, str] = {}
    for performer in dict.fromkeys(performers):
        found = None if performer in known else bench.gateway.performer(performer)
        names[performer] = known.get(performer) or (found.name if found else f"performer {performer}")
    return names
