"""What the rows say of all work together: counts, rates, times, trends. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .database import Database


@dataclass(frozen=True, slots=True)
class Totals:
    """`success_rate` is completed / (completed + failed) and 0 to 1, None before any job ended so. Times are seconds a job."""

    jobs: dict[str, int]
    items: dict[str, int]
    by_action: dict[str, dict[str, int]]
    success_rate: float | None
    average_seconds: float | None
    people_found: int
    retries: int


@dataclass(slots=True)
class Day:
    """What ended on one day (`day` is YYYY-MM-DD). `confidence` is the mean of the items' best confidences."""

    day: str
    jobs: dict[str, int] = field(default_factory=dict)
    items: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    seconds: float = 0.0
    people_found: int = 0
    confidence: float | None = None


def totals(database: Database) -> Totals:
    """Of all jobs that are kept."""
    rows = database.query(
        "SELECT action_type, status, count(*), sum(tests_passed), sum(tests_failed), sum(tests_error), sum(performers_found_total),"
        " sum(retries), sum(processing_time_seconds), count(processing_time_seconds) FROM processing_jobs"
        " GROUP BY action_type, status"
    )
    jobs: Counter[str] = Counter()
    by_action: dict[str, dict[str, int]] = {}
    for action, status, count, *_ in rows:
        jobs[status] += count
        by_action.setdefault(action, {})[status] = count
    timed = sum(row[9] for row in rows if row[1] == "completed")
    decided = jobs["completed"] + jobs["failed"]
    return Totals(
        jobs=dict(jobs),
        items={"pass": _sum(rows, 3), "fail": _sum(rows, 4), "error": _sum(rows, 5)},
        by_action=by_action,
        success_rate=jobs["completed"] / decided if decided else None,
        average_seconds=sum(row[8] or 0.0 for row in rows if row[1] == "completed") / timed if timed else None,
        people_found=_sum(rows, 6),
        retries=_sum(rows, 7),
    )


def trends(database: Database, days: int, *, utc_offset: int = 0) -> list[Day]:
    """The last `days` days on which something ended, today's included, the oldest first. `utc_offset` (seconds) says when a
    day begins."""
    today = int((database.now() + utc_offset) // 86400)
    first = (today - days + 1) * 86400 - utc_offset
    found: dict[str, Day] = {}
    confidences: dict[str, list[tuple[float, int]]] = {}
    for row in database.query(
        "SELECT completed_at, status, tests_completed, tests_passed, tests_failed, tests_error, processing_time_seconds,"
        " performers_found_total, id FROM processing_jobs WHERE completed_at >= ? ORDER BY completed_at",
        (first,),
    ):
        name = datetime.fromtimestamp(row[0] + utc_offset, UTC).strftime("%Y-%m-%d")
        _add(found.setdefault(name, Day(name)), row)
    for ended, mean, count in database.query(
        "SELECT j.completed_at, avg(t.max_confidence), count(t.max_confidence)"
        " FROM processing_jobs j JOIN processing_tests t ON t.job = j.id"
        " WHERE j.completed_at >= ? AND t.max_confidence IS NOT NULL GROUP BY j.id, j.completed_at",
        (first,),
    ):
        name = datetime.fromtimestamp(ended + utc_offset, UTC).strftime("%Y-%m-%d")
        confidences.setdefault(name, []).append((mean, count))
    for name, means in confidences.items():
        found[name].confidence = sum(mean * count for mean, count in means) / sum(count for _, count in means)
    return list(found.values())


def _add(day: Day, row: Sequence[Any]) -> None:
    _, status, items, passed, failed, errors, seconds, people, _ = row
    day.jobs[status] = day.jobs.get(status, 0) + 1
    day.items += items
    day.passed += passed
    day.failed += failed
    day.errors += errors
    day.seconds += seconds or 0.0
    day.people_found += people


def _sum(rows: Sequence[Sequence[Any]], column: int) -> int:
    return int(sum(row[column] or 0 for row in rows))
