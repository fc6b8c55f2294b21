"""A worker looks for a while. Who was learned meanwhile is in what it saw, although its own result does not name them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from stashai.clock import SystemClock
from stashai.processing.control import JobControl
from stashai_plugin.engine.remote import WorkerEngine


class Link:
    """To a worker that has just ended its look."""

    address, profile = "http://worker", "balanced"

    def __init__(self) -> None:
        self.abilities = {"primary": "sface", "analysis": "a detector", "reference_floor": 0.3, "largest_upload": 1}
        self.asked_again: list[bool] = []

    def send_people(self, control: JobControl) -> None:
        """They are there."""

    def results(self, job: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked_again.append(body["again"])
        so_far = "compared again" if body["again"] else None
        return {"job": {"status": "completed"}, "items": ["its own result"], "cursor": 1, "so_far": so_far}


@pytest.mark.parametrize(("version", "found", "asked_again"), [(7, "its own result", [False]), (8, "compared again", [False, True])])
def test_people_who_changed_since_the_look_began(version: int, found: str, asked_again: list[bool]) -> None:
    remote = {"job": "theirs", "address": Link.address, "media": ["fingerprint"], "after": 0, "people": 7}
    bench: Any = SimpleNamespace(
        mirror=SimpleNamespace(fact={"worker-look:ours": json.dumps(remote)}.get),
        stores=SimpleNamespace(people=SimpleNamespace(version=lambda: version)),
        exchange=SimpleNamespace(moments=lambda fingerprint, detector: []),
    )
    link: Any = Link()
    engine: Any = WorkerEngine(bench, link, JobControl("ours", SystemClock()))
    engine._arriving = SimpleNamespace(take=str, result=str)
    assert engine.look("ours", SimpleNamespace(title="A scene"), sprite_first=False) == (found, True)
    assert link.asked_again == asked_again
