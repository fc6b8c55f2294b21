"""Which moments of a video are looked at: cheap ones first, more of them only while somebody is undecided."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from .asked import Answers, exact, keyframe, near
from .frames import Frame
from .video import VideoInfo, VideoReader

Mode = Literal["auto", "keyframes", "dense"]

FIRST_EVERY = 1.0
"""Seconds between the frames of the first look at a clip."""
FIRST_LOOK = 32
"""Keyframes of the first look at most."""
UNSEEN = 2.0
"""Seconds of a short clip that the first look leaves out at most (1.5 of its parts in a longer one): who is on screen for as long
is seen, also where no keyframe shows them."""
BUDGET = 160
"""Keyframes of one video at most, in a video of up to BUDGET × LONG_EVERY seconds; of a longer one, one every LONG_EVERY."""
LONG_EVERY = 30.0
MOST = 400
DENSE_STEP = 0.5
DENSE_MOST = 20_000
CLIP = 180.0
"""Seconds up to which a clip counts as short: undecided people are worth decoding it as a whole."""
SPARSE = 20.0
"""Seconds between keyframes beyond which they tell too little of what happens in between."""
SPARSE_UP_TO = 1200.0
"""Seconds of a video with sparse keyframes up to which it is decoded as a whole."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one look adds. `times` are seconds, ascending. `keyframes`: they are keyframes (or, where nothing tells where those
    are, moments whose nearest keyframe is meant); otherwise the first frame at or after each. `gaps` are exact frames that belong
    to the same look."""

    times: tuple[float, ...]
    keyframes: bool
    gaps: Stage | None = None

    def reused(self, info: VideoInfo, have: Answers) -> list[float]:
        """The times of those frames of `have` that serve for this look."""
        found = {time for question in self._questions(info) if (time := have.to(question)) is not None}
        return sorted(found.union(self.gaps.reused(info, have) if self.gaps else ()))

    def missing(self, info: VideoInfo, have: Answers) -> list[float]:
        """The times, without the gaps', for which no frame of `have` serves."""
        return [time for question, time in zip(self._questions(info), self.times, strict=True) if have.to(question) is None]

    def _questions(self, info: VideoInfo) -> list[str]:
        if self.keyframes:
            return [near(time) if info.keyframes is None else keyframe(time) for time in self.times]
        named = frozenset(info.keyframes or ())
        return [keyframe(time) if time in named else exact(time) for time in self.times]


def stages(info: VideoInfo, mode: Mode) -> list[Stage]:
    """The looks at a video, one after the other; a caller stops when it knows enough. They depend on the file alone, and each
    holds only what the ones before do not.

    auto: keyframes spread over the length (one a second up to 32; in a short clip also exact frames where they are more than
    two seconds apart), then twice as many, and so on up to 160 (400 of a long film); then, in a short clip or where keyframes
    are rare, exact frames where there was none: one a second, at last two.
    keyframes: all of those keyframes at once. dense: a frame every half second.
    """
    if mode == "dense":
        return [_filling(info, _dense_step(info), ())]
    if info.keyframes is None:
        looks = _spread_looks(info) if info.duration > 0 else [_filling(info, 2.0, ())]
    else:
        looks = _key_looks(info.keyframes, info.duration)
    if mode == "keyframes":
        return [_merged(looks)]
    if info.keyframes is not None and info.duration <= CLIP:
        looks[0] = replace(looks[0], gaps=_between(info, looks[0].times))
    return looks + _exact_looks(info, [time for look in looks for part in (look, look.gaps) if part for time in part.times])


def read(reader: VideoReader, stage: Stage, have: Answers) -> Iterator[Frame]:
    """The look's frames, without those for which one of `have` serves."""
    missing = stage.missing(reader.info, have)
    if missing:
        yield from reader.keyframes(missing) if stage.keyframes else reader.at(missing)
    if stage.gaps is not None:
        yield from read(reader, stage.gaps, have)


def spread(count: int) -> list[int]:
    """The numbers below `count`, the first ones of which, however many, are spread over all: 0, 4, 2, 6, 1, 5, 3, 7."""
    digits = max(1, (count - 1).bit_length())
    return sorted(range(count), key=lambda number: f"{number:0{digits}b}"[::-1])


def _counts(duration: float) -> list[int]:
    most = round(min(MOST, max(BUDGET, duration / LONG_EVERY)))
    count, counts = max(1, min(FIRST_LOOK, round(duration / FIRST_EVERY))), []
    while count < most:
        counts.append(count)
        count *= 2
    return [*counts, most]


def _key_looks(keyframes: Sequence[float], duration: float) -> list[Stage]:
    """Look by look, each part of the length that has no keyframe yet gets the one nearest to its middle."""
    length = max(duration, keyframes[-1] + 0.001)
    taken: set[float] = set()
    looks = []
    for count in _counts(length):
        part = length / count
        served = {int(time / part) for time in taken}
        best: dict[int, float] = {}
        for time in keyframes:
            slot = int(time / part)
            if slot in served or time in taken:
                continue
            middle = (slot + 0.5) * part
            if slot not in best or abs(time - middle) < abs(best[slot] - middle):
                best[slot] = time
        new = sorted(best.values())
        taken.update(new)
        if new:
            looks.append(Stage(tuple(new), True))
    return looks


def _between(info: VideoInfo, taken: Sequence[float]) -> Stage | None:
    """Exact frames where the times `taken` are too far apart, evenly between them."""
    most = max(UNSEEN, 1.5 * info.duration / FIRST_LOOK)
    times: list[float] = []
    for before, after in pairwise([0.0, *taken, info.duration]):
        count = math.ceil((after - before) / most - 1e-6)
        times += [round(before + (after - before) * part / count, 3) for part in range(1, count)]
    return Stage(tuple(times), False) if times else None


def _spread_looks(info: VideoInfo) -> list[Stage]:
    """Moments spread over the length, where nothing tells of the keyframes; each look's lie between those of the ones before."""
    looks, taken = [], 0
    for count in _counts(info.duration):
        if taken and count != 2 * taken:
            break
        step = info.duration / count
        if taken and step < DENSE_STEP:
            break
        # After a doubling, every second moment lies beside one that has been looked at.
        times = [round((i + 0.5) * step, 3) for i in range(count) if not taken or i % 2]
        taken = count
        looks.append(Stage(tuple(times), True))
    return looks


def _exact_looks(info: VideoInfo, keys: Sequence[float]) -> list[Stage]:
    """Exact frames between the keyframes, where it pays to decode them."""
    gaps = [after - before for before, after in zip([0.0, *keys], [*keys, info.duration], strict=True)]
    sparse = info.keyframes is not None and max(gaps, default=0.0) > SPARSE
    if info.duration <= 0 or info.duration > (SPARSE_UP_TO if sparse else CLIP):
        return []
    steps = [1.0, DENSE_STEP] if info.duration <= CLIP else [info.duration / BUDGET]
    looks, taken = [], list(keys)
    for step in steps:
        look = _filling(info, step, taken)
        if look.times and len(taken) + len(look.times) <= BUDGET:
            looks.append(look)
            taken += look.times
    return looks


def _filling(info: VideoInfo, step: float, taken: Sequence[float]) -> Stage:
    """A frame of each stretch of `step` seconds that has none: its first keyframe, else its first frame. Stretches begin at
    whole multiples, so that looks with different steps meet at the same frames."""
    count = max(1, -int(-info.duration // step)) if info.duration > 0 else BUDGET
    served = {int(time / step + 1e-6) for time in taken}
    keys: dict[int, float] = {}
    for time in info.keyframes or ():
        keys.setdefault(int(time / step + 1e-6), time)
    slots = [slot for slot in range(count) if slot not in served]
    return Stage(tuple(round(keys.get(slot, slot * step), 3) for slot in slots), False)


def _dense_step(info: VideoInfo) -> float:
    return max(DENSE_STEP, info.duration / DENSE_MOST)


def _merged(looks: Sequence[Stage]) -> Stage:
    return Stage(tuple(sorted(time for look in looks for time in look.times)), all(look.keyframes for look in looks))
