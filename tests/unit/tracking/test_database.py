"""Opening, migrating, refusing: SQLite in a temporary folder."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from tests.unit.tracking.rows import outcome, request

from stashai.clock import SystemClock
from stashai.errors import SetupError, StorageBusyError, StorageError, TransientError
from stashai.settings import Settings
from stashai.tracking import database as module
from stashai.tracking.database import FILE_NAME, Database, open_database
from stashai.tracking.faults import storage_error
from stashai.tracking.migrations import VERSION, migrate
from stashai.tracking.models import TABLES
from stashai.tracking.people import People


def of(folder: Path, url: str = "") -> Settings:
    return Settings(folder, folder, 2, url)


def test_the_folder_and_the_file_are_the_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    database = open_database(of(folder))
    People(database).ensure("Ann", "folder", "Ann")
    if sys.platform != "win32":
        assert folder.stat().st_mode & 0o777 == 0o700
        for path in folder.iterdir():
            assert path.stat().st_mode & 0o777 == 0o600, path
    assert database.scalar("PRAGMA journal_mode") == "wal"
    assert database.scalar("PRAGMA foreign_keys") == 1
    assert database.scalar("PRAGMA synchronous") == 1
    database.close()


def test_no_write_ahead_log_on_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_network_folder", lambda folder: True)
    database = open_database(of(tmp_path / "data"))
    assert database.scalar("PRAGMA journal_mode") == "truncate"
    assert database.scalar("PRAGMA synchronous") == 2
    database.close()


def test_foreign_keys_hold_in_every_thread(tmp_path: Path) -> None:
    database, found = open_database(of(tmp_path / "data")), []
    thread = threading.Thread(target=lambda: found.append(database.scalar("PRAGMA foreign_keys")))
    thread.start()
    thread.join()
    assert found == [1]
    with pytest.raises(sqlite3.IntegrityError), database.write():
        database.execute("INSERT INTO reference_embeddings (reference, model, vector) VALUES (99, 'm', x'00')")
    database.close()


def test_many_processes_worth_of_openers_make_the_tables_once(tmp_path: Path) -> None:
    start, failures = threading.Barrier(6), []

    def run() -> None:
        start.wait()
        try:
            open_database(of(tmp_path / "data")).close()
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))
    with database.write():
        database.execute("UPDATE meta SET number = ? WHERE key = 'schema'", (VERSION + 1,))
    database.close()
    with pytest.raises(SetupError, match="newer StashAI") as refused:
        open_database(of(tmp_path / "data"))
    assert "Update" in refused.value.remedy


def test_an_older_database_is_brought_forward_step_by_step(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))
    People(database).ensure("Ann", "folder", "Ann")
    taken: list[int] = []

    def add_column(opened: Database) -> None:
        taken.append(VERSION + 1)
        opened.execute("ALTER TABLE people ADD COLUMN hair TEXT")

    def fill(opened: Database) -> None:
        taken.append(VERSION + 2)
        opened.execute("UPDATE people SET hair = 'red'")

    steps = {VERSION + 1: add_column, VERSION + 2: fill}
    for _ in range(2):
        migrate(database, VERSION + 2, steps)
    assert taken == [VERSION + 1, VERSION + 2]
    assert database.scalar("SELECT hair FROM people") == "red"
    database.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))

    def half(opened: Database) -> None:
        opened.execute("ALTER TABLE people ADD COLUMN hair TEXT")
        opened.execute("UPDATE people SET eyes = 'blue'")

    with pytest.raises(StorageError):
        migrate(database, VERSION + 1, {VERSION + 1: half})
    assert database.scalar("SELECT number FROM meta WHERE key = 'schema'") == VERSION
    assert "hair" not in {row[1] for row in database.query("PRAGMA table_info(people)")}
    database.close()


def test_every_model_has_its_table(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))
    tables = {row[0] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {model._meta.table_name for model in TABLES} <= tables
    database.close()


def test_an_error_rolls_back_and_the_next_write_works(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))
    people = People(database)

    def write_and_fail() -> None:
        with database.write():
            people.ensure("Ann", "folder", "Ann")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert people.people() == []
    assert people.ensure("Bob", "folder", "Bob") is not None
    database.close()


def test_a_full_disk_says_so_and_loses_nothing(tmp_path: Path) -> None:
    from stashai.tracking.ledger import Ledger

    database = open_database(of(tmp_path / "data"))
    ledger = Ledger(database)
    claim = ledger.claim(ledger.submit(request()).job.job_id)
    assert claim is not None
    ledger.checkpoint(claim, [outcome("kept")])
    database.execute(f"PRAGMA max_page_count = {database.scalar('PRAGMA page_count') + 2}")
    with pytest.raises(StorageError, match="No room") as full:
        ledger.checkpoint(claim, [outcome(str(number), number, data="x" * 4000) for number in range(50)])
    assert full.value.code == "disk-full"
    assert "Free some space" in full.value.remedy
    assert not isinstance(full.value, TransientError)
    assert [item.unit for item in ledger.items(claim.job.job_id)] == ["kept"]
    database.execute("PRAGMA max_page_count = 1000000")
    ledger.checkpoint(claim, [outcome("later", 1)])
    assert [item.unit for item in ledger.items(claim.job.job_id)] == ["kept", "later"]
    database.close()


def test_a_locked_database_says_so_and_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.1)
    database = open_database(of(tmp_path / "data"))
    other = sqlite3.connect(tmp_path / "data" / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusyError, match="locked by another process"):
        People(database).ensure("Ann", "folder", "Ann")
    other.execute("ROLLBACK")
    other.close()
    assert People(database).ensure("Ann", "folder", "Ann") is not None
    database.close()


@pytest.mark.skipif(sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    with pytest.raises(StorageError, match="cannot be written"):
        open_database(of(folder))


def test_a_file_where_the_folder_should_be_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(StorageError, match="cannot be written") as refused:
        open_database(of(tmp_path / "data"))
    assert "STASHAI_DATA" in refused.value.remedy


def test_a_damaged_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE_NAME).write_bytes(b"this is no database at all" * 500)
    with pytest.raises(StorageError, match="damaged"):
        open_database(of(tmp_path / "data"))


@pytest.mark.parametrize(
    ("said", "code", "passes"),
    [
        ("database is locked", "storage-locked", True),
        ("database or disk is full", "disk-full", False),
        ("disk I/O error", "disk-full", False),
        ("attempt to write a readonly database", "storage-permission", False),
        ("database disk image is malformed", "storage-damaged", False),
        ("failed to resolve host 'away'", "storage-away", True),
        ("server closed the connection unexpectedly", "storage-away", True),
        ("something else", "storage", False),
    ],
)
def test_what_a_refusal_means(said: str, code: str, passes: bool) -> None:
    error = storage_error(said, "postgresql://user:secret@host/db")
    assert error.code == code
    assert isinstance(error, TransientError) == passes
    assert "secret" not in str(error)


def test_only_postgresql_is_taken_as_a_server(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="mysql"):
        open_database(of(tmp_path, "mysql://host/db"))


def test_connections_of_threads_that_ended_are_closed(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))
    for _ in range(20):
        thread = threading.Thread(target=lambda: database.scalar("SELECT 1"))
        thread.start()
        thread.join()
    assert len(database._connections) <= 2
    database.close()
    assert database.scalar("SELECT 1") == 1, "it opens again when it is needed"
    database.close()


def test_the_clock_of_sqlite_is_this_hosts(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))
    assert abs(database.now() - SystemClock().now()) < 5
    database.close()


def test_a_database_of_the_first_version_is_brought_to_this_one(tmp_path: Path) -> None:
    database = open_database(of(tmp_path / "data"))
    today = columns(database)
    with database.write():
        database.execute("DROP TABLE merged")
        database.execute("DROP INDEX processing_tests_pending")
        database.execute("DROP INDEX item_job_sequence_id")
        database.execute("ALTER TABLE seen_frames DROP COLUMN asked")
        database.execute("ALTER TABLE people DROP COLUMN stamp")
        database.execute("UPDATE meta SET number = 1 WHERE key = 'schema'")
    database.close()
    database = open_database(of(tmp_path / "data"))
    people = People(database)
    ann, bob = people.ensure("Ann", "folder", "Ann"), people.ensure("Bob", "folder", "Bob")
    assert ann
    assert bob
    people.merge(bob.id, ann.id)
    assert people.ensure("Bob", "folder", "Bob") == ann
    assert columns(database) == today
    database.close()


def columns(database: Database) -> dict[str, list[str]]:
    tables = [str(row[0]) for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    of_indices = [f"PRAGMA index_list({table})" for table in tables]
    return {
        **{table: sorted(row[1] for row in database.query(f"PRAGMA table_info({table})")) for table in tables},
        **{asked: sorted(f"{row[1]} {row[4]}" for row in database.query(asked)) for asked in of_indices},
    }


def test_closing_leaves_a_statement_that_runs_alone(tmp_path: Path) -> None:
    """A connection that is closed under its statement ends the process, not the test."""
    database = open_database(of(tmp_path / "data"))
    slow = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT count(*) FROM n"
    counted: list[int] = []
    begun = threading.Barrier(5)

    def count() -> None:
        begun.wait()
        for _ in range(5):
            counted.append(database.scalar(slow))
        database.release()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait()
    while any(thread.is_alive() for thread in threads):
        database.close()
    assert counted == [300_000] * 20
