"""Forgetting somebody, or everybody, for good."""

from __future__ import annotations

from typing import Any

from stashai.errors import UsageError
from stashai.matching.kept import drop_graphs

from ..engine.link import tell_forgotten
from ..host.bench import Bench
from ..request import Request
from .listing import WHY

WIPE = "WIPE"
Json = dict[str, Any]


def forget(request: Request) -> Json:
    """Drop all that is known of a performer's face, for good; not learned again until allowed. `confirm` is the name."""
    bench = Bench(request, models=False)
    performer = request.stash_id("performer_id")
    person = next((p for p in bench.stores.people.people() if p.source == "stash" and p.key == performer), None)
    known = bench.mirror.find(performer)
    name = known.name if known else person.name if person else ""
    if not name or request.text("confirm").strip() != name:
        raise UsageError(f"Type {name or 'the name'} to confirm.", code="not-confirmed", params={"expected": name})
    if person is None:
        person = bench.stores.people.ensure(name, "stash", performer)
    if person is not None:
        bench.stores.crops.delete(bench.stores.people.forget(person.id))
        drop_graphs(bench.settings)
    bench.pictures.drop(performer)
    bench.mirror.settle(performer, "forgotten", WHY["forgotten"])
    return {"performer_id": performer, "worker": tell_forgotten(bench)}


def allow(request: Request) -> Json:
    """Let somebody forgotten be learned again."""
    bench = Bench(request, models=False)
    performer = request.stash_id("performer_id")
    bench.stores.people.allow("stash", performer)
    bench.mirror.unsettle(performer)
    return {"performer_id": performer}


def wipe(request: Request) -> Json:
    """Drop every face, crop and person. Names already added to Stash stay."""
    if request.text("confirm") != WIPE:
        raise UsageError(f"Type {WIPE} to confirm.", code="not-confirmed", params={"expected": WIPE})
    bench = Bench(request, models=False)
    seen = bench.exchange.fingerprints()
    bench.stores.people.wipe()
    bench.stores.crops.wipe()
    bench.pictures.wipe()
    drop_graphs(bench.settings)
    bench.mirror.wipe()
    return {"wiped": True, "worker": tell_forgotten(bench, seen)}
