"""`health`: answered on the standard library alone, before anything is installed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from stashai import __version__
from stashai.mode import Where, activate, architecture, libc, lock_file, probe, python_tag, runtime_folder
from stashai.vision.catalog import Catalog

from ..preferences.fields import only_on_worker, wants_worker
from ..preferences.saved import cached
from ..request import Request
from ..rows import DATABASE, connect
from ..setup.progress import status as setup_status


def health(request: Request) -> dict[str, Any]:
    """Where it runs and what is there. Sizes are in MiB."""
    where = where_it_runs(request)
    known = _counts(request.data)
    return {
        "version": request.version if request.version != "dev" else __version__,
        "python": python_tag(), "libc": libc(), "arch": architecture(),
        "runtime": _runtime(request), "models": _models(request),
        "where": {"mode": where.mode, "reason": where.reason, "remedy": where.remedy, "code": where.code},
        "data_folder": str(request.data), "people": known["people"], "references": known["references"],
    }  # fmt: skip


def where_it_runs(request: Request) -> Where:
    """The worker where the settings want one and it answers; else this host, with the reason where there is one to tell."""
    saved = cached(request)
    if not wants_worker(saved):
        if only_on_worker(saved):
            return Where("unavailable", "No other computer is paired.", "Enter its address and token in StashAI's settings.", "worker")
        return probe(request.data, request.locks)
    # A quarter of the start, where no worker is paired.
    from stashai.client import WorkerClient, WorkerError, read_token

    from ..engine.link import abilities_of

    address = str(saved["worker"]["address"])
    try:
        abilities_of(WorkerClient(address, read_token(request.home)), saved["profile"])
    except WorkerError as error:
        here = probe(request.data, request.locks)
        if only_on_worker(saved) or here.mode != "local":
            return Where("unavailable", error.message, error.remedy, error.code)
        return Where("local", f"{error.message} This Stash does it by itself meanwhile.", error.remedy, error.code)
    return Where("worker", address)


def _counts(data: Path) -> dict[str, int]:
    connection = connect(data / DATABASE)
    if connection is None:
        return {"people": 0, "references": 0}
    try:
        people, references = connection.execute("SELECT COUNT(DISTINCT person), COUNT(*) FROM reference_faces WHERE usable").fetchone()
        return {"people": int(people), "references": int(references)}
    except sqlite3.OperationalError:
        return {"people": 0, "references": 0}
    finally:
        connection.close()


def _runtime(request: Request) -> dict[str, Any]:
    setup = setup_status(request)
    lock = lock_file(request.locks)
    folder = runtime_folder(request.data, lock) if lock.is_file() else request.data / "runtime"
    state = "ready" if activate(request.data, request.locks) else "missing"
    if state == "missing" and setup["state"] in ("running", "failed"):
        state = {"running": "installing", "failed": "failed"}[setup["state"]]
    size = _size_mb(folder) if folder.is_dir() else 0
    return {"state": state, "size_mb": size, "folder": str(folder), "message": setup["message"], "said": setup["said"]}


def _size_mb(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20


def _models(request: Request) -> list[dict[str, Any]]:
    settings = request.library_settings()
    shown = []
    for entry in Catalog.of(settings).models.values():
        path = settings.models / "weights" / entry.id / entry.file
        state = "ready" if path.is_file() else "missing"
        if entry.default or state == "ready":
            shown.append({"id": entry.id, "role": entry.role, "state": state, "size_mb": round(entry.bytes / 2**20, 1)})
    return shown
