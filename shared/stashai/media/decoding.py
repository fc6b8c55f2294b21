"""Packets in, raw frames out: seeking, skipping and damage in one place, whatever the container lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from av.error import FFmpegError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

MAX_DAMAGED = 500
"""Packets in a row that give no picture but an error, after which the rest is given up."""
_HEADLESS = frozenset(["mpegts", "mpeg", "mpegvideo", "h264", "hevc", "vvc", "m4v", "obu", "vc1", "dv", "ivf"])
"""Containers that are packets and nothing else, so that their first byte is a place to start from."""
_GATHER = 2
"""Seconds over which a picture without a keyframe of its own is gathered."""
CHECK_EVERY = 16
"""Packets between two looks at whether the caller wants to go on."""


class Decoding:
    """Reads one stream. Ticks are the stream's; time zero is the container's start. Not thread-safe.

    `check` is called now and then while packets are read; it may raise. A stream without any time stamps (a raw one) is
    numbered by packet at its frame rate and can only be read from its start.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self.check: Callable[[], None] | None = None
        self.base = stream.time_base or Fraction(1, 1000)
        self.rate = float(stream.average_rate or stream.guessed_rate or 25)
        self.start = _start(container, stream)
        self.damaged = 0
        self.broke_off = False
        self._numbered = 0
        self._by_bytes = bool(set(container.format.name.split(",")) & _HEADLESS)
        self._timeless = stream.start_time is None and container.duration is None

    @property
    def timeless(self) -> bool:
        """Whether times are counted, so that only reading from the start gives them."""
        return self._timeless

    def seconds(self, ticks: int) -> float:
        """Seconds since the start, to the millisecond: what frames are known by, however they were reached."""
        return round(max(0.0, float((ticks - self.start) * self.base)), 3)

    def ticks(self, seconds: float) -> int:
        return round(Fraction(seconds) / self.base) + self.start

    def seek(self, ticks: int) -> bool:
        """To the keyframe at or before `ticks`, or thereabouts; False when the container cannot."""
        try:
            self._container.seek(ticks, stream=self._stream)
        except FFmpegError:
            return False
        self._stream.codec_context.flush_buffers()
        self._numbered = 0
        return True

    def rewind(self) -> None:
        """To the very beginning, which a seek by time misses in a stream that begins in the middle of something."""
        if not self._by_bytes:
            # FLV without an index knows of no place before its first picture, which may come after its sound.
            if not self.seek(min(0, self.start)):
                self.seek(self._stream.start_time or 0)
            return
        try:
            self._container.seek(0, unsupported_byte_offset=True)
        except FFmpegError:
            self.seek(min(0, self.start))
        self._stream.codec_context.flush_buffers()
        self._numbered = 0

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Packets with a stamp, from where the container stands; damage ends them early (`broke_off`)."""
        packets = self._container.demux(self._stream)
        number = 0
        while True:
            number += 1
            if self.check is not None and number % CHECK_EVERY == 0:
                self.check()
            try:
                packet = next(packets, None)
            except FFmpegError:
                self.broke_off = True
                return
            if packet is None:
                return
            if packet.size:
                yield self._stamped(packet)

    def _stamped(self, packet: Packet[VideoStream]) -> Packet[VideoStream]:
        if self._timeless:
            packet.pts = packet.dts = self.start + round(self._numbered / self.rate / self.base)
            self._numbered += 1
        elif packet.pts is None and packet.dts is not None:
            packet.pts = packet.dts
        return packet

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """The frames that the decoder gives for a packet (None: those that it holds back); none for a damaged one."""
        try:
            frames = self._stream.codec_context.decode(packet)
        except FFmpegError:
            self.damaged += 1
            return []
        return [frame for frame in frames if frame.pts is not None and not frame.is_corrupt]

    def single(self, packet: Packet[VideoStream], following: Iterator[Packet[VideoStream]]) -> VideoFrame | None:
        """The picture of one keyframe's packet, without waiting for those that follow. Where the picture is spread over
        several packets (intra refresh), the first whole one out of `following`, at most two seconds on."""
        damaged = self.damaged
        frames = self.decode(packet) or self.decode(None)
        self._stream.codec_context.flush_buffers()
        if not frames and self.damaged == damaged:
            frames = self.decode(packet)
            while not frames and (after := next(following, None)) is not None:
                frames = self.decode(after)
                if (after.pts or 0) - (packet.pts or 0) > _GATHER / self.base:
                    break
            self._stream.codec_context.flush_buffers()
        return frames[0] if frames else None

    def frames(self, packets: Iterator[Packet[VideoStream]], *, reference_only: bool) -> Iterator[VideoFrame]:
        """All pictures of `packets` in the order of display. `reference_only` leaves out those that no other is made from: half
        the work where there are such, and the others' pixels are the same."""
        context = self._stream.codec_context
        context.skip_frame = "NONREF" if reference_only else "DEFAULT"
        good = self.damaged
        try:
            for packet in packets:
                frames = self.decode(packet)
                if frames:
                    good = self.damaged
                elif self.damaged - good > MAX_DAMAGED:
                    self.broke_off = True
                    return
                yield from frames
            yield from self.decode(None)
            context.flush_buffers()
        finally:
            context.skip_frame = "DEFAULT"


def _start(container: InputContainer, stream: VideoStream) -> int:
    """Time zero in the stream's ticks: where the container begins, as players count."""
    if container.start_time is not None and stream.time_base:
        begins = round(Fraction(container.start_time, 1_000_000) / stream.time_base)
        # Rounding to microseconds must not put the first frame a tick away from zero.
        if stream.start_time is not None and abs(begins - stream.start_time) <= 1:
            return stream.start_time
        return begins
    return stream.start_time or 0
