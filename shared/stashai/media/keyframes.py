"""Where the keyframes of a video are, told by its container and not by reading it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from av.error import FFmpegError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.index import IndexEntries
    from av.video.stream import VideoStream

_LAZY_INDEX = frozenset(["matroska", "webm", "asf"])
"""Containers whose index is read at the first seek."""
_WHOLE_INDEX = frozenset(["mov", "mp4", "avi"])
"""Containers whose index names every frame, so that a single keyframe in it is the only one there is."""
_HONEST_INDEX = _LAZY_INDEX | _WHOLE_INDEX | {"mxf", "nut"}
"""Containers whose index is one of keyframes; elsewhere it names whatever the demuxer happened to meet."""
_ROUGH_SEEK = frozenset(["asf"])
REORDERED = 0.13
"""Seconds that a keyframe's place in an index may be off: three frames."""
_COVERED = 0.5
"""Share of the length that an index must span to be believed: some name the first packets only. Where no length is told there may
be no index, and what looks like one are the packets that were read to open the file."""


@dataclass(frozen=True, slots=True)
class Keyframes:
    """`times` of all keyframes, seconds since the start, ascending. `exact`: a seek to a keyframe lands on it; otherwise only
    somewhere near it."""

    times: tuple[float, ...]
    exact: bool = True

    def before(self, time: float, tolerance: float = 0.0) -> int:
        """The index of the last keyframe at or before `time`; 0 when there is none."""
        return max(0, bisect_right(self.times, time + tolerance) - 1)

    def nearest(self, time: float) -> int:
        after = bisect_left(self.times, time)
        if after == len(self.times):
            return after - 1
        return after - 1 if after and time - self.times[after - 1] <= self.times[after] - time else after

    def named(self, time: float) -> int | None:
        """The keyframe whose very time this is."""
        number = self.nearest(time)
        return number if self.times[number] == time else None

    def wobble(self, number: int) -> float:
        """Seconds that a keyframe may be shown before or after its time: an index names decoding times. Never halfway to the next."""
        around = self.times[max(0, number - 1) : number + 2]
        return round(min([REORDERED, *(0.49 * (after - before) for before, after in pairwise(around))]), 3)

    def slack(self, number: int) -> float:
        """How many seconds before its time a packet may be and still be this keyframe: half the way to the one before."""
        return min(0.5, (self.times[number] - self.times[number - 1]) / 2) if number else 0.5

    def seek_time(self, number: int) -> float:
        """What to seek to, so that the container lands on this keyframe and not the one before: its place in the index may be
        a few frames from where it is shown."""
        time = self.times[number]
        # Less than half the way to the next: a clock of one tick a frame rounds.
        return time + min(0.2, (self.times[number + 1] - time) * 0.4) if number + 1 < len(self.times) else time + 0.2


@dataclass(frozen=True, slots=True)
class Index:
    """`keyframes` None when the container does not tell; `reachable` is the share of the indexed frames that the file still
    holds (less than 1.0: it was cut off)."""

    keyframes: Keyframes | None
    reachable: float = 1.0


def read_index(container: InputContainer, stream: VideoStream, start: int, duration: float, size: int | None) -> Index:
    """The index of `stream`: `start` in ticks is time zero, `size` the file's bytes where they are known.

    An index may name decoding times; two packets tell how far presentation is from that, the first and one in the middle
    (encoders treat their first picture apart). A keyframe's place is thus known to a frame or two; its frame carries its own
    exact time.
    """
    names = set(container.format.name.split(","))
    if not names & _HONEST_INDEX:
        return Index(None)
    if names & _LAZY_INDEX:
        _provoke(container, stream)
    stamps, lost = _held(stream.index_entries, size)
    base = stream.time_base
    if not stamps or not base:
        return Index(None)
    known = frozenset(stamps)
    first = _presentation_shift(container, stream, stamps[0], known)
    later = _presentation_shift(container, stream, stamps[len(stamps) // 2], known) if len(stamps) > 1 else first
    shown = [stamps[0] + first, *(stamp + later for stamp in stamps[1:])]
    times = [round(max(0.0, float((stamp - start) * base)), 3) for stamp in shown]
    last = max(times[-1], float((stream.index_entries[len(stream.index_entries) - 1].timestamp - start) * base))
    whole = names & _WHOLE_INDEX or len(times) > 1
    believed = whole and (0.0 < duration <= last / _COVERED or lost > 0.0)
    keyframes = Keyframes(_ascending(times), exact=not names & _ROUGH_SEEK)
    return Index(keyframes if believed else None, 1.0 - lost)


def _provoke(container: InputContainer, stream: VideoStream) -> None:
    try:
        container.seek(stream.start_time or 0, stream=stream)
    except FFmpegError:
        return


def _held(entries: IndexEntries, size: int | None) -> tuple[list[int], float]:
    """Stamps of the keyframes whose bytes the file holds, and the share of all frames whose bytes it does not."""
    count = len(entries)
    held = count
    if size is not None and count and entries[count - 1].pos + entries[count - 1].size > size:
        held = sum(1 for entry in entries if entry.pos + entry.size <= size)
    stamps: list[int] = []
    place = entries.search_timestamp(-(2**62), backward=False) if count else -1
    while place >= 0:
        entry = entries[place]
        if not entry.is_discard and (size is None or entry.pos + entry.size <= size):
            stamps.append(entry.timestamp)
        place = entries.search_timestamp(entry.timestamp + 1, backward=False)
    return stamps, 1.0 - held / count if count else 0.0


def _presentation_shift(container: InputContainer, stream: VideoStream, stamp: int, stamps: frozenset[int]) -> int:
    """Ticks from the index's stamps to the presentation, by the keyframe found near `stamp`."""
    try:
        container.seek(stamp, stream=stream)
        packet = next((one for one in container.demux(stream) if one.is_keyframe and one.size), None)
    except FFmpegError:
        return 0
    if packet is None or packet.pts is None or packet.dts not in stamps:
        return 0
    return packet.pts - packet.dts


def from_times(stamps: Sequence[int], seconds: Callable[[int], float]) -> Keyframes:
    """Keyframes out of presentation stamps as they were read."""
    return Keyframes(_ascending([seconds(stamp) for stamp in sorted(set(stamps))]), exact=False)


def _ascending(times: Sequence[float]) -> tuple[float, ...]:
    """Two stamps before the start become one moment each: kept apart by a millisecond, so that each can be asked for."""
    result: list[float] = []
    for time in times:
        result.append(max(time, round(result[-1] + 0.001, 3)) if result else time)
    return tuple(result)
