"""What a running job has done: items and counters in one transaction, under the fence of the claim."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ..ids import new_id
from ..text import storable
from .leases import FENCED, Leasing, as_json, lost
from .records import CANCELLED, Claim, JobRow, Outcome, Signal, Upcoming

_ITEM = (
    "test_id, job, unit, sequence, entity_type, entity_id, entity_filepath, entity_name, action_type, ai_model, model_version, status,"
    " created_at, started_at, completed_at, processing_time_seconds, response_data, result, performers_found, confidence_scores,"
    " max_confidence, avg_confidence, tags_applied, evaluation_criteria, evaluation_reason, evaluation_score, error_message, error_type,"
    " error_details, attempt, retries"
)
_INSERT = f"INSERT INTO processing_tests ({_ITEM}) VALUES ({', '.join('?' * (_ITEM.count(',') + 1))})"
_COUNTED = (
    "tests_passed, tests_failed, tests_error, total_tests_planned, performers_found_total, confidence_scores_summary, tags_applied_summary,"
    " retries"
)
_IN_ONE_QUERY = 500


class Recording(Leasing):
    """The part of the ledger that the runner writes to."""

    def announce(self, claim: Claim, items: Sequence[Upcoming]) -> None:
        """Give items that come next their rows, or say which of them are at work now. Raises LeaseLost."""
        with self.database.write():
            self._counted(claim)
            self._announce(claim.job, items)

    def checkpoint(
        self,
        claim: Claim,
        outcomes: Sequence[Outcome],
        *,
        planned: int | None = None,
        in_flight: Sequence[str] = (),
        message: str | None = None,
    ) -> Signal:
        """Insert items (one whose unit has a row already is left out), bring the counters up to date, prolong the lease.
        All or nothing. Raises LeaseLost."""
        with self.database.write():
            now = self.database.now()
            counted = self._counted(claim)
            new = self._recorded(claim.job, outcomes, now)
            self._count(claim, counted, new, planned, in_flight, message, now)
        return self.signal(claim)

    def finish(
        self,
        claim: Claim,
        status: Literal["completed", "failed", "cancelled"],
        *,
        summary: Mapping[str, object] | None = None,
        ai_model: str | None = None,
        error: tuple[str, str, str] | None = None,
        reason: str | None = None,
    ) -> JobRow:
        """End a job; `error` is (code, message, details). A job all of whose items errored is failed, whatever was asked,
        or cancelled where all of them were. Raises LeaseLost."""
        with self.database.write():
            passed, failed, errors, planned, *_ = self._counted(claim)
            now = self.database.now()
            total = passed + failed + errors
            if status == "completed" and total and errors == total:
                why = self._why_none_could(claim, total)
                status, error, reason = ("cancelled", None, why[1]) if why[0] == CANCELLED else ("failed", error or why, reason)
            code, said, details = error or (None, None, None)
            started = claim.job.started_at or now
            self._fenced(
                claim,
                {
                    "status": status,
                    "completed_at": now,
                    "updated_at": now,
                    "processing_time_seconds": max(0.0, now - started),
                    "results_summary": None if summary is None else json.dumps(summary),
                    "ai_model": ai_model or claim.job.ai_model,
                    "error_code": code,
                    "error_message": said,
                    "error_details": details,
                    "overall_result": _overall(passed, failed, errors, status),
                    "total_tests_planned": total if status == "completed" else max(planned, total),
                    "progress_percentage": 100.0 if status == "completed" else _percentage(total, planned),
                    "lease_until": None,
                    "in_flight": None,
                    "cancel_reason": reason,
                    "cancel_requested": status == "cancelled",
                    "message": "",
                },
            )
            self._leave_items(claim.job.id)
            return self._reread(claim.job)

    def _counted(self, claim: Claim) -> tuple[Any, ...]:
        lock = "" if self.database.is_sqlite else " FOR UPDATE"
        rows = self.database.query(
            f"SELECT {_COUNTED} FROM processing_jobs WHERE {FENCED}{lock}",
            claim.fence,
        )
        if not rows:
            raise lost(claim)
        return rows[0]

    def _recorded(self, job: JobRow, outcomes: Sequence[Outcome], now: float) -> list[Outcome]:
        """Insert the rows of items that have not ended, in the place of those that were announced; answers their outcomes."""
        new, announced = self._without_ended(job.id, outcomes)
        self.database.executemany("DELETE FROM processing_tests WHERE id = ?", [(known.row,) for known in announced.values()])
        rows = []
        for unit, outcome in new.items():
            known = announced.get(unit) or _Announced(0, new_id(now), outcome.started_at)
            rows.append(_row(job, outcome, known.test_id, known.created_at))
        self.database.executemany(_INSERT, rows)
        return list(new.values())

    def _without_ended(self, job: int, outcomes: Sequence[Outcome]) -> tuple[dict[str, Outcome], dict[str, _Announced]]:
        """By unit, outcomes of items that have not ended, and what is known of those that were announced. One that somebody
        cancelled is cancelled, also where its end came before the wish was heard."""
        by_unit = {storable(outcome.unit): outcome for outcome in outcomes}
        announced: dict[str, _Announced] = {}
        units = list(by_unit)
        for start in range(0, len(units), _IN_ONE_QUERY):
            part = units[start : start + _IN_ONE_QUERY]
            marks = ",".join("?" * len(part))
            sql = f"SELECT unit, result, error_message, id, test_id, created_at FROM processing_tests WHERE job = ? AND unit IN ({marks})"
            for unit, result, unwanted, *row in self.database.query(sql, (job, *part)):
                if result != "pending":
                    del by_unit[unit]
                    continue
                announced[unit] = _Announced(*row)
                if unwanted is not None:
                    by_unit[unit] = by_unit[unit].cancelled(unwanted)
        return by_unit, announced

    def _count(
        self,
        claim: Claim,
        counted: tuple[Any, ...],
        new: Sequence[Outcome],
        planned: int | None,
        in_flight: Sequence[str],
        message: str | None,
        now: float,
    ) -> None:
        passed, failed, errors, total, people, confidences, tags, retries = counted
        results = Counter(outcome.result for outcome in new)
        passed, failed, errors = passed + results["pass"], failed + results["fail"], errors + results["error"]
        done = passed + failed + errors
        total = max(total if planned is None else planned, done)
        values: dict[str, object] = {
            "tests_completed": done,
            "tests_passed": passed,
            "tests_failed": failed,
            "tests_error": errors,
            "total_tests_planned": total,
            "performers_found_total": people + sum(outcome.people_found for outcome in new),
            "confidence_scores_summary": merged_confidences(confidences, [score for outcome in new for score in outcome.confidences]),
            "tags_applied_summary": _merged_tags(tags, new),
            "progress_percentage": _percentage(done, total),
            "in_flight": as_json(in_flight),
            "retries": retries + sum(o.retries for o in new),
            "lease_until": now + self.lease,
            "updated_at": now,
        }
        if message is not None:
            values["message"] = storable(message)
        if new:
            values["strikes"] = 0
        self._fenced(claim, values)

    def _why_none_could(self, claim: Claim, total: int) -> tuple[str, str, str]:
        code, said = self.database.query(
            "SELECT error_type, error_message FROM processing_tests WHERE job = ? AND result = 'error'"
            f" ORDER BY status = '{CANCELLED}', sequence, id LIMIT 1",
            (claim.job.id,),
        )[0]
        return code, (said if total == 1 else f"None of {total} items could be run; the first: {said}"), ""


class _Announced(NamedTuple):
    """An item's row from before its end."""

    row: int
    test_id: str
    created_at: float


def _row(job: JobRow, outcome: Outcome, test_id: str, created_at: float) -> tuple[object, ...]:
    scores = [float(score) for score in outcome.confidences]
    return (
        test_id,
        job.id,
        storable(outcome.unit),
        outcome.sequence,
        outcome.entity_type,
        storable(outcome.entity_id),
        None if outcome.path is None else storable(outcome.path),
        None if outcome.name is None else storable(outcome.name),
        job.action_type,
        outcome.ai_model,
        outcome.model_version,
        _status(outcome),
        created_at,
        outcome.started_at,
        outcome.started_at + outcome.seconds,
        outcome.seconds,
        outcome.data,
        outcome.result,
        outcome.people_found,
        json.dumps(scores) if scores else None,
        max(scores) if scores else None,
        sum(scores) / len(scores) if scores else None,
        json.dumps(list(outcome.tags)) if outcome.tags else None,
        None if outcome.criteria is None else json.dumps(outcome.criteria),
        outcome.reason,
        outcome.score,
        outcome.error_message,
        outcome.error_type,
        outcome.error_details,
        job.attempt,
        outcome.retries,
    )


def _status(outcome: Outcome) -> str:
    if outcome.error_type == CANCELLED:
        return CANCELLED
    return "failed" if outcome.result == "error" else "completed"


def merged_confidences(known: str | None, new: Sequence[float]) -> str | None:
    """The summary of a job's confidences with further ones."""
    scores = [float(score) for score in new]
    if not scores:
        return known
    old = json.loads(known) if known else {"min": 1.0, "max": 0.0, "avg": 0.0, "count": 0}
    count = old["count"] + len(scores)
    average = (old["avg"] * old["count"] + sum(scores)) / count
    return json.dumps({"min": min(old["min"], *scores), "max": max(old["max"], *scores), "avg": average, "count": count})


def _merged_tags(known: str | None, new: Sequence[Outcome]) -> str | None:
    tags = Counter(tag for outcome in new for tag in outcome.tags)
    if not tags:
        return known
    return json.dumps(dict(Counter(json.loads(known) if known else {}) + tags))


def _percentage(done: int, total: int) -> float:
    return min(100.0, 100.0 * done / total) if total else 0.0


def _overall(passed: int, failed: int, errors: int, status: str) -> str:
    if errors or status == "failed":
        return "error"
    if failed:
        return "fail"
    return "pass" if passed or status == "completed" else "pending"
