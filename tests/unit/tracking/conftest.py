"""A real database for each test: SQLite always, PostgreSQL where a server and its driver are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.moving_clock import MovingClock
from tests.fakes.postgres import PostgresServer
from tests.fakes.processes import FakeProcesses

from stashai.settings import Settings
from stashai.tracking.database import Database, open_database
from stashai.tracking.ledger import Ledger

numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer.started()
    yield server
    server.discard()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").make_schema(f"test_{next(numbers)}")
    return Settings(tmp_path / "data", tmp_path / "models", 2, url)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def database(settings: Settings, clock: MovingClock) -> Iterator[Database]:
    database = open_database(settings, clock)
    yield database
    database.close()


@pytest.fixture
def processes() -> FakeProcesses:
    return FakeProcesses()


@pytest.fixture
def ledger(database: Database, processes: FakeProcesses) -> Ledger:
    return Ledger(database, processes)
