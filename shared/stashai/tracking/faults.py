"""What a database's refusal means for a person, and whether it may pass by itself."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from ..errors import StorageBusyError, StorageError

_KEPT = "What was recorded is safe; the same command goes on from there."


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise StorageError (StorageBusyError for what may pass) instead of the driver's errors; programming errors and broken
    constraints stay what they are."""
    try:
        yield
    except StorageError:
        raise
    except (peewee.IntegrityError, sqlite3.IntegrityError, peewee.ProgrammingError, sqlite3.ProgrammingError):
        raise
    except (peewee.DatabaseError, peewee.InterfaceError, sqlite3.Error) as error:
        raise storage_error(str(error), where) from error
    except OSError as error:
        raise _os_error(error, where) from error
    except Exception as error:  # told by name, for psycopg may not be installed; all others are raised again
        if _kinds(error) & {"OperationalError", "InterfaceError", "InternalError"}:
            raise storage_error(str(error), where) from error
        raise


def _kinds(error: Exception) -> set[str]:
    """What psycopg calls the error and what it is a kind of."""
    return {kind.__name__ for kind in type(error).__mro__ if kind.__module__.startswith("psycopg")}


def storage_error(said: str, where: str) -> StorageError:
    """The error for what SQLite or PostgreSQL said of the database at `where`."""
    text = said.lower()
    place = _without_password(where)
    if "locked" in text or "deadlock" in text:
        return StorageBusyError(
            f"The database {place} is locked by another process.", code="storage-locked", remedy=f"End it, or wait. {_KEPT}"
        )
    if "full" in text or "no space" in text or "i/o error" in text:
        return StorageError(f"No room to write to {place} ({said}).", code="disk-full", remedy=f"Free some space. {_KEPT}")
    if "readonly" in text or "read-only" in text or "unable to open" in text or "permission" in text:
        return StorageError(
            f"The database {place} cannot be written ({said}).",
            code="storage-permission",
            remedy="Let this user write to the folder, or name another one with STASHAI_DATA.",
        )
    if "malformed" in text or "not a database" in text:
        return StorageError(
            f"The database {place} is damaged ({said}).",
            code="storage-damaged",
            remedy="Put a backup in its place, or move it away to start anew.",
        )
    if any(word in text for word in ("connect", "resolve", "server", "shut", "terminat")):
        return StorageBusyError(
            f"The database server of {place} does not answer ({said}).",
            code="storage-away",
            remedy=f"Start it, or correct its address. {_KEPT}",
        )
    return StorageError(f"The database {place} refused: {said}.", remedy=_KEPT)


def _os_error(error: OSError, where: str) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return storage_error("no space", where)
    return storage_error(f"permission: {error.strerror or error}", where)


def _without_password(where: str) -> str:
    scheme, found, rest = where.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if found else where
