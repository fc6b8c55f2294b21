"""Items that have not ended have rows: they can be seen and cancelled, and count for nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.processes import FakeProcesses
from tests.unit.tracking.rows import outcome, pass_time, request

from stashai.errors import LeaseLost
from stashai.tracking import statistics
from stashai.tracking.announcing import ANNOUNCED
from stashai.tracking.ledger import LEASE, Ledger
from stashai.tracking.owner import Owner
from stashai.tracking.records import Claim, ItemRow, JobRow, Upcoming

FAR = Owner("elsewhere", 7, "start-7")


def ahead(*units: str, at_work: bool = False) -> list[Upcoming]:
    return [Upcoming(unit, number, "image", unit, f"/{unit}", unit, 2.0 if at_work else None) for number, unit in enumerate(units)]


def begun(ledger: Ledger, *units: str, **options: Any) -> Claim:
    """A claimed job whose items were announced when it was submitted."""
    claim = ledger.claim(ledger.submit(request(items=ahead(*units), **options)).job.job_id)
    assert claim is not None
    return claim


def now(ledger: Ledger, job: JobRow) -> JobRow:
    row = ledger.job(job.job_id)
    assert row is not None
    return row


def states(ledger: Ledger, job: JobRow) -> dict[str, tuple[str, str]]:
    return {item.unit: (item.status, item.result) for item in ledger.items(job.job_id)}


def item(ledger: Ledger, job: JobRow, unit: str) -> ItemRow:
    return next(row for row in ledger.items(job.job_id) if row.unit == unit)


def test_a_job_that_waits_has_the_rows_of_its_first_items(ledger: Ledger) -> None:
    job = ledger.submit(request(items=ahead("a", "b"), planned=2)).job
    assert states(ledger, job) == {"a": ("pending", "pending"), "b": ("pending", "pending")}
    first = ledger.items(job.job_id)[0]
    assert (first.entity_filepath, first.entity_name, first.started_at, first.completed_at) == ("/a", "a", None, None)
    many = ledger.submit(request("many", items=ahead(*map(str, range(ANNOUNCED + 5))))).job
    assert ledger.item_count(many.job_id) == ANNOUNCED


def test_who_wants_items_that_ended_sees_no_others(ledger: Ledger) -> None:
    claim = begun(ledger, "a", "b", planned=2)
    job = claim.job
    ledger.checkpoint(claim, [outcome("b", 1)])
    assert [row.unit for row in ledger.items(job.job_id)] == ["a", "b"]
    assert [row.unit for row in ledger.all_items(job.job_id)] == ["b"]
    assert [row.unit for row in ledger.items_after(job.job_id)] == ["b"]
    assert (ledger.items_of("image", "a", limit=9), len(ledger.items_of("image", "b", limit=9))) == ([], 1)
    assert (ledger.item_count(job.job_id), ledger.item_count(job.job_id, ended=True)) == (2, 1)
    assert (ledger.is_done(job.id, "a"), ledger.is_done(job.id, "b")) == (False, True)
    assert (now(ledger, job).tests_completed, now(ledger, job).progress_percentage) == (1, 50.0)
    assert statistics.totals(ledger.database).items == {"pass": 1, "fail": 0, "error": 0}


def test_an_item_keeps_its_id_and_is_followed_in_the_order_of_ends(ledger: Ledger) -> None:
    claim = begun(ledger, "a", "b", "c")
    told = {row.unit: row for row in ledger.items(claim.job.job_id)}
    ledger.checkpoint(claim, [outcome("c", 2)])
    cursor = ledger.items_after(claim.job.job_id)[-1].id
    ledger.checkpoint(claim, [outcome("a", 0, result="error"), outcome("d", 3)])
    assert [row.unit for row in ledger.items_after(claim.job.job_id, cursor)] == ["a", "d"], "what ends later comes behind the cursor"
    ended = item(ledger, claim.job, "a")
    assert (ended.test_id, ended.created_at, ended.started_at) == (told["a"].test_id, told["a"].created_at, 1.0)
    assert (ended.status, ended.result) == ("failed", "error")
    ledger.checkpoint(claim, [outcome("a", 0)])
    assert item(ledger, claim.job, "a") == ended, "the first word holds"


def test_who_runs_a_job_says_what_is_at_work(ledger: Ledger) -> None:
    claim = begun(ledger)
    ledger.announce(claim, ahead("a", "b"))
    ledger.announce(claim, ahead("a", at_work=True))
    assert states(ledger, claim.job) == {"a": ("processing", "pending"), "b": ("pending", "pending")}
    assert item(ledger, claim.job, "a").started_at == 2.0
    ledger.checkpoint(claim, [outcome("b", 1)])
    ledger.announce(claim, ahead("b", at_work=True))
    assert states(ledger, claim.job)["b"] == ("completed", "pass"), "what ended stays so"


def test_a_waiting_item_is_cancelled_at_once_and_one_at_work_when_it_stopped(ledger: Ledger) -> None:
    claim = begun(ledger, "a", "b", "c")
    ledger.announce(claim, ahead("a", at_work=True))
    for unit in ("a", "b"):
        assert ledger.cancel_item(item(ledger, claim.job, unit).test_id, "asked to") is not None
    assert states(ledger, claim.job) == {"a": ("processing", "pending"), "b": ("cancelled", "pending"), "c": ("pending", "pending")}
    assert ledger.signal(claim).unwanted == {"a": "asked to", "b": "asked to"}
    ledger.announce(claim, ahead("b", at_work=True))
    assert states(ledger, claim.job)["b"] == ("cancelled", "pending"), "it is not begun"
    ledger.checkpoint(claim, [outcome(unit, result="error", error_type="cancelled", error_message="asked to") for unit in "ab"])
    assert states(ledger, claim.job) == {"a": ("cancelled", "error"), "b": ("cancelled", "error"), "c": ("pending", "pending")}
    assert ledger.signal(claim).unwanted == {}
    assert now(ledger, claim.job).tests_error == 2


def test_one_that_ends_before_it_hears_of_its_cancel_is_cancelled(ledger: Ledger) -> None:
    claim = begun(ledger, "a", "b")
    ledger.cancel_item(item(ledger, claim.job, "a").test_id, "asked to")
    ledger.checkpoint(claim, [outcome("a", people_found=1, confidences=(0.9,), tags=("t",)), outcome("b", 1)])
    cancelled = item(ledger, claim.job, "a")
    assert (cancelled.state, cancelled.result, cancelled.error_message) == ("cancelled", "error", "asked to")
    assert (cancelled.response_data, cancelled.performers_found, cancelled.max_confidence) == (None, 0, None)
    counted = now(ledger, claim.job)
    assert (counted.tests_passed, counted.tests_error, counted.performers_found_total, counted.tags_applied_summary) == (1, 1, 0, None)


def test_what_ended_cannot_be_cancelled(ledger: Ledger) -> None:
    claim = begun(ledger, "a")
    ledger.checkpoint(claim, [outcome("a")])
    ended = item(ledger, claim.job, "a")
    assert ledger.cancel_item(ended.test_id) == ended
    assert ledger.cancel_item("nobody") is None


@pytest.mark.parametrize(("errors", "status", "code"), [({}, "cancelled", None), ({"b": "broken"}, "failed", "broken")])
def test_a_job_without_a_result_is_cancelled_where_all_of_it_was(
    ledger: Ledger, errors: dict[str, str], status: str, code: str | None
) -> None:
    claim = begun(ledger, "a", "b")
    ended = [outcome(unit, n, result="error", error_type=errors.get(unit, "cancelled"), error_message=unit) for n, unit in enumerate("ab")]
    ledger.checkpoint(claim, ended)
    row = ledger.finish(claim, "completed")
    assert (row.status, row.error_code, row.cancel_requested) == (status, code, status == "cancelled")


def test_items_of_a_dead_owner_wait_again_and_what_was_unwanted_stays_so(ledger: Ledger, processes: FakeProcesses) -> None:
    job = ledger.submit(request(items=ahead("a", "b"))).job
    claim = ledger.claim(job.job_id, FAR)
    assert claim is not None
    ledger.announce(claim, ahead("a", "b", at_work=True))
    ledger.cancel_item(item(ledger, job, "b").test_id)
    pass_time(ledger.database, LEASE + 1)
    ledger.reap()
    assert states(ledger, job) == {"a": ("pending", "pending"), "b": ("cancelled", "pending")}
    assert item(ledger, job, "a").started_at is None
    second = ledger.claim(job.job_id)
    assert second is not None
    assert ledger.signal(second).unwanted == {"b": "cancelled"}
    ledger.announce(second, ahead("a", at_work=True))
    processes.dead.add(processes.current)
    third = ledger.claim(job.job_id, FAR)
    assert third is not None
    assert states(ledger, job)["a"] == ("pending", "pending"), "taken over without a reaper"
    with pytest.raises(LeaseLost):
        ledger.announce(second, ahead("a"))


def test_items_of_a_job_that_is_put_back_wait(ledger: Ledger) -> None:
    claim = begun(ledger)
    ledger.announce(claim, ahead("a", at_work=True))
    ledger.release(claim)
    assert states(ledger, claim.job) == {"a": ("pending", "pending")}


def test_items_that_a_job_did_not_come_to_end_with_it_and_begin_anew_with_it(ledger: Ledger) -> None:
    claim = begun(ledger, "a", "b", "c")
    ledger.announce(claim, ahead("a", at_work=True))
    ledger.cancel_item(item(ledger, claim.job, "c").test_id)
    ledger.cancel(claim.job.job_id)
    ledger.finish(claim, "cancelled")
    assert states(ledger, claim.job) == dict.fromkeys("abc", ("cancelled", "pending"))
    assert now(ledger, claim.job).tests_completed == 0
    waiting = ledger.submit(request("never begun", items=ahead("a"))).job
    ledger.cancel(waiting.job_id)
    assert states(ledger, waiting) == {"a": ("cancelled", "pending")}
    ledger.retry(claim.job.job_id)
    assert states(ledger, claim.job) == dict.fromkeys("abc", ("pending", "pending"))
    assert ledger.unwanted(claim.job.id) == {}


def test_items_of_a_job_that_ends_processes_end_with_it(ledger: Ledger) -> None:
    claim = begun(ledger, "a", max_attempts=1)
    ledger.announce(claim, ahead("a", at_work=True))
    pass_time(ledger.database, LEASE + 1)
    assert ledger.reap().failed == (claim.job.job_id,)
    assert states(ledger, claim.job) == {"a": ("cancelled", "pending")}


def test_they_go_with_their_job(ledger: Ledger) -> None:
    claim = begun(ledger, "a", "b")
    ledger.checkpoint(claim, [outcome("a")])
    ledger.finish(claim, "completed")
    pass_time(ledger.database, 8 * 86400)
    assert ledger.clean(7).items == 2
    assert ledger.database.scalar("SELECT count(*) FROM processing_tests") == 0


def test_they_are_no_part_of_what_makes_requests_equal(ledger: Ledger) -> None:
    assert request(items=ahead("a")).hash == request().hash
    assert json.loads(request(items=ahead("a")).config) == {"name": "job"}
