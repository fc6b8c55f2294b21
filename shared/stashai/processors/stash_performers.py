"""Stash's performers as people: what came of their pictures is kept. Standard library alone, so that it works where a worker looks
at the pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..processing.stores import PeopleStore, Person, Reference, SourceFile, Stores
from ..stash.mirror import Known, Mirror

SOURCE = "stash"
ORIGIN = "stash"


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of one performer's picture. `outcome` is "enrolled", or the code of why not."""

    performer: Known
    outcome: str
    message: str = ""
    quality: float | None = None


def picture_key(performer_id: str) -> str:
    """What rows call a performer's picture."""
    return f"performer/{performer_id}"


def forget_rows(performer: str, stores: Stores) -> None:
    """Drop a deleted performer with all that is known of the face; what a person confirmed goes, too: nobody has that id any
    more."""
    person = stores.people.find(SOURCE, performer)
    if person is not None and person.key == performer:
        stores.crops.delete(stores.people.forget(person.id))
        # It was not the user's wish that this face be never learned again.
        stores.people.allow(SOURCE, performer)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a picture shows: `outcome` and, when somebody can be learned from it, the face's chip, vectors (or their bytes) and
    box; else, of several faces, the `choices` (chip, quality), the largest first."""

    outcome: str
    message: str = ""
    fingerprint: str = ""
    quality: float | None = None
    chip: bytes | None = None
    vectors: Mapping[str, Any] = field(default_factory=dict)
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    choices: Sequence[tuple[bytes, float]] = ()


def settled(mirror: Mirror, learned: Learned, detail: str = "") -> Learned:
    mirror.settle(learned.performer.id, learned.outcome, detail or learned.message)
    return learned


def unread(performer: Known, code: str, message: str, mirror: Mirror, people: PeopleStore) -> Learned:
    """The picture could not be read: nothing is known from it any more."""
    people.remove_source(ORIGIN, picture_key(performer.id))
    return settled(mirror, Learned(performer, code, message))


def keep(performer: Known, judged: Judged, detector: str, mirror: Mirror, stores: Stores) -> Learned:
    """Make what a performer's picture shows their reference, or note why it does not."""
    person = stores.people.ensure(performer.name, SOURCE, performer.id)
    if person is None:
        return settled(mirror, Learned(performer, "forgotten", "Forgotten at your wish."))
    if person.name != performer.name:
        stores.people.rename(person.id, performer.name)
    detail = _choices(judged, stores)
    references = [_reference(judged, judged.chip, person, performer, stores)] if judged.chip is not None else []
    path = picture_key(performer.id)
    source = SourceFile(ORIGIN, person.id, path, judged.fingerprint, detector, judged.outcome, detail or judged.message)
    stores.people.record_source(source, references)
    return settled(mirror, Learned(performer, judged.outcome, judged.message, judged.quality), detail)


def _reference(judged: Judged, chip: bytes, person: Person, performer: Known, stores: Stores) -> Reference:
    reference = reference_of(chip, judged.vectors, judged.quality or 0.0, person.id, picture_key(performer.id), stores)
    reference.fingerprint, reference.box = judged.fingerprint, judged.box
    return reference


def reference_of(chip: bytes, vectors: Mapping[str, Any], quality: float, person_id: int, path: str, stores: Stores) -> Reference:
    """A reference from a face's kept crop, with what embeddings it has; the second model's follow when they are needed."""
    crop = stores.crops.put(chip)
    return Reference(person_id, ORIGIN, path, crop, quality, (0.0, 0.0, 0.0, 0.0), crop, dict(vectors))


def _choices(judged: Judged, stores: Stores) -> str:
    """The faces of a picture with several as JSON: their crops' keys and qualities."""
    kept = [(stores.crops.put(chip), quality) for chip, quality in judged.choices]
    return json.dumps([{"key": key, "quality": round(float(quality), 3)} for key, quality in kept]) if kept else ""
