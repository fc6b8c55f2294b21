"""Stereo video shows everybody twice: one eye is enough, and two would be taken for twins."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .frames import Pixels

_EDGE, _END = r"(?:^|[^a-z0-9])", r"(?:[^a-z0-9]|$)"
_BESIDE = re.compile(
    _EDGE + r"(?:h?-?sbs|half-?sbs|full-?sbs|fsbs|lr|rl|3dh|side.?by.?side|180x180_3dh|vr180|180_sbs|180_lr|lr_180)" + _END, re.IGNORECASE
)
_ABOVE = re.compile(
    _EDGE + r"(?:[hf]?-?tab|[hf]?-?tb|[hf]?-?ou|bt|3dv|top.?(?:and.?)?bottom|over.?under|180_tb|tb_180|360_tb)" + _END, re.IGNORECASE
)
_LAYOUTS = r"(?:sbs|tab|tb|ou|side|top|over)"
_HALF = re.compile(_EDGE + r"(?:h-?|half[^a-z0-9]*)" + _LAYOUTS, re.IGNORECASE)
_FULL = re.compile(_EDGE + r"(?:f-?|full[^a-z0-9]*)" + _LAYOUTS, re.IGNORECASE)
_BESIDE_TAGS = frozenset(["left_right", "right_left", "1", "11", "side_by_side"])
_ABOVE_TAGS = frozenset(["top_bottom", "bottom_top", "2", "3"])
_COARSE = 48
"""Side of the coarse picture of one half."""
_SHIFTS = 3
"""Coarse pixels by which near things may be apart in the two eyes: a sixteenth of the width."""
_OTHER_COLOURS = 24.0
"""Mean difference of the halves' levels, 0 to 255, beyond which they do not show the same thing."""
_DETAIL = 1.5
"""Standard deviation of grey levels below which a picture (black, a title) tells nothing."""


class Layout(Enum):
    BESIDE = "side-by-side"
    ABOVE = "top-bottom"


ALIKE = {"named": 0.45, "shaped": 0.65, "neither": 0.85}
"""How alike the halves must be, by what else speaks for stereo."""


@dataclass(frozen=True, slots=True)
class Eye:
    """The eye that is used: the left one of a side-by-side picture, the upper one of top-bottom. `squeezed`: both share the
    frame of one ordinary picture, so that each is stretched again."""

    layout: Layout
    squeezed: bool

    def cut(self, image: Pixels) -> tuple[Pixels, tuple[float, float]]:
        """The eye's (H, W, 3) pixels, a copy, and how many pixels of the whole picture one of them is in x and y."""
        height, width = image.shape[:2]
        beside = self.layout is Layout.BESIDE
        half = np.ascontiguousarray(image[:, : width // 2] if beside else image[: height // 2])
        if not self.squeezed:
            return half, (1.0, 1.0)
        rows, columns = half.shape[:2]
        size = (columns * 2, rows) if beside else (columns, rows * 2)
        return np.array(Image.fromarray(half).resize(size, Image.Resampling.BILINEAR)), (0.5, 1.0) if beside else (1.0, 0.5)


def expectations(name: str, metadata: Mapping[str, str], tagged: Layout | None, size: tuple[int, int]) -> dict[Layout, float]:
    """How alike the halves must be (`likeness`) to take a picture of `size` for stereo of each layout. A name or a tag that
    says so, or a shape of two pictures, lowers it."""
    width, height = size
    tag = metadata.get("stereo_mode", "").lower()
    named = {
        Layout.BESIDE: bool(_BESIDE.search(name)) or tag in _BESIDE_TAGS or tagged is Layout.BESIDE,
        Layout.ABOVE: bool(_ABOVE.search(name)) or tag in _ABOVE_TAGS or tagged is Layout.ABOVE,
    }
    shaped = {
        # Two 16:9 pictures, or the two squares of a 180° recording.
        Layout.BESIDE: width >= 3.2 * height or (1.9 * height <= width <= 2.1 * height and width >= 2880),
        Layout.ABOVE: height >= 0.95 * width and min(width, height) >= 1440,
    }
    return {layout: ALIKE["named" if named[layout] else "shaped" if shaped[layout] else "neither"] for layout in Layout}


def find_eye(pictures: Sequence[Pixels], needed: Mapping[Layout, float], name: str = "") -> Eye | None:
    """The eye of a video of which `pictures` are a few frames; None for a flat one. Every picture that shows anything must
    have halves as alike as `needed`; where both layouts qualify, the more alike one is meant. Whether they are squeezed is
    said by `name`, else by the shape: two upright pictures beside each other are about as wide as high."""
    found: dict[Layout, float] = {}
    for layout, least in needed.items():
        values = [value for value in (likeness(picture, layout) for picture in pictures) if value is not None]
        if values and min(values) >= least:
            found[layout] = min(values) - least
    if not found:
        return None
    layout = max(found, key=lambda one: found[one])
    height, width = pictures[0].shape[:2]
    shaped = 1.25 * height <= width < 1.9 * height if layout is Layout.BESIDE else width > 1.2 * height
    told = bool(_HALF.search(name)), bool(_FULL.search(name))
    return Eye(layout, shaped if told[0] == told[1] else told[0])


def likeness(image: Pixels, layout: Layout) -> float | None:
    """Correlation, -1 to 1, of the halves' coarse detail, at the best sideways shift; None for a picture without detail.
    Only detail counts: sky above and ground below are alike in the halves of every landscape."""
    height, width = image.shape[:2]
    beside = layout is Layout.BESIDE
    size = (2 * _COARSE, _COARSE) if beside else (_COARSE, 2 * _COARSE)
    step = max(1, min(width, height) // (4 * _COARSE))
    small = Image.fromarray(np.ascontiguousarray(image[::step, ::step])).resize(size, Image.Resampling.BOX)
    colours = np.asarray(small, dtype=np.float32)
    left, right = (colours[:, :_COARSE], colours[:, _COARSE:]) if beside else (colours[:_COARSE], colours[_COARSE:])
    one, other = _detail(left.mean(axis=2)), _detail(right.mean(axis=2))
    if min(float(one.std()), float(other.std())) < _DETAIL:
        return None
    if float(np.abs(left - right).mean()) > _OTHER_COLOURS:
        return 0.0
    inner = slice(_SHIFTS, _COARSE - _SHIFTS)
    return max(_correlation(one[:, inner], np.roll(other, shift, axis=1)[:, inner]) for shift in range(-_SHIFTS, _SHIFTS + 1))


def _detail(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """What differs from the surroundings (the mean of 9 by 9)."""
    padded = np.pad(grey, 4, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (9, 9))
    return np.asarray(grey - windows.mean(axis=(2, 3)), dtype=np.float32)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-6 else 0.0


def tagged_layout(side_data: Any) -> Layout | None:
    """What the stream's own stereo description says (AVStereo3D begins with its type: 1 beside, 2 above)."""
    if side_data is None or side_data.buffer_size < 4:
        return None
    return {1: Layout.BESIDE, 2: Layout.ABOVE}.get(struct.unpack_from("=i", bytes(side_data))[0])
