"""What lowers the quality of a face."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from stashai.vision.align import similarity, template
from stashai.vision.detect_look import Refined
from stashai.vision.faces import Face
from stashai.vision.quality import FEATURES, MATCH_FLOOR, PARTS, REFERENCE_FLOOR, features, measure, pose, score, sharpness

GOOD = {"size": 45.0, "sharpness": 0.5, "yaw": 0.05, "pitch": 0.1, "detector": 0.94, "fit": 1.5, "norm": 1.0}


def face(points: np.ndarray) -> Refined:
    landmarks = np.asarray(points, np.float32)
    return Refined(Face((0, 0, 100, 120), landmarks, 0.9, 0.0), similarity(landmarks, template()), 1.0)


def crop() -> np.ndarray:
    generator = np.random.default_rng(3)
    pixels = generator.integers(0, 255, (28, 28, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(pixels).resize((112, 112), Image.Resampling.BICUBIC))


def test_a_clear_portrait_may_be_a_reference() -> None:
    assert score(GOOD) > 0.8 > REFERENCE_FLOOR > MATCH_FLOOR


@pytest.mark.parametrize(("part", "worse"), [("size", 7.0), ("sharpness", 0.03), ("yaw", 1.2), ("detector", 0.6), ("norm", 0.4)])
def test_each_weakness_lowers_it(part: str, worse: float) -> None:
    assert score({**GOOD, part: worse}) < score(GOOD)


def test_what_looks_like_no_face_to_both_networks_is_not_matched() -> None:
    assert score({**GOOD, "detector": 0.62, "norm": 0.35, "fit": 6.0}) < MATCH_FLOOR


def test_it_stays_between_nought_and_one() -> None:
    worst = {"size": 0.0, "sharpness": 0.0, "yaw": 50.0, "pitch": 50.0, "detector": 0.0, "fit": 99.0, "norm": 0.0}
    best = {"size": 900.0, "sharpness": 9.0, "yaw": 0.0, "pitch": 0.0, "detector": 1.0, "fit": 0.0, "norm": 9.0}
    assert 0 <= score(worst) < score(best) <= 1


def test_features_have_names_and_parts_are_complete() -> None:
    assert features(GOOD).shape == (len(FEATURES),)
    assert set(measure(face(template()), crop(), 12.0, 12.0)) == set(PARTS)


def test_blur_is_seen() -> None:
    sharp = crop()
    values = [sharpness(np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(radius)))) for radius in (0, 1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert sharpness(np.full((112, 112, 3), 90, np.uint8)) == 0


def test_contrast_is_not_sharpness() -> None:
    sharp = crop()
    assert sharpness((sharp * 0.5).astype(np.uint8)) == pytest.approx(sharpness(sharp), rel=0.1)


def test_a_nose_beside_the_middle_is_yaw_and_one_too_high_is_pitch() -> None:
    frontal, turned, raised = template() * 2, template() * 2, template() * 2
    turned[2, 0] += 30
    raised[2, 1] -= 20
    assert pose(face(turned))[0] > pose(face(frontal))[0] + 0.3
    assert pose(face(raised))[1] > pose(face(frontal))[1] + 0.3
    assert max(pose(face(frontal))) < 0.1


def test_size_is_in_the_pictures_pixels() -> None:
    parts = measure(face(template() * 3), crop(), 6.0, 12.0)
    assert parts["size"] == pytest.approx(3 * 35.24, rel=0.01)
    assert parts["norm"] == 0.5
