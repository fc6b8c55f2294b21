"""Probabilities: they grow with a person's own evidence, fall with everybody else's, and know how many are enrolled."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.unit.matching.crowd import calibration

from stashai.errors import ModelError
from stashai.matching.calibration import Calibration, ModelConstants, posterior, prior
from stashai.matching.fusion import Scores, Support, evidence, feature_names
from stashai.matching.pairs import same_person

EVIDENCE = arrays(np.float64, st.integers(1, 8), elements=st.floats(-60, 60))


@given(EVIDENCE, st.integers(1, 100_000), st.floats(0.001, 20), st.data())
def test_more_evidence_is_never_less_likely(ratios: np.ndarray, enrolled: int, more: float, data: st.DataObject) -> None:
    who = data.draw(st.integers(0, len(ratios) - 1))
    raised = ratios.copy()
    raised[who] += more
    before, after = posterior(ratios, enrolled), posterior(raised, enrolled)
    assert after[who] >= before[who]
    assert all(after[other] <= before[other] + 1e-12 for other in range(len(ratios)) if other != who)


@given(EVIDENCE, st.integers(1, 100_000))
def test_shares_are_probabilities(ratios: np.ndarray, enrolled: int) -> None:
    shares = posterior(ratios, enrolled)
    assert (shares >= 0).all()
    assert shares.sum() <= 1 + 1e-9


@given(st.integers(1, 1_000_000))
def test_among_more_people_each_is_less_likely_and_somebody_is_likelier(enrolled: int) -> None:
    assert prior(enrolled + 1) < prior(enrolled)
    assert prior(enrolled + 1) + math.log(enrolled + 1) > prior(enrolled) + math.log(enrolled)


def test_who_is_excluded_is_impossible() -> None:
    assert posterior(np.array([-np.inf, 3.0]), 2)[0] == 0.0
    assert posterior(np.array([-np.inf]), 1)[0] == 0.0


@given(st.floats(-1, 1), st.floats(0.001, 0.5), *[st.tuples(st.floats(1, 50), st.floats(0, 1))] * 2)
def test_the_shipped_constants_never_count_likeness_against_somebody(
    cosine: float, more: float, item: tuple[float, float], person: tuple[float, float]
) -> None:
    shipped = Calibration.load()
    for known in shipped.configurations:
        for raised in known.models:
            ratios = []
            for extra in (0.0, more):
                first, *others = (_scores(cosine + (extra if model == raised else 0.0)) for model in known.models)
                mine, theirs = (Support(*(np.array([value], np.float32) for value in side)) for side in (item, person))
                ratios.append(float(evidence(first, [other.cosine for other in others], mine, theirs, known)[0, 0]))
            assert ratios[1] >= ratios[0]


def _scores(cosine: float) -> Scores:
    return Scores(np.full((1, 1), cosine, np.float32), np.full((1, 1), 0.2, np.float32), np.full(1, 0.2, np.float32), 0.1)


def test_the_shipped_calibration_is_complete() -> None:
    shipped = Calibration.load()
    assert 0.5 < shipped.threshold < 1.0
    for known in shipped.configurations:
        assert list(known.weights) == feature_names(known.models)
        assert set(known.models) <= set(shipped.models)


def test_models_that_were_never_fitted_are_refused() -> None:
    with pytest.raises(ModelError, match="no calibration"):
        calibration().configuration(["three"])
    with pytest.raises(ModelError, match="no calibration"):
        same_person({"three": alike(1.0)}, {"three": alike(0.9)}, calibration())


def test_a_broken_file_says_what_to_do(tmp_path: Path) -> None:
    broken = tmp_path / "calibration.toml"
    broken.write_text("threshold = 0.8\n", encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        Calibration.load(broken)
    assert "fit_calibration" in caught.value.remedy


def alike(cosine: float) -> np.ndarray:
    """A unit vector with this cosine to alike(1.0)."""
    return np.array([cosine, math.sqrt(1 - cosine * cosine)], np.float32)


def test_two_faces_alone() -> None:
    fitted, face = calibration(), {model: alike(1.0) for model in ("one", "two", "unheard-of")}

    def together(**cosines: float) -> float:
        return same_person(face, {model: alike(cosine) for model, cosine in cosines.items()}, fitted)

    assert together(one=0.8, two=0.8) > 0.999 > together(one=0.3) > together(one=0.1)
    assert together(**{"one": 0.8, "unheard-of": -1.0}) == together(one=0.8)
    other = replace(fitted, threshold=0.1)
    assert same_person(face, {"one": alike(0.8)}, other) == together(one=0.8)


@given(arrays(np.float32, (3, 8), elements=st.floats(-1, 1, width=32)), arrays(np.float32, 8, elements=st.floats(-0.5, 0.5, width=32)))
def test_what_all_have_in_common_is_taken_off(rows: np.ndarray, centre: np.ndarray) -> None:
    constants = ModelConstants(0.7, 0.2, centre)
    lengths = np.linalg.norm(rows - centre, axis=1)
    assume(bool((lengths > 1e-3).all()))
    left = constants.centred(rows)
    assert np.allclose(np.linalg.norm(left, axis=1), 1.0, atol=1e-4)
    assert np.allclose(left * lengths[:, None] + centre, rows, atol=1e-4)
    assert np.array_equal(constants.centred(rows[0]), left[0])
