"""The cheapest way through a video to the frames that are wanted: when to seek, when to read on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from .decoding import Decoding
from .keyframes import Keyframes

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    Packets = Iterator[Packet[VideoStream]]

STEP_OVER = 1.0
"""Seconds to the next wanted keyframe up to which reading on is cheaper than seeking."""
READ_ON = 10.0
"""The same for exact frames where nothing tells where the keyframes are."""
_RUN_UPS = (1.5, 12.0)
"""Seconds before the target at which one enters a container whose seeks are rough: they go by decoding times, land behind
what was asked for, and the first stamps after them may be wrong."""


class Passages:
    """Raw frames of one stream, each with the moment that it was asked for. `keys` None: nothing tells where the keyframes are.
    `head` is the first picture, which is decoded already; `broken_at` is told the second at which the file ends too early."""

    def __init__(
        self, decoding: Decoding, keys: Keyframes | None, head: VideoFrame, broken_at: Callable[[float], None]
    ) -> None:
        self._decoding, self._keys, self._head, self._broken_at = decoding, keys, head, broken_at

    def keyframes(self, targets: Sequence[float]) -> Iterator[tuple[float, VideoFrame]]:
        """The keyframe nearest to each of `targets`, each once; without known keyframes, the one found by a seek to it."""
        if self._keys is None:
            return self._sought(targets)
        return self._known(sorted({self._keys.nearest(target) for target in targets}), self._keys)

    def at(self, targets: Sequence[float]) -> Iterator[tuple[float, VideoFrame]]:
        """The first reference frame at or after each of `targets`, each once; the last one for what lies behind it."""
        wanted, place, last = sorted(targets), 0, -1.0
        while place < len(wanted):
            packets = self._entered(wanted[place])
            leave, reached = self._leave_at(wanted, place), False
            passed: VideoFrame | None = None
            for raw in self._decoding.frames(packets, reference_only=True):
                time = self._time(raw)
                if not self._serves(raw, time, wanted[place]):
                    passed = raw
                    continue
                reached = True
                if time > last:
                    yield wanted[place], raw
                    last = time
                place += 1
                while place < len(wanted) and wanted[place] <= time + 0.001:
                    place += 1
                if place >= leave:
                    break
            if not reached:
                if passed is not None and self._time(passed) > last:
                    yield wanted[place], passed
                return

    def _time(self, raw: VideoFrame) -> float:
        return self._decoding.seconds(raw.pts or 0)

    def _serves(self, raw: VideoFrame, time: float, target: float) -> bool:
        """Whether this is the first frame at or after `target`; or, where a keyframe's place in the index was asked for, that
        keyframe, be it shown a little before or after."""
        number = None if self._keys is None else self._keys.named(target)
        if self._keys is None or number is None:
            return time >= target - 0.001
        wobble = self._keys.wobble(number)
        return (raw.key_frame and time >= target - wobble) or time > target + wobble

    def _leave_at(self, wanted: Sequence[float], place: int) -> int:
        """The place in `wanted` from which on another seek pays: a keyframe lies well behind the target before, or a gap."""
        if self._decoding.timeless:
            return len(wanted)
        for following in range(place + 1, len(wanted)):
            before, after = wanted[following - 1], wanted[following]
            if self._keys is None:
                if after - before > READ_ON:
                    return following
            elif self._keys.times[self._keys.before(after, 0.001)] > before + (STEP_OVER if self._keys.exact else READ_ON):
                return following
        return len(wanted)

    def _entered(self, target: float) -> Packets:
        """Packets from the keyframe on that is needed for the frame at `target`."""
        if self._keys is None:
            return self._approached(target, 0.0, target + 0.001)
        number = self._keys.before(target, 0.001)
        return self._at_key(number, self._keys)

    def _at_key(self, number: int, keys: Keyframes) -> Packets:
        if keys.exact:
            self._decoding.seek(self._decoding.ticks(keys.seek_time(number)))
            return self._from_key(self._decoding.packets(), keys.times[number] - keys.slack(number))
        time, slack = keys.times[number], keys.slack(number)
        return self._approached(time, time - slack, time + slack)

    def _approached(self, time: float, earliest: float, latest: float) -> Packets:
        """Packets from a keyframe on whose time lies between `earliest` and `latest`; from the first at or after `earliest`
        when none does."""
        for run_up in _RUN_UPS:
            if self._decoding.timeless or time <= run_up:
                break
            if not self._decoding.seek(self._decoding.ticks(time - run_up)):
                break
            packets = self._from_key(self._decoding.packets(), max(earliest, 0.001))
            first = next(packets, None)
            if first is not None and self._decoding.seconds(first.pts or 0) <= latest:
                return chain([first], packets)
        self._decoding.rewind()
        return self._from_key(self._decoding.packets(), earliest)

    def _from_key(self, packets: Packets, earliest: float) -> Packets:
        """`packets` without those before the first keyframe at or after `earliest`."""
        for packet in packets:
            if packet.is_keyframe and packet.pts is not None and self._decoding.seconds(packet.pts) >= earliest:
                yield packet
                yield from packets

    def _known(self, wanted: Sequence[int], keys: Keyframes) -> Iterator[tuple[float, VideoFrame]]:
        packets: Packets | None = None
        last = 0
        for number in wanted:
            if number == 0 and abs(self._time(self._head) - keys.times[0]) <= keys.slack(0):
                yield keys.times[0], self._head
                continue
            near = packets is not None and (keys.times[number] - keys.times[last] <= STEP_OVER or self._decoding.timeless)
            if packets is not None and near:
                packets = self._from_key(packets, keys.times[number] - keys.slack(number))
            else:
                packets = self._at_key(number, keys)
            packet, last = next(packets, None), number
            if packet is None:
                self._broken_at(keys.times[number])
                return
            raw = self._decoding.single(packet, packets)
            if raw is None or raw.pts != packet.pts:
                # What gathered a picture out of several packets may have run past the next keyframe.
                packets = None
            if raw is not None:
                yield keys.times[number], raw

    def _sought(self, targets: Sequence[float]) -> Iterator[tuple[float, VideoFrame]]:
        """Without known keyframes: the first one from a little before each target on. Close targets are reached by reading on."""
        packets: Packets | None = None
        last, missed = -1.0, False
        for target in targets:
            if target <= last:
                continue
            if packets is not None and target - last <= READ_ON:
                packets = self._from_key(packets, max(last + 0.001, target - _RUN_UPS[0]))
            else:
                packets = self._approached(target, last + 0.001, float("inf"))
            packet = next(packets, None)
            if packet is None:
                packets, missed = None, True
                continue
            last = self._decoding.seconds(packet.pts or 0)
            raw = self._decoding.single(packet, packets)
            if raw is not None:
                yield target, raw
        if missed:
            self._broken_at(last)
