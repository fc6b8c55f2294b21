"""A confirmed face teaches at once, and stops when its name is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from stashai.errors import StashAIError, UsageError
from stashai.processing.stores import Decision
from stashai.processors.stash_performers import reference_of
from stashai.tracking.decisions import Decisions

from ..engine.choosing import quiet_engine
from ..looking.findings import current_findings
from .faces import faces_of

if TYPE_CHECKING:
    from stashai.contracts.findings import SeenFace
    from stashai.processing.stores import Person
    from stashai.tracking.records import JobRow

    from ..host.bench import Bench
    from ..looking.reading import StashFindings

MOST_CONFIRMED = 12
"""References that confirmations give one person at most."""


def confirm(bench: Bench, job: JobRow, key: str, performer: str) -> None:
    """These faces are that performer: kept as a decision, and the best of them teaches."""
    known = bench.gateway.performer(performer)
    if known is None:
        raise UsageError("This performer is not in Stash any more.", code="performer-gone")
    person = bench.stores.people.ensure(known.name, "stash", performer)
    if person is None:
        # Forgotten at the user's wish: added to the item, but not learned from.
        return
    for item, findings, faces in faces_of(job, key, bench):
        seen = tuple(face.observation for face in faces if face.observation is not None)
        bench.stores.decisions.record(Decision(findings.fingerprint, person.id, True, seen))
        with suppress(StashAIError):
            # Teaching is a gift: what was asked for, the name, is written whatever becomes of it.
            _teach(bench, person, _kind_of_items(job), item, findings, faces)


def _kind_of_items(job: JobRow) -> str:
    return "image" if job.entity_type == "gallery" else job.entity_type or ""


def _teach(bench: Bench, person: Person, kind: str, item: str, findings: StashFindings, faces: Sequence[SeenFace]) -> None:
    best = max((face for face in faces if face.crop), key=lambda face: face.quality, default=None)
    confirmed = bench.people.confirmed(person.id)
    path = _taught_path(kind, item)
    if best is None or best.crop is None or len(confirmed) >= MOST_CONFIRMED:
        return
    engine, chip = quiet_engine(bench), bench.stores.crops.get(best.crop)
    if chip is None or best.quality < engine.floor or any(path == known for known, _ in confirmed):
        return
    kept = bench.exchange.vectors_of(best.observation)
    vectors = kept if engine.primary in kept else {engine.primary: engine.vectors(engine.primary, [chip])[0]}
    reference = reference_of(chip, vectors, best.quality, person.id, path, bench.stores)
    reference.fingerprint, reference.confirmed = findings.fingerprint, True
    bench.stores.people.add_reference(reference)


def _taught_path(kind: str, item: str) -> str:
    return f"confirmed/{kind}/{item}"


def unconfirm(bench: Bench, job: JobRow, person: Person) -> None:
    """What was confirmed of this person in a job is neither known nor learned from any more."""
    store, kind = Decisions(bench.ledger.database), _kind_of_items(job)
    found = current_findings(bench, job)
    for findings in found.values():
        for said in store.decisions(findings.fingerprint):
            if said.person_id == person.id and said.accepted:
                store.retract(said)
    taught = {_taught_path(kind, item) for item in found}
    for path, reference in bench.people.confirmed(person.id):
        if path in taught:
            bench.stores.people.set_usable(reference, False, "the name was taken back")
