"""The mirror of performers and the queue of arrivals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from stashai.stash.mirror import Known, Mirror


def known(number: int, **changes: Any) -> Known:
    base = Known(str(number), f"P{number}", "", False, False, f"/performer/{number}/image", "2026-01-01T00:00:00Z", "", "")
    return replace(base, **changes)


def test_favourites_come_first_then_the_order_given(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.update([known(1), known(2, favorite=True), known(3), known(4, image=None)])
    mirror.rank(["3", "1", "2"])
    assert [p.id for p in mirror.waiting(10)] == ["2", "3", "1"]
    assert mirror.progress() == (0, 3)


def test_only_what_changed_is_looked_at_again(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.update([known(1), known(2)])
    for number in ("1", "2"):
        mirror.settle(number, "enrolled")
    mirror.update([known(1), known(2, updated_at="2026-01-02T00:00:00Z")])
    assert [p.id for p in mirror.waiting(10)] == ["2"]


def test_who_is_gone_is_told(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.update([known(1), known(2)])
    assert mirror.missing(["2"]) == ["1"]


def test_names_are_searched_as_they_are(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    mirror.update([known(1, name="100%"), known(2, name="1000"), known(3, name="A_B"), known(4, name="AxB")])
    assert [p.name for p in mirror.listed("all", "100%", 10, 0)[1]] == ["100%"]
    assert [p.name for p in mirror.listed("all", "A_B", 10, 0)[1]] == ["A_B"]


def test_the_first_of_a_burst_rings(tmp_path: Path) -> None:
    mirror, other = Mirror(tmp_path), Mirror(tmp_path)
    assert mirror.arrived("scene", 1)
    assert not other.arrived("scene", 2)
    assert not other.arrived("scene", 2)
    assert mirror.arrivals() == [("scene", "1"), ("scene", "2")]
    mirror.served([("scene", "1"), ("scene", "2")])
    assert other.arrived("image", 1)


def test_what_nobody_was_called_for_is_due_until_somebody_is(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    assert not mirror.is_due()
    assert mirror.arrived("scene", 1)
    mirror.not_rung()
    assert mirror.arrived("scene", 1)
    mirror.not_rung()
    assert mirror.is_due()
    assert not mirror.is_due()
    mirror.served(mirror.arrivals())
    assert not mirror.is_due()
