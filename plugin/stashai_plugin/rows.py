"""The ledger's rows as our pages show them. Standard library only."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stashai.stash.mirror import FILE_NAME, Mirror

from .said import Said

if TYPE_CHECKING:
    from stashai.tracking.records import JobRow

DATABASE = "stashai.sqlite3"
INTERRUPTED = "interrupted"
"""Code of what is said of a task's job that waits for the next run, since nobody will go on with it before."""


def connect(path: Path) -> sqlite3.Connection | None:
    """The database read-only, None when there is none yet."""
    if not path.is_file():
        return None
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2.0)
    connection.row_factory = sqlite3.Row
    return connection


def jobs(data: Path, where: str, values: tuple[Any, ...], limit: int, offset: int = 0) -> list[dict[str, Any]]:
    """Rows of the ledger as our pages show them, the newest first. `where` is one of our own texts, never a caller's."""
    connection = connect(data / DATABASE)
    if connection is None:
        return []
    try:
        query = f"SELECT * FROM processing_jobs WHERE {where} ORDER BY created_at DESC LIMIT ? OFFSET ?"
        return [job_row(dict(row)) for row in connection.execute(query, (*values, limit, offset))]
    except sqlite3.OperationalError:
        # No table yet: the first job is just making it.
        return []
    finally:
        connection.close()


def shown_job(job: JobRow) -> dict[str, Any]:
    return job_row(asdict(job))


def job_row(row: dict[str, Any]) -> dict[str, Any]:
    """One row of processing_jobs as a JobRow of the contract."""
    config = json.loads(row["job_config"] or "{}")
    said = Said.read(row["message"] or "")
    total = row["total_tests_planned"] or config.get("total") or 0
    shown: dict[str, Any] = {
        "id": row["job_id"], "title": row["job_name"], "state": _state(row),
        "progress": (row["progress_percentage"] or 0.0) / 100, "done": row["tests_completed"], "total": total,
        "failed": row["tests_error"], "message": said.text or row["error_message"] or "", "said": said.shown,
        "created": stamp(row["created_at"]), "started": stamp(row["started_at"]), "ended": stamp(row["completed_at"]),
        "entity": None,
    }  # fmt: skip
    shown["error"] = shown_error(row["error_code"], row["error_message"], row["error_details"])
    if row["entity_id"]:
        shown["entity"] = {"type": row["entity_type"], "id": row["entity_id"], "name": row["entity_name"]}
    return shown


def shown_error(code: str | None, message: str | None, details: str | None) -> dict[str, Any] | None:
    """What went wrong with a job or an item."""
    if not message:
        return None
    helps = Said.read(details or "")
    return {"code": code or "error", "message": message, "remedy": helps.text, "params": dict(helps.params)}


def pages(count: int, size: int) -> int:
    """How many pages of `size` rows there are: told with each page, so that our page need not know the size."""
    return max(1, -(-count // size))


def stamp(seconds: float | None) -> str | None:
    """Seconds since the epoch as a page wants them: 2026-11-23T20:00:00Z."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _state(row: dict[str, Any]) -> str:
    """As pages show it. What waits here because a worker has it is at work."""
    if row["status"] == "pending" and row["service_name"] != "local" and Said.read(row["message"]).code != INTERRUPTED:
        return "processing"
    return "paused" if _is_paused(row) else str(row["status"])


def _is_paused(row: dict[str, Any]) -> bool:
    """A click's job whose dialog is closed, or never asked for it, or a task whose process is gone: nobody holds its lease."""
    if row["status"] == "pending":
        return row["run_policy"] == "steps" or (bool(row["started_at"]) and Said.read(row["message"]).code == INTERRUPTED)
    return row["status"] == "processing" and (row["lease_until"] or 0.0) < time.time()


def learned(data: Path) -> dict[str, int]:
    """Performers with a picture that were looked at, and how many there are."""
    if not (data / FILE_NAME).is_file():
        return {"done": 0, "total": 0}
    with closing(Mirror(data)) as mirror:
        done, total = mirror.progress()
    return {"done": done, "total": total}
