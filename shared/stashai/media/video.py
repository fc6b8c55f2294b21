"""Clips and scenes as frames: opened with limits, read without decoding more than is looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from av.error import FFmpegError
from av.sidedata.sidedata import Type

from ..errors import MediaError
from .asked import exact, keyframe, near
from .decoding import Decoding
from .developing import Developer, orientation
from .endings import ends_early
from .frames import Frame, Pixels
from .keyframes import Keyframes, from_times, read_index
from .opening import TIMEOUT, Source, open_container, video_stream
from .passages import Passages
from .stereo import ALIKE, Eye, expectations, find_eye, likeness, tagged_layout

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SCAN_UP_TO = 64 * 2**20
"""Bytes of a file without an index up to which its packets are read once, undecoded, to find the keyframes."""
SCAN_LENGTHLESS_UP_TO = 512 * 2**20
"""The same where nothing tells how long it is (a recording that was never closed): there is no other way to its later parts. What
is larger would take longer than a step of the plugin; its first minutes are looked at."""
TAIL = 3
"""Packets at the end among which one is damaged when the file was cut in the middle of it."""
FIRST_TRIES = 24
"""Keyframes that are tried until one gives a picture."""
CUT_OFF = 0.9
"""Share of the length that must be reachable for a file to count as whole."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the video that its user should know: a stable code, and half a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """`width`, `height` are displayed pixels (rotation and pixel shape applied, both eyes of stereo); `duration` in seconds,
    0.0 when nothing tells; `frame_rate` in frames a second; `keyframes` their times in seconds, ascending, None when neither
    the container nor a quick look at a small file tells; `stereo` "side-by-side", "top-bottom" or None."""

    width: int
    height: int
    duration: float
    frame_rate: float
    codec: str
    container: str
    keyframes: tuple[float, ...] | None
    stereo: str | None = None


class VideoReader:
    """One opened video. Not thread-safe; close it, or use it in a `with`.

    `source` is a path, a file-like object that can be sought in, or an http address that the caller may open, with `headers`;
    it is given up when nothing comes for `timeout` seconds. `name` (a path's own by default) may tell of stereo. Raises
    MediaError: missing, no video in it, unknown codec, too large, nothing that can be decoded. Frames carry the same time, to
    the millisecond, whichever way they were reached.
    """

    def __init__(
        self,
        source: Source,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._name = name or (source.name if isinstance(source, Path) else "")
        self._container = open_container(source, headers, timeout)
        self._notices: dict[str, str] = {}
        self._tail: deque[Packet[VideoStream]] = deque(maxlen=TAIL)
        try:
            self._stream = video_stream(self._container)
            self._decoding = Decoding(self._container, self._stream)
            self._duration = _told_duration(self._container, self._stream, self._decoding.start)
            self._keys = self._find_keyframes(source.stat().st_size if isinstance(source, Path) else None)
            if isinstance(source, Path):
                self._check_end(source)
            self._head = self._first_picture()
            self._developer = Developer(self._stream.sample_aspect_ratio, orientation(self._head))
            self._passages = Passages(self._decoding, self._keys, self._head, self._broken_at)
            self._eye = self._find_eye()
            self.info = self._describe()
        except FFmpegError as error:
            self._container.close()
            raise MediaError(
                f"The video is damaged: {error.strerror or error}.", code="damaged", remedy="Copy it again from its source."
            ) from error
        except BaseException:  # raised again: nobody else has the container yet
            self._container.close()
            raise

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._container.close()

    def watch(self, check: Callable[[], None]) -> None:
        """Have `check` called several times a second from now on while packets are read; what it raises ends the reading."""
        self._decoding.check = check

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was found to be damaged so far; complete once everything that is wanted was read."""
        found = dict(self._notices)
        if self._decoding.damaged:
            found.setdefault("damaged", "parts of it are damaged and were left out; copy it again from its source")
        if self._decoding.broke_off:
            found.setdefault("cut-off", "it breaks off: what comes later could not be read; copy it again from its source")
        return tuple(Notice(code, message) for code, message in found.items())

    def keyframes(self, targets: Sequence[float]) -> Iterator[Frame]:
        """The keyframe nearest to each of `targets` (seconds, ascending), each once; where nothing tells of the keyframes, the
        first that a seek to the target finds. Nothing but keyframes is decoded."""
        ask = near if self._keys is None else keyframe
        for target, raw in self._passages.keyframes(targets):
            yield self._develop(raw, ask(target))

    def at(self, targets: Sequence[float]) -> Iterator[Frame]:
        """The first frame at or after each of `targets` (seconds, ascending) among those that others are made from, each once;
        the last one for what lies behind it. Only the stretches from a keyframe to the last target before the next one are
        decoded."""
        named = frozenset(self._keys.times if self._keys else ())
        for target, raw in self._passages.at(targets):
            yield self._develop(raw, keyframe(target) if target in named else exact(target))

    def _develop(self, raw: VideoFrame, asked: str) -> Frame:
        try:
            image, scale, note = self._developer.develop(raw)
        except (FFmpegError, ValueError) as error:
            raise MediaError(
                f"A frame cannot be converted: {error}.", code="undecodable", remedy="Convert the video to H.264 in an MP4 file."
            ) from error
        time = self._decoding.seconds(raw.pts or 0)
        if self._eye is None:
            return Frame(image, time, note=note, scale=(scale, scale), asked=asked)
        cut, (x, y) = self._eye.cut(image)
        return Frame(cut, time, note=note, scale=(x * scale, y * scale), asked=asked)

    def _find_keyframes(self, size: int | None) -> Keyframes | None:
        index = read_index(self._container, self._stream, self._decoding.start, self._duration, size)
        if index.reachable < 1.0:
            self._broken_at(index.reachable * self._duration)
        if index.keyframes is not None or size is None or size > (SCAN_UP_TO if self._duration else SCAN_LENGTHLESS_UP_TO):
            return index.keyframes
        return self._scanned()

    def _scanned(self) -> Keyframes | None:
        """The keyframes by reading all packets, undecoded; the duration with them where the container did not tell, or told of
        more than is there."""
        self._decoding.rewind()
        stamps, end = [], 0.0
        for packet in self._decoding.packets():
            self._tail.append(packet)
            if packet.pts is None:
                continue
            if packet.is_keyframe:
                stamps.append(packet.pts)
            end = max(end, self._decoding.seconds(packet.pts + (packet.duration or 0)))
        if end < CUT_OFF * self._duration:
            self._broken_at(end)
        else:
            self._duration = end
        return from_times(stamps, self._decoding.seconds) if stamps else None

    def _check_end(self, path: Path) -> None:
        """Notes when the file ends in the middle of something, where its length tells nothing."""
        size, names = path.stat().st_size, self._container.format.name.split(",")
        last = self._tail[-1] if self._tail else None
        behind = last.pos + last.size if last is not None and last.pos is not None else None
        with path.open("rb") as file:
            if any(packet.is_corrupt for packet in self._tail) or ends_early(names, file, size, behind):
                self._notices.setdefault("cut-off", "it breaks off: its end is missing; copy it again from its source")

    def _broken_at(self, time: float) -> None:
        if time < CUT_OFF * self._duration:
            digits = 0 if self._duration > 20 else 1
            said = f"it is cut off: of {self._duration:.{digits}f} seconds only about {max(0.0, time):.{digits}f} can be read"
            self._notices.setdefault("cut-off", f"{said}; copy it again from its source")

    def _first_picture(self) -> VideoFrame:
        """The first keyframe that can be decoded: it tells of rotation, fields and stereo."""
        self._decoding.rewind()
        packets, tried = self._decoding.packets(), 0
        for packet in packets:
            if not packet.is_keyframe:
                continue
            raw = self._decoding.single(packet, packets)
            if raw is not None:
                return raw
            tried += 1
            if tried == FIRST_TRIES:
                break
        self._decoding.rewind()
        raw = next(self._decoding.frames(self._decoding.packets(), reference_only=False), None)
        if raw is None:
            raise MediaError(
                "No picture of it can be decoded.", code="undecodable", remedy="Play it elsewhere to check it, or convert it to H.264."
            )
        return raw

    def _find_eye(self) -> Eye | None:
        held: Any = self._head.side_data
        needed = expectations(
            self._name, self._stream.metadata, tagged_layout(held.get(Type.STEREO3D)), self._developer.displayed_size(self._head)
        )
        head = self._developer.develop(self._head)[0]
        telling = any(likeness(head, layout) is not None for layout in needed)
        if telling and min(needed.values()) == ALIKE["neither"] and find_eye([head], needed, self._name) is None:
            return None
        return find_eye([head, *self._later_pictures()], needed, self._name)

    def _later_pictures(self) -> Iterator[Pixels]:
        """Two more moments: the first picture is often black, or a title that both eyes see alike."""
        for _, raw in self._passages.keyframes([self._duration / 3, self._duration * 2 / 3]):
            yield self._developer.develop(raw)[0]

    def _describe(self) -> VideoInfo:
        width, height = self._developer.displayed_size(self._head)
        return VideoInfo(
            width=width,
            height=height,
            duration=round(self._duration, 3),
            frame_rate=max(1.0, min(self._decoding.rate, 240.0)),
            codec=self._stream.codec_context.name,
            container=self._container.format.name,
            keyframes=self._keys.times if self._keys else None,
            stereo=self._eye.layout.value if self._eye else None,
        )


def _told_duration(container: Any, stream: VideoStream, start: int) -> float:
    """Seconds by the stream, else by the container; 0.0 when neither tells, or tells nonsense."""
    told = 0.0
    if stream.duration and stream.time_base:
        # The stream's length counts from its own first frame, which may come after the container's start.
        begins = max(0, (stream.start_time or 0) - start)
        told = float((stream.duration + begins) * stream.time_base)
    elif container.duration:
        told = container.duration / 1_000_000
    if container.format.name == "avi" and stream.frames and stream.average_rate:
        # Of a file that was cut off FFmpeg shortens the length, but not the number of frames that the header names.
        told = max(told, float(stream.frames / stream.average_rate))
    return told if 0.0 < told < 1e6 else 0.0
