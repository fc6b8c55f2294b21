"""Opening a video: which sources and formats are let in, and a sentence for each way in which it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import av
from av.error import FFmpegError
from av.stream import Discard, Disposition

from ..errors import MediaError
from .fingerprint import check_regular, unreadable

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

Source = Path | str | IO[bytes]

TIMEOUT = 20.0
"""Seconds after which a source that gives nothing is given up."""
MAX_PIXELS = 100_000_000
"""A larger picture is not decoded: one of them would take more than half a gigabyte on its way to RGB."""
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,live_flv,mpegts,mpeg,mpegvideo,h264,hevc,vvc,m4v,h263,obu,av1,ivf,vc1,vc1test,"
    "ogg,rm,mxf,nut,dv,wtv,swf,nsv,amv,aac,ac3,mp3,wav,flac"
)
"""What is let in: containers that hold their pictures themselves, and the sound files that are often among them. Playlists and
scripts, which lead to other files, are not, nor are texts, which some demuxer takes for a film."""


_LENIENT: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < 19 else {}
"""PyAV before 19 is strict about undecodable titles unless told otherwise; later ones have no such option and no such error."""


def open_container(source: Source, headers: Mapping[str, str] | None = None, timeout: float = TIMEOUT) -> InputContainer:
    """The opened container. A path is read as a file and nothing else: playlists that lead elsewhere are refused. An address
    (http or https) must come from a caller that may open it; redirects are not followed. Raises MediaError."""
    options = {"format_whitelist": _FORMATS}
    target: str | IO[bytes]
    if isinstance(source, Path):
        _check_file(source)
        options["protocol_whitelist"] = "file"
        target = f"file:{source}"
    elif isinstance(source, str):
        if not source.startswith(("http://", "https://")):
            raise MediaError("Only http and https addresses are opened.", code="bad-address")
        options |= {"protocol_whitelist": "http,https,tcp,tls", "max_redirects": "0"}
        if headers:
            options["headers"] = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in headers.items())
        target = source
    else:
        target = source
    try:
        container: InputContainer = av.open(target, mode="r", options=options, timeout=(timeout, timeout), **_LENIENT)
        return container
    except (FFmpegError, OSError, UnicodeError, ValueError) as error:
        raise _refused(error) from error


def _one_line(value: str) -> str:
    if "\r" in value or "\n" in value:
        raise MediaError("A header of several lines is refused.", code="bad-address")
    return value


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error if isinstance(error, OSError) else OSError(str(error))) from error
    check_regular(status)
    if status.st_size == 0:
        raise MediaError("The file is empty.", code="empty-file", remedy="Copy it again from where it came.")


def _refused(error: Exception) -> MediaError:
    said = str(error)
    if isinstance(error, PermissionError):
        return MediaError("The file may not be read.", code="no-permission", remedy="Give this user the right to read it.")
    if isinstance(error, TimeoutError | av.error.ExitError) or "timed out" in said.lower():
        return MediaError("Nothing came from it for too long.", code="stuck", remedy="Check the disk or the network, then retry.")
    if isinstance(error, av.error.HTTPError | ConnectionError):
        return MediaError(f"Its address cannot be read: {error.strerror}.", code="unreachable", remedy="Check the server and the key.")
    return MediaError(
        "It is no video that can be opened: cut off, damaged at its beginning, or of another kind.",
        code="not-a-video",
        remedy="Play it elsewhere to check it, or copy it again from its source.",
    )


def video_stream(container: InputContainer) -> VideoStream:
    """The largest real video stream, set to be decoded by one thread (faster than several where single frames are wanted);
    all other streams are passed over by the demuxer. Raises MediaError: no video, unknown codec, too large."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise MediaError("There is no video in this file.", code="no-video", remedy="Leave it out: it is a sound file, or empty.")
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise MediaError("Its video is in a codec that is not known here.", code="unknown-codec", remedy="Convert it to H.264.")
    stream = max(known, key=lambda one: one.codec_context.width * one.codec_context.height)
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        raise MediaError(f"The video is {width} by {height} pixels large.", code="too-large", remedy="Make it smaller.")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    return stream
