"""Faces beyond performers' own pictures, where the settings allow them: images tagged with one performer alone that show one face
each, and, for performers without a usable picture, the face that dominates scenes tagged with them alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stashai.errors import StashAIError
from stashai.processing.stores import Person, SourceFile
from stashai.processors.evidence import Evidence
from stashai.processors.stash_media import medium_of
from stashai.processors.stash_performers import ORIGIN, reference_of

if TYPE_CHECKING:
    from stashai.processing.context import Context
    from stashai.stash.mirror import Known
    from stashai.vision.faces import Observation

    from ..host.bench import Bench

MOST_TRIED, MOST_KEPT = 60, 30
MOST_SCENES, LEAST_SCENES = 12, 3
ALIKE = 0.45
"""Cosine of the primary model from which on two faces of such media are taken for one person. Both media name the same
performer, so this is far below what strangers would need."""
SHARE = 0.5
"""The part of a scene's faces that its dominating face has at least."""
LOOKED = "more-faces"


def learn_more(bench: Bench, ctx: Context) -> None:
    """Learn from tagged images and scenes as the settings say; each performer once until something of it changes."""
    wanted = bench.preferences["learn"]
    if not (wanted["tagged_images"] or wanted["scenes"]):
        return
    for performer in _everybody(bench):
        ctx.check()
        stamp = f"{performer.updated_at}|{wanted['tagged_images']}|{wanted['scenes']}"
        if bench.mirror.fact(f"{LOOKED}:{performer.id}") == stamp:
            continue
        person = ctx.stores.people.ensure(performer.name, "stash", performer.id)
        if person is not None:
            if wanted["tagged_images"]:
                _from_images(bench, ctx, performer, person)
            if wanted["scenes"] and performer.outcome != "enrolled":
                _from_scenes(bench, ctx, performer, person)
        bench.mirror.note(f"{LOOKED}:{performer.id}", stamp)


def _everybody(bench: Bench) -> Iterator[Known]:
    offset = 0
    while True:
        _, page = bench.mirror.listed("all", "", 500, offset)
        yield from page
        if len(page) < 500:
            return
        offset += 500


def _from_images(bench: Bench, ctx: Context, performer: Known, person: Person) -> None:
    """Only when every picture that was tried shows exactly one face: then they are portraits, not crowds."""
    kept: list[tuple[str, str, Observation]] = []
    for number, image in enumerate(bench.gateway.items("image", performer=performer.id)):
        if number >= MOST_TRIED or len(kept) >= MOST_KEPT:
            break
        try:
            medium = medium_of(image, bench.gateway, ctx.stores.observations)
            frames = next(iter(Evidence(medium, "auto", ctx).looks()), [])
        except StashAIError:
            # One picture that cannot be read says nothing of the others.
            continue
        faces = [o for frame in frames for o in frame.observations]
        if len(faces) != 1:
            return
        if faces[0].crop and faces[0].quality >= ctx.vision.reference_floor:
            kept.append((f"image/{image.id}", medium.fingerprint, faces[0]))
    for path, fingerprint, face in _agreeing(kept, ctx.vision.primary):
        chip = ctx.stores.crops.get(face.crop or "")
        if chip is not None:
            reference = reference_of(chip, face.embeddings, face.quality, person.id, path, ctx.stores)
            source = SourceFile(ORIGIN, person.id, path, fingerprint, ctx.vision.detector_id, "enrolled", "")
            ctx.stores.people.record_source(source, [reference])


def _from_scenes(bench: Bench, ctx: Context, performer: Known, person: Person) -> None:
    """The face that has most of each scene's frames, when those of three scenes or more agree."""
    found: list[tuple[str, str, Observation]] = []
    for number, scene in enumerate(bench.gateway.items("scene", performer=performer.id)):
        if number >= MOST_SCENES:
            break
        try:
            medium = medium_of(scene, bench.gateway, ctx.stores.observations)
            frames = next(iter(Evidence(medium, "auto", ctx).looks()), [])
        except StashAIError:
            # One scene that cannot be read says nothing of the others.
            continue
        face = _dominating([o for frame in frames for o in frame.observations], ctx.vision.primary, ctx.vision.reference_floor)
        if face is not None:
            found.append((f"scene/{scene.id}", medium.fingerprint, face))
    agreed = _agreeing(found, ctx.vision.primary)
    if len(agreed) < LEAST_SCENES:
        return
    for path, fingerprint, face in agreed:
        chip = ctx.stores.crops.get(face.crop or "")
        if chip is not None:
            reference = reference_of(chip, face.embeddings, face.quality, person.id, path, ctx.stores)
            source = SourceFile(ORIGIN, person.id, path, fingerprint, ctx.vision.detector_id, "enrolled", "")
            ctx.stores.people.record_source(source, [reference])
    best = max(agreed, key=lambda row: row[2].quality)[2]
    bench.mirror.settle(performer.id, "enrolled", json.dumps({"picture": best.crop}))


def _dominating(faces: Sequence[Observation], model: str, floor: float) -> Observation | None:
    """The best face of the largest group of alike ones, when that group has at least SHARE of all."""
    usable = [face for face in faces if model in face.embeddings]
    if not usable:
        return None
    groups = [[other for other in usable if float(face.embeddings[model] @ other.embeddings[model]) >= ALIKE] for face in usable]
    largest = max(groups, key=len)
    kept = [face for face in largest if face.crop and face.quality >= floor]
    return max(kept, key=lambda face: face.quality) if kept and len(largest) >= SHARE * len(usable) else None


def _agreeing(found: Sequence[tuple[str, str, Observation]], model: str) -> list[tuple[str, str, Observation]]:
    """The largest set of faces that are all like one of them."""
    best: list[tuple[str, str, Observation]] = []
    for row in found:
        vector = row[2].embeddings.get(model)
        if vector is None:
            continue
        alike = [other for other in found if model in other[2].embeddings and float(vector @ other[2].embeddings[model]) >= ALIKE]
        best = max(best, alike, key=len)
    return best
