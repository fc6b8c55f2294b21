"""Who is in this picture, clip or folder: one unit a path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel

from ..contracts.findings import Findings, Problem
from ..errors import MediaError
from ..matching.calibration import load_calibration
from ..matching.gallery import Gallery
from ..matching.recognizer import Recognizer
from ..media.fingerprint import fingerprint_of, unreadable
from ..media.images import read_image
from ..media.kinds import HEAD, Kind, kind_of_content, kind_of_name
from ..media.video import VideoReader
from ..media.walk import MediaPath, Walk
from ..processing.base import Entity, Metrics, Processor, Unit
from ..processing.context import Context
from ..text import original, storable
from ..vision.profile import Profile
from .embeddings import complete
from .evidence import Evidence, Medium
from .naming import findings_of
from .opinions import decide_with_second_opinion


class IdentifyParams(BaseModel):
    """`media` are absolute paths of files and folders as rows hold them (text.storable). `people` is the people folder whose
    people alone are matched, None for all who are enrolled. `threshold` None is the calibrated operating point; `top` limits
    the candidates a person. `embedders` are fixed when the job is made, so that going on after a kill changes nothing."""

    media: list[str]
    people: str | None = None
    threshold: float | None = None
    top: int = 5
    frames: Literal["auto", "sprite", "keyframes", "dense"] = "auto"
    profile: Literal["fast", "balanced", "thorough"] = "balanced"
    embedders: list[str] = []


class IdentifyMedia(Processor[IdentifyParams, Findings]):
    id: ClassVar[str] = "media.identify"
    title: ClassVar[str] = "Who is in these pictures and clips"
    action_type: ClassVar[str] = "facial_recognition"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL", "av")
    params: ClassVar[type[BaseModel]] = IdentifyParams
    result: ClassVar[type[BaseModel]] = Findings

    def __init__(self) -> None:
        self._recognizer: Recognizer | None = None
        self._second: str | None = None
        self._models: list[str] = []

    def load(self, params: IdentifyParams, ctx: Context) -> None:
        primary = ctx.vision.primary
        self._second = next((model for model in params.embedders if model != primary), None)
        self._models = [primary] + ([self._second] if self._second else [])
        people = ctx.stores.people.people(origin=params.people)
        references = complete(ctx.stores.people.references(origin=params.people), self._models, ctx)
        gallery = Gallery.build(people, references, self._models)
        self._recognizer = Recognizer(gallery, load_calibration(), Profile(params.profile))

    def units(self, params: IdentifyParams, ctx: Context) -> Iterator[Unit]:
        seen: Counter[str] = Counter()
        for item in Walk([original(path) for path in params.media]):
            row = storable(str(item.path))
            seen[row] += 1
            key = row if seen[row] == 1 else f"{row}#{seen[row]}"
            yield Unit(key, Entity(_entity_type(item), row, path=row, name=storable(item.path.name)))

    def process(self, unit: Unit, params: IdentifyParams, ctx: Context) -> Findings:
        if self._recognizer is None:
            raise RuntimeError("load() comes before process()")
        path = Path(original(unit.entity.path or unit.key))
        medium, mismatch = _medium(path, ctx)
        evidence = Evidence(medium, "keyframes" if params.frames == "sprite" else params.frames, ctx)
        rejected, confirmed = verdicts(medium.fingerprint, ctx)
        findings = Findings()
        for number, frames in enumerate(evidence.looks()):
            ctx.control.progress(unit.key, min(0.9, 0.3 * (number + 1)))
            decision = decide_with_second_opinion(
                self._recognizer,
                frames,
                ctx,
                threshold=params.threshold,
                second=self._second,
                rejected=rejected,
                confirmed=confirmed,
            )
            findings = findings_of(decision, evidence, frames, params.top)
            if decision.settled:
                break
        if mismatch:
            findings.flags.append(mismatch)
        if findings.flags:
            findings.status = "flagged"
        findings.models = self._models
        return findings

    def metrics(self, result: Findings) -> Metrics:
        return Metrics(people_found=len(result.people), confidences=[person.probability for person in result.people])

    def models_used(self, ctx: Context) -> Sequence[str]:
        return self._models

    def summarize(self, params: IdentifyParams, results: Iterable[Findings], ctx: Context) -> dict[str, object]:
        names: Counter[str] = Counter()
        unknown = 0
        for result in results:
            names.update(person.name for person in result.people)
            unknown += len(result.unknown)
        return {"people": dict(names.most_common(50)), "unknown": unknown}


def verdicts(fingerprint: str, ctx: Context) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """What people said of the faces of a medium: (observation id, person id) rejected, and confirmed."""
    said = ctx.stores.decisions.decisions(fingerprint)
    pairs = [(accepted.accepted, (observation, accepted.person_id)) for accepted in said for observation in accepted.observation_ids]
    return [pair for yes, pair in pairs if not yes], [pair for yes, pair in pairs if yes]


def _entity_type(item: MediaPath) -> str:
    return "video" if kind_of_name(item.path) is Kind.VIDEO else "image"


def _medium(path: Path, ctx: Context) -> tuple[Medium, Problem | None]:
    """The medium behind a path, by what it holds and not by what it is called; a wrong extension is told."""
    fingerprint = fingerprint_of(path, ctx.stores.observations)
    named, held = kind_of_name(path), _held(path)
    kind = held or named
    if kind is None:
        raise MediaError("It is neither a picture nor a video that is known here.", code="not-media", remedy="Convert it first.")
    wrong = None
    if named is not None and kind is not named:
        wrong = Problem(code="wrong-extension", message=f"it is called {path.suffix} but holds {_WHAT[kind]}")
    if kind is Kind.VIDEO:
        return Medium(fingerprint, video=partial(VideoReader, path)), wrong
    return Medium(fingerprint, still=partial(read_image, path)), wrong


_WHAT = {Kind.IMAGE: "a picture", Kind.VIDEO: "a video"}


def _held(path: Path) -> Kind | None:
    try:
        with path.open("rb") as file:
            return kind_of_content(file.read(HEAD))
    except OSError as error:
        raise unreadable(path, error) from error
