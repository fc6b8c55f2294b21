"""The numbers behind the charts of our page. Standard library only."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from statistics import fmean
from typing import Any

from ..request import Request
from ..rows import DATABASE, connect

Json = dict[str, Any]
_NOTHING: Json = {"jobs": [], "confidence": [], "means": []}


def statistics(request: Request) -> Json:
    """Per day: jobs by outcome, items, seconds, the mean confidence; and how the confidences lie."""
    days = int(request.number("days", 30, 1, 366))
    connection = connect(request.data / DATABASE)
    if connection is None:
        return dict(_NOTHING)
    with closing(connection):
        try:
            scores = _scores(connection, days)
            return {"jobs": _per_day(connection, days), "confidence": _bins(scores), "means": _means(scores)}
        except sqlite3.OperationalError:
            return dict(_NOTHING)


_SINCE = "created_at >= strftime('%s', 'now') - ? * 86400"


def _per_day(connection: sqlite3.Connection, days: int) -> list[Json]:
    rows = connection.execute(
        "SELECT date(created_at, 'unixepoch') AS day, SUM(status = 'completed') AS ok, SUM(status = 'failed') AS failed, "
        "SUM(status = 'cancelled') AS cancelled, SUM(tests_completed) AS items, SUM(COALESCE(processing_time_seconds, 0)) AS seconds "
        f"FROM processing_jobs WHERE {_SINCE} GROUP BY day ORDER BY day",
        (days,),
    )
    return [{**dict(row), "seconds": round(row["seconds"] or 0.0, 1)} for row in rows]


def _scores(connection: sqlite3.Connection, days: int) -> list[tuple[str, float]]:
    query = (
        "SELECT date(created_at, 'unixepoch'), confidence_scores FROM processing_tests "
        f"WHERE confidence_scores IS NOT NULL AND {_SINCE} ORDER BY created_at"
    )
    return [(day, float(score)) for day, scores in connection.execute(query, (days,)) for score in json.loads(scores)]


def _bins(scores: list[tuple[str, float]]) -> list[Json]:
    counts = Counter(min(9, int(score * 10)) for _, score in scores)
    return [{"bin": number / 10, "count": counts[number]} for number in range(10)]


def _means(scores: list[tuple[str, float]]) -> list[Json]:
    by_day: dict[str, list[float]] = {}
    for day, score in scores:
        by_day.setdefault(day, []).append(score)
    return [{"day": day, "mean": round(fmean(found), 4)} for day, found in by_day.items()]
