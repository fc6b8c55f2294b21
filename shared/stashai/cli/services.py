"""`stashai services`: what there is beside the commands, third parties' one-file services too, and running one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from pydantic import BaseModel, ValidationError

from ..errors import StashAIError, UsageError
from ..processing.base import Processor
from ..processing.registry import Listed, Registry
from ..text import original
from .exits import Exit
from .jobs import described, progress_of
from .rows import opened
from .shell import Shell, json_option
from .work import engine, run_job, submit


@click.group()
def services() -> None:
    """Services: those that come with StashAI, those of packages, and the files in <data folder>/processors."""


@services.command("list")
@json_option
@click.pass_obj
def list_services(shell: Shell, as_json: bool) -> None:
    """List services; one that cannot be used is listed with the reason."""
    found = _registry(shell).all()
    if as_json:
        shell.emit({"services": [_described(listed) for listed in found]})
        return
    shell.table(("id", "state", "what", "from"), [(one.id, one.state, _title(one), one.origin) for one in found])
    for one in found:
        if one.reason:
            shell.say(f"{one.id} is {one.state}: {one.reason}")


def _described(listed: Listed) -> dict[str, object]:
    return {
        "id": listed.id, "state": listed.state, "title": _title(listed), "origin": listed.origin, "reason": listed.reason,
        "parameters": listed.parameters,
    }  # fmt: skip


def _title(listed: Listed) -> str:
    return str(getattr(listed.processor, "title", "") or "")


@services.command("run")
@click.argument("service", metavar="ID")
@click.argument("given", metavar="[NAME=VALUE]…", nargs=-1)
@json_option
@click.pass_obj
def run(shell: Shell, service: str, given: tuple[str, ...], as_json: bool) -> int:
    """Run a service with its parameters: NAME=VALUE each, where VALUE is JSON or else a text.

    It is a job like every other: ctrl-C stops it, the same command goes on with it, `stashai jobs` shows it."""
    kind = type(_registry(shell).create(service))
    params = _checked(kind, dict(_pair(one) for one in given))
    with opened(shell.settings) as rows:
        job_id = submit(rows, kind, params, kind.title).job.job_id
        job = run_job(shell, rows, job_id, kind.title, engine(shell))
        items = list(rows.ledger.all_items(job_id))
    if job.status == "failed":
        raise StashAIError(original(job.error_message or "It failed."), code=job.error_code or "failed")
    answers = [(item.unit, item.result, item.response_data, item.evaluation_reason, item.error_message) for item in items]
    if as_json:
        told = [dict(zip(("unit", "result", "data", "reason", "error"), one, strict=True)) for one in answers]
        shell.emit({**described(job), "items": [{**one, "data": json.loads(one["data"]) if one["data"] else None} for one in told]})
    else:
        cells = [(original(unit), result, error or reason or original(data or "")) for unit, result, data, reason, error in answers]
        shell.table(("unit", "result", "answer"), cells)
        shell.note(f"job {job_id}: {progress_of(job)}")
    return Exit.SOME_FAILED if job.tests_error else Exit.OK


def _registry(shell: Shell) -> Registry:
    return Registry(folder=shell.settings.data / "processors")


def _pair(given: str) -> tuple[str, Any]:
    name, equals, text = given.partition("=")
    if not equals:
        raise UsageError(f"{given!r} is not of the form NAME=VALUE.")
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text


def _checked(kind: type[Processor[Any, Any]], given: dict[str, Any]) -> BaseModel:
    try:
        return kind.params.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in error.errors()[:5])
        known = ", ".join(kind.params.model_fields)
        raise UsageError(
            f"The parameters do not fit {kind.id}: {problems}.", code="bad-parameters", remedy=f"There are: {known}."
        ) from error


def _place(place: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in place)
