"""Which question a frame of a video answers. Only that makes it serve for another look: of two frames near a moment, the one that
a look finds must not depend on what was looked at before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


def keyframe(time: float) -> str:
    """The keyframe whose place in the index is `time`."""
    return f"key {time:.3f}"


def near(time: float) -> str:
    """The keyframe that is found by a seek to `time`, where nothing tells of the keyframes."""
    return f"near {time:.3f}"


def exact(time: float) -> str:
    """The first frame at or after `time` of those that others are made from."""
    return f"at {time:.3f}"


class Answers:
    """The frames that are there, as (question, time) pairs."""

    def __init__(self, frames: Iterable[tuple[str | None, float]] = ()) -> None:
        self._times = {question: time for question, time in frames if question is not None}
        self._exact = sorted((float(question[3:]), time) for question, time in self._times.items() if question.startswith("at "))

    def to(self, question: str) -> float | None:
        """The time of the frame that answers `question`. What is the first frame after a moment is that for every later moment
        before it, too."""
        if question in self._times or not question.startswith("at "):
            return self._times.get(question)
        moment = float(question[3:])
        place = bisect_right(self._exact, (moment, float("inf"))) - 1
        return self._exact[place][1] if place >= 0 and moment <= self._exact[place][1] else None
