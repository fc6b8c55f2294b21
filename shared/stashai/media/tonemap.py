"""High dynamic range to ordinary RGB, so that a network which learnt from photographs sees skin as skin."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .frames import Pixels

Values = NDArray[np.float64]

PQ, HLG = 16, 18
"""Transfer characteristics as H.273 numbers them: SMPTE ST 2084 and ARIB STD-B67."""
REFERENCE_WHITE = 203.0
"""Nits of diffuse white in HDR (ITU-R BT.2408): what becomes white here."""
USUAL_PEAK = 1000.0
"""Nits of the brightest thing that is assumed: most masters' display, and HLG's nominal one."""
GAMMA = 2.4
_BT2020_TO_BT709 = np.array([[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]])
"""ITU-R BT.2087-0, for linear light."""
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593])
_GRID = 65


def tone_map(image: Pixels, transfer: int, *, wide_gamut: bool = True) -> Pixels:
    """(H, W, 3) uint8 RGB for an ordinary display, of (H, W, 3) uint8 RGB code values in `transfer` (PQ or HLG).

    A cube of 65³ exact values, interpolated: eight bits of PQ are coarse to look at, but fine for a face, and ten times as
    quick as the formulas on every pixel. `wide_gamut` turns BT.2020 primaries into BT.709's.
    """
    return np.array(Image.fromarray(image).filter(_cube(transfer, wide_gamut)))


@lru_cache(maxsize=4)
def _cube(transfer: int, wide_gamut: bool) -> ImageFilter.Color3DLUT:
    steps = np.linspace(0.0, 1.0, _GRID)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    codes = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
    return ImageFilter.Color3DLUT(_GRID, to_display(codes, transfer, wide_gamut=wide_gamut).astype(np.float32).ravel())


def to_display(codes: Values, transfer: int, *, wide_gamut: bool = True) -> Values:
    """(N, 3) code values 0 to 1 of an ordinary display for (N, 3) HDR ones.

    Light by the transfer's standard; BT.2020's primaries to BT.709's; ITU-R BT.2390's knee from 1,000 nits to 203 on the
    largest of the three channels, so that hues stay; BT.1886's gamma.
    """
    light = _pq_to_nits(codes) if transfer == PQ else _hlg_to_nits(codes)
    if wide_gamut:
        light = np.maximum(light @ _BT2020_TO_BT709.T, 0.0)
    brightest = light.max(axis=1, keepdims=True)
    mapped = eetf(brightest, USUAL_PEAK, REFERENCE_WHITE)
    light = light * np.divide(mapped, brightest, out=np.ones_like(brightest), where=brightest > 1e-9)
    return np.asarray(np.clip(light / REFERENCE_WHITE, 0.0, 1.0) ** (1 / GAMMA))


def _hlg_to_nits(codes: Values) -> Values:
    """ITU-R BT.2100: inverse OETF, then the OOTF of a display of 1,000 nits (system gamma 1.2 on luminance)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(codes <= 0.5, codes * codes / 3.0, (np.exp((codes - c) / a) + b) / 12.0)
    luminance = np.maximum(scene @ _BT2020_LUMINANCE, 1e-9)[:, None]
    return np.asarray(USUAL_PEAK * scene * luminance**0.2)


def _pq_to_nits(codes: Values) -> Values:
    """SMPTE ST 2084's EOTF."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = codes ** (1 / m2)
    return np.asarray(10_000.0 * (np.maximum(power - c1, 0.0) / (c2 - c3 * power)) ** (1 / m1))


def nits_to_pq(nits: Values) -> Values:
    """Code values 0 to 1 of SMPTE ST 2084 for absolute light."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = (np.maximum(nits, 0.0) / 10_000.0) ** m1
    return np.asarray(((c1 + c2 * power) / (1 + c3 * power)) ** m2)


def eetf(nits: Values, source_peak: float, target_peak: float) -> Values:
    """ITU-R BT.2390-10 section 5.4: nits on a display of `target_peak` for nits mastered on one of `source_peak`. What lies
    below the knee is left as it is; above it a Hermite spline in PQ rolls off to the target's peak."""
    source, target = nits_to_pq(np.array([source_peak, target_peak]))
    top = target / source
    knee = 1.5 * top - 0.5
    value = np.clip(nits_to_pq(nits) / source, 0.0, 1.0)
    t = np.clip((value - knee) / (1 - knee), 0.0, 1.0)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * top
    return _pq_to_nits(np.where(value < knee, value, spline) * source)
