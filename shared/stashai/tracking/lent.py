"""What another worker lent to this one for looks at a Stash's media: its people, and what was seen on the way. It is given back,
that is deleted, when it was not used for a while, whatever became of whoever lent it."""

from __future__ import annotations

from collections.abc import Iterable

from .database import Database
from .exchange import Exchange
from .people import LENT

_MEDIUM = "lent-medium:"
_KEEP = "INSERT INTO meta (key, number, text) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET number = excluded.number"


class Lent:
    def __init__(self, database: Database) -> None:
        self._database = database

    def used(self, source: str, media: Iterable[str] = ()) -> None:
        """Something of that source was asked for just now. Of `media` (fingerprints) those are lent that were not seen before."""
        now = int(self._database.now())
        with self._database.write():
            self._database.execute(_KEEP, (source, now, None))
            for fingerprint in media:
                if self._database.scalar("SELECT 1 FROM media WHERE fingerprint = ?", (fingerprint,)) is None:
                    self._database.execute(_KEEP, (_MEDIUM + fingerprint, now, source))

    def unused(self, seconds: float) -> list[str]:
        """The sources that were not used for that long."""
        query = "SELECT key FROM meta WHERE key LIKE ? AND number < ?"
        return [row[0] for row in self._database.query(query, (LENT + "%", self._database.now() - seconds))]

    def give_back(self, source: str) -> list[str]:
        """Delete all that came with that source; answers the keys of crops to delete."""
        rows = Exchange(self._database, source)
        media = self._database.query("SELECT key FROM meta WHERE key LIKE ? AND text = ?", (_MEDIUM + "%", source))
        crops = [*rows.drop_media(key.removeprefix(_MEDIUM) for (key,) in media), *rows.retain(())]
        with self._database.write():
            self._database.execute("DELETE FROM processing_jobs WHERE client_id = ?", (source,))
            self._database.execute("DELETE FROM forgotten WHERE source = ?", (source,))
            self._database.execute("DELETE FROM meta WHERE key = ? OR (key LIKE ? AND text = ?)", (source, _MEDIUM + "%", source))
        return crops
