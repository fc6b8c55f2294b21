"""Figures of merit against what they are by definition."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stashai.bench.curves import calibration_error, curve, log_loss, named_rates, operating_point, reliability, svg

PROBABILITY = np.array([0.95, 0.9, 0.7, 0.6, 0.3, 0.2])
RIGHT = np.array([True, True, False, True, False, False])
KNOWN = np.array([True, True, False, True, True, False])


def test_rates_at_a_threshold() -> None:
    rates = named_rates(PROBABILITY, RIGHT, KNOWN, 0.65)
    assert rates.strangers == 0.5
    assert rates.found == 0.5
    assert rates.right == pytest.approx(2 / 3)


def test_a_threshold_nobody_reaches() -> None:
    rates = named_rates(PROBABILITY, RIGHT, KNOWN, 2.0)
    assert (rates.strangers, rates.found, rates.right) == (0.0, 0.0, 1.0)


@given(st.integers(0, 1000), st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_the_operating_point_names_no_more_strangers_than_allowed(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    scores, known = rng.random(200), rng.random(200) < 0.5
    point = operating_point(scores, known, share)
    assert (scores[~known] >= point).mean() <= share
    lower = scores[~known][scores[~known] < point]
    if len(lower):  # one step lower and there are too many
        assert (scores[~known] >= lower.max()).mean() > share


def test_a_curve_goes_from_nobody_to_everybody() -> None:
    rates = curve(PROBABILITY, RIGHT, KNOWN)
    assert [one.strangers for one in rates] == [0.0, 0.0, 0.5]
    assert [one.found for one in rates] == [0.0, 0.5, 0.75]


def test_perfect_probabilities_have_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    said = rng.random(200_000)
    assert calibration_error(said, rng.random(200_000) < said) < 0.01
    assert calibration_error(said, rng.random(200_000) < said**2) > 0.1
    assert calibration_error(np.zeros(0), np.zeros(0, bool)) == 0.0


def test_calibration_error_by_hand() -> None:
    said, so = np.array([0.81, 0.83, 0.15]), np.array([True, False, False])
    assert calibration_error(said, so) == pytest.approx((abs(1.64 - 1) + 0.15) / 3)
    assert [row["count"] for row in reliability(said, so)] == [1, 2]


def test_log_loss_by_hand() -> None:
    assert log_loss(np.array([0.5, 0.5]), np.array([True, False])) == pytest.approx(np.log(2))


def test_the_picture_is_well_formed() -> None:
    drawn = svg([("one", curve(PROBABILITY, RIGHT, KNOWN))], named_rates(PROBABILITY, RIGHT, KNOWN, 0.5))
    root = ElementTree.fromstring(drawn)
    assert root.tag.endswith("svg")
    assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 1
