"""Thousands of people reach a worker over several steps: a step that is over sends no further ones, and none goes twice."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from tests.fakes.moving_clock import MovingClock

from stashai.errors import Paused
from stashai_plugin.engine.link import PEOPLE_AT_ONCE, Link
from stashai_plugin.host.deadline import Step

COUNT = 7 * PEOPLE_AT_ONCE + 3


class SlowLink(Link):
    """To a worker that takes a second for each hundred people."""

    def __init__(self, clock: MovingClock) -> None:
        self._clock, self.address, self._base = clock, "http://worker", "/stash/a"
        self.there: list[str] = []
        self.facts: dict[str, str | None] = {}
        keys = [str(number) for number in range(COUNT)]
        self._bench: Any = SimpleNamespace(
            stores=SimpleNamespace(people=SimpleNamespace(version=lambda: 1), crops=SimpleNamespace(get=None)),
            mirror=SimpleNamespace(fact=self.facts.get, note=self.facts.__setitem__),
            exchange=SimpleNamespace(marks=lambda: dict.fromkeys(keys), people=lambda wanted, crop: [{"key": key} for key in wanted]),
        )

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, timeout: float = 0.0) -> Any:
        assert body is not None
        if method == "PUT":
            return {"wanted": [key for key in body["people"] if key not in set(self.there)]}
        self._clock.time += 1.0
        self.there += [person["key"] for person in body["people"]]
        return {}


def test_over_several_steps() -> None:
    clock = MovingClock(0.0)
    link, steps = SlowLink(clock), 0
    while len(link.there) < COUNT:
        began = clock.time
        with suppress(Paused):
            link.send_people(Step("job", clock, began, spent=lambda: 0.1))
        steps += 1
        assert clock.time - began <= 4.0
    assert steps > 1
    assert sorted(link.there, key=int) == [str(number) for number in range(COUNT)]
    link.send_people(Step("job", clock, clock.time, spent=lambda: 0.1))
    before = len(link.there)
    link.send_people()
    assert len(link.there) == before == COUNT


def test_outside_of_a_step_all_at_once() -> None:
    link = SlowLink(MovingClock(0.0))
    link.send_people()
    assert len(link.there) == COUNT
