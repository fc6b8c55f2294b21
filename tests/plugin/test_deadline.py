"""A step's end, on a clock that the test moves: early enough for the answer, never before it got on."""

from __future__ import annotations

import pytest
from tests.fakes.moving_clock import MovingClock

from stashai.errors import Paused
from stashai_plugin.host.deadline import BUSY, LONGEST, Step

START, ANSWER = 0.8, 0.5
"""Seconds of the processor that a step needs before it begins to look, and to answer."""


class Machine:
    """So many times as slow as one that is free: work of `cost` seconds of the processor takes so much longer by the clock."""

    def __init__(self, slowness: float) -> None:
        self.clock, self.spent, self.slowness = MovingClock(0.0), 0.0, slowness

    def work(self, cost: float) -> None:
        self.spent += cost
        self.clock.time += cost * self.slowness

    def step(self, soon: float = BUSY) -> Step:
        return Step("job", self.clock, 0.0, soon, lambda: self.spent)


def run(machine: Machine, cost: float) -> tuple[int, float]:
    """Units of that cost until the step says that it is over, and the answer: how many, and when it is given."""
    machine.work(START / 2)
    step = machine.step()
    machine.work(START / 2)
    step.begin()
    units = 0
    try:
        for _ in range(1000):
            step.check()
            machine.work(cost)
            step.advanced()
            units += 1
    except Paused:
        pass
    machine.work(ANSWER)
    return units, machine.clock.time


@pytest.mark.parametrize("slowness", [1.0, 1.5, 2.0, 2.5, 3.0])
@pytest.mark.parametrize("cost", [0.02, 0.1, 0.3])
def test_a_step_answers_in_time_on_a_slow_machine_too(slowness: float, cost: float) -> None:
    units, answered = run(Machine(slowness), cost)
    assert units >= 1
    assert answered <= LONGEST


def test_on_a_free_machine_a_step_works_as_long_as_it_may() -> None:
    units, answered = run(Machine(1.0), 0.1)
    assert answered == pytest.approx(BUSY + ANSWER, abs=0.11)
    assert units == pytest.approx((BUSY - START) / 0.1, abs=2)


def test_a_unit_that_would_not_end_in_time_is_not_begun() -> None:
    machine = Machine(1.0)
    step = machine.step()
    machine.work(1.5)
    step.advanced()
    step.check()
    machine.work(1.5)
    step.advanced()
    assert machine.clock.time < step.at
    with pytest.raises(Paused):
        step.check()


def test_each_step_gets_on_however_slow_its_start_was() -> None:
    machine = Machine(20.0)
    machine.work(START)
    step = machine.step()
    assert machine.clock.time > LONGEST
    step.check()
    assert not step.is_reached
    step.advanced()
    assert step.is_reached
    with pytest.raises(Paused):
        step.check()


def test_the_first_step_is_short() -> None:
    assert Machine(1.0).step(soon=1.8).at == pytest.approx(1.8)
