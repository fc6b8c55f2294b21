"""Pooled vectors and the features of the evidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.matching.crowd import LIKENESS, Crowd, calibration

from stashai.matching.fusion import SHRINK, TOP_SHARE, Support, cohort_means, evidence, feature_names, pool, terms
from stashai.matching.gallery import Gallery


def test_equal_frames_are_one_look_and_independent_ones_are_many() -> None:
    crowd = Crowd(1)
    face = crowd.vectors(0)["one"]
    assert pool([face] * 20, [1.0] * 20, LIKENESS).looks == pytest.approx(1.0, abs=1e-3)
    different = [crowd.vectors(0, spread=0.75)["one"] for _ in range(20)]
    assert pool(different, [1.0] * 20, LIKENESS).looks == pytest.approx(20.0, rel=0.2)


@given(st.integers(1, 30), st.floats(0.0, 2.0), st.integers(0, 1000))
def test_looks_are_between_one_and_how_many_there_are(count: int, spread: float, seed: int) -> None:
    crowd = Crowd(1, seed)
    pooled = pool([crowd.vectors(0, spread)["one"] for _ in range(count)], [0.5] * count, LIKENESS)
    assert 1.0 <= pooled.looks <= count + 1e-3
    assert np.linalg.norm(pooled.vector) == pytest.approx(1.0, abs=1e-5)


def test_a_better_face_weighs_more() -> None:
    crowd = Crowd(2)
    one, other = crowd.vectors(0)["one"], crowd.vectors(1)["one"]
    pooled = pool([one, other], [0.9, 0.1], LIKENESS)
    assert pooled.vector @ one > pooled.vector @ other


def test_quality_is_that_of_the_faces_that_weigh_most() -> None:
    crowd = Crowd(1)
    one, other = crowd.vectors(0)["one"], crowd.vectors(0)["one"]
    assert pool([one], [0.3], LIKENESS).quality == pytest.approx(0.3)
    assert pool([one, other], [0.9, 0.1], LIKENESS).quality == pytest.approx(0.82)
    looks, poor = Support.of([pool([one], [0.3], LIKENESS)]).terms
    assert looks == pytest.approx([0.0])
    assert poor == pytest.approx([0.7**0.5])


def test_a_cohort_mean_leaves_the_candidate_out() -> None:
    scores = np.array([[0.9, 0.5, 0.3, 0.1, 0.0, -0.1, -0.2, -0.3, -0.4]], np.float32)
    kept = round(TOP_SHARE * 8)
    means = cohort_means(scores, np.arange(9), 0.0, 9)
    assert kept == 2
    assert means[0, 0] == pytest.approx((0.5 + 0.3) / (kept + SHRINK))  # without its own 0.9
    assert means[0, 1] == pytest.approx((0.9 + 0.3) / (kept + SHRINK))
    assert means[0, 5] == pytest.approx((0.9 + 0.5) / (kept + SHRINK))


def test_without_others_a_cohort_is_what_is_usual() -> None:
    assert cohort_means(np.array([[0.7]], np.float32), np.arange(1), 0.2, 1)[0, 0] == np.float32(0.2)


def test_evidence_is_the_weighted_sum_of_the_named_features() -> None:
    crowd, fitted = Crowd(12), calibration()
    gallery = Gallery.build(crowd.people(10), crowd.references(10), ["one", "two"], fitted)
    items = {model: np.array([crowd.vectors(person)[model] for person in (1, 11)]) for model in ("one", "two")}
    scores, others = gallery.banks["one"].scores(items["one"]), [gallery.banks["two"].cosines(items["two"])]
    support = Support(np.array([1, 3], np.float32), np.array([0.9, 0.4], np.float32))
    known = fitted.configuration(("one", "two"))
    told = evidence(scores, others, support, gallery.support, known)
    parts = terms(scores, others, support, gallery.support)
    total = known.bias + sum(known.weights[name] * part for name, part in zip(feature_names(known.models), parts, strict=True))
    assert told == pytest.approx(np.broadcast_to(total, told.shape), abs=1e-4)
    assert told[0].argmax() == 1
