"""Decoders against outputs written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from stashai.errors import ModelError
from stashai.vision.detect_decode import decode_scrfd, decode_yunet, decoder

from .painted import STRIDES, entry

SIZE = (64, 96)
"""Width and height of the blob."""


def blank(widths: tuple[int, ...], anchors: int = 1) -> list[np.ndarray]:
    cells = [SIZE[0] // stride * (SIZE[1] // stride) * anchors for stride in STRIDES]
    return [np.zeros((1, count, width), np.float32) for width in widths for count in cells]


def test_yunet() -> None:
    outputs = blank((1, 1, 4, 10))
    cell = 2 * (SIZE[0] // 16) + 3  # row 2, column 3 of stride 16
    outputs[1][0, cell], outputs[4][0, cell] = 0.9, 0.4
    outputs[7][0, cell] = [0.5, 0.25, np.log(2), np.log(3)]
    outputs[10][0, cell] = np.arange(10)
    found = decode_yunet(outputs, entry("detector"), SIZE, 0.5)
    assert found.scores == pytest.approx([0.6])
    assert found.boxes[0] == pytest.approx([(3.5 - 1) * 16, (2.25 - 1.5) * 16, 32, 48])
    assert found.landmarks[0, 0] == pytest.approx([48, 48])
    assert found.landmarks[0, 4] == pytest.approx([(8 + 3) * 16, (9 + 2) * 16])


def test_a_score_beyond_one_counts_as_one() -> None:
    outputs = blank((1, 1, 4, 10))
    outputs[0][0, 0], outputs[3][0, 0] = 1.5, 1.0
    assert decode_yunet(outputs, entry("detector"), SIZE, 0.5).scores == pytest.approx([1.0])


def test_scrfd_with_two_anchors() -> None:
    outputs = blank((1, 4, 10), anchors=2)
    anchor = 2 * (1 * (SIZE[0] // 8) + 4) + 1  # row 1, column 4 of stride 8, the second anchor
    outputs[0][0, anchor] = 0.8
    outputs[3][0, anchor] = [1, 0.5, 2, 1.5]
    outputs[6][0, anchor] = np.arange(10) / 10
    found = decode_scrfd(outputs, entry("detector", family="scrfd", anchors=2), SIZE, 0.5)
    assert found.scores == pytest.approx([0.8])
    assert found.boxes[0] == pytest.approx([24, 4, 24, 16])
    assert found.landmarks[0, 1] == pytest.approx([(4 + 0.2) * 8, (1 + 0.3) * 8])


def test_outputs_without_a_batch_axis_are_the_same() -> None:
    outputs = blank((1, 4, 10), anchors=2)
    outputs[1][0, 5] = 0.7
    known = entry("detector", family="scrfd", anchors=2)
    flat = decode_scrfd([output[0] for output in outputs], known, SIZE, 0.5)
    assert np.array_equal(flat.boxes, decode_scrfd(outputs, known, SIZE, 0.5).boxes)
    assert len(flat) == 1


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(ModelError, match="retina"):
        decoder("retina")
