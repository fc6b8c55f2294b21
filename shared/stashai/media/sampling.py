"""Which moments of a video are looked at: cheap ones first, more of them only while somebody is undecided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .frames import Frame
from .video import VideoInfo, VideoReader

Mode = Literal["auto", "keyframes", "dense"]

COVER_EVERY = 1.5
"""Seconds between the frames of the first look at a short clip."""
FIRST_LOOK = 32
"""Frames of the first look at most."""
BUDGET = {"auto": 160, "keyframes": 160, "dense": 20_000}
"""Frames of one video at most, by mode."""
DENSE_STEP = 0.5
GRID_LIMIT = 180.0
"""Seconds up to which a clip with few keyframes is decoded as a whole for its first look."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Moments, in seconds, ascending. `keyframes`: the keyframes at or before them, else the very frames."""

    times: tuple[float, ...]
    keyframes: bool


def stages(info: VideoInfo, mode: Mode) -> list[Stage]:
    """The looks at a video, one after the other; a caller stops when it knows enough. Depends on the file alone.

    auto: keyframes spread over the length (a frame every 1.5 s up to 32), then twice as many, and so on up to 160; where a
    clip has too few keyframes, exact frames in between. keyframes: all of that at once, without exact frames. dense: a frame
    every half second.
    """
    if mode == "dense":
        return [_grid(info, max(DENSE_STEP, info.duration / BUDGET["dense"]))]
    looks, count = [], max(1, min(FIRST_LOOK, round(info.duration / COVER_EVERY)))
    while count < BUDGET[mode]:
        looks.append(count)
        count *= 2
    looks = [*looks, BUDGET[mode]]
    planned = [_look(info, number, exact=mode == "auto") for number in (looks if mode == "auto" else looks[-1:])]
    return _distinct(planned)


def read(reader: VideoReader, stage: Stage, have: Sequence[float]) -> Iterator[Frame]:
    """The stage's frames, without those whose time is among `have`."""
    missing = [time for time in stage.times if not _among(time, have, 0.5 / reader.info.frame_rate)]
    if missing:
        yield from reader.keyframes(missing) if stage.keyframes else reader.at(missing)


def _look(info: VideoInfo, count: int, *, exact: bool) -> Stage:
    if info.duration <= 0:
        return Stage((0.0,), keyframes=False)
    if info.keyframes is None:
        few = info.duration <= min(GRID_LIMIT, count * COVER_EVERY)
        return _grid(info, info.duration / count) if few and exact else _spread(info.duration, count)
    if len(info.keyframes) * 2 < count and exact and info.duration <= GRID_LIMIT:
        return _grid(info, max(DENSE_STEP, info.duration / count))
    return Stage(_thinned(info.keyframes, info.duration, count), keyframes=True)


def _thinned(keyframes: Sequence[float], duration: float, count: int) -> tuple[float, ...]:
    """At most `count` of the keyframes: of each of as many equal parts of the length, the one nearest to its middle."""
    if len(keyframes) <= count:
        return tuple(keyframes)
    part = duration / count
    best: dict[int, float] = {}
    for time in keyframes:
        slot = min(count - 1, int(time / part))
        middle = (slot + 0.5) * part
        if slot not in best or abs(time - middle) < abs(best[slot] - middle):
            best[slot] = time
    return tuple(best[slot] for slot in sorted(best))


def _spread(duration: float, count: int) -> Stage:
    return Stage(tuple(round(duration * (i + 0.5) / count, 3) for i in range(count)), keyframes=True)


def _grid(info: VideoInfo, step: float) -> Stage:
    count = max(1, int(info.duration / step))
    return Stage(tuple(round((i + 0.5) * info.duration / count, 3) for i in range(count)), keyframes=False)


def _distinct(planned: Sequence[Stage]) -> list[Stage]:
    kept: list[Stage] = []
    for stage in planned:
        if not kept or stage.times != kept[-1].times:
            kept.append(stage)
    return kept


def _among(time: float, have: Sequence[float], tolerance: float) -> bool:
    return any(abs(time - known) <= tolerance for known in have)
