"""A real database for each test: SQLite always, PostgreSQL where a server and its driver are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.moving_clock import MovingClock
from tests.fakes.postgres import PostgresServer
from tests.fakes.processes import FakeProcesses

from stashai.settings import Settings
from stashai.tracking.database import Database, open_database
from stashai.tracking.ledger import Ledger


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer.started()
    yield server
    server.discard()


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> str:
    """One schema for all tests: a schema's hundred files take longer to make and remove than a test to run."""
    return postgres.make_schema("tests")


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return Settings(tmp_path / "data", tmp_path / "models", 2, url)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def database(settings: Settings, clock: MovingClock) -> Iterator[Database]:
    database = open_database(settings, clock)
    yield database
    if settings.database_url:
        empty(database)
    database.close()


def empty(database: Database) -> None:
    """All rows that another test could see."""
    with database.write():
        for table in ("processing_jobs", "people", "media", "user_interactions", "stash_writes", "file_fingerprints", "forgotten"):
            database.execute(f"DELETE FROM {table}")
        database.execute("DELETE FROM meta WHERE key <> 'schema'")


@pytest.fixture
def processes() -> FakeProcesses:
    return FakeProcesses()


@pytest.fixture
def ledger(database: Database, processes: FakeProcesses) -> Ledger:
    return Ledger(database, processes)
