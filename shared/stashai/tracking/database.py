"""One database for all rows: SQLite in the data folder, or PostgreSQL by its URL. Threads and processes may share it.

Each thread has a connection of its own. Writers of one process queue at a lock, because SQLite's own waiting sleeps in
steps that are long beside a write; writers of other processes are waited for by SQLite (`busy_timeout`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import peewee

from ..clock import Clock, SystemClock
from ..errors import SetupError, StorageBusyError
from ..filesystem import is_network_folder
from ..settings import Settings
from .faults import storage_error, translated
from .migrations import migrate

FILE_NAME = "stashai.sqlite3"
BUSY_SECONDS = 10.0
_POSTGRESQL_NOW = "extract(epoch from clock_timestamp())::double precision"


class Database:
    """Peewee's database with one way to write, one to read, and errors that a person can act on (StorageError)."""

    def __init__(self, connector: peewee.Database, clock: Clock) -> None:
        self.peewee: Any = connector
        self.clock = clock
        self.is_sqlite = isinstance(connector, peewee.SqliteDatabase)
        self._writers = threading.RLock() if self.is_sqlite else None
        self._local = threading.local()
        self._connections: list[tuple[threading.Thread, Any]] = []
        self._connections_lock = threading.Lock()

    # Connections

    def connection(self) -> Any:
        """This thread's DB-API connection, opened on first use."""
        if not self.peewee.is_closed():
            current = self._current()
            if self.is_sqlite or not current.closed or self._in_transaction:
                return current
            self.discard()
        with translated(self.peewee.database):
            self.peewee.connect()
        self._remember(self._current())
        return self._current()

    def _current(self) -> Any:
        return self.peewee.connection()

    def _remember(self, connection: Any) -> None:
        with self._connections_lock:
            orphans = [known for thread, known in self._connections if not thread.is_alive()]
            self._connections = [(thread, known) for thread, known in self._connections if thread.is_alive()]
            self._connections.append((threading.current_thread(), connection))
        for orphan in orphans:
            orphan.close()

    def release(self) -> None:
        """Close this thread's connection; a thread that ends calls it."""
        if self.peewee.is_closed():
            return
        mine = self._current()
        self.peewee.close()
        with self._connections_lock:
            self._connections = [(thread, known) for thread, known in self._connections if known is not mine]

    def close(self) -> None:
        """Close this thread's connection and those of threads that ended. Those of other threads are theirs and end with them:
        SQLite crashes the process when a connection is closed under a statement that runs."""
        self.release()
        with self._connections_lock:
            others, self._connections = self._connections, []
        for thread, connection in others:
            if not (self.is_sqlite and thread.is_alive()):
                connection.close()
        if not self.is_sqlite:
            self.peewee.close_all()

    # Reading

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a SELECT written with `?` for parameters."""
        return list(self.execute(sql, params).fetchall())

    def rows(self, query: Any) -> list[dict[str, Any]]:
        """Rows of a Peewee query as dictionaries."""
        self.connection()
        with translated(self.peewee.database):
            return list(query.dicts().execute(self.peewee))

    def first(self, query: Any) -> dict[str, Any] | None:
        rows = self.rows(query.limit(1))
        return rows[0] if rows else None

    def scalar(self, sql: str, params: Sequence[object] = ()) -> Any:
        row = self.execute(sql, params).fetchone()
        return None if row is None else row[0]

    # Writing

    @property
    def _in_transaction(self) -> bool:
        return bool(getattr(self._local, "depth", 0))

    @contextmanager
    def write(self) -> Iterator[None]:
        """A transaction that no other writer runs beside. Nested ones join the outer one."""
        if self._in_transaction:
            yield
            return
        with self._turn(), translated(self.peewee.database):
            connection = self.connection()
            self._begin(connection)
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:  # a kill from the keyboard, too, must not leave a transaction open
                self._roll_back(connection)
                raise
            finally:
                self._local.depth = 0

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """This thread's turn to write, among those of this process."""
        if self._writers is None:
            yield
            return
        if not self._writers.acquire(timeout=2 * BUSY_SECONDS):
            raise storage_error("locked", self.peewee.database)
        try:
            yield
        finally:
            self._writers.release()

    def _begin(self, connection: Any) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        except Exception:  # raised again: each server's driver has its own kinds, and the connection is of no use after any
            if not self.is_sqlite:
                self.discard()
            raise
        self._local.depth = 1

    def _roll_back(self, connection: Any) -> None:
        # A full disk or a lost server has rolled back by itself; the first error is the one to tell.
        with suppress(Exception):
            connection.execute("ROLLBACK")
        if not self.is_sqlite and (connection.closed or connection.broken):
            self.discard()

    def discard(self) -> None:
        """Forget this thread's connection after its server went away, so that the next use connects anew."""
        with suppress(Exception):  # it is of no use any more, and each server's driver has its own kinds
            self.peewee.manual_close()

    def execute(self, sql: str, params: Sequence[object] = ()) -> Any:
        """A cursor. `?` stands for parameters on both databases."""
        connection = self.connection()
        with translated(self.peewee.database):
            return connection.execute(self._sql(sql), params)

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        connection = self.connection()
        with translated(self.peewee.database):
            connection.cursor().executemany(self._sql(sql), rows)

    def run(self, query: Any) -> Any:
        """Run a Peewee insert (answers the new id), update or delete (answers the number of rows)."""
        self.connection()
        with translated(self.peewee.database):
            return query.execute(self.peewee)

    def insert(self, table: str, values: Mapping[str, object]) -> int:
        """Insert one row; answers its `id`."""
        marks = ",".join("?" * len(values))
        columns = ",".join(f'"{column}"' for column in values)
        sql = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'
        if self.is_sqlite:
            return int(self.execute(sql, tuple(values.values())).lastrowid)
        return int(self.execute(f"{sql} RETURNING id", tuple(values.values())).fetchone()[0])

    def update(self, table: str, values: Mapping[str, object], where: str, params: Sequence[object]) -> int:
        """Change rows; answers how many."""
        columns = ", ".join(f'"{column}" = ?' for column in values)
        return int(self.execute(f'UPDATE "{table}" SET {columns} WHERE {where}', (*values.values(), *params)).rowcount)

    def empty_log(self) -> bool:
        """Move the write-ahead log into the file, where deleted rows are zeroes, and cut it to nothing. False when another
        process reads from it just now; it is then overwritten later, as always."""
        return not (self.is_sqlite and self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    def shred(self) -> None:
        """Overwrite what deleted rows left behind: the log is emptied, the file rewritten. Raises StorageError when another
        process is at work on the database."""
        if not self.is_sqlite:
            self.execute("VACUUM")
            return
        with self._turn():
            self.empty_log()
            self.execute("VACUUM")
            emptied = self.empty_log()
        if not emptied:
            raise StorageBusyError(
                "The rows are deleted, but another process keeps their remains in the log.",
                code="storage-locked",
                remedy="End it and repeat this.",
            )

    def _sql(self, sql: str) -> str:
        return sql if self.is_sqlite else sql.replace("?", "%s")

    # Time

    def now(self) -> float:
        """The database's clock: this host's for SQLite, the server's for PostgreSQL, which several hosts share."""
        if self.is_sqlite:
            return self.clock.now()
        return float(self.scalar(f"SELECT {_POSTGRESQL_NOW}"))


def open_database(settings: Settings, clock: Clock | None = None) -> Database:
    """The database of `settings`, brought to this code's version. Raises StorageError, SetupError."""
    connector = _postgresql(settings.database_url) if settings.database_url else _sqlite(settings.data)
    database = Database(connector, clock or SystemClock())
    migrate(database)
    return database


def _sqlite(folder: Path) -> peewee.SqliteDatabase:
    path = folder / FILE_NAME
    with translated(str(path)):
        _make_private(folder, path)
        network = is_network_folder(folder)
    pragmas = [
        ("journal_mode", "truncate" if network else "wal"),
        ("synchronous", "full" if network else "normal"),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("cache_size", -1000),
        ("wal_autocheckpoint", 4000),
    ]
    return peewee.SqliteDatabase(str(path), pragmas=pragmas, timeout=BUSY_SECONDS, check_same_thread=False)


def _make_private(folder: Path, path: Path) -> None:
    """The folder is the user's alone (0700), and so is the file before SQLite first writes to it (0600)."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        with suppress(PermissionError):  # a folder that somebody else owns keeps its mode
            folder.chmod(0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _postgresql(url: str) -> peewee.Database:
    if not url.startswith(("postgresql://", "postgres://")):
        scheme = url.partition(":")[0]
        raise SetupError(f"STASHAI_DATABASE_URL names {scheme!r}, not PostgreSQL.", remedy="Use postgresql://user@host/database.")
    if find_spec("psycopg") is None:  # Peewee imports it by itself
        raise SetupError("PostgreSQL needs the package psycopg.", remedy="Install stashai[worker].")
    from playhouse.pool import PooledPostgresqlDatabase

    address = impatient(url.replace("postgres://", "postgresql://", 1))
    # Threads of jobs come and go; a server's connection takes ten milliseconds, so they are handed on.
    pool: peewee.Database = PooledPostgresqlDatabase(
        address, max_connections=None, stale_timeout=300, prefer_psycopg3=True, connect_timeout=10
    )
    return pool


def impatient(url: str) -> str:
    """A PostgreSQL's address, such that what a host that froze in the middle of a write has locked is free again after BUSY_SECONDS:
    the server ends its session."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["options"] = f"{query.get('options', '')} -c idle_in_transaction_session_timeout={BUSY_SECONDS * 1000:.0f}".strip()
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))
