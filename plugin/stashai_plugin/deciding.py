"""What a person says of the rows: accepted, refused, somebody else, somebody new; and taking it back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from stashai.errors import StashAIError, UsageError
from stashai.ids import new_id

from .quick import stamp
from .request import Request

if TYPE_CHECKING:
    from stashai.contracts.findings import SeenFace
    from stashai.processing.stores import Person
    from stashai.stash.writeback import Addition
    from stashai.tracking.records import JobRow

    from .host import Bench
    from .results import StashFindings

RUNS_A_PAGE = 25
MOST_CONFIRMED = 12
"""References that confirmations give one person at most."""
Json = dict[str, Any]


def _job(bench: Bench, request: Request) -> JobRow:
    job = bench.ledger.job(request.text("job", longest=64))
    if job is None:
        raise UsageError("There is no such job.", code="unknown-job", remedy="Reload this page.")
    return job


def _faces_of(job: JobRow, key: str, bench: Bench) -> list[tuple[str, StashFindings, list[SeenFace]]]:
    """(item id, its findings, the row's faces there) for a row of a result. Raises UsageError for a row that is not there."""
    from .chain import current_findings, newest_findings
    from .results import unknown_key

    found = dict(current_findings(bench, job))
    if not found and job.entity_id and (kept := newest_findings(bench, job.entity_type or "", job.entity_id)):
        found = {job.entity_id: kept}
    people = {person.id: person.key for person in bench.stores.people.people() if person.source == "stash"}
    rows = []
    for item, findings in found.items():
        faces = [f for p in findings.people if key == f"p{people.get(p.person_id)}" for f in p.faces]
        strangers = [row.faces for row in findings.unknown] + [row.faces for row in findings.people]
        faces += [f for seen in strangers if seen and unknown_key(seen) == key for f in seen]
        if faces:
            rows.append((item, findings, faces))
    if not rows:
        raise UsageError(f"There is no row {key} any more.", code="unknown-row", remedy="Open the dialog again.")
    return rows


# apply and undo ------------------------------------------------------------------------------------------------------


def apply(request: Request) -> Json:
    """Add the accepted performers: to the item, or to a gallery and, where asked, to each image they were seen in."""
    from stashai.stash.writeback import WriteBack

    from .host import Bench

    bench = Bench(request)
    job = _job(bench, request)
    accepted = [(str(row.get("person")), _id_of(row), bool(row.get("images"))) for row in request.rows("accept")]
    additions: list[Addition] = []
    for key, performer, images in accepted:
        additions += _additions(bench, job, key, performer, images, request.flag("gallery", True))
    run = new_id()
    applied = WriteBack(bench.gateway, bench.writes).apply(run, job.job_id, additions)
    for key, performer, _ in accepted:
        _confirm(bench, job, key, performer)
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
    from stashai.stash.writeback import Addition

    rows = _faces_of(job, key, bench)
    sure = {item: _probability(findings, faces) for item, findings, faces in rows}
    if job.entity_type in ("scene", "image"):
        own = job.entity_id or ""
        return [Addition("scene" if job.entity_type == "scene" else "image", own, performer, "accepted", sure.get(own))]
    best = max(filter(None, sure.values()), default=None)
    chosen = [Addition("gallery", job.entity_id or "", performer, "accepted", best)] if gallery else []
    return chosen + ([Addition("image", item, performer, "accepted", value) for item, value in sure.items()] if images else [])


def _probability(findings: StashFindings, faces: Sequence[SeenFace]) -> float | None:
    seen = {face.observation for face in faces}
    return next((p.probability for p in findings.people if any(face.observation in seen for face in p.faces)), None)


def undo(request: Request) -> Json:
    """Remove what a run added and is still there. `preview` only counts."""
    from stashai.stash.writeback import WriteBack

    from .host import Bench

    bench = Bench(request, models=False)
    run, preview = request.text("run", longest=64), request.flag("preview")
    rows = bench.writes.of_run(run)
    if not rows:
        raise UsageError("There is no such run.", code="unknown-run")
    undone = WriteBack(bench.gateway, bench.writes).undo(run, preview=preview)
    if not preview:
        _take_back(bench, rows)
    names = ", ".join(dict.fromkeys(_names(bench, [row.value for row in rows if row.field == "performer_ids"]).values()))
    did = "Would remove" if preview else "Removed"
    skipped = list(undone.skipped)
    return {"count": undone.count, "name": names or "created performers", "message": f"{did} {undone.count}.", "skipped": skipped}


def _take_back(bench: Bench, rows: Sequence[Any]) -> None:
    """What was taught by accepting goes with it: the confirmations of these performers on these items."""
    for row in rows:
        if row.field != "performer_ids":
            continue
        person = _person(bench, row.value)
        if person is not None:
            _unteach(bench, person, row.entity_type, row.entity_id)


def runs(request: Request) -> list[Json]:
    """The history of writes, the newest first."""
    from .host import Bench

    bench = Bench(request, models=False)
    names = bench.mirror.names()
    shown = []
    for run in bench.writes.runs(RUNS_A_PAGE, (request.page() - 1) * RUNS_A_PAGE):
        performers = dict.fromkeys(row.value for row in bench.writes.of_run(run.run) if row.field == "performer_ids")
        title = ", ".join(names.get(p, f"performer {p}") for p in list(performers)[:5]) + (" …" if len(performers) > 5 else "")
        job = bench.ledger.job(run.job_id) if run.job_id else None
        about = job.entity_name or job.job_name if job else ""
        text = f"{title or 'created performers'}{f' – {about}' if about else ''}"
        shown.append({"run": run.run, "when": stamp(run.began), "title": text, "count": run.writes, "undone": run.undone})
    return shown


# verdicts ------------------------------------------------------------------------------------------------------------


def decide(request: Request) -> Json:
    """A person's word on a row: "not" this performer, "skip" this face, it "is" performer_id, or "none": taken back."""
    from stashai.processing.stores import Decision

    from .host import Bench

    bench = Bench(request)
    job, key = _job(bench, request), request.text("person", longest=64)
    verdict = request.choice("verdict", ("not", "skip", "is", "none"))
    if verdict == "is":
        _confirm(bench, job, key, request.stash_id("performer_id"))
    elif verdict == "skip":
        _note(bench, job, "skipped", key)
    elif verdict == "none":
        _take_back_word(bench, job, key, request.optional_text("performer_id") or key.removeprefix("p"))
    else:
        performer = request.optional_text("performer_id") or key.removeprefix("p")
        _note(bench, job, "rejected", performer)
        person = _person(bench, performer)
        for _, findings, faces in _faces_of(job, key, bench) if person else ():
            seen = tuple(face.observation for face in faces if face.observation is not None)
            if person is not None:
                bench.stores.decisions.record(Decision(findings.fingerprint, person.id, False, seen))
    return {"verdict": verdict, "person": key}


def _take_back_word(bench: Bench, job: JobRow, key: str, performer: str) -> None:
    """A refusal or a skip is withdrawn: the row is proposed again."""
    from stashai.processing.stores import Decision
    from stashai.tracking.decisions import Decisions

    from .chain import current_findings

    _unnote(bench, job, "skipped", key)
    _unnote(bench, job, "rejected", performer)
    person = _person(bench, performer)
    store = Decisions(bench.ledger.database)
    for findings in current_findings(bench, job).values() if person else ():
        for said in store.decisions(findings.fingerprint):
            if person is not None and said.person_id == person.id and not said.accepted:
                store.retract(Decision(said.fingerprint, person.id, False, said.observation_ids))


def create_performer(request: Request) -> Json:
    """A new performer with this face as picture, which is learned at once."""
    from stashai.stash.writeback import WriteBack

    from .host import Bench

    bench = Bench(request)
    job, key = _job(bench, request), request.text("person", longest=64)
    name = request.text("name", longest=200).strip()
    if not name:
        raise UsageError("A performer needs a name.")
    crop = _best(_faces_of(job, key, bench))
    image = bench.stores.crops.get(crop) if crop else None
    run = new_id()
    performer = WriteBack(bench.gateway, bench.writes).create_performer(run, job.job_id, name, image)
    bench.stores.people.ensure(name, "stash", performer, revive=True)
    _confirm(bench, job, key, performer)
    return {"performer_id": performer, "run": run}


def _note(bench: Bench, job: JobRow, what: str, value: str) -> None:
    from .results import verdict_key, verdicts_of

    kind, entity = job.entity_type or "", job.entity_id or ""
    said = verdicts_of(bench, kind, entity)
    if value not in said[what]:
        said[what].append(value)
    bench.mirror.note(verdict_key(kind, entity), json.dumps(said))


def _unnote(bench: Bench, job: JobRow, what: str, value: str) -> None:
    from .results import verdict_key, verdicts_of

    kind, entity = job.entity_type or "", job.entity_id or ""
    said = verdicts_of(bench, kind, entity)
    said[what] = [known for known in said[what] if known != value]
    bench.mirror.note(verdict_key(kind, entity), json.dumps(said))


def _person(bench: Bench, performer: str) -> Person | None:
    return next((p for p in bench.stores.people.people() if p.source == "stash" and p.key == performer), None)


def _confirm(bench: Bench, job: JobRow, key: str, performer: str) -> None:
    """These faces are that performer: kept as a decision, and the best of them teaches."""
    from stashai.processing.stores import Decision

    known = bench.gateway.performer(performer)
    if known is None:
        raise UsageError("This performer is not in Stash any more.", code="not-found")
    person = bench.stores.people.ensure(known.name, "stash", performer)
    if person is None:
        # Forgotten at the user's wish: added to the item, but not learned from.
        return
    for item, findings, faces in _faces_of(job, key, bench):
        seen = tuple(face.observation for face in faces if face.observation is not None)
        bench.stores.decisions.record(Decision(findings.fingerprint, person.id, True, seen))
        kind = "image" if job.entity_type == "gallery" else job.entity_type or ""
        with suppress(StashAIError):
            # Teaching is a gift: what was asked for, the name, is written whatever becomes of it.
            _teach(bench, person, kind, item, findings, faces)


def _teach(bench: Bench, person: Person, kind: str, item: str, findings: StashFindings, faces: Sequence[SeenFace]) -> None:
    from stashai.processors.stash_learn import reference_of

    best = max((face for face in faces if face.crop), key=lambda face: face.quality, default=None)
    confirmed = [r for r in bench.stores.people.references(person_id=person.id) if r.confirmed]
    path = _taught_path(kind, item)
    if best is None or best.crop is None or best.quality < bench.vision.reference_floor or len(confirmed) >= MOST_CONFIRMED:
        return
    chip = bench.stores.crops.get(best.crop)
    if chip is None or any(r.path == path for r in confirmed):
        return
    ctx = bench.quiet_context()
    reference = reference_of(chip, {}, best.quality, person.id, path, ctx)
    kept = bench.stores.observations.frames(findings.fingerprint, bench.vision.detector_id)
    vectors = [o.embeddings for frame in kept for o in frame.observations if o.id == best.observation]
    reference.embeddings = dict(vectors[0]) if vectors else {bench.vision.primary: bench.vision.embed_chip(bench.vision.primary, chip)}
    reference.fingerprint, reference.confirmed = findings.fingerprint, True
    bench.stores.people.add_reference(reference)


def _taught_path(kind: str, item: str) -> str:
    return f"confirmed/{kind}/{item}"


def _unteach(bench: Bench, person: Person, kind: str, item: str) -> None:
    references = bench.stores.people.references(person_id=person.id)
    for reference in references:
        if reference.confirmed and reference.path == _taught_path(kind, item) and reference.id is not None:
            bench.stores.people.set_usable(reference.id, False, "the name was taken back")


def _best(rows: Sequence[tuple[str, StashFindings, list[SeenFace]]]) -> str | None:
    faces = [face for _, _, faces in rows for face in faces if face.crop]
    return max(faces, key=lambda face: face.quality).crop if faces else None


def _names(bench: Bench, performers: Sequence[str]) -> dict[str, str]:
    known = bench.mirror.names()
    names: dict[str, str] = {}
    for performer in dict.fromkeys(performers):
        found = None if performer in known else bench.gateway.performer(performer)
        names[performer] = known.get(performer) or (found.name if found else f"performer {performer}")
    return names
