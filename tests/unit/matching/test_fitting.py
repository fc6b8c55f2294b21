"""What the calibration is fitted on, and that fitting finds what made the data."""

from __future__ import annotations

import numpy as np

from stashai.matching.calibration import prior
from stashai.matching.fitting import RIVALS, Sample, fit
from stashai.matching.fusion import feature_names

MODELS = ("one",)


def probes(size: int, count: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of `count` probes against `size` people, and who they are: the cosine alone tells."""
    rng = np.random.default_rng(seed)
    features = np.zeros((count, size, len(feature_names(MODELS))), np.float32)
    features[..., 0] = rng.normal(0.1, 0.1, (count, size))
    truth = np.where(rng.random(count) < np.exp(prior(size)) * size / (1 + np.exp(prior(size)) * size), rng.integers(0, size, count), -1)
    known = np.flatnonzero(truth >= 0)
    features[known, truth[known], 0] = rng.normal(0.5, 0.1, len(known))
    return features, truth


def test_the_right_person_and_the_likest_others_are_kept() -> None:
    features, truth = probes(300)
    sample = Sample.of(features, truth, np.ones(len(truth)))
    assert sample.features.shape[1] == RIVALS + 1
    assert sample.enrolled == 300
    assert np.array_equal(sample.truth >= 0, truth >= 0)
    known = np.flatnonzero(truth >= 0)
    assert np.array_equal(sample.features[known, sample.truth[known]], features[known, truth[known]])
    assert np.array_equal(sample.features[..., 0].max(axis=1), features[..., 0].max(axis=1))


def test_leaving_out_those_who_weigh_nothing_changes_nothing() -> None:
    features, truth = probes(300, 3000)
    weight = np.ones(len(truth))
    whole, part = fit([Sample(features, truth, weight, 300)], MODELS), fit([Sample.of(features, truth, weight)], MODELS)
    # Normal scores 0.4 apart that spread by 0.1: the log of the likelihood ratio is 40 x - 12.
    assert abs(whole.weights["one.cosine"] - 40) < 8
    assert abs(part.weights["one.cosine"] - whole.weights["one.cosine"]) < 1.5
    assert abs(part.bias - whole.bias) < 0.8
