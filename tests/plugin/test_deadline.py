"""A step's end: never before its work began and had some of the processor."""

from __future__ import annotations

import time

from stashai_plugin.host.deadline import Limit


def test_a_slow_start_does_not_eat_the_step() -> None:
    limit = Limit(time.monotonic() - 60)
    assert not limit.is_reached
    limit.leave(0.05)
    assert not limit.is_reached
    while time.process_time() < limit._worked:
        sum(range(1000))
    assert limit.is_reached


def test_the_moment_counts_too() -> None:
    limit = Limit(time.monotonic() + 60)
    limit.leave(0.0)
    assert not limit.is_reached
