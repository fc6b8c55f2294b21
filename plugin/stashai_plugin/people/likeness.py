"""Who looks like whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stashai.errors import UsageError
from stashai.matching.pairs import same_person
from stashai.processing.base import Entity, Unit
from stashai.processors.compare import CompareFaces, CompareParams, FaceSource

from ..host.bench import Bench
from ..looking.people_rows import data_uri
from ..request import Request
from .listing import WHY

if TYPE_CHECKING:
    from stashai.processing.stores import Person, Reference

SIMILAR = 12
Json = dict[str, Any]


def similar(request: Request) -> list[Json]:
    """Performers whose faces are most like this one's, the likest first."""
    bench = Bench(request)
    person, references = _known(bench, request.stash_id("performer_id"))
    primary = bench.vision.primary
    own = np.stack([r.embeddings[primary] for r in references if primary in r.embeddings])
    best: dict[int, float] = {}
    for other in bench.stores.people.references():
        if other.usable and primary in other.embeddings and other.person_id != person.id:
            best[other.person_id] = max(best.get(other.person_id, -1.0), float((own @ other.embeddings[primary]).max()))
    people = {p.id: p for p in bench.stores.people.people() if p.source == "stash"}
    ranked = sorted(((score, people[i]) for i, score in best.items() if i in people), key=lambda row: -row[0])[:SIMILAR]
    return [
        {"performer_id": p.key, "name": p.name, "probability": round(same_person({primary: s}), 4), "similarity": round(s, 4)}
        for s, p in ranked
    ]


def compare(request: Request) -> Json:
    """Two performers: each model's score, the probability that they are one person, and the two faces compared."""
    bench = Bench(request)
    first, second = request.stash_id("a"), request.stash_id("b")
    if first == second:
        raise UsageError("Choose two different performers.")
    (_, a), (_, b) = _known(bench, first), _known(bench, second)
    params = CompareParams(first=FaceSource(person=first), second=FaceSource(person=second))
    result = CompareFaces().process(Unit("pair", Entity("performer", first)), params, bench.quiet_context())
    crops = [data_uri(bench.stores.crops.get(max(side, key=lambda r: r.quality).crop)) for side in (a, b)]
    scores = [{"model": family, "similarity": score} for family, score in result.similarities.items()]
    return {"scores": scores, "probability": round(result.probability, 4), "crops": crops}


def _known(bench: Bench, performer: str) -> tuple[Person, list[Reference]]:
    """The person and their usable references. Raises UsageError with the reason when there is no face to go by."""
    person = next((p for p in bench.stores.people.people() if p.source == "stash" and p.key == performer), None)
    references = [r for r in bench.stores.people.references(person_id=person.id) if r.usable] if person else []
    if person is None or not references:
        known = bench.mirror.find(performer)
        why = WHY.get(known.outcome, known.outcome) if known and known.image else "it has no picture"
        raise UsageError(
            f"No face of {known.name if known else 'this performer'} is known: {why}.",
            code="no-face",
            remedy="Give the performer a picture with one clear face, or choose the face on StashAI's page.",
        )
    return person, references
