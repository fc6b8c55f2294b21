"""The passes and the second looks, with a detector that sees painted faces."""

from __future__ import annotations

import numpy as np
import pytest

from stashai.vision.align import template
from stashai.vision.detect import Detector
from stashai.vision.detect_look import QUICK as QUICK_LOOK
from stashai.vision.profile import Profile

from .painted import PaintedDetector, entry, paint

EFFORT, QUICK = Profile.BALANCED.effort, Profile.FAST.effort


def plain(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


@pytest.mark.parametrize("roll", [0, 30, 90, 180, -90, 160])
def test_a_face_is_found_at_any_roll(roll: float) -> None:
    image = plain(400, 300)
    points = paint(image, 50, (190, 140), roll)
    (found,) = Detector(entry("detector"), PaintedDetector()).detect(image, EFFORT, still=True)
    assert np.abs(found.face.landmarks - points).max() < 1.5
    assert np.cos(np.radians(found.face.roll - roll)) > 0.999
    assert found.face.score > 0.9
    assert found.fit < 1.0


@pytest.mark.parametrize(("roll", "passes"), [(0, 1), (20, 1), (90, 3), (180, 3)])
def test_a_quick_look_searches_on_only_where_nothing_stands_upright(roll: float, passes: int) -> None:
    image = plain(500, 300)  # no pass over it is as large as a look
    points = paint(image, 50, (190, 140), roll)
    session = PaintedDetector()
    (found,) = Detector(entry("detector"), session).detect(image, QUICK, still=True)
    assert np.abs(found.face.landmarks - points).max() < 2.5
    assert np.cos(np.radians(found.face.roll - roll)) > 0.99
    assert len([shape for shape in session.shapes if shape[2:] != (QUICK_LOOK.side, QUICK_LOOK.side)]) == passes


@pytest.mark.parametrize(("eyes", "width", "height"), [(14, 250, 250), (60, 250, 250), (500, 1600, 1400), (40, 3600, 1800)])
def test_a_face_of_any_size_is_found(eyes: float, width: int, height: int) -> None:
    image = plain(width, height)
    points = paint(image, eyes, (width * 0.5, height * 0.5), 5)
    (found,) = Detector(entry("detector"), PaintedDetector(6.0)).detect(image, EFFORT, still=True)
    assert np.abs(found.face.landmarks - points).max() < max(1.5, 0.03 * eyes)
    x, y, w, h = found.face.box
    assert w == pytest.approx(2.3 * eyes, rel=0.1)
    assert h == pytest.approx(3.0 * eyes, rel=0.1)
    assert (x, y) < tuple(points[0])


def test_a_small_face_of_a_large_still_needs_tiles_and_a_video_frame_does_not_try() -> None:
    image = plain(4000, 2600)
    paint(image, 32, (3300, 2200), 0)
    session = PaintedDetector(10.0)
    detector = Detector(entry("detector"), session)
    assert len(detector.detect(image, EFFORT, still=True)) == 1
    assert max(max(shape) for shape in session.shapes) <= 1024
    assert detector.detect(image, EFFORT, still=False) == []


def test_an_empty_picture_has_no_faces() -> None:
    assert Detector(entry("detector"), PaintedDetector()).detect(plain(320, 240), EFFORT, still=True) == []


class Liar(PaintedDetector):
    """Sees a face in the middle of everything that is not a crop."""

    def run(self, blob: np.ndarray) -> list[np.ndarray]:
        outputs = list(super().run(blob))
        if blob.shape[2] > 256:
            self._write(outputs, (np.array([[30, 50], [70, 50], [50, 70], [35, 90], [65, 90.0]]) + 60), blob.shape[3] // 8)
        return outputs


def test_a_guess_that_a_second_look_does_not_confirm_is_dropped() -> None:
    detector = Detector(entry("detector"), Liar())
    assert len(detector.guesses(plain(320, 320), still=True)) >= 1
    assert detector.detect(plain(320, 320), EFFORT, still=True) == []


def test_a_second_guess_within_a_found_face_is_not_looked_at_again() -> None:
    image = plain(640, 640)
    paint(image, 60, (320, 320), 0)

    class Twice(PaintedDetector):
        """Sees a smaller face, too, less certain, in the middle of the one that is there."""

        def run(self, blob: np.ndarray) -> list[np.ndarray]:
            outputs = list(super().run(blob))
            if blob.shape[2] > 256:
                tilted = (template() - template().mean(axis=0)) @ np.array([[0.4, 0.2], [-0.2, 0.4]])
                self._write(outputs, tilted + blob.shape[2] / 2 + 12, blob.shape[3] // 8)
            return outputs

    once, twice = PaintedDetector(), Twice()
    assert len(Detector(entry("detector"), once).detect(image, EFFORT, still=True)) == 1
    assert len(Detector(entry("detector"), twice).detect(image, EFFORT, still=True)) == 1
    assert len(Detector(entry("detector"), Twice()).guesses(image, still=True)) == 2
    assert len(twice.shapes) == len(once.shapes)


class Sideways(PaintedDetector):
    """Claims, with a high score, that a face on its side is upright."""

    def run(self, blob: np.ndarray) -> list[np.ndarray]:
        outputs = list(super().run(blob))
        if blob.shape[2:] == (288, 288) and not outputs[0].any():
            self._write(outputs, np.array([[-20, -20], [20, -20], [0, 0], [-15, 20], [15, 20.0]]) + 144, 36)
            outputs[0][outputs[0] > 0] = 0.99
        return outputs


def test_a_false_upright_guess_loses_to_the_true_one() -> None:
    image = plain(250, 250)
    points = paint(image, 44, (125, 125), 90)
    detector = Detector(entry("detector"), Sideways())
    (place,) = detector.guesses(image, still=True)
    assert len(place) == 2
    (found,) = detector.detect(image, EFFORT, still=True)
    assert found.face.roll == pytest.approx(90, abs=2)
    assert np.abs(found.face.landmarks - points).max() < 1.5
