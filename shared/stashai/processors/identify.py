"""Who is in this picture, clip or folder: one unit a path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from ..contracts.findings import Findings, Problem
from ..errors import MediaError
from ..media.fingerprint import FingerprintRows, fingerprint_of
from ..media.images import read_image
from ..media.kinds import Kind, kind_of_file, kind_of_name
from ..media.medium import Medium
from ..media.video import VideoReader
from ..media.walk import MediaPath, Walk
from ..processing.base import Entity, Metrics, Processor, Unit
from ..processing.context import Context
from ..text import original, storable
from .recognition import Recognition, RecognitionParams


class IdentifyParams(RecognitionParams):
    """`media` are absolute paths of files and folders, as rows hold them (text.storable)."""

    media: list[str]


class IdentifyMedia(Processor[IdentifyParams, Findings]):
    id: ClassVar[str] = "media.identify"
    title: ClassVar[str] = "Who is in these pictures and clips"
    action_type: ClassVar[str] = "facial_recognition"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL", "av")
    params: ClassVar[type[BaseModel]] = IdentifyParams
    result: ClassVar[type[BaseModel]] = Findings

    def __init__(self) -> None:
        self._recognition: Recognition | None = None

    def load(self, params: IdentifyParams, ctx: Context) -> None:
        self._recognition = Recognition(params, ctx)

    def units(self, params: IdentifyParams, ctx: Context) -> Iterator[Unit]:
        seen: Counter[str] = Counter()
        for item in Walk([str(ctx.path(Path(original(path)))) for path in params.media]):
            row = storable(str(item.path))
            seen[row] += 1
            key = row if seen[row] == 1 else f"{row}#{seen[row]}"
            yield Unit(key, Entity(_entity_type(item), row, path=row, name=storable(item.path.name)))

    def process(self, unit: Unit, params: IdentifyParams, ctx: Context) -> Findings:
        if self._recognition is None:
            raise RuntimeError("load() comes before process()")
        medium, mismatch = medium_at(ctx.path(Path(original(unit.entity.path or unit.key))), ctx.stores.observations)
        findings = self._recognition.identify(medium, ctx, lambda fraction: ctx.control.progress(unit.key, fraction))
        if mismatch is not None:
            findings.flags.append(mismatch)
            findings.status = "flagged"
        return findings

    def metrics(self, result: Findings) -> Metrics:
        return Metrics(people_found=len(result.people), confidences=[person.probability for person in result.people])

    def models_used(self, ctx: Context) -> Sequence[str]:
        return self._recognition.models if self._recognition else ()

    def model_version(self, ctx: Context) -> str | None:
        return ctx.vision.detector_id

    def summarize(self, params: IdentifyParams, results: Iterable[Findings], ctx: Context) -> dict[str, object]:
        return counted(results)


def counted(results: Iterable[Findings]) -> dict[str, object]:
    """In how many items each of the fifty most frequent people is, and how many unknown people there are."""
    names: Counter[str] = Counter()
    unknown = 0
    for result in results:
        names.update(person.name for person in result.people)
        unknown += len(result.unknown)
    return {"people": dict(names.most_common(50)), "unknown": unknown}


def medium_at(path: Path, rows: FingerprintRows) -> tuple[Medium, Problem | None]:
    """The medium behind a path, by what it holds and not by what it is called; a wrong extension is told.

    Raises MediaError: missing, unreadable, neither a picture nor a video."""
    fingerprint = fingerprint_of(path, rows)
    named, held = kind_of_name(path), kind_of_file(path)
    kind = held or named
    if kind is None:
        raise MediaError("It is neither a picture nor a video that is known here.", code="not-media", remedy="Convert it first.")
    wrong = None
    if named is not None and kind is not named:
        holds = "a video" if kind is Kind.VIDEO else "a picture"
        wrong = Problem(code="wrong-extension", message=f"it is called {path.suffix} but holds {holds}; rename it")
    if kind is Kind.VIDEO:
        return Medium(fingerprint, video=partial(VideoReader, path)), wrong
    return Medium(fingerprint, still=partial(read_image, path)), wrong


def _entity_type(item: MediaPath) -> str:
    return "video" if kind_of_name(item.path) is Kind.VIDEO else "image"
