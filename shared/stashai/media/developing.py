"""From a decoder's frame to upright RGB: pixel shape, rotation, interlacing, high dynamic range."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .frames import Pixels

PQ, HLG = 16, 18
"""Transfer characteristics of HDR video as H.273 numbers them: SMPTE ST 2084 and ARIB STD-B67."""
HDR_NOTE = "high dynamic range, tone-mapped"
REFERENCE_WHITE = 203.0
"""Nits of diffuse white (ITU-R BT.2408)."""
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)


def develop(raw: Any, pixel_shape: Fraction | None = None) -> tuple[Pixels, str | None]:
    """(H, W, 3) uint8 RGB as displayed, and what is poor about it. `raw` is PyAV's VideoFrame."""
    width = raw.width
    if pixel_shape and pixel_shape > 0 and not 0.98 < pixel_shape < 1.02:
        width = max(2, round(raw.width * float(pixel_shape)))
    note = None
    if int(raw.color_trc) in (PQ, HLG):
        image, note = _tone_mapped(raw, width), HDR_NOTE
    else:
        image = raw.reformat(width=width, format="rgb24").to_ndarray()
    if raw.interlaced_frame:
        image = one_field(image)
    turns = round(raw.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns) if turns else image), note


def one_field(image: Pixels) -> Pixels:
    """The first field of an interlaced picture, its missing lines interpolated: moving edges lose their comb."""
    lines = image[::2].astype(np.uint16)
    below = np.concatenate([lines[1:], lines[-1:]])
    result = image.copy()
    odd = result[1::2].shape[0]
    result[1::2] = ((lines[:odd] + below[:odd]) // 2).astype(np.uint8)
    return result


def _tone_mapped(raw: Any, width: int) -> Pixels:
    """HDR to SDR: to light, BT.2020 to BT.709 primaries, Reinhard's extended curve, gamma."""
    deep = raw.reformat(width=width, format="rgb48le").to_ndarray()
    light = _curve(int(raw.color_trc))[deep]
    light = np.maximum(light @ _BT2020_TO_BT709.T, 0.0)
    luminance = light @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    peak = 4.0
    mapped = luminance * (1.0 + luminance / (peak * peak)) / (1.0 + luminance)
    light *= (mapped / np.maximum(luminance, 1e-6))[..., None] * 2.0
    mapped_rgb: Pixels = (np.clip(light, 0.0, 1.0) ** (1 / 2.2) * 255.0 + 0.5).astype(np.uint8)
    return mapped_rgb


@cache
def _curve(transfer: int) -> NDArray[np.float32]:
    """Light relative to diffuse white for each 16-bit code value."""
    code = np.linspace(0.0, 1.0, 65536, dtype=np.float64)
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        power = code ** (1 / m2)
        nits = 10000.0 * (np.maximum(power - c1, 0.0) / (c2 - c3 * power)) ** (1 / m1)
        return (nits / REFERENCE_WHITE).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code * code / 3.0, (np.exp((code - c) / a) + b) / 12.0)
    return (scene ** 1.2 * 1000.0 / REFERENCE_WHITE).astype(np.float32)
