"""A person's word on a row: not this one, skip it, it is somebody else or somebody new; and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stashai.errors import UsageError
from stashai.ids import new_id
from stashai.processing.stores import Decision
from stashai.stash.writeback import WriteBack
from stashai.tracking.decisions import Decisions

from ..host.bench import Bench
from ..looking.findings import current_findings
from ..looking.verdicts import note, take_back
from ..request import Request
from .faces import best_crop, faces_of, job_of, person_of
from .teaching import confirm

if TYPE_CHECKING:
    from stashai.tracking.records import JobRow

Json = dict[str, Any]


def decide(request: Request) -> Json:
    """A person's word on a row: "not" this performer, "skip" this face, it "is" performer_id, or "none": taken back."""
    bench = Bench(request)
    job, key = job_of(bench, request), request.text("person", longest=64)
    verdict = request.choice("verdict", ("not", "skip", "is", "none"))
    if verdict == "is":
        confirm(bench, job, key, request.stash_id("performer_id"))
    elif verdict == "skip":
        note(bench, job, "skipped", key)
    elif verdict == "none":
        _take_back_word(bench, job, key, request.optional_text("performer_id") or key.removeprefix("p"))
    else:
        performer = request.optional_text("performer_id") or key.removeprefix("p")
        note(bench, job, "rejected", performer)
        person = person_of(bench, performer)
        for _, findings, faces in faces_of(job, key, bench) if person else ():
            seen = tuple(face.observation for face in faces if face.observation is not None)
            if person is not None:
                bench.stores.decisions.record(Decision(findings.fingerprint, person.id, False, seen))
    return {"verdict": verdict, "person": key}


def _take_back_word(bench: Bench, job: JobRow, key: str, performer: str) -> None:
    """A refusal or a skip is withdrawn: the row is proposed again."""
    take_back(bench, job, "skipped", key)
    take_back(bench, job, "rejected", performer)
    person = person_of(bench, performer)
    store = Decisions(bench.ledger.database)
    for findings in current_findings(bench, job).values() if person else ():
        for said in store.decisions(findings.fingerprint):
            if person is not None and said.person_id == person.id and not said.accepted:
                store.retract(Decision(said.fingerprint, person.id, False, said.observation_ids))


def create_performer(request: Request) -> Json:
    """A new performer with this face as picture, which is learned at once."""
    bench = Bench(request)
    job, key = job_of(bench, request), request.text("person", longest=64)
    name = request.text("name", longest=200).strip()
    if not name:
        raise UsageError("A performer needs a name.", code="no-name")
    crop = best_crop(faces_of(job, key, bench))
    image = bench.stores.crops.get(crop) if crop else None
    run = new_id()
    performer = WriteBack(bench.gateway, bench.writes).create_performer(run, job.job_id, name, image)
    bench.stores.people.ensure(name, "stash", performer, revive=True)
    confirm(bench, job, key, performer)
    return {"performer_id": performer, "run": run}
