"""Colour order, scale and layout of what networks are fed."""

from __future__ import annotations

import numpy as np

from stashai.vision.blob import make_blob
from stashai.vision.catalog import Input

PIXEL = np.array([[[10, 20, 30], [40, 50, 60]]], np.uint8)


def test_bgr_swaps_the_planes() -> None:
    blob = make_blob([PIXEL], Input(None, "bgr", (0, 0, 0), (1, 1, 1)))
    assert blob.shape == (1, 3, 1, 2)
    assert blob[0, :, 0].tolist() == [[30, 60], [20, 50], [10, 40]]


def test_mean_and_deviation_belong_to_the_networks_own_order() -> None:
    blob = make_blob([PIXEL], Input(None, "bgr", (30, 20, 10), (2, 4, 5)))
    assert np.allclose(blob[0, :, 0], np.array([[0, 15], [0, 7.5], [0, 6]]))


def test_several_pictures_are_one_batch() -> None:
    blob = make_blob([PIXEL, PIXEL[:, ::-1]], Input((2, 1), "rgb", (127.5,) * 3, (128.0,) * 3))
    assert blob.dtype == np.float32
    assert np.allclose(blob[0, 0, 0], (np.array([10, 40]) - 127.5) / 128)
    assert np.array_equal(blob[1], blob[0][..., ::-1])
