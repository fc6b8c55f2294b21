"""When more frames would tell nothing more."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.matching.crowd import Crowd

from stashai.matching.settling import ENOUGH, PLENTY, is_settled
from stashai.vision.faces import Observation

CROWD = Crowd(1)


def seen(frames: int, start: float = 0.0) -> list[Observation]:
    return [CROWD.face(0, time=start + number) for number in range(frames)]


@pytest.mark.parametrize(
    ("probability", "frames", "settled"),
    [
        (0.99, 2, True),
        (0.5, PLENTY - 1, False),
        (0.5, PLENTY, True),
        (0.01, ENOUGH, True),
    ],
)
def test_who_is_undecided_is_looked_at_until_that_repeats_itself(probability: float, frames: int, settled: bool) -> None:
    assert is_settled([seen(frames)], np.array([probability])) is settled


def test_people_of_one_frame_say_that_others_are_unseen() -> None:
    assert not is_settled([seen(1), seen(1, 5.0), seen(2, 9.0)], np.full(3, 0.99))
    assert is_settled([seen(6), seen(6, 9.0), seen(1, 20.0)], np.full(3, 0.99))


def test_somebody_unknown_is_looked_at_a_second_time() -> None:
    assert not is_settled([seen(6), seen(6, 9.0), seen(ENOUGH - 1, 20.0)], np.array([0.99, 0.99, 0.01]))


def test_a_still_has_no_more_frames() -> None:
    assert is_settled([[CROWD.face(0)]], np.array([0.5]))
