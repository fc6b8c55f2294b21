"""The client against the fake Stash: pages, ids, logins, locks, media with ranges."""

from __future__ import annotations

import time
from io import BufferedReader
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash

from stashai.stash.client import StashClient, below_base
from stashai.stash.connection import Address, Connection, LoginError, StashError
from stashai.stash.media import BLOCK, RangeFile
from stashai.stash.queries import PING


def client(stash: FakeStash, page_size: int = 3, cookie: str | None = None) -> StashClient:
    return StashClient(Connection(Address(stash.url + "/", cookie=cookie)), page_size)


def test_addresses_that_cannot_be_called_are_mapped() -> None:
    def base(**values: object) -> str:
        return Address.from_server_connection(values).base

    assert base(Scheme="http", Host="0.0.0.0", Port=9999) == "http://127.0.0.1:9999/"
    assert base(Scheme="https", Host="::", Port=1) == "https://[::1]:1/"
    assert base(Host="fe80::1", Port=2) == "http://[fe80::1]:2/"


def test_performers_come_in_pages_without_the_default_picture(stash: FakeStash) -> None:
    for number in range(8):
        stash.library.add_performer(f"P{number}", image=b"x" if number % 2 else None)
    pages = [client(stash).performer_page(page) for page in (1, 2, 3)]
    assert [count for count, _ in pages] == [8, 8, 8]
    people = [performer for _, page in pages for performer in page]
    assert [p.id for p in people] == [str(n) for n in range(1, 9)]
    assert [p.image is not None for p in people] == [False, True] * 4
    assert all(p.image is None or p.image.startswith("/performer/") for p in people)


def test_only_changed_performers(stash: FakeStash) -> None:
    rows = [stash.library.add_performer(f"P{n}", image=b"x") for n in range(4)]
    count, last = client(stash).performers_now()
    stash.library.touch(rows[1])
    assert count == 4
    assert [p.id for p in client(stash).performer_page(1, since=last)[1]] == [str(rows[1].id)]


def test_favourites_first_then_those_with_most_scenes(stash: FakeStash) -> None:
    rows = [stash.library.add_performer(f"P{n}", image=b"x", favorite=n == 1) for n in range(3)]
    stash.library.add_scene("S", "/nowhere.mp4", performers=[rows[2].id])
    assert [p.id for p in client(stash).performer_page(1)[1]] == ["3", "1", "2"]
    assert [p.id for p in client(stash).performer_page(1, favourites=True)[1]] == ["2"]


def test_pages_survive_rows_that_leave_the_filter(stash: FakeStash) -> None:
    for number in range(10):
        stash.library.add_scene(f"S{number}", f"/nowhere/{number}.mp4")
    seen = []
    for item in client(stash).items("scene", without_performers=True):
        seen.append(item.id)
        stash.library.rows["scene"][int(item.id)].performers.append(1)
    assert seen == [str(n) for n in range(1, 11)]


def test_links_survive_a_missing_scene(stash: FakeStash) -> None:
    jane = stash.library.add_performer("Jane")
    for number in range(3):
        stash.library.add_scene(f"S{number}", "/x.mp4", performers=[jane.id])
    del stash.library.rows["scene"][2]
    assert client(stash).links("scene", ["1", "2", "3"]) == {"1": ("1",), "3": ("1",)}


def test_an_empty_list_of_ids_is_never_sent(stash: FakeStash) -> None:
    gateway = client(stash)
    assert gateway.links("scene", []) == {}
    gateway.link("scene", [], ["1"], add=True)
    gateway.link("scene", ["1"], [], add=True)
    assert stash.queries == []


def test_a_locked_database_is_tried_again(stash: FakeStash) -> None:
    jane = stash.library.add_performer("Jane")
    scene = stash.library.add_scene("S", "/x.mp4")
    stash.faults["write"] = 3
    client(stash).link("scene", [str(scene.id)], [str(jane.id)], add=True)
    assert scene.performers == [jane.id]
    assert stash.faults["write"] == 0


def test_a_refusal_names_its_reason(stash: FakeStash) -> None:
    stash.library.add_performer("Jane")
    with pytest.raises(StashError, match="already exists"):
        client(stash).create_performer("jane", None)
    with pytest.raises(StashError, match="not found"):
        client(stash).link("scene", ["7"], ["1"], add=True)


def test_a_login_page_is_not_a_picture(stash: FakeStash) -> None:
    stash.username = "me"
    jane = stash.library.add_performer("Jane", image=b"x")
    with pytest.raises(LoginError, match="login"):
        client(stash).fetch(f"/performer/{jane.id}/image")


def test_a_page_is_not_a_picture(stash: FakeStash) -> None:
    with pytest.raises(StashError) as caught:
        client(stash).fetch("/login")
    assert caught.value.code == "not-media"


def test_the_session_is_renewed_with_every_answer(stash: FakeStash) -> None:
    stash.username = "me"
    gateway = client(stash, cookie=stash.new_session())
    assert gateway.performer_count() == 0
    first = gateway.connection.identity.cookie
    gateway.performer_count()
    assert gateway.connection.identity.cookie != first


def test_a_session_that_one_connection_renewed_is_everybodys(stash: FakeStash) -> None:
    stash.username = "me"
    first = stash.new_session()
    gateway = client(stash, cookie=first)
    thread = gateway.clone()
    gateway.performer_count()
    del stash._sessions[first]
    assert thread.performer_count() == 0
    assert gateway.clone().performer_count() == 0


def test_a_quiet_session_is_renewed_each_quarter_of_its_age(stash: FakeStash) -> None:
    stash.username = "me"
    gateway = client(stash, cookie=stash.new_session())
    gateway.keep_alive()
    asked = len(stash.queries)
    gateway.keep_alive()
    assert len(stash.queries) == asked
    before, gateway.connection.identity.renewed = gateway.connection.identity.cookie, time.monotonic() - stash.session_age / 4 - 1
    gateway.keep_alive()
    gateway.clone().keep_alive()
    assert [query for query, _ in stash.queries[asked:]].count(PING) == 1
    assert gateway.connection.identity.cookie != before


def test_the_api_key_is_used_when_there_is_one(stash: FakeStash) -> None:
    stash.username, stash.api_key = "me", "secret"
    gateway = client(stash, cookie=stash.new_session())
    assert gateway.server().api_key == "secret"
    stash.expire_sessions()
    assert gateway.performer_count() == gateway.clone().performer_count() == 0


def test_keys_do_not_stay_in_paths() -> None:
    assert below_base("http://h:1/scene/1/stream?apikey=secret") == "/scene/1/stream"
    assert below_base("http://h:1/p/1?t=3&apikey=secret&x=1") == "/p/1?t=3&x=1"


def test_a_range_file_reads_as_the_file_does(stash: FakeStash, tmp_path: Path) -> None:
    data = bytes(range(256)) * (BLOCK // 64)
    file = tmp_path / "clip.mp4"
    file.write_bytes(data + b"tail")
    scene = stash.library.add_scene("S", file)
    remote = BufferedReader(RangeFile(client(stash).connection, f"/scene/{scene.id}/stream"))
    assert remote.seek(0, 2) == len(data) + 4
    assert remote.read(1) == b""
    for place in (0, BLOCK - 3, 3 * BLOCK, len(data) - 2):
        remote.seek(place)
        assert remote.read(3) == (data + b"tail")[place : place + 3]
    remote.seek(0)
    assert remote.read() == data + b"tail"


def test_a_page_where_a_clip_was_meant(stash: FakeStash) -> None:
    with pytest.raises(StashError, match="page"):
        RangeFile(client(stash).connection, "/login")
