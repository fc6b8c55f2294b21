"""Chips: every network's crop can be cut from them as from the picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from stashai.errors import MediaError, ModelError
from stashai.vision.align import similarity, template
from stashai.vision.chip import SIDE, chip_matrix, crop_matrix, cut, cut_chip, make_chip, open_chip

from .painted import COLOURS, paint


def smooth_picture() -> np.ndarray:
    rows, columns = np.mgrid[:600, :600]
    waves = [np.sin(columns / 31) + np.cos(rows / 23), np.sin((rows + columns) / 41), np.cos((rows - columns) / 37)]
    return np.stack([128 + 50 * wave for wave in waves], axis=2).astype(np.uint8)


@pytest.mark.parametrize("name", ["arcface-112", "facenet-160"])
@pytest.mark.parametrize("roll", [0, 60, 180])
def test_a_crop_of_the_chip_is_the_crop_of_the_picture(name: str, roll: float) -> None:
    image = smooth_picture()
    matrix = similarity(paint(image.copy(), 80, (300, 300), roll), template())
    direct = cut(image, matrix, name).astype(float)
    again = cut_chip(open_chip(make_chip(image, matrix)), name).astype(float)
    assert direct.shape == again.shape
    assert np.abs(direct - again).mean() < 1.5


@pytest.mark.parametrize("name", ["arcface-112", "facenet-160"])
def test_every_crop_lies_within_the_chip(name: str) -> None:
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    assert cut_chip(white, name).min() == 255


def test_landmarks_lie_where_they_always_do() -> None:
    image = np.full((500, 500, 3), 128, np.uint8)
    points = paint(image, 90, (260, 240), 25)
    chip = open_chip(make_chip(image, similarity(points, template())))
    places = template() @ chip_matrix()[:, :2].T + chip_matrix()[:, 2]
    for (x, y), colour in zip(places, COLOURS, strict=True):
        assert np.abs(chip[round(y), round(x)].astype(int) - colour).max() < 60


def test_crops_keep_their_proportions_as_the_networks_were_measured_with() -> None:
    matrix, side = crop_matrix("arcface-112")
    assert side == 112
    assert np.array_equal(matrix, [[1, 0, 0], [0, 1, 0]])
    assert crop_matrix("facenet-160")[1] == 160
    with pytest.raises(ModelError, match="vgg-224"):
        crop_matrix("vgg-224")


def test_a_damaged_chip_says_so() -> None:
    with pytest.raises(MediaError, match="cannot be read"):
        open_chip(b"no picture")
    other = io.BytesIO()
    Image.new("RGB", (10, 10)).save(other, "JPEG")
    with pytest.raises(MediaError, match="10 x 10"):
        open_chip(other.getvalue())
