"""Looking at a video at an interval that somebody asked for, instead of as often as the answer needs."""

from __future__ import annotations

from bisect import bisect_left

from .sampling import DENSE_MOST, Stage
from .video import VideoInfo


def every(info: VideoInfo, seconds: float) -> list[Stage]:
    """One look: of each stretch of `seconds` its first keyframe, else the first frame of it (DENSE_MOST frames at most)."""
    step = max(seconds, info.duration / DENSE_MOST)
    count = max(1, -int(-info.duration // step))
    keyframes = info.keyframes or ()
    starts = [number * step for number in range(count)]
    places = [bisect_left(keyframes, start) for start in starts]
    firsts = [keyframes[place] if place < len(keyframes) else info.duration + step for place in places]
    times = [first if first < start + step else start for start, first in zip(starts, firsts, strict=True)]
    return [Stage(tuple(round(time, 3) for time in times), False)]
