"""The ledger's rules, on each database."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from tests.fakes.processes import FakeProcesses
from tests.unit.tracking.rows import outcome, pass_time, request

from stashai.errors import LeaseLost, UsageError
from stashai.settings import Settings
from stashai.tracking.database import Database, open_database
from stashai.tracking.ledger import LEASE, Ledger
from stashai.tracking.owner import Owner
from stashai.tracking.records import Claim, JobRow

OTHER = Owner("elsewhere", 7, "start-7")


def claimed(ledger: Ledger, job: JobRow, owner: Owner | None = None) -> Claim:
    claim = ledger.claim(job.job_id, owner)
    assert claim is not None
    return claim


def now_row(ledger: Ledger, job: JobRow) -> JobRow:
    row = ledger.job(job.job_id)
    assert row is not None
    return row


# Submitting


def test_a_request_is_a_pending_row_at_once(ledger: Ledger) -> None:
    job = ledger.submit(request("first", entity_type="scene", entity_id="12", priority=3, client_id="ui", timeout=9.0)).job
    row = now_row(ledger, job)
    assert (row.status, row.job_name, row.entity_type, row.entity_id, row.priority) == ("pending", "first", "scene", "12", 3)
    assert (row.client_id, row.timeout, row.attempt, row.tests_completed, row.overall_result) == ("ui", 9.0, 0, 0, "pending")
    assert row.parent is None
    assert not row.ended


def test_the_same_idempotency_key_gives_the_same_job_even_after_its_end(ledger: Ledger) -> None:
    first = ledger.submit(request(idempotency_key="k"))
    ledger.finish(claimed(ledger, first.job), "completed")
    again = ledger.submit(request("other", idempotency_key="k"))
    assert (again.how, again.job.job_id) == ("same-key", first.job.job_id)


def test_an_equal_request_is_taken_up_again_only_on_request(ledger: Ledger) -> None:
    first = ledger.submit(request())
    assert ledger.submit(request()).how == "created"
    again = ledger.submit(request(), reuse=True)
    assert (again.how, again.job.job_id) == ("resumed", first.job.job_id)
    assert ledger.submit(request("another"), reuse=True).how == "created"


def test_an_equal_request_that_somebody_runs_is_named(ledger: Ledger) -> None:
    first = ledger.submit(request()).job
    claimed(ledger, first, OTHER)
    again = ledger.submit(request(), reuse=True)
    assert (again.how, again.job.job_id) == ("running", first.job_id)


def test_an_equal_request_that_ended_is_done_anew(ledger: Ledger) -> None:
    first = ledger.submit(request()).job
    ledger.finish(claimed(ledger, first), "completed")
    assert ledger.submit(request(), reuse=True).how == "created"


def test_a_parent_must_be_known(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        ledger.submit(request(parent="nowhere"))
    parent = ledger.submit(request()).job
    child = ledger.submit(request("child", parent=parent.job_id)).job
    assert [row.job_id for row in ledger.children(parent.job_id)] == [child.job_id]


def test_names_that_are_not_unicode_are_kept(ledger: Ledger) -> None:
    job = ledger.submit(request("job", entity_type="image", entity_id="/a/\udcff.jpg")).job
    claim = claimed(ledger, job)
    ledger.checkpoint(claim, [outcome("/a/\udcff.jpg", path="/a/\udcff.jpg")], in_flight=["/b/\udc80"])
    assert ledger.is_done(job.id, "/a/\udcff.jpg")


# Claiming


def test_a_claim_takes_the_job_for_a_lease(ledger: Ledger, processes: FakeProcesses) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    row = now_row(ledger, claim.job)
    assert (row.status, row.attempt, row.owner) == ("processing", 1, processes.current)
    assert row.lease_until == pytest.approx(ledger.database.now() + LEASE, abs=5)
    assert row.started_at is not None


def test_nobody_else_gets_a_claimed_job(ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    claimed(ledger, job)
    assert ledger.claim(job.job_id, OTHER) is None
    assert ledger.claim("unknown") is None


def test_of_many_that_claim_at_once_one_gets_it(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request()).job
    start, claims = threading.Barrier(8), []

    def run(number: int) -> None:
        start.wait()
        claims.append(ledger.claim(job.job_id, Owner("elsewhere", number, "")))
        database.release()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([claim for claim in claims if claim is not None]) == 1
    assert now_row(ledger, job).attempt == 1


def test_an_expired_lease_is_taken_over_and_the_first_holder_is_fenced(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request()).job
    first = claimed(ledger, job, OTHER)
    ledger.checkpoint(first, [outcome("a")])
    pass_time(database, LEASE - 1)
    assert ledger.claim(job.job_id) is None
    pass_time(database, 2)
    second = claimed(ledger, job)
    assert second.job.attempt == 2
    for write in (
        lambda: ledger.heartbeat(first),
        lambda: ledger.checkpoint(first, [outcome("b")]),
        lambda: ledger.finish(first, "completed"),
        lambda: ledger.release(first),
        lambda: ledger.signal(first),
    ):
        with pytest.raises(LeaseLost):
            write()
    assert [row.unit for row in ledger.items(job.job_id)] == ["a"]
    assert now_row(ledger, job).status == "processing"


def test_a_dead_owner_of_this_host_is_taken_over_at_once(ledger: Ledger, processes: FakeProcesses) -> None:
    job = ledger.submit(request()).job
    dead = Owner(processes.current.host, 99, "start-99")
    claimed(ledger, job, dead)
    assert ledger.claim(job.job_id) is None
    processes.dead.add(dead)
    assert claimed(ledger, job).job.attempt == 2


def test_a_heartbeat_prolongs_the_lease(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request()).job
    claim = claimed(ledger, job, OTHER)
    pass_time(database, LEASE - 10)
    ledger.heartbeat(claim, ["a"], 12.5, "half way")
    pass_time(database, LEASE - 10)
    assert ledger.claim(job.job_id) is None
    row = now_row(ledger, job)
    assert (row.progress_percentage, row.message, json.loads(row.in_flight or "")) == (12.5, "half way", ["a"])


def test_a_released_job_waits_with_what_it_has(ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    claim = claimed(ledger, job)
    ledger.checkpoint(claim, [outcome("a")], planned=2)
    ledger.release(claim)
    row = now_row(ledger, job)
    assert (row.status, row.owner, row.tests_completed) == ("pending", None, 1)
    assert claimed(ledger, job).suspects == {}


def test_a_holder_that_gives_a_job_back_itself_clears_it_of_strikes(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request()).job
    claimed(ledger, job, OTHER)
    pass_time(database, LEASE + 1)
    claim = claimed(ledger, job)
    assert claim.job.strikes == 1
    ledger.release(claim)
    assert now_row(ledger, job).strikes == 0


# Recording


def test_counters_are_those_of_the_rows(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [
        outcome("a", 0, people_found=2, confidences=(0.5, 0.9), tags=("x", "y")),
        outcome("b", 1, result="fail", reason="too few"),
    ], planned=4, message="on its way")  # fmt: skip
    ledger.checkpoint(claim, [outcome("c", 2, result="error", error_type="unreadable-media", error_message="broken"),
                              outcome("d", 3, people_found=1, confidences=(0.1,), tags=("x",), retries=2)])  # fmt: skip
    row = now_row(ledger, claim.job)
    assert (row.tests_completed, row.tests_passed, row.tests_failed, row.tests_error) == (4, 2, 1, 1)
    assert (row.performers_found_total, row.retries, row.progress_percentage, row.message) == (3, 2, 100.0, "on its way")
    assert json.loads(row.confidence_scores_summary or "") == {"min": 0.1, "max": 0.9, "avg": 0.5, "count": 3}
    assert json.loads(row.tags_applied_summary or "") == {"x": 2, "y": 1}
    first, failed, broken, _ = ledger.items(claim.job.job_id)
    assert (first.status, first.result, first.max_confidence, first.avg_confidence) == ("completed", "pass", 0.9, 0.7)
    assert (failed.status, failed.result, failed.evaluation_reason) == ("completed", "fail", "too few")
    assert (broken.status, broken.result, broken.error_type, broken.error_message) == ("failed", "error", "unreadable-media", "broken")


def test_a_unit_has_one_row_however_often_it_is_recorded(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [outcome("a", people_found=1)])
    ledger.checkpoint(claim, [outcome("a", people_found=5), outcome("b"), outcome("b")])
    row = now_row(ledger, claim.job)
    assert (row.tests_completed, row.performers_found_total) == (2, 1)
    assert [item.unit for item in ledger.items(claim.job.job_id)] == ["a", "b"]


def test_a_checkpoint_is_all_or_nothing(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    bad = replace(outcome("b"), entity_type=None)  # type: ignore[arg-type]  # what the database refuses
    with pytest.raises(Exception, match=r"(?i)null"):
        ledger.checkpoint(claim, [outcome("a"), bad])
    assert ledger.items(claim.job.job_id) == []
    assert now_row(ledger, claim.job).tests_completed == 0


def test_more_items_at_once_than_a_query_takes_parameters(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [outcome(str(number), number) for number in range(1200)])
    ledger.checkpoint(claim, [outcome(str(number), number) for number in range(1100, 1300)])
    assert now_row(ledger, claim.job).tests_completed == 1300
    assert [int(item.unit) for item in ledger.all_items(claim.job.job_id)] == list(range(1300))
    assert ledger.item_count(claim.job.job_id) == 1300


def test_items_come_in_the_order_of_units_not_of_their_ends(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [outcome("c", 2), outcome("a", 0)])
    ledger.checkpoint(claim, [outcome("b", 1)])
    assert [item.unit for item in ledger.items(claim.job.job_id)] == ["a", "b", "c"]
    followed = ledger.items_after(claim.job.job_id, limit=2)
    assert [item.unit for item in followed] == ["c", "a"]
    assert [item.unit for item in ledger.items_after(claim.job.job_id, followed[-1].id)] == ["b"]


def test_a_job_that_worked_is_completed(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [outcome("a"), outcome("b", 1, result="error", error_type="x", error_message="y")], planned=2)
    row = ledger.finish(claim, "completed", summary={"n": 2}, ai_model="m")
    assert (row.status, row.overall_result, row.progress_percentage, row.ai_model) == ("completed", "error", 100.0, "m")
    assert json.loads(row.results_summary or "") == {"n": 2}
    assert row.completed_at is not None
    assert row.processing_time_seconds is not None
    assert row.lease_until is None


def test_a_job_none_of_whose_items_ran_is_failed(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [outcome(unit, result="error", error_type="unreadable-media", error_message="broken") for unit in "ab"])
    row = ledger.finish(claim, "completed")
    assert (row.status, row.error_code, row.overall_result) == ("failed", "unreadable-media", "error")
    assert "None of 2 items" in (row.error_message or "")


@pytest.mark.parametrize(("results", "overall"), [(["pass"], "pass"), (["pass", "fail"], "fail"), ([], "pass")])
def test_the_overall_result(ledger: Ledger, results: list[str], overall: str) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [outcome(str(number), number, result=result) for number, result in enumerate(results)])
    assert ledger.finish(claim, "completed").overall_result == overall


def test_an_ended_job_cannot_be_claimed(ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    ledger.finish(claimed(ledger, job), "completed")
    assert ledger.claim(job.job_id) is None


# Cancelling and watching


def test_cancelling_a_waiting_job_ends_it(ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    row = ledger.cancel(job.job_id, "changed my mind")
    assert row is not None
    assert (row.status, row.cancel_reason) == ("cancelled", "changed my mind")
    assert ledger.claim(job.job_id) is None
    assert ledger.cancel("unknown") is None


def test_cancelling_a_running_job_asks_its_owner_and_keeps_what_is_done(ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    claim = claimed(ledger, job)
    assert not ledger.checkpoint(claim, [outcome("a")], planned=4).cancel
    row = ledger.cancel(job.job_id, "enough")
    assert row is not None
    assert row.status == "processing"
    signal = ledger.signal(claim)
    assert (signal.cancel, signal.reason) == (True, "enough")
    assert ledger.heartbeat(claim).cancel
    assert ledger.checkpoint(claim, [outcome("b", 1)]).cancel
    row = ledger.finish(claim, "cancelled", reason="enough")
    assert (row.status, row.tests_completed, row.progress_percentage) == ("cancelled", 2, 50.0)


def test_cancelling_an_abandoned_job_ends_it(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request()).job
    claimed(ledger, job, OTHER)
    pass_time(database, LEASE + 1)
    row = ledger.cancel(job.job_id)
    assert row is not None
    assert row.status == "cancelled"


def test_a_cancel_that_the_owner_did_not_live_to_see_holds(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request()).job
    claimed(ledger, job, OTHER)
    ledger.cancel(job.job_id)
    pass_time(database, LEASE + 1)
    assert ledger.claim(job.job_id) is None
    assert now_row(ledger, job).status == "cancelled"


def test_cancelling_reaches_children(ledger: Ledger) -> None:
    parent = ledger.submit(request()).job
    child = ledger.submit(request("child", parent=parent.job_id)).job
    claim = claimed(ledger, child)
    ledger.cancel(parent.job_id)
    assert ledger.signal(claim).cancel


def test_cancelling_what_ended_changes_nothing(ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    ledger.finish(claimed(ledger, job), "completed")
    row = ledger.cancel(job.job_id)
    assert row is not None
    assert row.status == "completed"


def test_a_watch_that_lapses_cancels(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request(run_policy="watched", watch_seconds=30)).job
    claim = claimed(ledger, job)
    pass_time(database, 25)
    assert ledger.watch(job.job_id)
    pass_time(database, 25)
    assert not ledger.signal(claim).cancel
    pass_time(database, 10)
    assert "watches" in ledger.signal(claim).reason
    ledger.finish(claim, "cancelled")
    assert not ledger.watch(job.job_id)


def test_an_unwatched_job_that_waits_is_cancelled_by_the_reaper(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request(run_policy="watched", watch_seconds=30)).job
    other = ledger.submit(request("other")).job
    assert ledger.reap().cancelled == ()
    pass_time(database, 31)
    assert ledger.reap().cancelled == (job.job_id,)
    assert now_row(ledger, other).status == "pending"
    assert not ledger.watch(other.job_id)


# Reaping, retrying


def test_the_reaper_puts_back_what_expired_and_leaves_what_waits(ledger: Ledger, database: Database) -> None:
    waiting, running, expired = (ledger.submit(request(name)).job for name in "abc")
    claimed(ledger, expired, OTHER)
    pass_time(database, LEASE + 1)
    claimed(ledger, running, OTHER)
    assert ledger.reap().waiting == (expired.job_id,)
    assert ledger.reap().waiting == ()
    assert [now_row(ledger, job).status for job in (waiting, running, expired)] == ["pending", "processing", "pending"]


def test_attempts_without_progress_are_exhausted_and_the_poison_item_is_named(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request(max_attempts=3)).job
    for _ in range(3):
        claim = claimed(ledger, job, OTHER)
        ledger.heartbeat(claim, ["bad.mp4"])
        pass_time(database, LEASE + 1)
        reaped = ledger.reap()
    assert reaped.failed == (job.job_id,)
    row = now_row(ledger, job)
    assert (row.status, row.error_code) == ("failed", "attempts-exhausted")
    assert "bad.mp4" in (row.error_message or "")


def test_progress_forgives_strikes(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request(max_attempts=2)).job
    for number in range(5):
        claim = claimed(ledger, job, OTHER)
        ledger.checkpoint(claim, [outcome(str(number), number)])
        pass_time(database, LEASE + 1)
        assert ledger.reap().failed == ()
    assert now_row(ledger, job).tests_completed == 5


def test_suspects_are_counted_over_takeovers_and_forgiven_on_request(ledger: Ledger, database: Database) -> None:
    job = ledger.submit(request()).job
    ledger.checkpoint(claimed(ledger, job, OTHER), [outcome("a")], in_flight=["x", "y"])
    pass_time(database, LEASE + 1)
    second = claimed(ledger, job, OTHER)
    assert second.suspects == {"x": 1, "y": 1}
    ledger.heartbeat(second, ["y"])
    pass_time(database, LEASE + 1)
    assert claimed(ledger, job, OTHER).suspects == {"x": 1, "y": 2}
    pass_time(database, LEASE + 1)
    assert ledger.submit(request(), reuse=True).how == "resumed"
    assert claimed(ledger, job).suspects == {}


def test_retrying_does_anew_what_could_not_run(ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    with pytest.raises(UsageError):
        ledger.retry(job.job_id)
    claim = claimed(ledger, job)
    ledger.checkpoint(claim, [outcome("a"), outcome("b", 1, result="error", error_type="x", error_message="y")])
    ledger.finish(claim, "cancelled", reason="enough")
    row = ledger.retry(job.job_id)
    assert (row.status, row.tests_completed, row.tests_error, row.cancel_requested) == ("pending", 1, 0, False)
    again = claimed(ledger, job)
    assert not ledger.signal(again).cancel
    assert not ledger.is_done(job.id, "b")
    assert ledger.is_done(job.id, "a")


# Reading


def test_waiting_jobs_come_by_priority_then_age_and_without_steps(ledger: Ledger, database: Database) -> None:
    for name, priority, policy in (("late", 5, "detached"), ("old", 1, "detached"), ("young", 1, "watched"), ("click", 1, "steps")):
        ledger.submit(request(name, priority=priority, run_policy=policy))
        pass_time(database, 1) if database.is_sqlite else None
    assert [job.job_name for job in ledger.waiting()] == ["old", "young", "late"]


def test_lists_can_be_narrowed(ledger: Ledger) -> None:
    scene = ledger.submit(request("scene", entity_type="scene", entity_id="1", client_id="ui")).job
    other = ledger.submit(request("other")).job
    ledger.cancel(other.job_id)
    assert [job.job_id for job in ledger.jobs(entity=("scene", "1"))] == [scene.job_id]
    assert [job.job_id for job in ledger.jobs(entity=("scene", None))] == [job.job_id for job in ledger.jobs(entity=(None, "1"))]
    assert ledger.jobs(entity=("image", None)) == ledger.jobs(entity=("scene", "2")) == []
    assert [job.job_id for job in ledger.jobs(status=("cancelled", "failed"))] == [other.job_id]
    assert [job.job_id for job in ledger.jobs(client_id="ui", action_type="facial_recognition", processor="toy")] == [scene.job_id]
    assert ledger.jobs(changed_since=ledger.database.now() + 100) == []
    assert len(ledger.jobs(limit=1)) == 1
    assert ledger.count() == 2
    assert ledger.count(status=("pending",)) == 1


def test_the_last_run_of_an_entity_may_be_an_item_of_a_batch(ledger: Ledger) -> None:
    assert ledger.last_run("image", "a") is None
    claim = claimed(ledger, ledger.submit(request()).job)
    ledger.checkpoint(claim, [outcome("a")])
    batch = ledger.last_run("image", "a")
    assert batch is not None
    assert batch.job_id == claim.job.job_id
    assert [item.unit for item in ledger.items_of("image", "a", limit=9)] == ["a"]
    item = ledger.items(claim.job.job_id)[0]
    assert ledger.item(item.test_id) == item
    assert ledger.item("unknown") is None


def test_items_of_an_entity_may_be_asked_for_by_service(ledger: Ledger) -> None:
    ledger.checkpoint(claimed(ledger, ledger.submit(request("ours")).job), [outcome("a", data='{"whose": "ours"}')])
    other = replace(request("theirs"), processor="somebody.else")
    ledger.checkpoint(claimed(ledger, ledger.submit(other).job), [outcome("a", started_at=2.0, data='{"whose": "theirs"}')])

    def found(*processors: str) -> list[str | None]:
        return [item.response_data for item in ledger.items_of("image", "a", limit=9, processors=processors)]

    assert found() == ['{"whose": "theirs"}', '{"whose": "ours"}']
    assert found("toy") == ['{"whose": "ours"}']
    assert found("toy", "somebody.else") == found()
    assert found("nobody") == []


def test_the_last_run_is_the_newest_of_both_kinds(ledger: Ledger, database: Database) -> None:
    for of_its_own in (True, False, True):
        pass_time(database, 1)
        job = ledger.submit(request(**({"entity_type": "image", "entity_id": "a"} if of_its_own else {}))).job
        ledger.checkpoint(claimed(ledger, job), [] if of_its_own else [outcome("a", started_at=database.now())])
        last = ledger.last_run("image", "a")
        assert last is not None
        assert last.job_id == job.job_id


# Cleaning


def test_cleaning_takes_old_jobs_with_all_their_items(ledger: Ledger, database: Database) -> None:
    old, open_ended = ledger.submit(request("old")).job, ledger.submit(request("open")).job
    claim = claimed(ledger, old)
    ledger.checkpoint(claim, [outcome("a"), outcome("b")])
    ledger.finish(claim, "completed")
    pass_time(database, 8 * 86400)
    young = ledger.submit(request("young")).job
    ledger.finish(claimed(ledger, young), "completed")
    assert (ledger.clean(7, dry_run=True).jobs, ledger.count()) == (1, 3)
    cleaned = ledger.clean(7)
    assert (cleaned.jobs, cleaned.items) == (1, 2)
    assert {job.job_id for job in ledger.jobs()} == {open_ended.job_id, young.job_id}
    assert database.scalar("SELECT count(*) FROM processing_tests") == 0


def test_cleaning_leaves_the_parent_of_work_that_goes_on(ledger: Ledger, database: Database) -> None:
    parent = ledger.submit(request()).job
    child = ledger.submit(request("child", parent=parent.job_id)).job
    ledger.finish(claimed(ledger, parent), "completed")
    pass_time(database, 8 * 86400)
    assert ledger.clean(7).jobs == 0
    ledger.cancel(child.job_id)
    pass_time(database, 8 * 86400)
    assert ledger.clean(7).jobs == 2


def test_two_connections_see_each_other(settings: Settings, ledger: Ledger) -> None:
    job = ledger.submit(request()).job
    other = open_database(settings)
    try:
        assert Ledger(other).job(job.job_id) is not None
    finally:
        other.close()


# Revising


def test_an_item_is_revised_when_more_is_known(ledger: Ledger) -> None:
    claim = claimed(ledger, ledger.submit(request()).job)
    failed = outcome("2", 1, result="error", error_type="not-media", data=None)
    ledger.checkpoint(claim, [outcome("1", data="before", people_found=1, confidences=(0.5,)), failed])
    ledger.revise(claim, [replace(outcome(unit), data="after", people_found=2, confidences=(0.9, 0.7)) for unit in ("1", "2", "3")])
    assert [(row.unit, row.response_data, row.result) for row in ledger.items(claim.job.job_id)] == [
        ("1", "after", "pass"), ("2", None, "error")]  # fmt: skip
    row = now_row(ledger, claim.job)
    assert (row.performers_found_total, row.tests_completed, row.tests_error) == (2, 2, 1)
    assert json.loads(row.confidence_scores_summary or "{}")["max"] == 0.9
    ledger.finish(claim, "completed")
    with pytest.raises(LeaseLost):
        ledger.revise(claim, [outcome("1")])
