"""Who is in these scenes, images and galleries, named by Stash's ids: what the API's identify and batch requests run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import ClassVar

from pydantic import BaseModel, Field

from ..contracts.findings import Findings, Problem, SeenPerson, UnknownPerson
from ..errors import MediaError
from ..matching.plain import SURE_ALONE
from ..processing.base import Entity, Metrics, Processor, Unit
from ..processing.context import Context, MediaResolver, Screenshots
from .recognition import Recognition, RecognitionParams


class WantedEntity(BaseModel):
    """One entity: `path` as its Stash calls it, `upload` the key of uploaded bytes; `url` is a label and never fetched."""

    type: str
    id: str
    title: str | None = None
    url: str | None = None
    path: str | None = None
    upload: str | None = None
    screenshots: Screenshots = "never"
    images: list[WantedEntity] = Field(default_factory=list)


class EntityParams(RecognitionParams):
    """Of a gallery, `batch_size` pictures are looked at together; with `skip_low_quality`, faces that are too poor to be known
    by do not name anybody in it."""

    entities: list[WantedEntity]
    batch_size: int = 10
    skip_low_quality: bool = False


class GalleryPicture(BaseModel):
    """One picture of a gallery; `error` is set when it could not be looked at, `skipped` when all its faces are too poor."""

    id: str
    url: str | None = None
    findings: Findings | None = None
    error: Problem | None = None
    skipped: bool = False
    seconds: float = 0.0


class Appearance(BaseModel):
    image_id: str
    image_url: str | None = None
    confidence: float


class GalleryPerson(BaseModel):
    """Somebody in a gallery, and where; `reference_crop` and `similarities` as the surest picture has them."""

    person_id: int
    name: str
    appearances: list[Appearance]
    reference_crop: str | None = None
    similarities: dict[str, float] = {}

    @property
    def best(self) -> float:
        return max(appearance.confidence for appearance in self.appearances)

    @property
    def average(self) -> float:
        return sum(appearance.confidence for appearance in self.appearances) / len(self.appearances)


class EntityFindings(BaseModel):
    """`findings` of a scene or an image; `people` and `pictures` of a gallery."""

    entity: WantedEntity
    findings: Findings = Field(default_factory=Findings)
    people: list[GalleryPerson] = Field(default_factory=list)
    pictures: list[GalleryPicture] = Field(default_factory=list)


class IdentifyEntities(Processor[EntityParams, EntityFindings]):
    id: ClassVar[str] = "entities.identify"
    title: ClassVar[str] = "Who is in these scenes, images and galleries"
    action_type: ClassVar[str] = "facial_recognition"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL", "av")
    params: ClassVar[type[BaseModel]] = EntityParams
    result: ClassVar[type[BaseModel]] = EntityFindings

    def __init__(self) -> None:
        self._recognition: Recognition | None = None

    def load(self, params: EntityParams, ctx: Context) -> None:
        self._recognition = Recognition(params, ctx)

    def units(self, params: EntityParams, ctx: Context) -> Iterator[Unit]:
        for number, entity in enumerate(params.entities):
            yield Unit(f"{number}:{entity.type}:{entity.id}", Entity(entity.type, entity.id, path=entity.path, name=entity.title))

    def alone(self, unit: Unit, params: EntityParams) -> EntityParams:
        return params.model_copy(update={"entities": [params.entities[int(unit.key.partition(":")[0])]]})

    def process(self, unit: Unit, params: EntityParams, ctx: Context) -> EntityFindings:
        if self._recognition is None or ctx.media is None:
            raise RuntimeError("load() comes before process(), and the context needs a way to media")
        entity = params.entities[int(unit.key.partition(":")[0])]
        bare = entity.model_copy(update={"images": []})
        if entity.type == "gallery":
            pictures = _some_read(list(self._gallery(entity, unit, params, ctx, ctx.media, self._recognition)))
            return EntityFindings(entity=bare, pictures=pictures, people=people_of(pictures))
        medium = ctx.media.medium(entity)
        findings = self._recognition.identify(medium, ctx, lambda fraction: ctx.control.progress(unit.key, fraction))
        return EntityFindings(entity=bare, findings=findings)

    def _gallery(
        self, entity: WantedEntity, unit: Unit, params: EntityParams, ctx: Context, media: MediaResolver, recognition: Recognition
    ) -> Iterator[GalleryPicture]:
        images = entity.images or [WantedEntity.model_validate(image, from_attributes=True) for image in media.images(entity)]
        if not images:
            raise MediaError("The gallery has no pictures.", code="empty-gallery")
        look = partial(_picture, ctx=ctx, media=media, recognition=recognition, choosy=params.skip_low_quality)
        together = max(1, min(params.batch_size, ctx.settings.cores))
        with ThreadPoolExecutor(together, thread_name_prefix="gallery") as threads:
            for start in range(0, len(images), params.batch_size):
                ctx.check()
                ctx.control.progress(unit.key, start / len(images))
                for picture in threads.map(look, images[start : start + params.batch_size]):
                    ctx.check()  # only this thread's control knows of the unit
                    yield picture

    def metrics(self, result: EntityFindings) -> Metrics:
        if result.pictures:
            return Metrics(people_found=len(result.people), confidences=[person.best for person in result.people])
        people = result.findings.people
        return Metrics(people_found=len(people), confidences=[person.probability for person in people])

    def models_used(self, ctx: Context) -> Sequence[str]:
        return self._recognition.models if self._recognition else ()

    def model_version(self, ctx: Context) -> str | None:
        return ctx.vision.detector_id


def _picture(image: WantedEntity, ctx: Context, media: MediaResolver, recognition: Recognition, choosy: bool) -> GalleryPicture:
    """One picture that cannot be read fails alone."""
    started = monotonic()
    try:
        findings = recognition.identify(media.medium(image), ctx, lambda fraction: None)
    except MediaError as error:
        return GalleryPicture(id=image.id, url=image.url, error=Problem(code=error.code, message=str(error)))
    skipped = choosy and _leave_out_poor(findings, ctx.vision.reference_floor)
    return GalleryPicture(id=image.id, url=image.url, findings=findings, skipped=skipped, seconds=round(monotonic() - started, 4))


def _some_read(pictures: list[GalleryPicture]) -> list[GalleryPicture]:
    """Raises MediaError when none of them could be looked at: that is no answer about the gallery."""
    first = pictures[0].error
    if first is None or any(picture.error is None for picture in pictures):
        return pictures
    raise MediaError(f"None of the gallery's {len(pictures)} pictures can be looked at; the first: {first.message}", code=first.code)


def _leave_out_poor(findings: Findings, floor: float) -> bool:
    """Take away people whom only faces below `floor` show; whether that left nobody of those who were there."""

    def good(person: SeenPerson | UnknownPerson) -> bool:
        return any(face.quality >= floor for face in person.faces)

    before = len(findings.people) + len(findings.unknown)
    findings.people = [person for person in findings.people if good(person)]
    findings.unknown = [stranger for stranger in findings.unknown if good(stranger)]
    return before > 0 and not findings.people and not findings.unknown


def people_of(pictures: Iterable[GalleryPicture]) -> list[GalleryPerson]:
    """Who is in a gallery: named in two pictures, or in one with near certainty. By frequency, then the best."""
    people: dict[int, GalleryPerson] = {}
    for picture in pictures:
        for seen in picture.findings.people if picture.findings else ():
            person = people.setdefault(seen.person_id, GalleryPerson(person_id=seen.person_id, name=seen.name, appearances=[]))
            if not person.appearances or seen.probability > person.best:
                person.reference_crop, person.similarities = seen.reference_crop, seen.similarities
            person.appearances.append(Appearance(image_id=picture.id, image_url=picture.url, confidence=seen.probability))
    trusted = [person for person in people.values() if len(person.appearances) >= 2 or person.best >= SURE_ALONE]
    return sorted(trusted, key=lambda person: (-len(person.appearances), -person.best, person.name))


