"""Brings a database to this code's version: once, by whichever process comes first.

An empty database is made from the models at the newest version. An older one is brought forward by the steps of `STEPS`,
one transaction each; a newer one is refused, because older code would write rows that newer code does not expect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import peewee

from ..errors import SetupError
from .models import TABLES, Merged, Meta

if TYPE_CHECKING:
    from .database import Database

VERSION = 6
_LOCK = 0x57A5A1
"""PostgreSQL's advisory lock for one process at a time."""

Step = Callable[["Database"], None]


def _merged(database: Database) -> None:
    peewee.SchemaManager(Merged, database.peewee).create_all(safe=True)


def _asked(database: Database) -> None:
    database.execute("ALTER TABLE seen_frames ADD COLUMN asked TEXT")


def _pending(database: Database) -> None:
    database.execute("CREATE INDEX processing_tests_pending ON processing_tests (job) WHERE result = 'pending'")


def _in_order(database: Database) -> None:
    database.execute("CREATE INDEX item_job_sequence_id ON processing_tests (job, sequence, id)")


def _stamp(database: Database) -> None:
    database.execute("ALTER TABLE people ADD COLUMN stamp BIGINT NOT NULL DEFAULT 0")


STEPS: Mapping[int, Step] = {2: _merged, 3: _asked, 4: _pending, 5: _in_order, 6: _stamp}
"""By the version that a step makes of the one before."""


def migrate(database: Database, version: int = VERSION, steps: Mapping[int, Step] = STEPS) -> None:
    """Raises SetupError for a database that newer code made."""
    found = _version(database)
    if found == version:
        return
    if found is not None and found > version:
        raise SetupError(
            f"The database {database.peewee.database} was made by a newer StashAI (its tables are of version {found}, not {version}).",
            code="database-newer",
            remedy="Update this StashAI, or name another data folder with STASHAI_DATA.",
        )
    with database.write():
        if not database.is_sqlite:
            database.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        _bring(database, _version(database), version, steps)


def _bring(database: Database, found: int | None, version: int, steps: Mapping[int, Step]) -> None:
    if found is None:
        for model in TABLES:
            peewee.SchemaManager(model, database.peewee).create_all(safe=True)
        database.execute("INSERT INTO meta (key, number) VALUES ('schema', ?)", (version,))
        return
    for target in range(found + 1, version + 1):
        steps[target](database)
    database.run(Meta.update(number=version).where(Meta.key == "schema"))


def _version(database: Database) -> int | None:
    """None when the tables are not there yet."""
    catalog = (
        "SELECT 1 FROM sqlite_master WHERE name = ?"
        if database.is_sqlite
        else "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?"
    )
    if database.scalar(catalog, ("meta",)) is None:
        return None
    number = database.scalar("SELECT number FROM meta WHERE key = 'schema'")
    return None if number is None else int(number)
