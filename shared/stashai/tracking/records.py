"""What goes into the ledger and comes out of it. Frozen, and of plain values: no row object leaves this room."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from .owner import Owner

ENDED = ("completed", "failed", "cancelled")
CANCELLED = "cancelled"
"""The error_type of an item that somebody asked to leave out."""
Policy = Literal["detached", "watched", "steps"]
"""Who keeps a job going: nobody need ("detached"), a client that renews its watch ("watched", cancelled when it lapses), or
one that asks for each step ("steps": only waits between them, no worker takes it)."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What to run. `config` is the processor's parameters as JSON, `name` what a person calls it.

    `request_hash` tells equal requests from others; without one it is made of processor and config. `watch_seconds` is how
    long a watched job outlives its client's last sign. `timeout` is in seconds of running. Priority 1 is the highest. `items` are
    the first ones, where they are known before the job runs.
    """

    processor: str
    action_type: str
    config: str = "{}"
    name: str = ""
    entity_type: str | None = None
    entity_id: str | None = None
    entity_name: str | None = None
    planned: int = 0
    priority: int = 1
    idempotency_key: str | None = None
    request_hash: str | None = None
    client_id: str | None = None
    parent: str | None = None
    timeout: float | None = None
    run_policy: Policy = "detached"
    watch_seconds: float | None = None
    max_attempts: int = 5
    service_name: str = "local"
    items: Sequence[Upcoming] = ()

    @property
    def hash(self) -> str:
        return self.request_hash or request_hash(self.processor, json.loads(self.config))


def request_hash(processor: str, *parts: object) -> str:
    """One name for equal requests: of the processor's id and anything that JSON can hold, in a canonical form."""
    text = json.dumps([processor, *parts], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as it is now; the table's columns. Times are seconds since the epoch, `*_summary` JSON."""

    id: int
    job_id: str
    job_name: str
    entity_type: str | None
    entity_id: str | None
    entity_name: str | None
    action_type: str
    status: str
    created_at: float
    started_at: float | None
    completed_at: float | None
    processing_time_seconds: float | None
    job_config: str
    service_name: str
    ai_model: str | None
    total_tests_planned: int
    tests_completed: int
    tests_passed: int
    tests_failed: int
    tests_error: int
    progress_percentage: float
    overall_result: str
    performers_found_total: int
    confidence_scores_summary: str | None
    tags_applied_summary: str | None
    results_summary: str | None
    error_message: str | None
    error_details: str | None
    processor: str
    error_code: str | None
    updated_at: float
    message: str
    owner_host: str | None
    owner_pid: int | None
    owner_start: str | None
    lease_until: float | None
    attempt: int
    strikes: int
    max_attempts: int
    cancel_requested: bool
    cancel_reason: str | None
    parent: int | None
    priority: int
    idempotency_key: str | None
    request_hash: str | None
    client_id: str | None
    timeout: float | None
    run_policy: str
    watch_seconds: float | None
    watch_until: float | None
    in_flight: str | None
    suspects: str | None
    retries: int

    @property
    def owner(self) -> Owner | None:
        if self.owner_host is None or self.owner_pid is None:
            return None
        return Owner(self.owner_host, self.owner_pid, self.owner_start or "")

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item as it ended, or, with the result "pending", as it is; the table's columns. `response_data` is the processor's result
    as JSON, None for an error."""

    id: int
    test_id: str
    job: int
    unit: str
    sequence: int
    entity_type: str
    entity_id: str
    entity_filepath: str | None
    entity_name: str | None
    action_type: str
    ai_model: str | None
    model_version: str | None
    status: str
    created_at: float
    started_at: float | None
    completed_at: float | None
    processing_time_seconds: float | None
    response_data: str | None
    result: str
    performers_found: int
    confidence_scores: str | None
    max_confidence: float | None
    avg_confidence: float | None
    tags_applied: str | None
    evaluation_criteria: str | None
    evaluation_reason: str | None
    evaluation_score: float | None
    error_message: str | None
    error_type: str | None
    error_details: str | None
    attempt: int
    retries: int

    @property
    def state(self) -> str:
        return state_of(self.status, self.result)


def state_of(status: str, result: str) -> str:
    """How an item ended; where it has not, or was cancelled, its status."""
    return status if result == "pending" or status == CANCELLED else result


JOB_COLUMNS = tuple(column.name for column in fields(JobRow))
ITEM_COLUMNS = tuple(column.name for column in fields(ItemRow))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One unit that ended, on its way into a row. `result` is pass, fail or error; `data` the result as JSON."""

    unit: str
    sequence: int
    entity_type: str
    entity_id: str
    result: Literal["pass", "fail", "error"]
    started_at: float
    seconds: float
    path: str | None = None
    name: str | None = None
    data: str | None = None
    ai_model: str | None = None
    model_version: str | None = None
    people_found: int = 0
    confidences: Sequence[float] = ()
    tags: Sequence[str] = ()
    criteria: Mapping[str, object] | None = None
    reason: str | None = None
    score: float | None = None
    error_type: str | None = None
    error_message: str | None = None
    error_details: str | None = None
    retries: int = 0

    def cancelled(self, reason: str) -> Outcome:
        """The same unit, left out: whatever it came to is thrown away."""
        return Outcome(
            self.unit, self.sequence, self.entity_type, self.entity_id, "error", self.started_at, self.seconds, self.path, self.name,
            error_type=CANCELLED, error_message=reason, retries=self.retries,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One unit that has not ended, on its way into a row: it waits, or is at work since `started_at`."""

    unit: str
    sequence: int
    entity_type: str
    entity_id: str
    path: str | None = None
    name: str | None = None
    started_at: float | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """`how`: "created"; "same-key" (the idempotency key was used before); with `reuse`, an equal unfinished job: "resumed" when
    nobody runs it, "running" when somebody does."""

    job: JobRow
    how: Literal["created", "same-key", "resumed", "running"]


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a job: (id, attempt) fences all that its holder writes. `suspects` counts, by unit, how often a
    process ended while it was at work on it."""

    job: JobRow
    suspects: Mapping[str, int] = field(default_factory=dict)

    @property
    def fence(self) -> tuple[int, int]:
        return self.job.id, self.job.attempt


@dataclass(frozen=True, slots=True)
class Signal:
    """What the ledger tells the process that runs a job. `unwanted` are the units to leave out, each with the reason."""

    cancel: bool = False
    reason: str = ""
    unwanted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reaped:
    """Job ids by what became of them: `waiting` is to be rung again."""

    waiting: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
