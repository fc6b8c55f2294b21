"""Known people: who looks like whom, who has no usable face, and forgetting."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from stashai.errors import UsageError
from stashai.matching.kept import drop_graphs

from .request import Request

if TYPE_CHECKING:
    from stashai.processing.stores import Person, Reference

    from .host import Bench

PAGE = 50
SIMILAR = 12
WIPE = "WIPE"
_WHY = {
    "": "not looked at yet", "no-face": "no face was found in the picture", "choose": "several faces are in the picture",
    "weak": "the face in the picture is too small, blurred or turned away", "no-picture": "Stash has no picture",
    "forgotten": "forgotten at your wish", "not-media": "the picture cannot be read",
}  # fmt: skip
Json = dict[str, Any]


def _known(bench: Bench, performer: str) -> tuple[Person, list[Reference]]:
    """The person and their usable references. Raises UsageError with the reason when there is no face to go by."""
    person = next((p for p in bench.stores.people.people() if p.source == "stash" and p.key == performer), None)
    references = [r for r in bench.stores.people.references(person_id=person.id) if r.usable] if person else []
    if person is None or not references:
        known = bench.mirror.find(performer)
        why = _WHY.get(known.outcome, known.outcome) if known and known.image else "it has no picture"
        raise UsageError(
            f"No face of {known.name if known else 'this performer'} is known: {why}.",
            code="no-face",
            remedy="Give the performer a picture with one clear face, or choose the face on StashAI's page.",
        )
    return person, references


def similar(request: Request) -> list[Json]:
    """Performers whose faces are most like this one's, the likest first."""
    import numpy as np

    from stashai.matching.pairs import same_person

    from .host import Bench

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
    from stashai.processing.base import Entity, Unit
    from stashai.processors.compare import CompareFaces, CompareParams, FaceSource

    from .host import Bench
    from .results import data_uri

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


def people(request: Request) -> Json:
    """A page of performers with how they are known."""
    from .host import Bench

    bench = Bench(request, models=False)
    which = request.choice("filter", ("all", "without_face", "choose", "forgotten"), "all")
    counts = Counter(r.person_id for r in bench.stores.people.references() if r.usable)
    by_key = {p.key: counts[p.id] for p in bench.stores.people.people() if p.source == "stash"}
    if which == "forgotten":
        return _forgotten(bench)
    total, page = bench.mirror.listed(which, request.optional_text("q") or "", PAGE, (request.page() - 1) * PAGE)
    return {"total": total, "people": [_shown(bench, known, by_key.get(known.id, 0)) for known in page]}


def _shown(bench: Bench, known: Any, references: int) -> Json:
    from .results import data_uri

    row: Json = {"performer_id": known.id, "name": known.name, "references": references}
    if not references:
        row["reason"] = _WHY.get(known.outcome, known.detail or known.outcome) if known.image else "it has no picture"
    if known.detail.startswith('{"picture"') and not known.image:
        key = json.loads(known.detail)["picture"]
        row["picture"] = {"key": key, "crop": data_uri(bench.stores.crops.get(key))}
    if known.outcome == "choose" and known.detail.startswith("["):
        choices = json.loads(known.detail)
        row["choices"] = [{"key": c["key"], "crop": data_uri(bench.stores.crops.get(c["key"]))} for c in choices]
    return row


def _forgotten(bench: Bench) -> Json:
    from stashai.tracking.people import People

    names = bench.mirror.names()
    keys = [key for source, key, _ in People(bench.ledger.database).forgotten() if source == "stash"]
    rows = [{"performer_id": key, "name": names.get(key, f"performer {key}"), "references": 0, "reason": _WHY["forgotten"]} for key in keys]
    return {"total": len(rows), "people": rows}


def choose_face(request: Request) -> Json:
    """Of the faces in a performer's picture, this one is meant."""
    from stashai.processors.stash_learn import picture_key, reference_of

    from .host import Bench

    bench = Bench(request)
    performer, key = request.stash_id("performer_id"), request.text("key", longest=64)
    known = bench.mirror.find(performer)
    choices = json.loads(known.detail) if known and known.detail.startswith("[") else []
    choice = next((c for c in choices if c["key"] == key), None)
    chip = bench.stores.crops.get(key) if choice else None
    person = bench.stores.people.ensure(known.name, "stash", performer) if known else None
    if choice is None or chip is None or person is None:
        raise UsageError("That face is not among the choices any more.", code="unknown-face", remedy="Reload this page.")
    ctx = bench.quiet_context()
    vectors = {bench.vision.primary: bench.vision.embed_chip(bench.vision.primary, chip)}
    reference = reference_of(chip, vectors, float(choice["quality"]), person.id, picture_key(performer), ctx)
    reference.confirmed = True
    bench.stores.people.add_reference(reference)
    bench.mirror.settle(performer, "enrolled")
    return {"performer_id": performer, "references": 1}


def use_as_picture(request: Request) -> Json:
    """Give a performer the crop `key` as picture in Stash."""
    from .host import Bench

    bench = Bench(request)
    performer = request.stash_id("performer_id")
    chip = bench.stores.crops.get(request.text("key", longest=64))
    if chip is None:
        raise UsageError("That crop is not kept any more.", code="unknown-face")
    bench.gateway.set_performer_image(performer, chip)
    return {"performer_id": performer}


def forget(request: Request) -> Json:
    """Drop all that is known of a performer's face, for good; not learned again until allowed. `confirm` is the name."""
    from .host import Bench

    bench = Bench(request, models=False)
    performer = request.stash_id("performer_id")
    person = next((p for p in bench.stores.people.people() if p.source == "stash" and p.key == performer), None)
    known = bench.mirror.find(performer)
    name = known.name if known else person.name if person else ""
    if not name or request.text("confirm").strip() != name:
        raise UsageError(f"Type {name or 'the name'} to confirm.", code="not-confirmed")
    if person is None:
        person = bench.stores.people.ensure(name, "stash", performer)
    if person is not None:
        bench.stores.crops.delete(bench.stores.people.forget(person.id))
        drop_graphs(bench.settings)
    bench.mirror.settle(performer, "forgotten", _WHY["forgotten"])
    return {"performer_id": performer}


def allow(request: Request) -> Json:
    """Let somebody forgotten be learned again."""
    from stashai.tracking.people import People

    from .host import Bench

    bench = Bench(request, models=False)
    performer = request.stash_id("performer_id")
    People(bench.ledger.database).allow("stash", performer)
    bench.mirror.unsettle(performer)
    return {"performer_id": performer}


def wipe(request: Request) -> Json:
    """Drop every face, crop and person. Names already added to Stash stay."""
    from .host import Bench

    if request.text("confirm") != WIPE:
        raise UsageError(f"Type {WIPE} to confirm.", code="not-confirmed")
    bench = Bench(request, models=False)
    bench.stores.people.wipe()
    bench.stores.crops.wipe()
    drop_graphs(bench.settings)
    bench.mirror.wipe()
    return {"wiped": True}
