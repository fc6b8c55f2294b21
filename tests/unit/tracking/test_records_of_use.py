"""Statistics, interactions, writes to Stash: on each database."""

from __future__ import annotations

from tests.unit.tracking.rows import outcome, pass_time, request

from stashai.tracking.database import Database
from stashai.tracking.interactions import Interaction, Interactions
from stashai.tracking.ledger import Ledger
from stashai.tracking.statistics import totals, trends
from stashai.tracking.writes import Write, Writes


def ended(ledger: Ledger, status: str, *confidences: float) -> None:
    claim = ledger.claim(ledger.submit(request()).job.job_id)
    assert claim is not None
    outcomes = [outcome(str(number), number, confidences=(value,), people_found=1) for number, value in enumerate(confidences)]
    ledger.checkpoint(claim, outcomes)
    ledger.finish(claim, status, error=("x", "y", "") if status == "failed" else None)  # type: ignore[arg-type]  # pytest's parameters are plain strings


def test_totals_of_nothing(ledger: Ledger, database: Database) -> None:
    found = totals(database)
    assert (found.jobs, found.success_rate, found.average_seconds) == ({}, None, None)
    assert trends(database, 7) == []


def test_totals_and_trends(ledger: Ledger, database: Database) -> None:
    ended(ledger, "completed", 0.95, 0.05)
    pass_time(database, 2 * 86400)
    ended(ledger, "completed", 1.0)
    ended(ledger, "failed")
    ended(ledger, "cancelled", 0.5)
    ledger.submit(request())
    found = totals(database)
    assert found.jobs == {"completed": 2, "failed": 1, "cancelled": 1, "pending": 1}
    assert found.items == {"pass": 4, "fail": 0, "error": 0}
    assert found.success_rate == 2 / 3
    assert found.by_action == {"facial_recognition": found.jobs}
    assert found.people_found == 4
    assert found.average_seconds is not None
    days = trends(database, 7)
    assert [day.jobs for day in days] == [{"completed": 1}, {"completed": 1, "failed": 1, "cancelled": 1}]
    assert [day.confidence for day in days] == [0.5, 0.75]
    assert [day.items for day in days] == [2, 2]
    assert len(trends(database, 1)) == 1


def test_interactions(database: Database) -> None:
    store = Interactions(database)
    first = store.track(Interaction("scene", "1", "local", "facial_recognition", user_id="u", metadata='{"a":1}'))
    sent = Interaction("scene", "1", "local", "face_comparison", "s", "u", 12.5)
    ids = store.sync([sent, sent])
    assert ids[0] == ids[1] != first
    assert store.sync([sent]) == ids[:1]
    assert [row.action_type for row in store.of("scene", "1")] == ["facial_recognition", "face_comparison"]
    row = store.get(first)
    assert row is not None
    assert (row.metadata, row.user_id, row.session_id) == ('{"a":1}', "u", None)
    assert store.get(999) is None


def test_writes_are_known_before_they_are_made_and_after_the_job_is_gone(ledger: Ledger, database: Database) -> None:
    store = Writes(database)
    ids = store.plan(
        "run-1", [Write("scene", "1", "performers", "7", "[3]", "99 %", 0.99), Write("scene", "2", "performers", "7")], job_id="j"
    )
    assert [row.state for row in store.of_run("run-1")] == ["planned", "planned"]
    store.mark(ids[:1], "written")
    store.mark(ids[1:], "failed")
    store.plan("run-2", [Write("scene", "1", "performers", "8")])
    assert [(run.run, run.writes, run.undone, run.entities) for run in store.runs()] == [("run-2", 1, 0, 1), ("run-1", 1, 0, 2)]
    _, last = store.of_entity("scene", "1")
    assert (last.run, last.before, last.why, last.confidence, last.state) == ("run-1", "[3]", "99 %", 0.99, "written")
    store.mark(ids[:1], "undone")
    [undone] = [row for row in store.of_run("run-1") if row.id == ids[0]]
    assert undone.state == "undone"
    assert undone.undone_at is not None
    assert store.runs(limit=1, offset=1)[0].undone == 1
    assert [(run.run, run.writes) for run in store.runs(entity=("scene", "2"))] == [("run-1", 1)]
    assert [row.value for row in store.of_entity("scene", "1")] == ["8", "7"]
