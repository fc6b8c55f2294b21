"""What is in a scene or an image, as far as it can be measured: how many people, how good the picture, what kind of file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, ClassVar

from pydantic import BaseModel

from ..contracts.content import ContentTag, TagSpan
from ..media.appearance import typical
from ..media.asked import Answers
from ..media.frames import Frame
from ..media.medium import Medium
from ..media.sampling import Stage, read, stages
from ..processing.base import Entity, Metrics, Processor, Unit
from ..processing.context import Context
from .entities import WantedEntity
from .evidence import Evidence

LOOKED_AT = 8
"""Frames whose appearance is measured."""
CROWDS = ((1, "solo"), (2, "two people"), (3, "three people"))


class ContentParams(BaseModel):
    """`analysis_types`: tags (what is in it), categories (what kind of medium), quality."""

    entities: list[WantedEntity]
    analysis_types: list[str] = ["tags", "categories", "quality"]
    generate_tags: bool = True
    extract_metadata: bool = True


class Content(BaseModel):
    """What ContentAnalysisResponse tells; `quality_score` 0 to 1."""

    tags: list[ContentTag] = []
    categories: list[str] = []
    quality_score: float | None = None
    technical_metadata: dict[str, Any] | None = None


class _Entities(Processor[ContentParams, Content]):
    """What both services share: one unit an entity."""

    action_type: ClassVar[str] = "content_analysis"
    requires: ClassVar[tuple[str, ...]] = ("numpy", "PIL", "av")
    params: ClassVar[type[BaseModel]] = ContentParams
    result: ClassVar[type[BaseModel]] = Content

    def units(self, params: ContentParams, ctx: Context) -> Iterator[Unit]:
        for number, entity in enumerate(params.entities):
            yield Unit(f"{number}:{entity.type}:{entity.id}", Entity(entity.type, entity.id, path=entity.path, name=entity.title))

    def alone(self, unit: Unit, params: ContentParams) -> ContentParams:
        return params.model_copy(update={"entities": [params.entities[int(unit.key.partition(":")[0])]]})

    def medium(self, unit: Unit, params: ContentParams, ctx: Context) -> Medium:
        if ctx.media is None:
            raise RuntimeError("the context needs a way to media")
        return ctx.media.medium(params.entities[int(unit.key.partition(":")[0])])

    def metrics(self, result: Content) -> Metrics:
        return Metrics(tags=[tag.name for tag in result.tags], confidences=[tag.confidence for tag in result.tags])


class AnalyzeContent(_Entities):
    id: ClassVar[str] = "content.analyze"
    title: ClassVar[str] = "What is in a scene or an image"

    def process(self, unit: Unit, params: ContentParams, ctx: Context) -> Content:
        medium = self.medium(unit, params, ctx)
        frames, metadata = looked_at(medium)
        ctx.check()
        wanted = set(params.analysis_types)
        tags = people_tags(medium, ctx) if "tags" in wanted and params.generate_tags else []
        return Content(
            tags=tags,
            categories=categories_of(metadata) if "categories" in wanted else [],
            quality_score=round(typical(frames).score, 4) if "quality" in wanted else None,
            technical_metadata=metadata if params.extract_metadata else None,
        )


class ExtractMetadata(_Entities):
    id: ClassVar[str] = "metadata.extract"
    title: ClassVar[str] = "What a file says of itself"

    def process(self, unit: Unit, params: ContentParams, ctx: Context) -> Content:
        _, metadata = looked_at(self.medium(unit, params, ctx))
        return Content(
            categories=categories_of(metadata) if "categories" in params.analysis_types else [],
            technical_metadata=metadata if params.extract_metadata else None,
        )


def looked_at(medium: Medium) -> tuple[list[Frame], dict[str, Any]]:
    """A few frames over the length, and what the container says."""
    if medium.video is None:
        frames = medium.still() if medium.still else []
        width, height = frames[0].size
        length = frames[-1].time if len(frames) > 1 else None
        return frames[:LOOKED_AT], {"kind": "image", "width": width, "height": height, "frames": len(frames), "duration": length}
    with medium.video() as reader:
        info = reader.info
        first = stages(info, "keyframes")[0]
        step = max(1, len(first.times) // LOOKED_AT)
        few = Stage(first.times[::step][:LOOKED_AT], first.keyframes)
        frames = list(read(reader, few, Answers()))
        metadata = {
            "kind": "video",
            "width": info.width,
            "height": info.height,
            "duration": info.duration,
            "frame_rate": info.frame_rate,
            "codec": info.codec,
            "container": info.container,
            "stereo": info.stereo,
            "notices": [notice.message for notice in reader.notices] + sorted({f.note for f in frames if f.note}),
        }
    return frames, metadata


def categories_of(metadata: dict[str, Any]) -> list[str]:
    """Kinds of medium that players and filters know: resolution, orientation, stereo, length."""
    width, height = int(metadata["width"]), int(metadata["height"])
    found = [metadata["kind"], "vertical" if height > width * 1.1 else "horizontal" if width > height * 1.1 else "square"]
    lines = min(width, height)
    found += [name for least, name in ((2160, "4K"), (1080, "Full HD"), (720, "HD")) if lines >= least][:1] or ["SD"]
    if metadata.get("stereo"):
        found.append("stereo")
    if metadata["kind"] == "video":
        seconds = metadata.get("duration") or 0.0
        found.append("clip" if seconds < 300 else "long" if seconds > 2400 else "medium length")
    return found


def people_tags(medium: Medium, ctx: Context) -> list[ContentTag]:
    """How many people are seen at once, with the stretches of time; confidences are shares of the frames that show anybody."""
    frames = next(iter(Evidence(medium, "keyframes", ctx).looks()), [])
    counts = [(frame.time, len(frame.observations)) for frame in frames if frame.observations]
    tags = []
    for count, share in sorted(Counter(min(count, 4) for _, count in counts).items()):
        name = dict(CROWDS).get(count, "group")
        tags.append(ContentTag(name=name, confidence=share / len(counts), category="people", spans=_spans(counts, count) or None))
    return sorted(tags, key=lambda tag: -tag.confidence)


def _spans(counts: Sequence[tuple[float | None, int]], count: int) -> list[TagSpan]:
    spans = []
    for same, run in groupby(counts, key=lambda seen: min(seen[1], 4) == count):
        times = [time for time, _ in run if time is not None]
        if same and times:
            spans.append(TagSpan(start=times[0], end=times[-1]))
    return spans


