"""From a decoder's frame to upright RGB: pixel shape, rotation, interlacing, colour matrix, high dynamic range."""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av.filter
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

from .frames import Pixels
from .tonemap import HLG, PQ, tone_map

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

HDR_NOTE = "high dynamic range, tone-mapped"
MAX_DEVELOPED = 24_000_000
"""Pixels up to which a frame keeps its full resolution (6,000 by 4,000); larger ones are reduced to it."""
Chain = tuple[tuple[str, str | None], ...]
_UNSPECIFIED, _BT2020 = 2, 9
_HD_HEIGHT = 720
_COMBED = 0.02
"""Share of pixels in saw-tooth above which an interlaced frame shows motion, so that only one field is used."""
_TEETH = 20
UPRIGHT = (1, 0, 0, 1)
_TURNS: dict[tuple[int, int, int, int], Chain] = {
    UPRIGHT: (),
    (-1, 0, 0, 1): (("hflip", None),),
    (1, 0, 0, -1): (("vflip", None),),
    (-1, 0, 0, -1): (("hflip", None), ("vflip", None)),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}


class Developer:
    """Develops the frames of one stream. Not thread-safe: it keeps the filters that turn and split fields. `turn` is the
    stream's `orientation`."""

    def __init__(self, pixel_shape: Fraction | None = None, turn: tuple[int, int, int, int] = UPRIGHT) -> None:
        self._turn = turn
        self._shape = float(pixel_shape) if pixel_shape and Fraction(1, 8) <= pixel_shape <= 8 else 1.0
        self._graphs: dict[tuple[Chain, int, int, str], av.filter.Graph] = {}

    def displayed_size(self, raw: VideoFrame) -> tuple[int, int]:
        """(width, height) in pixels as a player shows it: pixel shape stretched in width, turned."""
        size = self._stretched(raw.width), raw.height
        return (size[1], size[0]) if self._turn[0] == 0 else size

    def develop(self, raw: VideoFrame) -> tuple[Pixels, float, str | None]:
        """(H, W, 3) uint8 RGB, C-contiguous, upright; how many displayed pixels one of its pixels is (1.0 unless reduced); and
        what is poor about it. Raises FFmpegError or ValueError for what cannot be converted."""
        chain: Chain = _TURNS[self._turn]
        width, height = self.displayed_size(raw)
        scale = max(1.0, math.sqrt(width * height / MAX_DEVELOPED))
        interlaced = bool(raw.interlaced_frame) and combed(raw)
        if interlaced:
            chain = (("field", "top"), *chain)
        flat = self._filtered(raw, chain) if chain else raw
        size = max(1, round(width / scale)), max(1, round(height / scale))
        image = flat.reformat(*size, format="rgb24", src_colorspace=_matrix(raw), threads=1).to_ndarray()
        if raw.color_trc in (PQ, HLG):
            wide = raw.color_primaries in (_UNSPECIFIED, _BT2020)
            return tone_map(np.ascontiguousarray(image), raw.color_trc, wide_gamut=wide), scale, HDR_NOTE
        return np.ascontiguousarray(image), scale, None

    def _stretched(self, width: int) -> int:
        return width if 0.99 < self._shape < 1.01 else max(1, round(width * self._shape))

    def _filtered(self, raw: VideoFrame, chain: Chain) -> VideoFrame:
        key = (chain, raw.width, raw.height, raw.format.name)
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graphs[key] = _graph(raw, chain)
        graph.push(raw)
        filtered: VideoFrame = graph.pull()  # type: ignore[assignment]  # a graph of pictures gives no sound
        return filtered


def _graph(raw: VideoFrame, chain: Chain) -> av.filter.Graph:
    graph = av.filter.Graph()
    graph.threads = 1
    last = graph.add_buffer(width=raw.width, height=raw.height, format=raw.format, time_base=raw.time_base or Fraction(1, 1000))
    for name, argument in chain:
        step = graph.add(name, argument)
        last.link_to(step)
        last = step
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def _matrix(raw: VideoFrame) -> str | None:
    """The YUV matrix where the frame does not say it: BT.709 for high definition, as players do; None for what it says."""
    if raw.colorspace != _UNSPECIFIED:
        return None
    if raw.color_trc in (PQ, HLG):
        return "BT2020"
    return "ITU709" if min(raw.width, raw.height) >= _HD_HEIGHT else "ITU601"


def orientation(raw: VideoFrame) -> tuple[int, int, int, int]:
    """The signs (a, b, c, d) of the display matrix (x' = a·x + c·y, y' = b·x + d·y); (1, 0, 0, 1) is upright, odd angles too.
    PyAV's own `rotation` takes a mirrored picture for one turned by 180°. Ask one frame of a stream, not each: a frame whose side
    data were looked at is never freed (PyAV 18)."""
    held: Any = raw.side_data
    data = held.get(Type.DISPLAYMATRIX)
    if data is None or data.buffer_size < 36:
        return UPRIGHT
    a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (_sign(a), 0, 0, _sign(d))
    return (0, _sign(b), _sign(c), 0)


def _sign(value: int) -> int:
    return -1 if value < 0 else 1


def combed(raw: VideoFrame) -> bool:
    """Whether the two fields of an interlaced frame show different moments: many pixels differ from the lines above and below
    in the same direction. True for formats that cannot be looked at cheaply."""
    luma = _luma(raw)
    if luma is None or luma.shape[0] < 16:
        return True
    lines = luma[:, ::4].astype(np.int16)
    above, below = lines[1:-1] - lines[:-2], lines[1:-1] - lines[2:]
    teeth = (np.minimum(np.abs(above), np.abs(below)) > _TEETH) & ((above > 0) == (below > 0))
    return float(teeth.mean()) > _COMBED


def _luma(raw: VideoFrame) -> NDArray[np.uint8] | None:
    if not raw.format.name.startswith(("yuv4", "yuvj4", "nv12", "gray")) or raw.format.components[0].bits != 8:
        return None
    plane: Any = raw.planes[0]
    if plane.line_size < raw.width:
        return None
    lines = np.frombuffer(plane, np.uint8, count=plane.line_size * raw.height)
    return lines.reshape(raw.height, plane.line_size)[:, : raw.width]
