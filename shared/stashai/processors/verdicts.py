"""What a person says of a shown name: kept for good, and learned from at once when it was right."""

from __future__ import annotations

from collections.abc import Sequence

from ..processing.stores import Decision, PeopleStore, Reference, Stores
from ..vision.faces import Observation

LEARNED = 3
"""Faces of one medium that a confirmation adds to what a person is known by: its best ones."""
ORIGIN = "confirmed"


def confirm(person_id: int, path: str, fingerprint: str, observations: Sequence[Observation], floor: float, stores: Stores) -> int:
    """These observations of a medium are that person. The best of at least quality `floor` become confirmed references, which
    no run ever changes. Returns how many were added."""
    stores.decisions.record(Decision(fingerprint, person_id, True, ids(observations)))
    known = {reference.crop for reference in stores.people.references(person_id=person_id)}
    usable = [seen for seen in observations if seen.crop and seen.crop not in known and seen.quality >= floor and seen.embeddings]
    best = sorted(usable, key=lambda seen: -seen.quality)[:LEARNED]
    for seen in best:
        stores.people.add_reference(_reference(person_id, path, fingerprint, seen))
    return len(best)


def reject(person_id: int, fingerprint: str, observations: Sequence[Observation], stores: Stores) -> None:
    """These observations are not that person: not proposed there again, and what an earlier confirmation learned is unlearned."""
    stores.decisions.record(Decision(fingerprint, person_id, False, ids(observations)))
    crops = {seen.crop for seen in observations if seen.crop}
    for reference in confirmed_from(stores.people, person_id, fingerprint):
        if reference.crop in crops and reference.id is not None:
            stores.people.set_usable(reference.id, False, "rejected")


def confirmed_from(people: PeopleStore, person_id: int, fingerprint: str) -> list[Reference]:
    """The confirmed references of a person that come from that medium."""
    return [known for known in people.references(person_id=person_id) if known.confirmed and known.fingerprint == fingerprint]


def ids(observations: Sequence[Observation]) -> tuple[int, ...]:
    return tuple(seen.id for seen in observations if seen.id is not None)


def _reference(person_id: int, path: str, fingerprint: str, seen: Observation) -> Reference:
    return Reference(
        person_id=person_id, origin=ORIGIN, path=path, fingerprint=fingerprint, quality=seen.quality, box=seen.face.box,
        crop=seen.crop or "", embeddings=dict(seen.embeddings), confirmed=True,
    )
