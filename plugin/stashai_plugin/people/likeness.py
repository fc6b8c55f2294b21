"""Who looks like whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stashai.errors import UsageError

from ..engine.choosing import quiet_engine
from ..host.bench import Bench
from ..looking.people_rows import data_uri
from ..request import Request
from .listing import WHY

if TYPE_CHECKING:
    from stashai.processing.stores import Person

SIMILAR = 12
Json = dict[str, Any]


def similar(request: Request) -> list[Json]:
    """Performers whose faces are most like this one's, the likest first."""
    bench = Bench(request)
    found = quiet_engine(bench).similar(_known(bench, request.stash_id("performer_id")), SIMILAR)
    names = {person.key: person.name for person in bench.stores.people.people() if person.source == "stash"}
    return [
        {"performer_id": key, "name": names[key], "probability": round(probability, 4), "similarity": round(similarity, 4)}
        for key, similarity, probability in found
        if key in names
    ]


def compare(request: Request) -> Json:
    """Two performers: each model's score, the probability that they are one person, and the two faces compared."""
    bench = Bench(request)
    first, second = request.stash_id("a"), request.stash_id("b")
    if first == second:
        raise UsageError("Choose two different performers.", code="same-performer")
    sides = _known(bench, first), _known(bench, second)
    similarities, probability = quiet_engine(bench).compare(*sides)
    crops = [data_uri(bench.stores.crops.get(bench.people.best_crop(side.id))) for side in sides]
    scores = [{"model": family, "similarity": score} for family, score in similarities.items()]
    return {"scores": scores, "probability": round(probability, 4), "crops": crops}


def _known(bench: Bench, performer: str) -> Person:
    """The person. Raises UsageError with the reason when there is no face to go by."""
    person = bench.people.find("stash", performer)
    if person is None or not bench.people.counts().get(person.id):
        known = bench.mirror.find(performer)
        why = WHY.get(known.outcome, known.outcome) if known and known.image else "it has no picture"
        raise UsageError(
            f"No face of {known.name if known else 'this performer'} is known: {why}.",
            code="no-face",
            params={"name": known.name if known else "", "why": (known.outcome if known.image else "no-picture") if known else ""},
            remedy="Give the performer a picture with one clear face, or choose the face on StashAI's page.",
        )
    return person
