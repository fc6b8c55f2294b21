"""`stashai jobs`: what was done, what runs, and what went wrong."""

from __future__ import annotations

import json
import time
from datetime import datetime

import click

from ..contracts.enums import ProcessingStatus
from ..text import original
from ..tracking.records import ItemRow, JobRow
from .exits import Exit
from .rows import find_job, opened
from .shell import Shell, json_option

SHOWN_ITEMS = 1000
STATES = tuple(state.value for state in ProcessingStatus)


@click.group()
def jobs() -> None:
    """Past and running work. Every identify, enroll and compare is a job with one row an item."""


@jobs.command("list")
@click.option("--status", multiple=True, type=click.Choice(STATES), help="Only those in this state; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), default=30, show_default=True, help="How many, the newest first.")
@json_option
@click.pass_obj
def list_jobs(shell: Shell, status: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List jobs, the newest first."""
    with opened(shell.settings) as rows:
        found = rows.ledger.jobs(status=status, limit=limit)
    if as_json:
        shell.emit({"jobs": [described(job) for job in found]})
        return
    cells = [(job.job_id, when(job.created_at), job.status, progress_of(job), original(job.job_name)) for job in found]
    shell.table(("id", "when", "state", "items", "what"), cells)
    if not found:
        shell.say("There are no jobs yet.")


def when(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def progress_of(job: JobRow) -> str:
    failed = f", {job.tests_error} failed" if job.tests_error else ""
    return f"{job.tests_completed} of {max(job.total_tests_planned, job.tests_completed)}{failed}"


def described(job: JobRow) -> dict[str, object]:
    """What `--json` tells of a job: the names are those of the API."""
    return {
        "job_id": job.job_id, "job_name": original(job.job_name), "processor": job.processor, "status": job.status,
        "created_at": job.created_at, "started_at": job.started_at, "completed_at": job.completed_at,
        "total_items": max(job.total_tests_planned, job.tests_completed), "processed_items": job.tests_completed,
        "failed_items": job.tests_error, "progress_percentage": job.progress_percentage, "attempt": job.attempt,
        "error": {"code": job.error_code, "message": job.error_message} if job.error_message else None,
    }


@jobs.command()
@click.argument("job_id")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Leave out so many items.")
@json_option
@click.pass_obj
def show(shell: Shell, job_id: str, offset: int, as_json: bool) -> None:
    """Show a job and its items."""
    with opened(shell.settings) as rows:
        job = find_job(rows.ledger, job_id)
        items = rows.ledger.items(job.job_id, limit=SHOWN_ITEMS, offset=offset)
    if as_json:
        shell.emit({**described(job), "items": [item_row(item) for item in items]})
        return
    shell.say(f"{job.job_id}  {original(job.job_name)}")
    shell.say(f"{job.status}, {progress_of(job)}, begun {when(job.started_at) or 'not yet'}, ended {when(job.completed_at) or 'not yet'}")
    if job.error_message:
        shell.say(original(job.error_message))
    cells = [(item.state, original(item.entity_filepath or item.unit), item.error_message or "") for item in items]
    shell.table(("result", "item", "error"), cells)


def item_row(item: ItemRow) -> dict[str, object]:
    error = {"code": item.error_type, "message": item.error_message} if item.error_message else None
    return {"item": original(item.entity_filepath or item.unit), "result": item.result, "status": item.status,
            "people_found": item.performers_found, "seconds": item.processing_time_seconds, "error": error}


@jobs.command()
@click.argument("job_id")
@json_option
@click.pass_obj
def cancel(shell: Shell, job_id: str, as_json: bool) -> int:
    """Stop a job; what it has done is kept."""
    with opened(shell.settings) as rows:
        job = find_job(rows.ledger, job_id)
        if job.ended:
            raise click.UsageError(f"that job has ended already: {job.status}")
        rows.ledger.cancel(job.job_id, "cancelled on the command line")
        deadline = time.monotonic() + 5
        while not (now := find_job(rows.ledger, job.job_id)).ended and time.monotonic() < deadline:
            time.sleep(0.1)
    if as_json:
        shell.emit(described(now))
    else:
        shell.note(f"{now.job_id}: {now.status if now.ended else 'asked to stop'}")
    return Exit.OK


@jobs.command()
@click.argument("job_id")
@json_option
@click.pass_obj
def retry(shell: Shell, job_id: str, as_json: bool) -> int:
    """Run a job's failed and missing items again, here and now."""
    from ..vision.profile import Profile  # networks and arrays: the other commands answer in half the time without them
    from .work import engine, run_job

    with opened(shell.settings) as rows:
        job = find_job(rows.ledger, job_id)
        if job.ended:
            job = rows.ledger.retry(job.job_id)
        # the profile that it was asked for with, the usual one where its kind has none
        profile = Profile(json.loads(job.job_config).get("profile") or Profile.BALANCED)
        done = run_job(shell, rows, job.job_id, original(job.job_name), engine(shell, profile))
    if as_json:
        shell.emit(described(done))
    else:
        shell.note(f"{done.job_id}: {done.status}, {progress_of(done)}")
    return Exit.OK if done.status == "completed" and not done.tests_error else Exit.SOME_FAILED
