"""Learn people from a folder: `<folder>/<name>/<pictures>`. Each picture is one unit; unchanged ones are not looked at again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from ..errors import MediaError, UsageError
from ..media.fingerprint import fingerprint_of
from ..media.images import read_image
from ..media.kinds import IMAGE_EXTENSIONS
from ..media.walk import is_directory
from ..processing.base import Entity, Metrics, Processor, Unit
from ..processing.context import Context
from ..processing.stores import Person, Reference, SourceFile
from ..text import original, storable
from ..vision.engine import AnalyzedFace
from .evidence import displayed
from .subject import choose_subject


class EnrollParams(BaseModel):
    """`folder` is absolute. `explicit` brings back people who were forgotten (the command `enroll` does, `--people` does not)."""

    folder: str
    explicit: bool = False


class EnrolledPicture(BaseModel):
    """`outcome` is "enrolled", or the code of what is wrong with the picture, which `message` says in a sentence."""

    person: str
    picture: str
    outcome: str
    message: str = ""
    quality: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a person's folder; `path` is absolute, as rows hold it (see text.storable)."""

    person: str
    path: str


@dataclass(slots=True)
class FolderPlan:
    """What a people folder holds compared with what is known of it."""

    new: list[Picture] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)

    @property
    def has_work(self) -> bool:
        return bool(self.new or self.removed)


def plan_folder(folder: Path, ctx: Context, *, explicit: bool) -> FolderPlan:
    """Compare `folder` with the rows: new or changed pictures, those gone, people whose whole folder is gone."""
    plan = FolderPlan()
    known = {source.path: source for source in ctx.stores.people.sources(origin=storable(str(folder)))}
    seen: set[str] = set()
    for name in _people(folder, plan):
        person = ctx.stores.people.ensure(storable(name), "folder", storable(name), revive=explicit)
        if person is None:
            plan.forgotten.append(name)
            continue
        plan.people.append(name)
        pictures = _pictures(folder / name, plan)
        if pictures is None:  # what is known from it stays
            seen.update(row for row in known if Path(original(row)).parent == folder / name)
        elif not pictures:
            plan.empty.append(name)
        for path in pictures or ():
            row = storable(str(path))
            seen.add(row)
            if not _is_current(known.get(row), path, row, ctx):
                plan.new.append(Picture(storable(name), row))
    _note_missing(plan, folder, known, seen)
    return plan


def _people(folder: Path, plan: FolderPlan) -> list[str]:
    """The folders of people, sorted; photographs beside them are noted, since nobody knows whose they are."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry.name, is_directory(entry)) for entry in entries if not entry.name.startswith("."))
        plan.loose += [name for name, folders in found if not folders and Path(name).suffix.lower() in IMAGE_EXTENSIONS]
        return [name for name, folders in found if folders]
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}.", remedy="Give this user the right to read it.") from error


def _pictures(folder: Path, plan: FolderPlan) -> list[Path] | None:
    """The photographs of a person's folder, sorted; None when it cannot be looked into."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if not is_directory(entry))
    except OSError as error:
        plan.unreadable.append(f"{folder} cannot be read ({error.strerror or error}); what was learned from it is kept")
        return None
    return [folder / name for name in names if Path(name).suffix.lower() in IMAGE_EXTENSIONS and not name.startswith(".")]


def _is_current(source: SourceFile | None, path: Path, row: str, ctx: Context) -> bool:
    # Another detector or other looks (`fast`) find other landmarks in the whole picture, which the kept crop is not: it is read
    # again. Another embedder, or `thorough` after `balanced`, needs no more than the crop (see embeddings.complete).
    if source is None or source.detector != ctx.vision.detector_id:
        return False
    try:
        stat = path.stat()
    except OSError:
        return False
    return ctx.stores.observations.known_fingerprint(row, stat.st_size, stat.st_mtime_ns) == source.fingerprint


def _note_missing(plan: FolderPlan, folder: Path, known: dict[str, SourceFile], seen: set[str]) -> None:
    for row in known:
        path = Path(original(row))
        if row in seen:
            continue
        if path.parent.is_dir():
            plan.removed.append(row)
        elif path.parent.name not in plan.vanished:
            plan.vanished.append(path.parent.name)


class EnrollFolder(Processor[EnrollParams, EnrolledPicture]):
    id: ClassVar[str] = "people.enroll"
    title: ClassVar[str] = "Learn people from a folder"
    action_type: ClassVar[str] = "facial_recognition"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL")
    params: ClassVar[type[BaseModel]] = EnrollParams
    result: ClassVar[type[BaseModel]] = EnrolledPicture
    unit_deadline: ClassVar[float] = 120.0

    def units(self, params: EnrollParams, ctx: Context) -> Iterable[Unit]:
        folder = ctx.path(Path(original(params.folder)))
        plan = plan_folder(folder, ctx, explicit=params.explicit)
        for row in plan.removed:
            ctx.stores.people.remove_source(params.folder, row)
        for picture in plan.new:
            entity = Entity("image", picture.path, path=picture.path, name=picture.person)
            yield Unit(picture.path, entity)

    def process(self, unit: Unit, params: EnrollParams, ctx: Context) -> EnrolledPicture:
        name = unit.entity.name or ""
        person = ctx.stores.people.ensure(name, "folder", name, revive=params.explicit)
        if person is None:
            return EnrolledPicture(person=name, picture=unit.key, outcome="forgotten", message="this person was forgotten")
        path = ctx.path(Path(original(unit.key)))
        fingerprint = fingerprint_of(path, ctx.stores.observations)
        try:
            picture, references = self._look(path, fingerprint, person, params, ctx)
        except MediaError as error:
            picture, references = EnrolledPicture(person=name, picture=unit.key, outcome=error.code, message=str(error)), []
        source = SourceFile(
            params.folder, person.id, unit.key, fingerprint, ctx.vision.detector_id, picture.outcome, picture.message
        )
        ctx.stores.people.record_source(source, references)
        return picture

    def _look(
        self, path: Path, fingerprint: str, person: Person, params: EnrollParams, ctx: Context
    ) -> tuple[EnrolledPicture, list[Reference]]:
        frame = read_image(path)[0]
        analyzed = ctx.vision.analyze(frame)
        choice = choose_subject([face.observation.face for face in analyzed], frame.size)

        def said(outcome: str, message: str, quality: float | None = None) -> EnrolledPicture:
            return EnrolledPicture(person=person.name, picture=storable(str(path)), outcome=outcome, message=message, quality=quality)

        if choice.index is None:
            return said("several-faces" if analyzed else "no-face", choice.message), []
        subject = analyzed[choice.index]
        displayed(subject.observation, frame)
        quality = subject.observation.quality
        if quality < ctx.vision.reference_floor:
            return said("weak", f"the face is too small, blurred or turned away to learn from (quality {quality:.2f})", quality), []
        reference = self._reference(subject, person, params.folder, storable(str(path)), fingerprint, ctx)
        return said("enrolled", "", quality), [reference]

    def _reference(
        self, subject: AnalyzedFace, person: Person, origin: str, path: str, fingerprint: str, ctx: Context
    ) -> Reference:
        if subject.chip is None:
            raise MediaError("The face could not be cut out of the picture.", code="no-crop")
        embeddings = dict(subject.observation.embeddings)
        embeddings |= {model: ctx.vision.embed_chip(model, subject.chip) for model in ctx.vision.others}
        crop = ctx.stores.crops.put(subject.chip)
        box = subject.observation.face.box
        return Reference(person.id, origin, path, fingerprint, subject.observation.quality, box, crop, embeddings)

    def metrics(self, result: EnrolledPicture) -> Metrics:
        return Metrics(people_found=int(result.outcome == "enrolled"), confidences=[result.quality] if result.quality else [])

    def summarize(self, params: EnrollParams, results: Iterable[EnrolledPicture], ctx: Context) -> dict[str, object]:
        outcomes: dict[str, int] = {}
        for result in results:
            outcomes[result.outcome] = outcomes.get(result.outcome, 0) + 1
        return {"folder": params.folder, "pictures": outcomes}
