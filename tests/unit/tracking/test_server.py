"""What only a server can do to us: go away and come back."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path

import pytest
from tests.fakes.postgres import PostgresServer

from stashai.errors import StorageBusyError
from stashai.settings import Settings
from stashai.tracking import database as module
from stashai.tracking.database import impatient, open_database
from stashai.tracking.people import People


def test_connections_of_threads_that_ended_are_handed_on(postgres: PostgresServer, tmp_path: Path) -> None:
    database = open_database(Settings(tmp_path, tmp_path, 1, postgres.make_schema("handed_on")))
    backends: set[int] = set()

    def work() -> None:
        backends.add(database.scalar("SELECT pg_backend_pid()"))
        database.release()

    for _ in range(5):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(backends) == 1
    database.close()


def test_a_server_that_comes_back_is_used_again(tmp_path: Path) -> None:
    server = PostgresServer.started()
    try:
        database = open_database(Settings(tmp_path, tmp_path, 1, server.make_schema("back")))
        people = People(database)
        people.ensure("Ann", "folder", "Ann")
        server.stop(at_once=True)
        with pytest.raises(StorageBusyError):
            people.people()
        with pytest.raises(StorageBusyError):
            people.ensure("Bob", "folder", "Bob")
        server.start()
        assert [person.name for person in people.people()] == ["Ann"]
        assert people.ensure("Bob", "folder", "Bob") is not None
        database.close()
    finally:
        server.discard()


def test_who_froze_in_the_middle_of_a_write_holds_nobody_up(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.5)
    settings = Settings(tmp_path, tmp_path, 1, postgres.make_schema("frozen"))
    frozen, other = People(open_database(settings)), People(open_database(settings))
    ann = frozen.ensure("Ann", "folder", "Ann")
    assert ann is not None

    def write() -> None:
        with frozen.database.write():
            frozen.rename(ann.id, "Anna")
            other.rename(ann.id, "Anne")  # waits for the row until the server ends the first one's session
            frozen.rename(ann.id, "Anna again")

    with pytest.raises(StorageBusyError):
        write()
    assert [person.name for person in frozen.people()] == ["Anne"]
    frozen.rename(ann.id, "Ann")
    assert [person.name for person in other.people()] == ["Ann"]
    frozen.database.close()
    other.database.close()


def test_options_of_a_server_are_kept() -> None:
    address = impatient("postgresql://ann:pass%40word@host:5433/base?sslmode=require&options=-csearch_path%3Dmine")
    assert address == (
        "postgresql://ann:pass%40word@host:5433/base?sslmode=require"
        "&options=-csearch_path%3Dmine%20-c%20idle_in_transaction_session_timeout%3D10000"
    )


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="psycopg is not installed")
def test_a_server_that_is_not_there_says_so_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StorageBusyError) as away:
        open_database(Settings(tmp_path, tmp_path, 1, "postgresql://user:secret@127.0.0.1:1/none"))
    assert "secret" not in str(away.value)
    assert "Start it" in away.value.remedy
