"""Where points of a canvas lie in the picture."""

from __future__ import annotations

import numpy as np
import pytest

from stashai.vision.detect_canvas import lay_out, shrink
from stashai.vision.detect_decode import Candidates


def spot(image: np.ndarray) -> np.ndarray:
    """The bright spot's centre of mass, (x, y)."""
    bright = image[..., 0].astype(float)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([float((columns * bright).sum() / bright.sum()), float((rows * bright).sum() / bright.sum())])


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("width", "height"), [(250, 250), (1000, 700), (701, 1333)])
def test_a_point_finds_its_way_back(width: int, height: int, turned: bool) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    rows, columns = np.mgrid[:height, :width]
    image[(columns - 0.7 * width) ** 2 + (rows - 0.2 * height) ** 2 < 300] = 255
    canvas = lay_out(image, 576, 32, 32)
    canvas = canvas.turned() if turned else canvas
    seen = spot(canvas.pixels)
    found = canvas.back(Candidates(np.array([[*(seen - 10), 20, 20]]), np.tile(seen, (1, 5, 1)), np.array([0.9])))
    assert found.landmarks[0, 0] == pytest.approx(spot(image), abs=0.5)
    assert found.boxes[0, :2] + found.boxes[0, 2:] / 2 == pytest.approx(spot(image), abs=2.0)


def test_sides_suit_the_strides_and_small_pictures_stay() -> None:
    canvas = lay_out(np.full((250, 250, 3), 9, np.uint8), 576, 32, 32)
    assert canvas.pixels.shape == (320, 320, 3)
    assert canvas.scale == 1.0
    assert (canvas.pixels == 9).all(axis=2).sum() == 250 * 250


def test_shrinking_averages() -> None:
    image = np.zeros((2000, 2000, 3), np.uint8)
    image[::2] = 200
    shrunk, scale = shrink(image, 500)
    assert shrunk.shape == (500, 500, 3)
    assert scale == 0.25
    assert abs(shrunk.astype(float) - 100).max() < 8


@pytest.mark.parametrize("size", [(60_000, 40), (40, 60_000), (5_000, 1), (1, 5_000)])
def test_a_strip_is_shrunk_like_any_picture(size: tuple[int, int]) -> None:
    width, height = size
    shrunk, scale = shrink(np.full((height, width, 3), 9, np.uint8), 640)
    assert max(shrunk.shape[:2]) == 640
    assert scale == 640 / max(size)
    assert (shrunk == 9).all()
