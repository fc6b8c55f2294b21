"""Performers with how they are known, and the choice of a face where a picture shows several."""

from __future__ import annotations

import json
from typing import Any

from stashai.errors import UsageError
from stashai.ids import new_id
from stashai.processors.stash_performers import picture_key, reference_of
from stashai.tracking.people import People

from ..engine.choosing import quiet_engine
from ..host.bench import Bench
from ..looking.people_rows import data_uri
from ..request import Request
from ..rows import pages

PAGE = 50
WHY = {
    "": "not looked at yet", "no-face": "no face was found in the picture", "choose": "several faces are in the picture",
    "weak": "the face in the picture is too small, blurred or turned away", "no-picture": "Stash has no picture",
    "forgotten": "forgotten at your wish", "not-media": "the picture cannot be read",
}  # fmt: skip
Json = dict[str, Any]


def people(request: Request) -> Json:
    """A page of performers with how they are known."""
    bench = Bench(request, models=False)
    which = request.choice("filter", ("all", "without_face", "choose", "forgotten"), "all")
    text, offset = request.optional_text("q") or "", (request.page() - 1) * PAGE
    if which == "forgotten":
        return _forgotten(bench, text, offset)
    counts = bench.people.counts()
    by_key = {p.key: counts.get(p.id, 0) for p in bench.stores.people.people() if p.source == "stash"}
    total, page = bench.mirror.listed(which, text, PAGE, offset)
    return {"pages": pages(total, PAGE), "people": [_shown(bench, known, by_key.get(known.id, 0)) for known in page]}


def _shown(bench: Bench, known: Any, references: int) -> Json:
    row: Json = {"performer_id": known.id, "name": known.name, "references": references}
    if not references:
        row["reason"] = WHY.get(known.outcome, known.detail or known.outcome) if known.image else "it has no picture"
        row["why"] = known.outcome if known.image else "no-picture"
    if known.detail.startswith('{"picture"'):
        key = json.loads(known.detail)["picture"]
        row["picture"] = {"key": key, "crop": data_uri(bench.stores.crops.get(key))}
    if known.outcome == "choose" and known.detail.startswith("["):
        choices = json.loads(known.detail)
        row["choices"] = [{"key": c["key"], "crop": data_uri(bench.stores.crops.get(c["key"]))} for c in choices]
    return row


def _forgotten(bench: Bench, text: str, offset: int) -> Json:
    names = bench.mirror.names()
    called = {key: names.get(key, f"performer {key}") for source, key, _ in People(bench.ledger.database).forgotten() if source == "stash"}
    found = [(key, name) for key, name in called.items() if text.casefold() in name.casefold()]
    rows = [
        {"performer_id": key, "name": name, "references": 0, "reason": WHY["forgotten"], "why": "forgotten"}
        for key, name in found[offset : offset + PAGE]
    ]
    return {"pages": pages(len(found), PAGE), "people": rows}


def choose_face(request: Request) -> Json:
    """Of the faces in a performer's picture, this one is meant."""
    bench = Bench(request)
    performer, key = request.stash_id("performer_id"), request.text("key", longest=64)
    known = bench.mirror.find(performer)
    choices = json.loads(known.detail) if known and known.detail.startswith("[") else []
    choice = next((c for c in choices if c["key"] == key), None)
    chip = bench.stores.crops.get(key) if choice else None
    person = bench.stores.people.ensure(known.name, "stash", performer) if known else None
    if choice is None or chip is None or person is None:
        raise UsageError("That face is not among the choices any more.", code="unknown-face", remedy="Reload this page.")
    engine = quiet_engine(bench)
    vectors = {engine.primary: engine.vectors(engine.primary, [chip])[0]}
    reference = reference_of(chip, vectors, float(choice["quality"]), person.id, picture_key(performer), bench.stores)
    reference.confirmed = True
    bench.stores.people.add_reference(reference)
    bench.mirror.settle(performer, "enrolled")
    return {"performer_id": performer, "references": 1}


def use_as_picture(request: Request) -> Json:
    """Give a performer the crop `key` as picture in Stash; `run` undoes it."""
    bench = Bench(request)
    performer = request.stash_id("performer_id")
    chip = bench.stores.crops.get(request.text("key", longest=64))
    if chip is None:
        raise UsageError("That crop is not kept any more.", code="unknown-face")
    run = new_id()
    bench.pictures.give(run, performer, chip, "the clearest face of tagged pictures and scenes")
    return {"performer_id": performer, "run": run}
