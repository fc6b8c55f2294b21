"""Tone mapping: what is ordinary stays, what is brighter rolls off, hues stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stashai.media.tonemap import GAMMA, HLG, PQ, REFERENCE_WHITE, USUAL_PEAK, eetf, nits_to_pq, to_display, tone_map


def test_pq_is_the_standard() -> None:
    """Code values of SMPTE ST 2084 as ITU-R BT.2408 lists them."""
    assert nits_to_pq(np.array([0.0, 100.0, 203.0, 1000.0, 10_000.0])) == pytest.approx([0.0, 0.508, 0.581, 0.752, 1.0], abs=0.001)


def test_below_the_knee_nothing_changes_and_the_peak_becomes_white() -> None:
    mapped = eetf(np.array([0.1, 10.0, 60.0, USUAL_PEAK, 4 * USUAL_PEAK]), USUAL_PEAK, REFERENCE_WHITE)
    assert mapped[:3] == pytest.approx([0.1, 10.0, 60.0], rel=1e-6)
    assert mapped[3:] == pytest.approx([REFERENCE_WHITE, REFERENCE_WHITE], rel=1e-6)


@given(st.lists(st.floats(min_value=0, max_value=10_000), min_size=2, max_size=50))
@settings(deadline=None)
def test_brighter_stays_brighter(nits: list[float]) -> None:
    mapped = eetf(np.sort(np.array(nits)), USUAL_PEAK, REFERENCE_WHITE)
    assert (np.diff(mapped) >= -1e-6).all()
    assert mapped.max() <= REFERENCE_WHITE * 1.000001


@pytest.mark.parametrize("nits", [1.0, 20.0, 60.0])
def test_skin_in_pq_has_the_brightness_that_it_has_in_ordinary_video(nits: float) -> None:
    code = nits_to_pq(np.full((1, 3), nits))
    assert to_display(code, PQ)[0] == pytest.approx((nits / REFERENCE_WHITE) ** (1 / GAMMA), abs=0.005)


def test_hlg_white_is_white() -> None:
    """75 % of HLG's signal is diffuse white, 203 nits of 1,000 (ITU-R BT.2408)."""
    shown = to_display(np.array([[0.0, 0.0, 0.0], [0.75, 0.75, 0.75], [1.0, 1.0, 1.0]]), HLG)
    assert shown[0].max() < 0.02
    assert 0.85 < shown[1].mean() < 0.97
    assert shown[2] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("wide", [True, False])
def test_the_cube_gives_what_the_formulas_give(transfer: int, wide: bool) -> None:
    image = np.random.default_rng(3).integers(0, 200, (40, 50, 3), dtype=np.uint8)
    wanted = to_display(image.reshape(-1, 3) / 255.0, transfer, wide_gamut=wide).reshape(image.shape) * 255
    found = tone_map(image, transfer, wide_gamut=wide).astype(float)
    assert found.shape == image.shape
    assert np.abs(found - wanted).mean() < 2.0


def test_a_hue_stays() -> None:
    shown = to_display(nits_to_pq(np.array([[800.0, 400.0, 400.0]])), PQ, wide_gamut=False)[0]
    assert shown[1] == shown[2]
    assert (shown[1] / shown[0]) ** GAMMA == pytest.approx(0.5, rel=1e-6)
