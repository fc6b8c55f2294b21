"""Performers' pictures become references: in batches that a kill may cut off anywhere, fetched and analysed side by side."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..errors import MediaError, StashAIError
from ..media.fingerprint import fingerprint_bytes
from ..media.frames import Frame
from ..media.images import read_image
from ..processing.context import Context
from ..processing.stores import Person, Reference, SourceFile
from ..stash.client import StashClient
from ..stash.connection import StashError
from ..stash.entities import Performer
from ..stash.mirror import Known, Mirror
from ..vision.engine import AnalyzedFace
from ..vision.faces import Vector
from .subject import choose_subject

SOURCE = "stash"
ORIGIN = "stash"
CONNECTIONS = 4
CHOICES = 6
"""Faces offered at most when a picture shows several."""
CURSOR = "performers-cursor"
MANY = 40
"""Waiting performers from which on their order is worth asking for."""


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


def sync(gateway: StashClient, mirror: Mirror, ctx: Context) -> int:
    """Bring the mirror up to date by `updated_at` (with a second of overlap) and drop who is gone. Returns how many changed."""
    since = mirror.fact(CURSOR)
    changed = 0
    newest = since or ""
    batch: list[Known] = []
    for performer in gateway.performers(_a_second_before(since) if since else None):
        batch.append(_known(performer))
        newest = max(newest, performer.updated_at)
        if len(batch) >= 500:
            changed += mirror.update(batch)
            batch = []
            ctx.check()
    changed += mirror.update(batch)
    _drop_gone(gateway, mirror, ctx)
    if changed > MANY or since is None:
        mirror.rank(gateway.performer_order())
    if newest:
        mirror.note(CURSOR, newest)
    mirror.note("synced", str(ctx.clock.now()))
    return changed


def _a_second_before(stamp: str) -> str:
    moment = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    return (moment.replace(microsecond=0) - timedelta(seconds=1)).isoformat()


def _known(performer: Performer) -> Known:
    return Known(
        performer.id, performer.name, performer.disambiguation, performer.favorite, performer.ignore_auto_tag, performer.image,
        performer.updated_at, "", "",
    )  # fmt: skip


def _drop_gone(gateway: StashClient, mirror: Mirror, ctx: Context) -> None:
    if gateway.performer_count() == mirror.count():
        return
    for performer_id in mirror.drop_missing(gateway.performer_order()):
        forget_rows(performer_id, ctx)


def forget_rows(performer_id: str, ctx: Context) -> None:
    """Drop what a deleted performer was learned from; what a person confirmed goes, too, since nobody has that id any more."""
    ctx.stores.people.remove_source(ORIGIN, picture_key(performer_id))
    person = next((p for p in ctx.stores.people.people(origin=ORIGIN) if p.key == performer_id), None)
    if person is not None:
        for reference in ctx.stores.people.references(person_id=person.id):
            if reference.id is not None:
                ctx.stores.people.set_usable(reference.id, False, "the performer was deleted")


@dataclass(frozen=True, slots=True)
class Picture:
    """A performer's picture: decoded, or the reason why not."""

    performer: Known
    fingerprint: str = ""
    frame: Frame | None = None
    problem: StashAIError | None = None


def learn_batch(performers: Sequence[Known], gateway: StashClient, mirror: Mirror, ctx: Context) -> Iterator[Learned]:
    """Learn from these performers' pictures; each is recorded before it is given."""
    with ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="pictures") as pool:
        pictures = list(pool.map(_Reader(gateway), performers))
    known = {source.path: source for source in ctx.stores.people.sources(ORIGIN)}
    readable: list[Picture] = []
    for picture in pictures:
        ctx.check()
        if picture.frame is None:
            yield _failed(picture, mirror, ctx)
        elif _is_current(picture, known.get(picture_key(picture.performer.id)), ctx):
            source = known[picture_key(picture.performer.id)]
            yield _settled(mirror, Learned(picture.performer, source.outcome, source.message), source.message)
        else:
            readable.append(picture)
    frames = [picture.frame for picture in readable if picture.frame is not None]
    for picture, (frame, faces) in zip(readable, ctx.vision.map(frames), strict=True):
        ctx.check()
        yield _learn(picture, frame, faces, mirror, ctx)


class _Reader:
    """Fetches and decodes, each thread over a connection of its own."""

    def __init__(self, gateway: StashClient) -> None:
        self._gateway = gateway
        self._mine = threading.local()

    def __call__(self, performer: Known) -> Picture:
        if not hasattr(self._mine, "connection"):
            self._mine.connection = self._gateway.connection.clone()
        try:
            content = self._mine.connection.fetch(performer.image or "", ("image/",))
            if content is None:
                return Picture(performer, problem=MediaError("Stash has no picture of this performer.", code="no-picture"))
            return Picture(performer, fingerprint_bytes(content), read_image(content)[0])
        except (MediaError, StashError) as error:
            if error.code in ("stash-login", "stash-unreachable"):
                raise
            return Picture(performer, problem=error)


def _is_current(picture: Picture, source: SourceFile | None, ctx: Context) -> bool:
    return source is not None and source.fingerprint == picture.fingerprint and source.detector == ctx.vision.detector_id


def _settled(mirror: Mirror, learned: Learned, detail: str = "") -> Learned:
    mirror.settle(learned.performer.id, learned.outcome, detail or learned.message)
    return learned


def _failed(picture: Picture, mirror: Mirror, ctx: Context) -> Learned:
    problem = picture.problem or MediaError("The picture could not be read.")
    ctx.stores.people.remove_source(ORIGIN, picture_key(picture.performer.id))
    return _settled(mirror, Learned(picture.performer, problem.code, problem.message))


def _learn(picture: Picture, frame: Frame, faces: Sequence[AnalyzedFace], mirror: Mirror, ctx: Context) -> Learned:
    performer = picture.performer
    person = ctx.stores.people.ensure(performer.name, SOURCE, performer.id)
    if person is None:
        return _settled(mirror, Learned(performer, "forgotten", "Forgotten at your wish."))
    if person.name != performer.name:
        ctx.stores.people.rename(person.id, performer.name)
    choice = choose_subject([face.observation.face for face in faces], frame.size)
    detail = ""
    references: list[Reference] = []
    quality: float | None = None
    if choice.index is None:
        outcome, message = ("choose", choice.message) if faces else ("no-face", choice.message)
        detail = _choices(faces, ctx)
    else:
        subject = faces[choice.index]
        quality = subject.observation.quality
        outcome, message, references = _judged(subject, person, picture, ctx)
    source = SourceFile(
        ORIGIN, person.id, picture_key(performer.id), picture.fingerprint, ctx.vision.detector_id, outcome, detail or message
    )
    ctx.stores.people.record_source(source, references)
    return _settled(mirror, Learned(performer, outcome, message, quality), detail)


def _judged(subject: AnalyzedFace, person: Person, picture: Picture, ctx: Context) -> tuple[str, str, list[Reference]]:
    quality = subject.observation.quality
    if quality < ctx.vision.reference_floor or subject.chip is None:
        return "weak", f"The face is too small, blurred or turned away to learn from (quality {quality:.2f}).", []
    reference = reference_of(subject.chip, subject.observation.embeddings, quality, person.id, picture_key(picture.performer.id), ctx)
    reference.fingerprint, reference.box = picture.fingerprint, subject.observation.face.box
    return "enrolled", "", [reference]


def reference_of(
    chip: bytes, embeddings: Mapping[str, Vector], quality: float, person_id: int, path: str, ctx: Context
) -> Reference:
    """A reference from a face's kept crop, with what embeddings it has; the second model's follow when they are needed."""
    crop = ctx.stores.crops.put(chip)
    return Reference(person_id, ORIGIN, path, crop, quality, (0.0, 0.0, 0.0, 0.0), crop, dict(embeddings))


def _choices(faces: Sequence[AnalyzedFace], ctx: Context) -> str:
    """The faces of a picture with several, the largest first, as JSON: their crops' keys and qualities."""
    largest = sorted(faces, key=lambda face: -face.observation.face.box[2] * face.observation.face.box[3])[:CHOICES]
    kept = [(ctx.stores.crops.put(face.chip), face.observation.quality) for face in largest if face.chip is not None]
    return json.dumps([{"key": key, "quality": round(float(quality), 3)} for key, quality in kept]) if kept else ""
