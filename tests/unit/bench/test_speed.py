"""The bound of `bench speed`: a stage is asked what the pipeline asked of it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from stashai.bench.speed import picture_of
from stashai.vision.blob import make_blob
from stashai.vision.catalog import Input


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_the_picture_of_a_blob_is_the_one_that_it_was_made_of(color: Literal["rgb", "bgr"]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    spec = Input(None, color, (127.5, 120.0, 110.0), (128.0, 2.0, 1.0), 32)
    assert np.array_equal(picture_of(make_blob([picture], spec), spec), picture)
