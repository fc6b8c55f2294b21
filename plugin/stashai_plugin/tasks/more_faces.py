"""Faces beyond performers' own pictures, where the settings allow them: pictures tagged with one performer alone that show one face
each, and, for performers without a usable picture, the face that dominates scenes tagged with them alone. Whoever looks, what was
seen is in rows; these are read here with the standard library alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from stashai.matching.plain import Numbers, numbers
from stashai.processing.stores import Person, SourceFile
from stashai.processors.stash_performers import ORIGIN, reference_of

from ..said import Said
from .agreement import Found, Seen, agreeing, dominating, only
from .tagged import Tagged

if TYPE_CHECKING:
    from stashai.stash.entities import Item
    from stashai.stash.mirror import Known

    from ..engine.base import Engine
    from ..host.bench import Bench

MOST_TRIED, MOST_KEPT = 60, 30
MOST_SCENES, LEAST_SCENES = 12, 3
BEYOND = ("image/", "scene/")
"""How the paths of what is learned here begin."""


class MoreFaces:
    def __init__(self, bench: Bench, engine: Engine) -> None:
        self._bench, self._engine, self._wanted = bench, engine, bench.preferences["learn"]
        self._performers = 0
        self._references = 0

    def learn(self, check: Callable[[], None], tell: Callable[[int, int, Said], None]) -> None:
        """From tagged pictures and scenes as the settings say; each performer once, until something of it changes. `check` raises
        when the work is to stop."""
        if not (self._wanted["tagged_images"] or self._wanted["scenes"]):
            return
        tagged = Tagged(self._bench, f"{self._wanted['tagged_images']}|{self._wanted['scenes']}")
        waiting = tagged.waiting()
        for number, performer in enumerate(waiting):
            check()
            person = self._bench.people.ensure(performer.name, "stash", performer.id)
            if person is not None:
                self._learn(performer, person)
            tagged.done(performer)
            done, total = number + 1, len(waiting)
            tell(done, total, Said("tagged-of", f"Tagged pictures and scenes: {done:,} of {total:,}", {"done": done, "total": total}))

    def summary(self) -> Mapping[str, object]:
        return {"tagged": {"performers": self._performers, "faces": self._references}} if self._references else {}

    def told(self) -> str:
        if not self._references:
            return ""
        return f" Learned {self._references:,} faces of {self._performers:,} performers from tagged pictures and scenes."

    def _learn(self, performer: Known, person: Person) -> None:
        own = self._by_picture(person)
        kept: list[Found] = []
        if self._wanted["tagged_images"]:
            kept += agreeing(self._pictures(performer), own)[:MOST_KEPT]
        if self._wanted["scenes"] and not own:
            scenes = agreeing(self._scenes(performer), own)
            kept += scenes if len(scenes) >= LEAST_SCENES else []
        new = self._record(kept, person)
        if kept and not own:
            best = max(kept, key=lambda found: found.face.quality)
            self._bench.mirror.settle(performer.id, "enrolled", json.dumps({"picture": best.face.crop}))
        self._performers += bool(new)
        self._references += new

    def _by_picture(self, person: Person) -> list[Numbers]:
        """What the performer is known by from their own picture or a person's word."""
        known = self._bench.people.known_by(person.id, self._engine.primary)
        return [numbers(one.vector) for one in known if one.usable and one.vector and not one.path.startswith(BEYOND)]

    def _pictures(self, performer: Known) -> list[Found]:
        """Of the pictures tried, those that show one face alone and clearly."""
        gateway = self._bench.gateway
        galleries = (image for gallery in gateway.galleries(performer=performer.id) for image in gateway.gallery_images(gallery.id))
        theirs = (image for image in galleries if set(image.performers) <= {performer.id})
        tried = {i.id: i for i in islice(chain(gateway.items("image", performer=performer.id), theirs), MOST_TRIED) if not i.is_video}
        return self._found(list(tried.values()), only)

    def _scenes(self, performer: Known) -> list[Found]:
        return self._found(list(islice(self._bench.gateway.items("scene", performer=performer.id), MOST_SCENES)), dominating)

    def _found(self, items: Sequence[Item], choose: Callable[[Sequence[Seen]], Seen | None]) -> list[Found]:
        """The face of each that `choose` chooses, where it is clear enough to know somebody by."""
        found = []
        for item, fingerprint in self._engine.first_looks(items) if items else ():
            faces = self._bench.exchange.first_look(fingerprint, self._engine.detector) if fingerprint else []
            model = self._engine.primary
            chosen = choose([(face, numbers(face.vectors.get(model, b""))) for face in faces])
            if fingerprint and chosen and chosen[1] and chosen[0].crop and chosen[0].quality >= self._engine.floor:
                found.append(Found(f"{item.kind}/{item.id}", fingerprint, *chosen))
        return found

    def _record(self, kept: Sequence[Found], person: Person) -> int:
        """These are what the person is known by from tagged media, and no others. Returns how many are new."""
        people, stores = self._bench.people, self._bench.stores
        wanted = {(found.path, found.fingerprint) for found in kept}
        known = people.known_by(person.id, self._engine.primary)
        there = {(one.path, one.fingerprint) for one in known if one.path.startswith(BEYOND)}
        for path, _ in there - wanted:
            people.remove_source(ORIGIN, path)
        new = [found for found in kept if (found.path, found.fingerprint) not in there]
        for found in new:
            chip = stores.crops.get(found.face.crop or "")
            if chip is not None:
                reference = reference_of(chip, found.face.vectors, found.face.quality, person.id, found.path, stores)
                reference.fingerprint = found.fingerprint
                source = SourceFile(ORIGIN, person.id, found.path, found.fingerprint, self._engine.detector, "enrolled", "")
                people.record_source(source, [reference])
        return len(new)
