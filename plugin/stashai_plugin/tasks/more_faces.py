"""Faces beyond performers' own pictures, where the settings allow them: pictures tagged with one performer alone that show one face
each, and, for performers without a usable picture, the face that dominates scenes tagged with them alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from stashai.errors import MediaError
from stashai.processing.stores import Person, SourceFile
from stashai.processors.evidence import Evidence
from stashai.processors.stash_media import medium_of
from stashai.processors.stash_performers import ORIGIN, reference_of
from stashai.stash.connection import StashError

from ..host.failing import INTERRUPTING
from ..host.gateways import Gateways
from ..said import Said
from .tagged import Tagged

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.stash.entities import Item
    from stashai.stash.mirror import Known
    from stashai.vision.faces import Observation, Vector

    from ..host.bench import Bench

MOST_TRIED, MOST_KEPT = 60, 30
MOST_SCENES, LEAST_SCENES = 12, 3
ALIKE = 0.45
"""Cosine of the primary model from which on two faces of such media are taken for one person. Both media name the same
performer, so this is far below what strangers would need."""
SHARE = 0.5
"""The part of a scene's faces that its dominating face has at least, and of the pictures that agree on one face."""
BEYOND = ("image/", "scene/")
"""How the paths of what is learned here begin."""


@dataclass(frozen=True, slots=True)
class Found:
    """A face that may be the performer's; `path` is what rows call the medium."""

    path: str
    fingerprint: str
    face: Observation


class MoreFaces:
    def __init__(self, bench: Bench) -> None:
        self._bench, self._gateways, self._wanted = bench, Gateways(bench.gateway), bench.preferences["learn"]
        self._performers = 0
        self._references = 0

    def learn(self, ctx: Context, tell: Callable[[int, int, Said], None]) -> None:
        """From tagged pictures and scenes as the settings say; each performer once, until something of it changes."""
        if not (self._wanted["tagged_images"] or self._wanted["scenes"]):
            return
        tagged = Tagged(self._bench, f"{self._wanted['tagged_images']}|{self._wanted['scenes']}")
        waiting = tagged.waiting()
        with ThreadPoolExecutor(self._bench.settings.cores) as pool:
            for number, performer in enumerate(waiting):
                ctx.check()
                person = ctx.stores.people.ensure(performer.name, "stash", performer.id)
                if person is not None:
                    self._learn(performer, person, pool, ctx)
                tagged.done(performer)
                done, total = number + 1, len(waiting)
                tell(done, total, Said("tagged-of", f"Tagged pictures and scenes: {done:,} of {total:,}", {"done": done, "total": total}))

    def summary(self) -> Mapping[str, object]:
        return {"tagged": {"performers": self._performers, "faces": self._references}} if self._references else {}

    def told(self) -> str:
        if not self._references:
            return ""
        return f" Learned {self._references:,} faces of {self._performers:,} performers from tagged pictures and scenes."

    def _learn(self, performer: Known, person: Person, pool: ThreadPoolExecutor, ctx: Context) -> None:
        model = ctx.vision.primary
        own = _by_picture(person, ctx)
        kept: list[Found] = []
        if self._wanted["tagged_images"]:
            kept += agreeing(self._pictures(performer, pool, ctx), model, own)[:MOST_KEPT]
        if self._wanted["scenes"] and not own:
            scenes = agreeing(self._scenes(performer, ctx), model, own)
            kept += scenes if len(scenes) >= LEAST_SCENES else []
        new = _record(kept, person, ctx)
        if kept and not own:
            best = max(kept, key=lambda found: found.face.quality)
            self._bench.mirror.settle(performer.id, "enrolled", json.dumps({"picture": best.face.crop}))
        self._performers += bool(new)
        self._references += new

    def _pictures(self, performer: Known, pool: ThreadPoolExecutor, ctx: Context) -> list[Found]:
        """Of the pictures tried, those that show one face alone and clearly."""
        gateway = self._bench.gateway
        galleries = (image for gallery in gateway.galleries(performer=performer.id) for image in gateway.gallery_images(gallery.id))
        theirs = (image for image in galleries if set(image.performers) <= {performer.id})
        tried = {i.id: i for i in islice(chain(gateway.items("image", performer=performer.id), theirs), MOST_TRIED) if not i.is_video}
        found = pool.map(lambda image: self._only_face(image, ctx), tried.values())
        return [one for one in found if one is not None]

    def _only_face(self, image: Item, ctx: Context) -> Found | None:
        looked = self._look(image, ctx)
        if looked is None or len(looked[1]) != 1:
            return None
        fingerprint, (face,) = looked
        good = face.crop is not None and face.quality >= ctx.vision.reference_floor
        return Found(f"image/{image.id}", fingerprint, face) if good else None

    def _scenes(self, performer: Known, ctx: Context) -> list[Found]:
        found = []
        for scene in islice(self._bench.gateway.items("scene", performer=performer.id), MOST_SCENES):
            looked = self._look(scene, ctx)
            face = dominating(looked[1], ctx.vision.primary, ctx.vision.reference_floor) if looked else None
            if looked and face is not None:
                found.append(Found(f"scene/{scene.id}", looked[0], face))
        return found

    def _look(self, item: Item, ctx: Context) -> tuple[str, list[Observation]] | None:
        """(fingerprint, faces) of the first look; None for what cannot be read, which says nothing of the others."""
        try:
            medium = medium_of(item, self._gateways.mine(), ctx.stores.observations)
            frames = next(iter(Evidence(medium, "auto", ctx).looks()), [])
        except (MediaError, StashError) as error:
            if error.code in INTERRUPTING:
                raise
            return None
        return medium.fingerprint, [observation for frame in frames for observation in frame.observations]


def _by_picture(person: Person, ctx: Context) -> list[Vector]:
    """What the performer is known by from their own picture or a person's word."""
    model = ctx.vision.primary
    usable = [r for r in ctx.stores.people.references(person_id=person.id) if r.usable and model in r.embeddings]
    return [reference.embeddings[model] for reference in usable if not reference.path.startswith(BEYOND)]


def _record(kept: Sequence[Found], person: Person, ctx: Context) -> int:
    """These are what the person is known by from tagged media, and no others. Returns how many are new."""
    people = ctx.stores.people
    wanted = {(found.path, found.fingerprint) for found in kept}
    there = {(r.path, r.fingerprint) for r in people.references(person_id=person.id) if r.path.startswith(BEYOND)}
    for path, _ in there - wanted:
        people.remove_source(ORIGIN, path)
    new = [found for found in kept if (found.path, found.fingerprint) not in there]
    for found in new:
        chip = ctx.stores.crops.get(found.face.crop or "")
        if chip is not None:
            reference = reference_of(chip, found.face.embeddings, found.face.quality, person.id, found.path, ctx.stores)
            reference.fingerprint = found.fingerprint
            source = SourceFile(ORIGIN, person.id, found.path, found.fingerprint, ctx.vision.detector_id, "enrolled", "")
            people.record_source(source, [reference])
    return len(new)


def dominating(faces: Sequence[Observation], model: str, floor: float) -> Observation | None:
    """The best face of the largest group of alike ones, when that group has at least SHARE of all."""
    usable = [face for face in faces if model in face.embeddings]
    largest = max(([other for other in usable if _alike(face, other, model)] for face in usable), key=len, default=[])
    kept = [face for face in largest if face.crop and face.quality >= floor]
    return max(kept, key=lambda face: face.quality) if kept and len(largest) >= SHARE * len(usable) else None


def agreeing(found: Sequence[Found], model: str, own: Sequence[Vector] = ()) -> list[Found]:
    """Those that are like what the person is known by; of somebody unknown, the largest set that is like one of it, when that is
    more than SHARE of all. The best first."""
    if own:
        agreed = [one for one in found if max(float(vector @ one.face.embeddings[model]) for vector in own) >= ALIKE]
    else:
        agreed = max(([other for other in found if _alike(one.face, other.face, model)] for one in found), key=len, default=[])
        agreed = agreed if len(agreed) > SHARE * len(found) else []
    return sorted(agreed, key=lambda one: -one.face.quality)


def _alike(one: Observation, other: Observation, model: str) -> bool:
    return float(one.embeddings[model] @ other.embeddings[model]) >= ALIKE
