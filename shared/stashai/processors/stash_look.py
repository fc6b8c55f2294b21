"""Who is in scenes and images of a Stash whose plugin asks from another machine: one unit an item, by whatever way leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

from pydantic import BaseModel

from ..contracts.findings import Findings, Problem
from ..errors import MediaError
from ..media.medium import Medium
from ..processing.base import Entity, Metrics, Processor, Unit
from ..processing.context import Context, MediaResolver
from .entities import WantedEntity
from .evidence import Evidence
from .recognition import RecognitionParams
from .stash_media import sprite_medium
from .stash_recognition import SteppedRecognition

Source = Literal["sprite", "keyframes", "image", "frame"]


class LookItem(WantedEntity):
    """`fingerprint` is what the plugin knows the file by: another file under the same path is not looked at. `sheet`, `cues` and
    `cover` are uploads of what Stash generated; `sprite` is their fingerprint. `only_previews`: there is no way to the file.
    `at`: the one moment to look at, in seconds. `first_only`: the first look's faces, whoever they are."""

    fingerprint: str | None = None
    is_video: bool = False
    duration: float = 0.0
    sheet: str | None = None
    cues: str | None = None
    cover: str | None = None
    sprite: str | None = None
    only_previews: bool = False
    at: float | None = None
    first_only: bool = False

    @property
    def source(self) -> Source:
        return "frame" if self.at is not None else "sprite" if self.only_previews else "keyframes" if self.is_video else "image"


class LookParams(RecognitionParams):
    items: list[LookItem]


class Look(Findings):
    """As the plugin's own rows: which medium was looked at, and how."""

    fingerprint: str = ""
    source: str = ""


class LookForStash(Processor[LookParams, Look]):
    id: ClassVar[str] = "stash.look"
    title: ClassVar[str] = "Look for a Stash's plugin"
    action_type: ClassVar[str] = "facial_recognition"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL", "av")
    params: ClassVar[type[BaseModel]] = LookParams
    result: ClassVar[type[BaseModel]] = Look

    def __init__(self) -> None:
        self._recognition: SteppedRecognition | None = None
        self._items: dict[str, LookItem] = {}

    def load(self, params: LookParams, ctx: Context) -> None:
        self._recognition = SteppedRecognition(params, ctx)
        self._items = {item.id: item for item in params.items}

    def units(self, params: LookParams, ctx: Context) -> Iterator[Unit]:
        for item in params.items:
            yield Unit(item.id, Entity(item.type, item.id, path=item.path, name=item.title))

    def process(self, unit: Unit, params: LookParams, ctx: Context) -> Look:
        recognition, item = self._recognition, self._items[unit.key]
        if recognition is None or ctx.media is None:
            raise MediaError("Only a worker looks for a Stash's plugin.", code="no-way-to-media")
        medium = way_to(item, ctx.media)
        if item.first_only:
            next(iter(Evidence(medium, "auto", ctx).looks()), None)
            return Look(fingerprint=medium.fingerprint, source=item.source)
        if item.at is not None:
            return Look(**recognition.look_at(medium, item.at, ctx).model_dump(), fingerprint=medium.fingerprint, source=item.source)
        if item.sheet and item.cues and not item.only_previews and not recognition.has_seen(medium, ctx):
            # The quick look: what it sees is shown while the file is looked at.
            recognition.identify(previews(item, ctx.media), ctx, lambda fraction: None)
        seen = recognition.identify(medium, ctx, lambda fraction: ctx.control.progress(unit.key, fraction))
        if item.only_previews:
            seen.flags.append(_ONLY_PREVIEWS)
            seen.status = "flagged"
        return Look(**seen.model_dump(), fingerprint=medium.fingerprint, source=item.source)

    def alone(self, unit: Unit, params: LookParams) -> LookParams:
        return params.model_copy(update={"items": [item for item in params.items if item.id == unit.key]})

    def metrics(self, result: Look) -> Metrics:
        return Metrics(people_found=len(result.people), confidences=[person.probability for person in result.people])

    def models_used(self, ctx: Context) -> Sequence[str]:
        return self._recognition.models if self._recognition else ()

    def model_version(self, ctx: Context) -> str | None:
        return ctx.vision.detector_id


_ONLY_PREVIEWS = Problem(
    code="only-previews", message="Only what Stash generated was looked at: the worker cannot open the file, and it is too large to send."
)


def so_far(params: LookParams, item: LookItem, ctx: Context) -> Look | None:
    """Who is among the frames of an item that were seen until now, out of rows alone; None when there are none."""
    recognition = SteppedRecognition(params, ctx)
    ways: list[tuple[str | None, Source]] = [(item.fingerprint, item.source), (item.sprite, "sprite")]
    for fingerprint, source in ways:
        medium = Medium(fingerprint or "")
        if fingerprint and recognition.has_seen(medium, ctx):
            return Look(**recognition.so_far(medium, ctx).model_dump(), fingerprint=fingerprint, source=source)
    return None


def way_to(item: LookItem, media: MediaResolver) -> Medium:
    """Raises MediaError (no-way-to-media) when nothing allowed leads to that very file."""
    if item.only_previews:
        return previews(item, media)
    medium = media.medium(item)
    if item.fingerprint is not None and medium.fingerprint != item.fingerprint:
        raise MediaError(f"Another file than Stash's lies where {item.type} {item.id} is looked for.", code="no-way-to-media")
    return medium


def previews(item: LookItem, media: MediaResolver) -> Medium:
    cover = media.content(item.cover) if item.cover else None
    if item.sheet and item.cues:
        return sprite_medium(media.content(item.sheet), media.content(item.cues), item.duration, cover)
    raise MediaError(f"Nothing of {item.type} {item.id} was sent that can be looked at.", code="no-way-to-media")
