"""Stash's performers are brought up to date in parts, whoever does them."""

from __future__ import annotations

from tests.fakes.fake_stash import FakeStash
from tests.plugin.calls import Calls

from stashai.processors.stash_sync import UNDER_WAY, Sync, sync
from stashai.stash.client import StashClient
from stashai.stash.mirror import Mirror

PAGE = 3


def parts(calls: Calls) -> tuple[Sync, Mirror]:
    bench = calls.bench()
    return Sync(StashClient(bench.gateway.connection, PAGE), bench.mirror, bench.stores), bench.mirror


def finish(calls: Calls) -> int:
    """How many requests' worth were left."""
    performers, _ = parts(calls)
    steps = 1
    while performers.step(1.0):
        steps += 1
        # A process of its own for each part, as in a click.
        performers, _ = parts(calls)
    return steps


def fill(stash: FakeStash, count: int) -> None:
    for number in range(count):
        stash.library.add_performer(f"P{number}", image=b"x", favorite=number == 6)
    for number in (5, 5, 8):
        stash.library.add_scene("S", "/nowhere.mp4", performers=[number])


def test_the_first_part_brings_the_favourites_and_how_many_there_are(calls: Calls, stash: FakeStash) -> None:
    fill(stash, 10)
    performers, mirror = parts(calls)
    assert performers.step(1.0)
    assert [p.name for p in mirror.waiting(10)] == ["P6"]
    assert mirror.progress() == (0, 10)
    assert performers.step(1.0)
    assert [p.id for p in mirror.waiting(10)] == ["7", "5", "8", "1"]
    assert finish(calls) == 4
    assert [p.id for p in mirror.waiting(10)] == ["7", "5", "8", "1", "2", "3", "4", "6", "9", "10"]
    assert mirror.fact(UNDER_WAY) is None


def test_what_changes_meanwhile_is_the_next_passes(calls: Calls, stash: FakeStash) -> None:
    fill(stash, 5)
    performers, mirror = parts(calls)
    for _ in range(2):
        performers.step(1.0)
    stash.library.rows["performer"][5].values["name"] = "Renamed early"
    stash.library.touch(stash.library.rows["performer"][5])
    stash.library.add_performer("Late", image=b"x")
    finish(calls)
    assert mirror.names()["6"] == "Late"
    assert finish(calls) == 1
    assert mirror.names()["5"] == "Renamed early"


def test_whom_a_pages_edge_hid_comes_and_who_is_gone_goes(calls: Calls, stash: FakeStash) -> None:
    fill(stash, 9)
    performers, mirror = parts(calls)
    for _ in range(2):
        performers.step(1.0)
    # The pages move by one: the fourth of all was never on one.
    del stash.library.rows["performer"][5]
    stash.library.add_performer("Last", image=b"x")
    finish(calls)
    assert set(mirror.names()) == {str(number) for number in range(1, 11)} - {"5"}


def test_who_is_gone_goes_one_at_a_time_and_nobody_is_left_when_it_is_cut_off(calls: Calls, stash: FakeStash) -> None:
    fill(stash, 6)
    finish(calls)
    bench = calls.bench()
    for number in range(1, 7):
        bench.stores.people.ensure(f"P{number - 1}", "stash", str(number))
    for number in (2, 3, 5):
        del stash.library.rows["performer"][number]
    left = []
    while parts(calls)[0].step(2.0):
        left.append(len(bench.stores.people.people()))
    assert left[-3:] == [6, 5, 4]
    assert [person.key for person in bench.stores.people.people()] == ["1", "4", "6"]
    assert bench.people.forgotten() == []
    assert set(bench.mirror.names()) == {"1", "4", "6"}


def test_many_changes_are_put_in_order(calls: Calls, stash: FakeStash) -> None:
    fill(stash, 3)
    bench = calls.bench()
    sync(bench.gateway, bench.mirror, bench.stores, 1.0, lambda: None)
    for number in range(45):
        stash.library.add_performer(f"New {number}", image=b"x")
    stash.library.add_scene("S", "/nowhere.mp4", performers=[40])
    sync(bench.gateway, bench.mirror, bench.stores, 2.0, lambda: None)
    assert [p.id for p in bench.mirror.waiting(4)] == ["5", "8", "40", "1"]
