"""`health` and `status`: answered on the standard library alone, before anything is installed and within milliseconds."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from stashai import __version__
from stashai.mode import Where, activate, architecture, lock_file, probe, python_tag, runtime_folder

from .request import Request
from .setup import status as setup_status

DATABASE = "stashai.sqlite3"
NOT_ON_A_WORKER = Where(
    "unavailable",
    "This version looks at scenes and pictures on this Stash alone; a worker serves its own API and does not know Stash's performers.",
    "Choose “Automatic” or “This Stash” under Run on.",
)
SHOWN = 20
ACTIVE = ("pending", "processing")


def health(request: Request) -> dict[str, Any]:
    """Where it runs and what is there. Sizes are in MiB."""
    saved = request.saved_settings()
    run_on = str(saved.get("run_on") or "auto")
    where = NOT_ON_A_WORKER if run_on == "worker" else probe(request.data, request.locks)
    known = _counts(request.data)
    return {
        "version": request.version if request.version != "dev" else __version__,
        "python": python_tag(), "libc": _libc(), "arch": architecture(),
        "runtime": _runtime(request), "models": _models(request),
        "where": {"mode": where.mode, "reason": where.reason, "remedy": where.remedy},
        "data_folder": str(request.data), "people": known["people"], "references": known["references"],
    }  # fmt: skip


def status(request: Request) -> dict[str, Any]:
    """The jobs that run, how far learning is, and the set-up when it is at work."""
    rows = [row for row in jobs(request.data, "status IN (?, ?)", ACTIVE, SHOWN) if row["state"] != "paused"]
    answer: dict[str, Any] = {"running": rows, "learned": learned(request.data)}
    setup = setup_status(request)
    if setup["state"] == "running":
        answer["setup"] = {key: setup[key] for key in ("state", "fraction", "message")}
    return answer


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
        query = f"SELECT * FROM processing_jobs WHERE {where} ORDER BY created_at DESC LIMIT ? OFFSET ?"  # noqa: S608
        return [job_row(dict(row)) for row in connection.execute(query, (*values, limit, offset))]
    except sqlite3.OperationalError:
        # No table yet: the first job is just making it.
        return []
    finally:
        connection.close()


def job_row(row: dict[str, Any]) -> dict[str, Any]:
    """One row of processing_jobs as a JobRow of the contract."""
    config = json.loads(row["job_config"] or "{}")
    total = row["total_tests_planned"] or config.get("total") or 0
    shown: dict[str, Any] = {
        "id": row["job_id"], "title": row["job_name"], "state": "paused" if _is_paused(row) else row["status"],
        "progress": (row["progress_percentage"] or 0.0) / 100, "done": row["tests_completed"], "total": total,
        "failed": row["tests_error"], "message": row["message"] or row["error_message"] or "", "created": stamp(row["created_at"]),
        "started": stamp(row["started_at"]), "ended": stamp(row["completed_at"]), "entity": None, "error": None,
    }  # fmt: skip
    if row["error_message"]:
        shown["error"] = {"code": row["error_code"] or "error", "message": row["error_message"], "remedy": ""}
    if row["entity_id"]:
        shown["entity"] = {"type": row["entity_type"], "id": row["entity_id"], "name": row["entity_name"]}
    return shown


def stamp(seconds: float | None) -> str | None:
    """Seconds since the epoch as a page wants them: 2026-11-23T20:00:00Z."""
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _is_paused(row: dict[str, Any]) -> bool:
    """A click's job whose dialog is closed, or a task whose process is gone: nobody holds its lease."""
    if row["status"] == "pending":
        return row["run_policy"] == "steps" and bool(row["started_at"])
    return row["status"] == "processing" and (row["lease_until"] or 0.0) < time.time()


def learned(data: Path) -> dict[str, int]:
    """Performers with a picture that were looked at, and how many there are."""
    connection = connect(data / "stash.sqlite3")
    if connection is None:
        return {"done": 0, "total": 0}
    try:
        row = connection.execute("SELECT COUNT(*), SUM(outcome != '') FROM performers WHERE image IS NOT NULL").fetchone()
        return {"done": int(row[1] or 0), "total": int(row[0])}
    except sqlite3.OperationalError:
        return {"done": 0, "total": 0}
    finally:
        connection.close()


def _counts(data: Path) -> dict[str, int]:
    connection = connect(data / DATABASE)
    if connection is None:
        return {"people": 0, "references": 0}
    try:
        people = connection.execute("SELECT COUNT(DISTINCT person) FROM reference_faces WHERE usable").fetchone()[0]
        references = connection.execute("SELECT COUNT(*) FROM reference_faces").fetchone()[0]
        return {"people": int(people), "references": int(references)}
    except sqlite3.OperationalError:
        return {"people": 0, "references": 0}
    finally:
        connection.close()


def _libc() -> str:
    from stashai.mode import libc

    return libc()


def _runtime(request: Request) -> dict[str, Any]:
    setup = setup_status(request)
    lock = lock_file(request.locks)
    folder = runtime_folder(request.data, lock) if lock.is_file() else request.data / "runtime"
    state = "ready" if activate(request.data, request.locks) else "missing"
    if state == "missing" and setup["state"] in ("running", "failed"):
        state = {"running": "installing", "failed": "failed"}[setup["state"]]
    size = _size_mb(folder) if folder.is_dir() else 0
    return {"state": state, "size_mb": size, "folder": str(folder), "message": setup["message"]}


def _size_mb(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20


def _models(request: Request) -> list[dict[str, Any]]:
    from stashai.settings import Settings
    from stashai.vision.catalog import Catalog

    settings = Settings(data=request.data, models=request.data / "models", cores=1)
    shown = []
    for entry in Catalog.load().models.values():
        path = settings.models / "weights" / entry.id / entry.file
        state = "ready" if path.is_file() else "missing"
        if entry.default or state == "ready":
            shown.append({"id": entry.id, "role": entry.role, "state": state, "size_mb": round(entry.bytes / 2**20, 1)})
    return shown
