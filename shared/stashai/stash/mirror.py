"""What we know of Stash's performers, and what its hooks told us: two small tables beside the ledger. Standard library only,
so that a hook appends and a poll reads without anything installed.

`performers.outcome` is empty until the picture was looked at; then "enrolled", or the code of why not (no-face, choose, …).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..filesystem import is_network_folder

FILE_NAME = "stash.sqlite3"
RING_AGAIN = 600.0
"""Seconds after which a burst's task is taken for lost."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS performers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, disambiguation TEXT NOT NULL, favorite INTEGER NOT NULL, ignored INTEGER NOT NULL,
    image TEXT, updated_at TEXT NOT NULL, rank INTEGER NOT NULL DEFAULT 1000000000, outcome TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS performers_waiting ON performers (outcome, favorite DESC, rank);
CREATE TABLE IF NOT EXISTS arrivals (kind TEXT NOT NULL, id INTEGER NOT NULL, added REAL NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
EXPECTED = "performers-expected"
"""The fact that says how many performers Stash has, while not all of them have their row."""
_COLUMNS = "id, name, disambiguation, favorite, ignored, image, updated_at, outcome, detail"


@dataclass(frozen=True, slots=True)
class Known:
    """A performer as last seen."""

    id: str
    name: str
    disambiguation: str
    favorite: bool
    ignored: bool
    image: str | None
    updated_at: str
    outcome: str
    detail: str


class Mirror:
    """One connection, made on first use; every change is its own transaction, which a crash of the machine may undo, a kill not."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE_NAME
        self._connection: sqlite3.Connection | None = None

    @property
    def _rows(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(self._path, timeout=15.0, isolation_level=None)
            if not is_network_folder(self._path.parent):
                # Without a log each change waits for the disk three times, and a picture that is learned is several changes.
                self._connection.executescript("PRAGMA journal_mode = wal; PRAGMA synchronous = normal;")
            self._connection.executescript(_SCHEMA)
        return self._connection

    @contextmanager
    def _begin(self) -> Iterator[sqlite3.Connection]:
        connection = self._rows
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:  # a kill from the keyboard, too, must leave no half of a change
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # performers ------------------------------------------------------------------------------------------------------

    def update(self, performers: Iterable[Known]) -> int:
        """Take over what Stash says now; one that changed is looked at again. Returns how many were given."""
        rows = [(int(p.id), p.name, p.disambiguation, p.favorite, p.ignored, p.image, p.updated_at) for p in performers]
        with self._begin() as connection:
            connection.executemany(
                "INSERT INTO performers (id, name, disambiguation, favorite, ignored, image, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, disambiguation = excluded.disambiguation, "
                "favorite = excluded.favorite, ignored = excluded.ignored, "
                "outcome = CASE WHEN updated_at = excluded.updated_at AND image IS excluded.image THEN outcome ELSE '' END, "
                "image = excluded.image, updated_at = excluded.updated_at",
                rows,
            )
        return len(rows)

    def rank(self, ids: Sequence[str], first: int = 0) -> None:
        """The order in which they are learned: the given one, from this place on."""
        with self._begin() as connection:
            connection.executemany("UPDATE performers SET rank = ? WHERE id = ?", [(n, int(i)) for n, i in enumerate(ids, first)])

    def waiting(self, limit: int) -> list[Known]:
        """Those with a picture that was not looked at: favourites first, then by rank."""
        query = f"SELECT {_COLUMNS} FROM performers WHERE outcome = '' AND image IS NOT NULL ORDER BY favorite DESC, rank, id LIMIT ?"
        return [_known(row) for row in self._rows.execute(query, (limit,))]

    def settle(self, performer_id: str, outcome: str, detail: str = "") -> None:
        with self._begin() as connection:
            connection.execute("UPDATE performers SET outcome = ?, detail = ? WHERE id = ?", (outcome, detail, int(performer_id)))

    def unsettle(self, performer_id: str) -> None:
        """To be looked at again, with what is tagged."""
        with self._begin() as connection:
            connection.execute("UPDATE performers SET outcome = '', detail = '' WHERE id = ?", (int(performer_id),))
            connection.execute("DELETE FROM facts WHERE key = ?", (tagged_fact(performer_id),))

    def missing(self, there: Iterable[str]) -> list[str]:
        """Those that have a row here and are no longer in Stash."""
        ids = {int(i) for i in there}
        return [str(row[0]) for row in self._rows.execute("SELECT id FROM performers ORDER BY id") if row[0] not in ids]

    def lacking(self, there: Iterable[str]) -> list[str]:
        """Those that have no row here."""
        known = {row[0] for row in self._rows.execute("SELECT id FROM performers")}
        return [performer_id for performer_id in there if int(performer_id) not in known]

    def drop(self, performer_id: str) -> None:
        with self._begin() as connection:
            connection.execute("DELETE FROM performers WHERE id = ?", (int(performer_id),))

    def find(self, performer_id: str) -> Known | None:
        row = self._rows.execute(f"SELECT {_COLUMNS} FROM performers WHERE id = ?", (int(performer_id),)).fetchone()
        return _known(row) if row else None

    def names(self) -> dict[str, str]:
        """Names by id, for lists."""
        return {str(row[0]): str(row[1]) for row in self._rows.execute("SELECT id, name FROM performers")}

    def count(self) -> int:
        return int(self._rows.execute("SELECT COUNT(*) FROM performers").fetchone()[0])

    def progress(self) -> tuple[int, int]:
        """(looked at, with a picture); of all, while it is not known which of them have one."""
        query = "SELECT SUM(outcome != ''), COUNT(*), (SELECT value FROM facts WHERE key = ?) FROM performers WHERE image IS NOT NULL"
        done, pictures, expected = self._rows.execute(query, (EXPECTED,)).fetchone()
        return int(done or 0), max(int(pictures), int(expected or 0))

    def listed(self, where: str, text: str, limit: int, offset: int) -> tuple[int, list[Known]]:
        """A page by name. `where` is one of: all, without_face, choose."""
        condition = {
            "all": "1",
            "without_face": "(image IS NULL OR outcome NOT IN ('', 'enrolled'))",
            "choose": "outcome = 'choose'",
        }[where] + (" AND name LIKE ? ESCAPE '\\'" if text else "")
        values = ["%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"] if text else []
        total = self._rows.execute(f"SELECT COUNT(*) FROM performers WHERE {condition}", values).fetchone()[0]
        query = f"SELECT {_COLUMNS} FROM performers WHERE {condition} ORDER BY name COLLATE NOCASE, id LIMIT ? OFFSET ?"
        return int(total), [_known(row) for row in self._rows.execute(query, (*values, limit, offset))]

    # facts -----------------------------------------------------------------------------------------------------------

    def fact(self, key: str) -> str | None:
        row = self._rows.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def facts(self, prefix: str) -> list[str]:
        """The keys that begin so."""
        rows = self._rows.execute("SELECT key FROM facts WHERE substr(key, 1, ?) = ? ORDER BY key", (len(prefix), prefix))
        return [str(row[0]) for row in rows]

    def note(self, key: str, value: str | None) -> None:
        with self._begin() as connection:
            if value is None:
                connection.execute("DELETE FROM facts WHERE key = ?", (key,))
            else:
                connection.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", (key, value))

    # arrivals --------------------------------------------------------------------------------------------------------

    def arrived(self, kind: str, number: int) -> bool:
        """Note what a hook told. Whether a task has to be queued for it, as `is_due` says."""
        with self._begin() as connection:
            connection.execute("INSERT OR IGNORE INTO arrivals (kind, id, added) VALUES (?, ?, ?)", (kind, number, time.time()))
            return _due(connection)

    def is_due(self) -> bool:
        """Whether something waits for which no task was queued, or so long ago that it is taken for lost (Stash was restarted with
        our task in its queue). True once: whoever is told queues the task, or says that it could not (`not_rung`)."""
        with self._begin() as connection:
            return _due(connection)

    def not_rung(self) -> None:
        """No task could be queued: the next hook, task or page tries again."""
        self.note("rung", None)

    def arrivals(self, limit: int = 500) -> list[tuple[str, str]]:
        rows = self._rows.execute("SELECT kind, id FROM arrivals ORDER BY added, id LIMIT ?", (limit,))
        return [(str(row[0]), str(row[1])) for row in rows]

    def served(self, arrivals: Iterable[tuple[str, str]]) -> None:
        with self._begin() as connection:
            connection.executemany("DELETE FROM arrivals WHERE kind = ? AND id = ?", [(kind, int(i)) for kind, i in arrivals])
            if connection.execute("SELECT 1 FROM arrivals LIMIT 1").fetchone() is None:
                connection.execute("DELETE FROM facts WHERE key = 'rung'")

    def wipe(self) -> None:
        with self._begin() as connection:
            for table in ("performers", "arrivals", "facts"):
                connection.execute(f"DELETE FROM {table}")


def _due(connection: sqlite3.Connection) -> bool:
    now = time.time()
    waiting = connection.execute("SELECT 1 FROM arrivals LIMIT 1").fetchone() is not None
    rung = connection.execute("SELECT value FROM facts WHERE key = 'rung'").fetchone()
    due = waiting and (rung is None or now - float(rung[0]) > RING_AGAIN)
    if due:
        connection.execute("INSERT OR REPLACE INTO facts (key, value) VALUES ('rung', ?)", (str(now),))
    return due


def tagged_fact(performer_id: str) -> str:
    """The fact that says in what state the media tagged with a performer were learned from."""
    return f"tagged:{performer_id}"


def _known(row: Sequence[object]) -> Known:
    number, name, note, favorite, ignored, image, updated, outcome, detail = row
    picture = str(image) if image is not None else None
    return Known(
        str(number), str(name), str(note), bool(favorite), bool(ignored), picture, str(updated), str(outcome), str(detail)
    )
