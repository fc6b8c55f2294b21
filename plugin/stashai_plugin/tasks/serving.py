"""A service that somebody added (one file, see docs/new-service.md), run from our page as one of Stash's tasks: here, or by the
worker whose service it is. Its job is a row like every other: progress, cancel, items, again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from stashai.errors import Cancelled, StashAIError, UsageError
from stashai.tracking.records import ENDED, JobRequest, Outcome

from ..engine.link import Link, find_worker
from ..engine.patience import patiently
from ..host.bench import Bench
from ..host.queue import queue_again
from ..request import Request
from ..rows import shown_job
from .task import FreeWork, Task
from .telling import tell

if TYPE_CHECKING:
    from stashai.processing.control import JobControl
    from stashai.processing.session import Progress
    from stashai.tracking.records import Claim

WATCH = 30.0
"""Seconds after which the worker stops a job whose task is gone."""
POLL = 1.0
PAGE = 500
SETTLE = 2.0
Json = dict[str, Any]


def start(request: Request) -> Json:
    """Queue a service with its parameters; its job."""
    bench, service = Bench(request, models=False), request.text("service", longest=200)
    params, there = request.arguments.get("params"), request.flag("there")
    if not isinstance(params, dict):
        raise UsageError("params must be an object.", code="bad-parameters")
    what = _asked(service, params) if there else _checked(bench, service, params)
    row = bench.ledger.submit(what, reuse=True).job
    queue_again(bench, row, {"op": "task_service"})
    return shown_job(row)


def run(request: Request) -> str:
    """Stash's task: do the job that `start` made."""
    bench = Bench(request, models=False)
    job = bench.ledger.job(request.text("job", longest=64))
    if job is None:
        raise UsageError("There is no such job.", code="unknown-job")
    what = JobRequest(job.processor, job.action_type, job.job_config, job.job_name)

    def work(claim: Claim) -> FreeWork:
        return There(bench, claim) if THERE in json.loads(claim.job.job_config) else Here(bench, claim)

    return Task(bench, what, "task_service").run_free(work)


THERE = "on_worker"
"""In a job's config: its parameters are the worker's to judge."""


def _asked(service: str, params: Json) -> JobRequest:
    return JobRequest(service, "service", config=json.dumps({THERE: params}), name=service)


def _checked(bench: Bench, service: str, params: Json) -> JobRequest:
    from pydantic import ValidationError

    from stashai.processing.registry import Registry

    processor = Registry(folder=bench.settings.data / "processors").create(service)
    try:
        config = processor.params.model_validate(params).model_dump_json()
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise UsageError(f"The parameters do not fit {service}: {problems}.", code="bad-parameters") from error
    return JobRequest(service, processor.action_type, config=config, name=processor.title)


class Here:
    """Implements `task.FreeWork`: the unit loop of every service, in the row that this task holds."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench, self._claim = bench, claim
        self._done = claim.job.tests_completed

    def run(self, control: JobControl) -> Mapping[str, object]:
        from stashai.processing.hands import OwnHands
        from stashai.processing.registry import Registry
        from stashai.processing.session import JobSession

        bench, job = self._bench, self._claim.job
        processor = Registry(folder=bench.settings.data / "processors").create(job.processor)
        params, ctx = processor.params.model_validate_json(job.job_config), bench.context(control)
        session = JobSession(
            bench.ledger, self._claim, control, processor, OwnHands(), params, ctx,
            cores=bench.settings.cores, seconds=None, watcher=self._tell,
        )  # fmt: skip
        try:
            session.run()
            if control.why is not None:
                session.settle(SETTLE)
                raise control.why
        finally:
            session.close()
        rows = bench.ledger.all_items(job.job_id)
        results = (processor.result.model_validate_json(row.response_data) for row in rows if row.response_data)
        return processor.summarize(params, results, ctx)

    def told(self) -> str:
        return f"{self._claim.job.job_name}: {self._done:,} done."

    def _tell(self, now: Progress) -> None:
        self._done = now.done
        self._bench.request.log.progress(now.percentage / 100)


class There:
    """Implements `task.FreeWork`: a job of the worker's, watched, whose items become ours as they come."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self._bench, self._claim = bench, claim
        self._done = claim.job.tests_completed

    def run(self, control: JobControl) -> Mapping[str, object]:
        link = find_worker(self._bench)
        theirs = patiently(control, lambda: self._submit(link))
        try:
            return self._followed(control, link, theirs)
        except Cancelled:
            link.cancel(theirs)
            raise

    def told(self) -> str:
        return f"{self._claim.job.job_name}: {self._done:,} done on the worker."

    def _submit(self, link: Link) -> str:
        job = self._claim.job
        # An attempt that was stopped stopped the worker's job, too.
        body = {"params": json.loads(job.job_config)[THERE], "watch_seconds": WATCH, "request_id": f"{job.job_id}:{job.attempt}"}
        return link.job_of(f"/queue/submit/{job.processor}", body)

    def _followed(self, control: JobControl, link: Link, theirs: str) -> Mapping[str, object]:
        after = 0
        while True:
            state = patiently(control, lambda: link.call("GET", f"/queue/status/{theirs}?watch=true"))
            page = patiently(control, partial(link.call, "GET", f"/ai-jobs/{theirs}/tests?after={after}&limit={PAGE}"))
            after = page["cursor"]
            self._record(page["tests"])
            tell(self._bench, self._claim, self._done, max(int(state["total"] or 0), self._done))
            if state["status"] in ENDED and not page["tests"]:
                break
            if not page["tests"]:
                control.wait(POLL)
        if state["status"] != "completed":
            raise StashAIError(str(state.get("error") or f"The worker's job was {state['status']}."), code="worker-job")
        return dict(link.call("GET", f"/ai-jobs/{theirs}").get("results_summary") or {})

    def _record(self, items: list[Json]) -> None:
        outcomes = [_outcome(item, self._bench.clock.now()) for item in items]
        if outcomes:
            self._bench.ledger.checkpoint(self._claim, outcomes)
        self._done += len(outcomes)


def _outcome(item: Json, now: float) -> Outcome:
    return Outcome(
        unit=item["unit"], sequence=item["sequence"], entity_type=item["entity_type"], entity_id=item["entity_id"],
        result=item["result"], started_at=now, seconds=float(item["processing_time_seconds"] or 0.0), path=item["entity_filepath"],
        name=item["entity_name"], data=json.dumps(item["response_data"]) if item["response_data"] is not None else None,
        ai_model=item["ai_model"], model_version=item["model_version"], people_found=item["performers_found"],
        confidences=tuple(item["confidence_scores"] or ()), tags=tuple(item["tags_applied"] or ()),
        criteria=item["evaluation_criteria"], reason=item["evaluation_reason"], score=item["evaluation_score"],
        error_type=item["error_type"], error_message=item["error_message"],
    )  # fmt: skip
