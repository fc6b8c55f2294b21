"""Are these two one person: two pictures, two known people, or one of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from ..contracts.findings import SeenFace
from ..errors import MediaError, UsageError
from ..matching.fitted import calibration_for
from ..matching.pairs import same_person
from ..media.frames import Frame
from ..media.images import read_image
from ..media.kinds import Kind, kind_of_file
from ..processing.base import Entity, Metrics, Processor, Unit
from ..processing.context import Context
from ..processing.stores import Person
from ..text import original
from ..vision.faces import Vector
from .embeddings import complete
from .entities import WantedEntity
from .evidence import displayed
from .naming import seen_face
from .subject import choose_subject


class FaceSource(BaseModel):
    """One side: `path` of a picture, `upload` (the key of uploaded bytes), or `person`: a Stash id, `person:<n>`, or a name
    that only one person has."""

    path: str | None = None
    upload: str | None = None
    person: str | None = None


class CompareParams(BaseModel):
    """`families` are the kinds of models to ask ("arcface", "facenet"); those not installed are left out."""

    first: FaceSource
    second: FaceSource
    families: list[str] = ["arcface", "facenet"]


class ComparedFace(BaseModel):
    """What one side was: the face in a picture, or a person's references as one."""

    name: str
    person_id: int | None = None
    face: SeenFace | None = None
    crop: str | None = None


class Comparison(BaseModel):
    """`similarities` are cosines by model family, `probability` that both are one person, `same` whether it is over a half."""

    first: ComparedFace
    second: ComparedFace
    similarities: dict[str, float]
    probability: float
    same: bool


class CompareFaces(Processor[CompareParams, Comparison]):
    id: ClassVar[str] = "faces.compare"
    title: ClassVar[str] = "Compare two faces"
    action_type: ClassVar[str] = "face_comparison"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL")
    params: ClassVar[type[BaseModel]] = CompareParams
    result: ClassVar[type[BaseModel]] = Comparison
    unit_deadline: ClassVar[float] = 120.0

    def __init__(self) -> None:
        self._models: list[str] = []

    def load(self, params: CompareParams, ctx: Context) -> None:
        self._models = _models(params, ctx)

    def units(self, params: CompareParams, ctx: Context) -> Iterable[Unit]:
        name = f"{_label(params.first)} and {_label(params.second)}"
        yield Unit("pair", Entity("performer", _label(params.first), name=name))

    def process(self, unit: Unit, params: CompareParams, ctx: Context) -> Comparison:
        return comparison(params, ctx)

    def metrics(self, result: Comparison) -> Metrics:
        return Metrics(people_found=int(result.same), confidences=[result.probability])

    def models_used(self, ctx: Context) -> Sequence[str]:
        return self._models

    def model_version(self, ctx: Context) -> str | None:
        return ctx.vision.detector_id


def comparison(params: CompareParams, ctx: Context) -> Comparison:
    """Raises UsageError and MediaError for a side that cannot be compared."""
    models = _models(params, ctx)
    if not models:
        raise UsageError(f"No model of {', '.join(params.families)} is installed.", code="no-model")
    first, one = _side(params.first, models, ctx)
    ctx.check()
    second, other = _side(params.second, models, ctx)
    cosines = {model: float(one[model] @ other[model]) for model in models if model in one and model in other}
    if not cosines:
        raise UsageError("The two sides have no model in common.", code="no-model")
    probability = same_person({model: one[model] for model in cosines}, other, calibration_for(models, ctx.settings))
    similarities = {ctx.vision.family(model): round(cosine, 4) for model, cosine in cosines.items()}
    return Comparison(first=first, second=second, similarities=similarities, probability=probability, same=probability >= 0.5)


def _models(params: CompareParams, ctx: Context) -> list[str]:
    return [model for model in ctx.vision.installed_embedders if ctx.vision.family(model) in params.families]


def _label(source: FaceSource) -> str:
    return source.person or source.path or source.upload or "?"


def _side(source: FaceSource, models: Sequence[str], ctx: Context) -> tuple[ComparedFace, dict[str, Vector]]:
    if source.upload is not None:
        return _pictured("the uploaded picture", _uploaded(source.upload, ctx), models, ctx)
    if source.path is not None:
        path = ctx.path(Path(original(source.path)))
        return _pictured(path.name, _picture(path), models, ctx)
    return _known(find_person(source.person or "", ctx), models, ctx)


def _picture(path: Path) -> Frame:
    """Its first frame; what is wrong says with which of the two."""
    other = "a folder" if path.is_dir() else "a video" if path.is_file() and kind_of_file(path) is Kind.VIDEO else None
    if other is not None:
        raise MediaError(f"{path.name} is {other}.", code="not-a-picture", remedy="Give a picture of one person.")
    try:
        return read_image(path)[0]
    except MediaError as error:
        raise MediaError(f"{path.name}: {error.message}", code=error.code, remedy=error.remedy) from error


def _uploaded(key: str, ctx: Context) -> Frame:
    medium = ctx.media.medium(WantedEntity(type="image", id=key, upload=key)) if ctx.media else None
    if medium is None or medium.still is None:
        raise MediaError("The upload is no picture.", code="not-a-picture")
    return medium.still()[0]


def _pictured(name: str, frame: Frame, models: Sequence[str], ctx: Context) -> tuple[ComparedFace, dict[str, Vector]]:
    analyzed = ctx.vision.analyze(frame)
    choice = choose_subject([face.observation.face for face in analyzed], frame.size)
    if choice.index is None:
        raise MediaError(f"{name}: {choice.message}.", code="no-single-face", remedy="Give a picture of one person.")
    chosen = analyzed[choice.index]
    vectors = dict(chosen.observation.embeddings)
    if chosen.chip is not None:
        chosen.observation.crop = ctx.stores.crops.put(chosen.chip)
        vectors |= {model: ctx.vision.embed_chip(model, chosen.chip) for model in models if model not in vectors}
    face = seen_face(displayed(chosen.observation, frame))
    return ComparedFace(name=name, face=face, crop=face.crop), vectors


def _known(person: Person, models: Sequence[str], ctx: Context) -> tuple[ComparedFace, dict[str, Vector]]:
    references = [r for r in complete(ctx.stores.people.references(person_id=person.id), models, ctx) if r.usable]
    if not references:
        raise UsageError(f"{person.name} has no usable face to compare.", code="no-face", remedy="Enrol a clear picture of them.")
    best = max(references, key=lambda reference: reference.quality)
    vectors = {model: _mean([r.embeddings[model] for r in references if model in r.embeddings]) for model in models}
    return ComparedFace(name=person.name, person_id=person.id, crop=best.crop), vectors


def _mean(vectors: Sequence[Vector]) -> Vector:
    total = np.sum(vectors, axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def find_person(wanted: str, ctx: Context) -> Person:
    """By Stash's id first, then `person:<n>`, then a name. Raises UsageError for nobody and for several."""
    people = ctx.stores.people.people()
    for found in (
        [person for person in people if person.is_of_stash and person.key == wanted],
        [person for person in people if f"person:{person.id}" == wanted],
        [person for person in people if person.name == wanted],
    ):
        if len(found) > 1:
            ids = ", ".join(f"person:{person.id}" for person in found)
            raise UsageError(f"{len(found)} people are called {wanted!r}.", code="ambiguous", remedy=f"Name one of {ids}.")
        if found:
            return found[0]
    raise UsageError(f"Nobody known is called {wanted!r}.", code="not-found", remedy="`stashai people list` shows who is known.")
