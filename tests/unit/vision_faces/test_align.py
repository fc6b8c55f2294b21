"""Transforms and warps: geometry to a fraction of a pixel, no aliasing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stashai.vision.align import compose, invert, roll_of, scale_of, similarity, template, transform, warp


@given(
    angle=st.floats(-179, 179),
    zoom=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_a_similarity_is_recovered(angle: float, zoom: float, shift: tuple[float, float]) -> None:
    radians = np.radians(angle)
    linear = zoom * np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    source = template() @ linear.T + shift
    matrix = similarity(source, template())
    assert np.allclose(transform(source, matrix), template(), atol=1e-6)
    assert scale_of(matrix) == pytest.approx(1 / zoom)
    assert np.cos(np.radians(roll_of(matrix) - angle)) == pytest.approx(1.0)


def test_noise_moves_the_fit_less_than_the_points() -> None:
    noisy = template() + np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]])
    assert np.allclose(similarity(noisy, template())[:, :2], np.eye(2), atol=0.06)


def test_a_reflection_is_never_answered() -> None:
    mirrored = template() * (-1, 1)
    assert np.linalg.det(similarity(mirrored, template())[:, :2]) > 0


def test_composing_and_inverting() -> None:
    matrix = similarity(template() * 3 + 7, template())
    assert np.allclose(compose(invert(matrix), matrix), [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("zoom", [0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("roll", [0.0, 37.0, 90.0, 180.0])
def test_a_blob_lands_where_the_matrix_says(zoom: float, roll: float) -> None:
    radians = np.radians(roll)
    linear = zoom * np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    source = (template() - 56) @ linear.T + 400
    matrix = similarity(source, template())
    rows, columns = np.mgrid[:800, :800]
    x, y = source[2]
    spread = (3 * zoom) ** 2
    blob = 200 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread))
    crop = warp(np.repeat(blob[..., None], 3, axis=2).astype(np.uint8), matrix, 112)[..., 0].astype(float)
    rows, columns = np.mgrid[:112, :112]
    found = (columns * crop).sum() / crop.sum(), (rows * crop).sum() / crop.sum()
    assert found == pytest.approx(template()[2], abs=0.1)


def test_a_large_face_is_averaged_before_it_is_sampled() -> None:
    image = np.zeros((1200, 1200, 3), np.uint8)
    image[:, ::2] = 255
    crop = warp(image, np.array([[0.1, 0, 0], [0, 0.1, 0]]), 112).astype(float)
    assert crop[10:-10, 10:-10].std() < 4


def test_outside_the_picture_is_black() -> None:
    image = np.full((50, 50, 3), 200, np.uint8)
    crop = warp(image, np.array([[1.0, 0, 60], [0, 1.0, 0]]), 112)
    assert crop[:, :55].max() == 0
    assert crop[20, 80].tolist() == [200, 200, 200]
    assert warp(image, np.array([[1.0, 0, 5000], [0, 1.0, 0]]), 112).max() == 0
