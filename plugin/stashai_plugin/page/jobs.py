"""Past and running jobs on our page."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from stashai.errors import UsageError
from stashai.stash.mirror import FILE_NAME, Mirror
from stashai.tracking.records import CANCELLED, state_of

from .. import rows
from ..engine.base import HANDED
from ..host.bench import Bench, rows_can_be_kept
from ..host.queue import queue_again, ring, settle, withdraw
from ..request import KINDS, Request
from ..rows import shown_job

PAGE = 25
ITEMS_A_PAGE = 50
OF_JOB = "processing_tests t JOIN processing_jobs j ON j.id = t.job WHERE j.job_id = ?"
LONGEST_ANSWER = 200
STATES = ("pending", "processing", "completed", "failed", "cancelled")
Json = dict[str, Any]


def jobs(request: Request) -> Json:
    """A page of jobs, the newest first."""
    _settled(request)
    _take_in(request)
    state = request.optional_text("state")
    if state is not None and state not in STATES:
        raise UsageError(f"state must be one of {', '.join(STATES)}.")
    where, values = ("status = ?", (state,)) if state else ("1", ())
    shown = rows.jobs(request.data, where, values, PAGE, (request.page() - 1) * PAGE)
    return {"jobs": shown, "pages": rows.pages(_count(request, f"processing_jobs WHERE {where}", values), PAGE)}


def _count(request: Request, what: str, values: tuple[str, ...]) -> int:
    connection = rows.connect(request.data / rows.DATABASE)
    if connection is None:
        return 0
    with closing(connection):
        try:
            return int(connection.execute(f"SELECT COUNT(*) FROM {what}", values).fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _settled(request: Request) -> None:
    """Ask Stash only when there is a task that is not over."""
    if rows.jobs(request.data, "status IN ('pending', 'processing') AND run_policy <> 'steps'", (), 1):
        settle(Bench(request, models=False))
    if (request.data / FILE_NAME).is_file() and rows_can_be_kept():
        ring(Bench(request, models=False))


def _take_in(request: Request) -> None:
    """What a worker has done meanwhile."""
    mirror = Mirror(request.data)
    handed = mirror.facts(HANDED)
    mirror.close()
    if handed:
        from ..engine.handed import take_in  # needs `requests`, which is not there before the set-up on some machines

        take_in(Bench(request, models=False))


def job(request: Request) -> Json:
    """One job with a page of its items."""
    job_id = request.text("id", longest=64)
    found = rows.jobs(request.data, "job_id = ?", (job_id,), 1)
    if not found:
        raise UsageError("There is no such job.", code="unknown-job")
    connection = rows.connect(request.data / rows.DATABASE)
    items: list[Json] = []
    if connection is not None:
        with closing(connection):
            query = f"SELECT t.* FROM {OF_JOB} ORDER BY t.result = 'error' DESC, t.sequence, t.id LIMIT ? OFFSET ?"
            found_items = connection.execute(query, (job_id, ITEMS_A_PAGE, (request.page() - 1) * ITEMS_A_PAGE))
            items = [_item(dict(row)) for row in found_items]
    return {"job": found[0], "items": items, "pages": rows.pages(_count(request, OF_JOB, (job_id,)), ITEMS_A_PAGE)}


def _item(row: Json) -> Json:
    data = json.loads(row["response_data"]) if row["response_data"] else {}
    people = [{"name": p["name"], "probability": round(p["probability"], 4)} for p in data.get("people", ()) if isinstance(p, dict)]
    state = state_of(row["status"], row["result"])
    error = None if state == CANCELLED else rows.shown_error(row["error_type"], row["error_message"], row["error_details"])
    ours = row["entity_type"] in KINDS and str(row["entity_id"]).isdigit()
    if not ours:
        told = row["evaluation_reason"] or ", ".join(f"{name}: {value}" for name, value in data.items())[:LONGEST_ANSWER]
        return {"key": row["unit"], "name": row["entity_name"] or row["entity_id"], "state": state, "told": told, "error": error}
    return {
        "key": row["unit"], "name": row["entity_name"] or row["entity_id"], "type": row["entity_type"], "id": row["entity_id"],
        "state": state, "people": people, "error": error,
    }  # fmt: skip


def cancel(request: Request) -> Json:
    """Stop a job: a waiting one at once, a running one within seconds, and its task in Stash's queue if it still waits there."""
    from ..engine.handed import cancel_handed

    bench = Bench(request, models=False)
    job_id = request.text("id", longest=64)
    row = bench.ledger.cancel(job_id, "stopped on StashAI's page")
    if row is None:
        raise UsageError("There is no such job.", code="unknown-job")
    cancel_handed(bench, job_id)
    withdraw(bench, row)
    return shown_job(row)


def retry(request: Request) -> Json:
    """Do again what could not run. A task goes back into Stash's queue; a click's job waits for its dialog."""
    bench = Bench(request)
    job_id = request.text("id", longest=64)
    row = bench.ledger.job(job_id)
    if row is None:
        raise UsageError("There is no such job.", code="unknown-job")
    if row.ended:
        row = bench.ledger.retry(job_id)
    if row.run_policy != "steps":
        queue_again(bench, row, {"op": task_of(row.processor)})
    return shown_job(row)


def task_of(processor: str) -> str:
    """The operation that goes on with a job of that processor."""
    if not processor.startswith("stash."):
        return "task_service"
    return {"stash.learn": "task_learn", "stash.apply": "task_apply"}.get(processor, "task_identify")
