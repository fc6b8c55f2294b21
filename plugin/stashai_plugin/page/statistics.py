"""The numbers behind the charts of our page. Standard library only."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from ..request import Request
from ..rows import DATABASE, connect

Json = dict[str, Any]


def statistics(request: Request) -> Json:
    """Per day: jobs by outcome, items, seconds; and how the confidences lie."""
    days = int(request.number("days", 30, 1, 366))
    connection = connect(request.data / DATABASE)
    if connection is None:
        return {"jobs": [], "confidence": []}
    with closing(connection):
        try:
            return {"jobs": _per_day(connection, days), "confidence": _bins(connection, days)}
        except sqlite3.OperationalError:
            return {"jobs": [], "confidence": []}


_SINCE = "created_at >= strftime('%s', 'now') - ? * 86400"


def _per_day(connection: sqlite3.Connection, days: int) -> list[Json]:
    rows = connection.execute(
        "SELECT date(created_at, 'unixepoch') AS day, SUM(status = 'completed') AS ok, SUM(status = 'failed') AS failed, "  # noqa: S608
        "SUM(status = 'cancelled') AS cancelled, SUM(tests_completed) AS items, SUM(COALESCE(processing_time_seconds, 0)) AS seconds "
        f"FROM processing_jobs WHERE {_SINCE} GROUP BY day ORDER BY day",
        (days,),
    )
    return [{**dict(row), "seconds": round(row["seconds"] or 0.0, 1)} for row in rows]


def _bins(connection: sqlite3.Connection, days: int) -> list[Json]:
    counts = dict.fromkeys(range(10), 0)
    query = f"SELECT confidence_scores FROM processing_tests WHERE confidence_scores IS NOT NULL AND {_SINCE}"  # noqa: S608
    for (scores,) in connection.execute(query, (days,)):
        for score in json.loads(scores):
            counts[min(9, int(float(score) * 10))] += 1
    return [{"bin": number / 10, "count": count} for number, count in counts.items()]
