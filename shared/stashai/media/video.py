"""Clips and scenes as frames: opened with limits, sampled without decoding more than is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import av
from av.error import FFmpegError

from ..errors import MediaError
from .developing import develop
from .fingerprint import unreadable
from .frames import Frame
from .stereo import Eye, find_eye

OPEN_TIMEOUT = 20.0
READ_TIMEOUT = 20.0
"""Seconds after which a source that gives nothing is given up."""
MAX_SIDE = 16_384
MAX_SKIPPED = 3_000
"""Packets without a picture in a row after which a damaged stream is given up."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """`width`, `height` are displayed pixels (rotation and pixel shape applied, both eyes of stereo), `duration` and
    `keyframes` (None when the container has no index) in seconds from the first frame, `frame_rate` in frames a second."""

    width: int
    height: int
    duration: float
    frame_rate: float
    codec: str
    keyframes: tuple[float, ...] | None
    notes: tuple[str, ...] = field(default=())


class VideoReader:
    """One opened video. Not thread-safe; close it, or use it in a `with`.

    `source` is a path, a file-like object, or an address that the caller is allowed to open, with `headers`.
    Raises MediaError: missing, no video in it, unknown codec, too large, nothing decodable.
    """

    def __init__(self, source: Path | str | IO[bytes], *, name: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        self._name = name or (source.name if isinstance(source, Path) else "")
        self._container = _open(source, headers)
        try:
            self._stream = _video_stream(self._container)
            self._eye: Eye | None = None
            self._eye_known = False
            self.info = self._describe()
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._container.close()

    def keyframes(self, targets: Sequence[float]) -> Iterator[Frame]:
        """The keyframe at or just before each of `targets` (seconds, ascending), each keyframe once."""
        known = self.info.keyframes
        self._stream.codec_context.skip_frame = "NONKEY"
        try:
            if known is not None and len(targets) > len(known) / 2:
                yield from self._matching(targets, 1.0 / self.info.frame_rate)
            else:
                yield from self._seeking(targets)
        finally:
            self._stream.codec_context.skip_frame = "DEFAULT"

    def at(self, targets: Sequence[float]) -> Iterator[Frame]:
        """The first frame at or after each of `targets` (seconds, ascending): decodes all between the first and the last."""
        wanted = iter(targets)
        target = next(wanted, None)
        if target is None:
            return
        self._seek(target)
        for raw in self._decoded():
            time = self._time(raw)
            if target is not None and time >= target - 1e-3:
                yield self._develop(raw, time)
                while target is not None and target <= time + 1e-3:
                    target = next(wanted, None)
            if target is None:
                return

    def _matching(self, targets: Sequence[float], tolerance: float) -> Iterator[Frame]:
        self._seek(0.0)
        remaining = list(targets)
        for raw in self._decoded():
            time = self._time(raw)
            if remaining and time >= remaining[0] - tolerance:
                while remaining and remaining[0] <= time + tolerance:
                    remaining.pop(0)
                yield self._develop(raw, time)
            if not remaining:
                return

    def _seeking(self, targets: Sequence[float]) -> Iterator[Frame]:
        last = -1.0
        for target in targets:
            if target <= last:
                continue
            self._seek(target)
            raw = next(self._decoded(), None)
            if raw is None:
                continue
            time = self._time(raw)
            if time > last:
                last = time
                yield self._develop(raw, time)

    def _seek(self, seconds: float) -> None:
        base = self._stream.time_base or Fraction(1, 1000)
        start = self._stream.start_time or 0
        try:
            self._container.seek(int(round(seconds / base)) + start, stream=self._stream, backward=True, any_frame=False)
        except FFmpegError:
            if seconds > 0:
                return

    def _decoded(self) -> Iterator[Any]:
        """Raw frames; a damaged packet is passed over, many in a row end the stream."""
        skipped = 0
        packets = self._container.demux(self._stream)
        while skipped < MAX_SKIPPED:
            try:
                packet = next(packets, None)
            except FFmpegError:
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                skipped += 1
                continue
            for raw in frames:
                if raw.pts is not None:
                    skipped = 0
                    yield raw

    def _time(self, raw: Any) -> float:
        base = raw.time_base or self._stream.time_base or Fraction(1, 1000)
        return round(max(0.0, float((raw.pts - (self._stream.start_time or 0)) * base)), 3)

    def _develop(self, raw: Any, time: float) -> Frame:
        try:
            image, note = develop(raw, self._stream.sample_aspect_ratio)
        except (FFmpegError, ValueError) as error:
            raise MediaError(f"A frame cannot be converted: {error}.", code="undecodable") from error
        if not self._eye_known:
            self._eye, self._eye_known = find_eye(self._name, image, dict(self._stream.metadata)), True
        if self._eye is None:
            return Frame(image, time, note=note)
        cut, scale = self._eye.cut(image)
        return Frame(cut, time, scale=scale, note=note)

    def _describe(self) -> VideoInfo:
        context, stream = self._stream.codec_context, self._stream
        if max(context.width, context.height) > MAX_SIDE:
            raise MediaError(f"The video is {context.width} by {context.height} pixels large.", code="too-large", remedy="Make it smaller.")
        rate = float(stream.average_rate or stream.guessed_rate or 25)
        duration, notes = self._duration(), []
        if duration <= 0:
            notes.append("its length is unknown")
        width, height = displayed_size(context.width, context.height, stream.sample_aspect_ratio, _rotation(stream))
        return VideoInfo(width, height, duration, max(1.0, min(rate, 240.0)), context.name, self._index(), tuple(notes))

    def _duration(self) -> float:
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return float(self._container.duration or 0) / 1_000_000

    def _index(self) -> tuple[float, ...] | None:
        """Times of the keyframes out of the container's index; its stamps are decoding times, shifted onto the first frame."""
        entries = self._stream.index_entries
        base = self._stream.time_base
        if not base or len(entries) < 2:
            return None
        stamps = [entry.timestamp for entry in entries if entry.is_keyframe]
        if not stamps:
            return None
        times = tuple(max(0.0, float((stamp - stamps[0]) * base)) for stamp in stamps)
        covers = times[-1] >= 0.5 * self._duration() or len(times) == 1
        return times if covers else None


def displayed_size(width: int, height: int, pixel_shape: Fraction | None, rotation: int) -> tuple[int, int]:
    """What a player shows: non-square pixels stretched in width, quarter turns applied."""
    if pixel_shape and pixel_shape > 0 and not 0.98 < pixel_shape < 1.02:
        width = round(width * pixel_shape)
    return (height, width) if rotation % 180 == 90 else (width, height)


def _rotation(stream: Any) -> int:
    """The container's rotation needs a decoded frame in PyAV; the metadata of older files has it as a tag."""
    try:
        return int(stream.metadata.get("rotate", 0)) % 360
    except ValueError:
        return 0


def _open(source: Path | str | IO[bytes], headers: Mapping[str, str] | None) -> Any:
    if isinstance(source, Path):
        try:
            if source.stat().st_size == 0:
                raise MediaError("The file is empty.", code="empty-file", remedy="Copy it again from where it came.")
        except OSError as error:
            raise unreadable(source, error) from error
    options = {"headers": "".join(f"{name}: {value}\r\n" for name, value in headers.items())} if headers else {}
    target = source if hasattr(source, "read") else str(source)
    if isinstance(source, Path):
        target = f"file:{source}"
    try:
        return av.open(target, options=options, timeout=(OPEN_TIMEOUT, READ_TIMEOUT), metadata_errors="ignore")
    except (FFmpegError, OSError, UnicodeError) as error:
        raise MediaError(
            "It is no video that can be opened, or it is damaged at its beginning.",
            code="not-a-video",
            remedy="Play it elsewhere to check it, or copy it again from its source.",
        ) from error


def _video_stream(container: Any) -> Any:
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        raise MediaError("There is no video in this file.", code="no-video", remedy="It may be a sound file with a wrong name.")
    stream = max(streams, key=lambda s: (s.codec_context.width or 0) * (s.codec_context.height or 0) if s.codec_context else -1)
    if stream.codec_context is None:
        raise MediaError("Its video is in a codec that is not known here.", code="unknown-codec", remedy="Convert it to H.264.")
    stream.codec_context.thread_count = 1
    return stream


def _is_cover(stream: Any) -> bool:
    return bool(getattr(stream.disposition, "name", None) and "attached_pic" in str(stream.disposition).lower())
