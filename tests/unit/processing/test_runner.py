"""The loop around every processor."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from tests.unit.processing.conftest import Bench
from tests.unit.processing.toys import Toy, ToyParams, ToyResult, broken, busily, endless

from stashai.errors import LeaseLost, MediaError, SetupError, StorageBusyError, StorageError, TransientError, UsageError
from stashai.processing import session as session_module
from stashai.processing.announcing import AT_ONCE
from stashai.processing.attempts import persistently
from stashai.processing.base import Entity, Unit
from stashai.processing.context import Context
from stashai.processing.control import JobControl, Running
from stashai.processing.heart import LISTEN
from stashai.processing.pool import LOOK_AHEAD
from stashai.processing.session import Progress
from stashai.tracking.ledger import LEASE, Ledger
from stashai.tracking.owner import Owner
from stashai.tracking.records import JobRow, Upcoming


def row(bench: Bench, job: JobRow) -> JobRow:
    found = bench.ledger.job(job.job_id)
    assert found is not None
    return found


def wait_for(condition: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_every_unit_has_its_row_and_the_job_its_counters(bench: Bench) -> None:
    job = bench.submit("a", "bb", "short")
    ended = bench.runner(Toy()).run(job.job_id)
    assert ended.error is None
    assert (ended.job.status, ended.job.overall_result, ended.job.tests_completed, ended.job.tests_failed) == ("completed", "fail", 3, 1)
    assert (ended.job.performers_found_total, ended.job.total_tests_planned, ended.job.progress_percentage) == (8, 3, 100.0)
    assert json.loads(ended.job.results_summary or "") == {"names": ["a", "bb", "short"]}
    items = bench.ledger.items(job.job_id)
    assert [(item.unit, item.entity_type, item.entity_id, item.entity_filepath, item.entity_name) for item in items[:1]] == [
        ("a", "image", "a", "/a", "a")
    ]
    assert [ToyResult.model_validate_json(item.response_data or "") for item in items][1] == ToyResult(name="bb", people=2)
    assert items[2].evaluation_reason == "a name too short"
    assert all(item.attempt == 1 and (item.processing_time_seconds or 0) >= 0 for item in items)


def test_a_job_of_nothing_is_completed(bench: Bench) -> None:
    assert bench.runner(Toy()).run(bench.submit().job_id).job.status == "completed"


def test_units_run_at_once_but_no_more_than_there_are_cores(bench: Bench) -> None:
    at_work, most, lock = 0, 0, threading.Lock()

    def act(name: str, ctx: Context) -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.02)
        with lock:
            at_work -= 1

    bench.runner(Toy(act), cores=3).run(bench.submit(*map(str, range(12))).job_id)
    assert most == 3


def test_a_bad_item_fails_alone(bench: Bench) -> None:
    def act(name: str, ctx: Context) -> None:
        if name == "bad":
            broken(name, ctx)
        if name == "worse":
            raise ZeroDivisionError("by nothing")

    job = bench.submit("good", "bad", "worse", "fine")
    ended = bench.runner(Toy(act)).run(job.job_id)
    assert (ended.job.status, ended.job.tests_passed, ended.job.tests_error) == ("completed", 2, 2)
    items = {item.unit: item for item in bench.ledger.items(job.job_id)}
    assert (items["bad"].error_type, items["bad"].error_message) == ("unreadable-media", "bad is broken. Mend it.")
    assert items["bad"].error_details is None
    assert items["worse"].error_type == "unexpected"
    assert "by nothing" in (items["worse"].error_message or "")
    assert "Traceback" in (items["worse"].error_details or "")
    assert json.loads(ended.job.results_summary or "")["names"] == ["good", "fine"]


def test_a_job_none_of_whose_items_ran_is_failed(bench: Bench) -> None:
    ended = bench.runner(Toy(broken)).run(bench.submit("a", "b").job_id)
    assert (ended.job.status, ended.job.error_code) == ("failed", "unreadable-media")


def test_faults_that_may_pass_are_tried_again_and_counted(bench: Bench) -> None:
    faults = iter([TransientError("busy"), ConnectionResetError("gone")])

    def act(name: str, ctx: Context) -> None:
        fault = next(faults, None)
        if fault is not None:
            raise fault

    job = bench.submit("a")
    ended = bench.runner(Toy(act), cores=1).run(job.job_id)
    assert (ended.job.status, ended.job.retries) == ("completed", 2)
    assert bench.ledger.items(job.job_id)[0].retries == 2


def test_faults_that_do_not_pass_fail_the_item(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stashai.processing.attempts.TRIES", 2)

    def act(name: str, ctx: Context) -> None:
        raise TransientError("still busy")

    job = bench.submit("a")
    bench.runner(Toy(act)).run(job.job_id)
    [item] = bench.ledger.items(job.job_id)
    assert (item.result, item.error_type) == ("error", "transient")


def test_what_has_rows_is_not_done_again(bench: Bench) -> None:
    job = bench.submit("a", "b", "c", "d")
    claim = bench.ledger.claim(job.job_id, Owner("elsewhere", 1, ""))
    assert claim is not None
    first = Toy()
    ctx = bench.context(None)  # type: ignore[arg-type]  # no job runs: nothing asks for its control
    units = list(first.units(ToyParams(names=["a", "b", "c", "d"]), ctx))
    from stashai.tracking.records import Outcome

    done = [
        Outcome(units[n].key, n, "image", units[n].key, "pass", 0.0, 0.0, data=ToyResult(name=units[n].key).model_dump_json())
        for n in (2, 0)
    ]
    bench.ledger.checkpoint(claim, done, planned=4)
    bench.ledger.release(claim)
    second = Toy()
    ended = bench.runner(second).run(job.job_id)
    assert sorted(second.done) == ["b", "d"]
    assert bench.units(job) == [("a", "pass"), ("b", "pass"), ("c", "pass"), ("d", "pass")]
    assert json.loads(ended.job.results_summary or "") == {"names": ["a", "b", "c", "d"]}
    assert (ended.job.attempt, ended.job.tests_completed) == (2, 4)


def test_a_cancel_reaches_the_unit_that_runs(bench: Bench) -> None:
    job, ended = bench.submit(*map(str, range(50))), []
    thread = threading.Thread(target=lambda: ended.append(bench.runner(Toy(busily(0.2))).run(job.job_id)))
    thread.start()
    wait_for(lambda: row(bench, job).tests_completed >= 2)
    bench.ledger.cancel(job.job_id, "enough")
    asked = time.monotonic()
    thread.join(10)
    assert time.monotonic() - asked < 3
    assert (ended[0].job.status, ended[0].job.cancel_reason) == ("cancelled", "enough")
    assert 2 <= ended[0].job.tests_completed < 50
    assert len(bench.units(job)) == ended[0].job.tests_completed


def test_a_lapsed_watch_cancels(bench: Bench) -> None:
    job = bench.submit(*map(str, range(100)), run_policy="watched", watch_seconds=0.2)
    ended = bench.runner(Toy(busily(0.1))).run(job.job_id)
    assert ended.job.status == "cancelled"
    assert "watches" in (ended.job.cancel_reason or "")


def test_a_step_pauses_and_goes_on_where_it_was(bench: Bench) -> None:
    job = bench.submit(*map(str, range(12)), run_policy="steps")
    statuses: list[str] = []
    done: list[str] = []
    while not statuses or statuses[-1] == "pending":
        toy = Toy(busily(0.1))
        statuses.append(bench.runner(toy).run(job.job_id, seconds=0.35).job.status)
        done += toy.done
        assert len(statuses) < 10
    assert statuses[-1] == "completed"
    assert len(statuses) > 1
    assert [unit for unit, _ in bench.units(job)] == list(map(str, range(12)))
    assert row(bench, job).strikes == 0


def test_a_job_that_another_took_over_is_left_alone(bench: Bench) -> None:
    job, seen = bench.submit(*map(str, range(20))), []

    def run() -> None:
        try:
            bench.runner(Toy(busily(0.1))).run(job.job_id)
        except LeaseLost as error:
            seen.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: row(bench, job).tests_completed >= 1)
    bench.ledger.database.execute("UPDATE processing_jobs SET lease_until = 0")
    assert bench.ledger.claim(job.job_id, Owner("elsewhere", 1, "")) is not None
    counted = row(bench, job).tests_completed
    thread.join(10)
    assert len(seen) == 1
    assert (row(bench, job).status, row(bench, job).tests_completed, row(bench, job).owner_host) == ("processing", counted, "elsewhere")


def test_a_unit_past_its_deadline_that_looks_is_stopped(bench: Bench) -> None:
    def act(name: str, ctx: Context) -> None:
        if name == "slow":
            busily(30)(name, ctx)

    job = bench.submit("slow", "quick")
    ended = bench.runner(Toy(act, deadline=0.2), cores=1).run(job.job_id)
    assert ended.job.status == "completed"
    slow, quick = bench.ledger.items(job.job_id)
    assert (slow.result, slow.error_type, quick.result) == ("error", "deadline", "pass")


def test_a_stuck_unit_is_given_up_and_the_run_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "GRACE", 0.1)
    free = threading.Event()

    def act(name: str, ctx: Context) -> None:
        if name == "stuck":
            free.wait(30)

    job = bench.submit("stuck", "a", "b", "c")
    toy = Toy(act, deadline=0.2)
    ended = bench.runner(toy, cores=1).run(job.job_id)
    assert (ended.job.status, ended.job.tests_error, ended.job.tests_passed) == ("completed", 1, 3)
    assert bench.ledger.items(job.job_id)[0].error_type == "deadline"
    free.set()
    wait_for(lambda: "stuck" in toy.done)
    assert row(bench, job).tests_completed == 4, "what it answers in the end is thrown away"


def test_a_cancel_does_not_wait_for_a_stuck_unit_with_many_behind_it(bench: Bench) -> None:
    free = threading.Event()
    job = bench.submit(*map(str, range(2500)))
    threading.Timer(0.3, lambda: bench.ledger.cancel(job.job_id, "enough")).start()
    began = time.monotonic()
    ended = bench.runner(Toy(lambda name, ctx: free.wait(60)), cores=2).run(job.job_id)
    assert time.monotonic() - began < 10
    assert (ended.job.status, ended.job.tests_completed) == ("cancelled", 0)
    free.set()


def test_a_job_past_its_timeout_is_failed(bench: Bench) -> None:
    ended = bench.runner(Toy(busily(0.1))).run(bench.submit(*map(str, range(100)), timeout=0.3).job_id)
    assert (ended.job.status, ended.job.error_code) == ("failed", "timeout")
    assert ended.job.tests_completed > 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")
def test_ctrl_c_cancels_within_a_second_and_keeps_what_is_done(bench: Bench) -> None:
    job = bench.submit(*map(str, range(100)))
    began: list[float] = []

    def interrupt() -> None:
        wait_for(lambda: row(bench, job).tests_completed >= 2)
        began.append(time.monotonic())
        signal.raise_signal(signal.SIGINT)

    def act(name: str, ctx: Context) -> None:
        time.sleep(3 if name == "7" else 0.03)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        bench.runner(Toy(act)).run(job.job_id)
    assert time.monotonic() - began[0] < 1.5
    thread.join()
    found = row(bench, job)
    assert (found.status, found.cancel_reason) == ("cancelled", "interrupted")
    assert found.tests_completed == len(bench.units(job)) >= 2


def test_what_load_or_units_die_of_fails_the_job(bench: Bench) -> None:
    class NoModels(Toy):
        def load(self, params: ToyParams, ctx: Context) -> None:
            raise SetupError("No models.", remedy="Fetch them.")

    class NoUnits(Toy):
        def units(self, params: ToyParams, ctx: Context) -> Iterable[Unit]:
            yield from super().units(params, ctx)
            raise ValueError("what a list")

    ended = bench.runner(NoModels()).run(bench.submit("a").job_id)
    assert isinstance(ended.error, SetupError)
    assert (ended.job.status, ended.job.error_code, ended.job.error_message) == ("failed", "setup", "No models. Fetch them.")
    job = bench.submit("a")
    ended = bench.runner(NoUnits()).run(job.job_id)
    assert (ended.job.status, ended.job.error_code) == ("failed", "unexpected")
    assert "what a list" in (ended.job.error_details or "")


def test_what_a_summary_dies_of_fails_the_job_with_its_items_kept(bench: Bench) -> None:
    class NoSummary(Toy):
        def summarize(self, params: ToyParams, results: Iterable[ToyResult], ctx: Context) -> dict[str, object]:
            raise ValueError("what a sum")

    job = bench.submit("a")
    ended = bench.runner(NoSummary()).run(job.job_id)
    assert (ended.job.status, ended.job.tests_passed) == ("failed", 1)
    assert "what a sum" in (ended.job.error_details or "")


def test_parameters_that_do_not_fit_fail_the_job(bench: Bench) -> None:
    from stashai.tracking.records import JobRequest

    job = bench.ledger.submit(JobRequest("toy", "x", '{"names": 5}')).job
    ended = bench.runner(Toy()).run(job.job_id)
    assert (ended.job.status, ended.job.error_code) == ("failed", "bad-parameters")


def test_a_million_units_are_not_listed_ahead(bench: Bench) -> None:
    listed = 0

    class Million(Toy):
        def units(self, params: ToyParams, ctx: Context) -> Iterable[Unit]:
            nonlocal listed
            from stashai.processing.base import Entity

            for name in endless():
                listed += 1
                yield Unit(name, Entity("image", name))

    job = bench.submit()
    ended = bench.runner(Million(busily(0.02))).run(job.job_id, seconds=0.5)
    assert ended.job.status == "pending"
    assert listed - ended.job.tests_completed < 1100


def test_a_full_disk_stops_the_run_and_keeps_what_was_recorded(bench: Bench) -> None:
    def act(name: str, ctx: Context) -> None:
        if name == "3":
            raise StorageError("No room.", code="disk-full")

    job = bench.submit(*map(str, range(6)))
    with pytest.raises(StorageError, match="No room"):
        bench.runner(Toy(act), cores=1).run(job.job_id)
    kept = bench.units(job)
    assert [unit for unit, _ in kept] == ["0", "1", "2"]
    assert bench.runner(Toy()).run(job.job_id).job.tests_completed == 6


def test_a_ledger_that_is_locked_for_a_moment_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint, faults = bench.ledger.checkpoint, iter([True])

    def locked_once(*args: Any, **options: Any) -> Any:
        if next(faults, False):
            raise StorageBusyError("locked")
        return checkpoint(*args, **options)

    monkeypatch.setattr(bench.ledger, "checkpoint", locked_once)
    job = bench.submit("a", "b")
    assert bench.runner(Toy()).run(job.job_id).job.tests_completed == 2


def test_a_caller_that_fails_leaves_the_job_to_be_gone_on_with(bench: Bench) -> None:
    told = threading.Event()

    def watcher(progress: Progress) -> None:
        if progress.done >= 2:
            told.set()
            raise BrokenPipeError

    def act(name: str, ctx: Context) -> None:
        if int(name) >= 2:
            told.wait(30)  # so that units end after the caller failed, too

    job = bench.submit(*map(str, range(20)))
    with pytest.raises(BrokenPipeError):
        bench.runner(Toy(act)).run(job.job_id, watcher=watcher)
    assert row(bench, job).status == "pending"
    assert row(bench, job).tests_completed >= 2
    assert bench.runner(Toy()).run(job.job_id).job.status == "completed"


def test_ctrl_c_while_the_summary_is_made_cancels(bench: Bench) -> None:
    class LongSummary(Toy):
        def summarize(self, params: ToyParams, results: Iterable[ToyResult], ctx: Context) -> dict[str, object]:
            raise KeyboardInterrupt

    job = bench.submit("a")
    with pytest.raises(KeyboardInterrupt):
        bench.runner(LongSummary()).run(job.job_id)
    assert (row(bench, job).status, row(bench, job).tests_completed) == ("cancelled", 1)


def test_what_is_not_to_be_had(bench: Bench) -> None:
    runner = bench.runner(Toy())
    with pytest.raises(UsageError, match="not known"):
        runner.run("nothing")
    job = bench.submit("a")
    bench.ledger.claim(job.job_id, Owner("elsewhere", 1, ""))
    with pytest.raises(UsageError, match="another process"):
        runner.run(job.job_id)
    other = bench.submit("b")
    runner.run(other.job_id)
    assert runner.run(other.job_id).job.status == "completed", "what ended is only shown"


def test_a_unit_that_ended_counts_until_it_is_among_those_done(bench: Bench) -> None:
    control = JobControl("job", bench.ledger.clock)
    running = Running(Unit("a", Entity("image", "a")), 0)
    with control.working_on(running):
        control.progress("a", 0.5)
        assert control.partial == 0.5
    assert control.partial == 1.0
    control.counted(running)
    assert control.partial == 0.0


def test_progress_is_told_in_the_callers_thread(bench: Bench) -> None:
    told: list[Progress] = []

    def watcher(progress: Progress) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append(progress)

    def act(name: str, ctx: Context) -> None:
        ctx.control.progress(name, 0.5, f"looking at {name}")
        time.sleep(0.15)

    bench.runner(Toy(act), cores=1).run(bench.submit("a", "b").job_id, watcher=watcher)
    assert [progress.last.unit for progress in told if progress.last] == ["a", "b"]
    assert max(progress.done for progress in told) == 2
    assert any(progress.partial == 0.5 and progress.message.startswith("looking") for progress in told)
    assert told[-1].planned == 2
    assert [progress.percentage for progress in told] == sorted(progress.percentage for progress in told)


def test_the_lease_is_prolonged_while_a_long_unit_runs(bench: Bench) -> None:
    bench.ledger = Ledger(bench.ledger.database, lease=2.0)
    job = bench.submit("a")
    seen: list[float] = []

    def act(name: str, ctx: Context) -> None:
        seen.append(row(bench, job).lease_until or 0)
        time.sleep(1.6)
        seen.append(row(bench, job).lease_until or 0)

    bench.runner(Toy(act)).run(job.job_id)
    assert seen[1] > seen[0]


def test_a_unit_that_ended_processes_becomes_an_error_after_the_others_were_spared(bench: Bench) -> None:
    job = bench.submit("a", "bad", "b")
    for _ in range(3):
        claim = bench.ledger.claim(job.job_id, Owner("elsewhere", 1, ""))
        assert claim is not None
        bench.ledger.heartbeat(claim, ["bad"])
        bench.ledger.database.execute("UPDATE processing_jobs SET lease_until = lease_until - ?", (LEASE + 1,))
    toy = Toy()
    ended = bench.runner(toy).run(job.job_id)
    assert ended.job.status == "completed"
    assert bench.units(job) == [("a", "pass"), ("bad", "error"), ("b", "pass")]
    assert bench.ledger.items(job.job_id)[1].error_type == "poison"
    assert sorted(toy.done) == ["a", "b"]


def test_a_suspect_runs_alone_and_is_written_down_before_it_is_begun(bench: Bench) -> None:
    job = bench.submit("a", "b", "suspect", "c", "d")
    claim = bench.ledger.claim(job.job_id, Owner("elsewhere", 1, ""))
    assert claim is not None
    bench.ledger.heartbeat(claim, ["suspect"])
    bench.ledger.database.execute("UPDATE processing_jobs SET lease_until = 0")
    beside: list[set[str]] = []
    noted: list[str] = []
    at_work: set[str] = set()

    def act(name: str, ctx: Context) -> None:
        at_work.add(name)
        if name == "suspect":
            beside.append(set(at_work))
            noted.append(row(bench, job).in_flight or "")
        time.sleep(0.02)
        at_work.discard(name)

    assert bench.runner(Toy(act), cores=4).run(job.job_id).job.status == "completed"
    assert beside == [{"suspect"}]
    assert json.loads(noted[0]) == ["suspect"]


def test_a_media_error_while_the_job_stops_is_not_recorded(bench: Bench) -> None:
    def act(name: str, ctx: Context) -> None:
        try:
            busily(5)(name, ctx)
        except Exception as error:  # what a decoder does with whatever its callback raised
            raise MediaError("torn off") from error

    job = bench.submit("a")
    assert bench.runner(Toy(act)).run(job.job_id, seconds=0.2).job.status == "pending"
    assert bench.units(job) == []


# Items that have not ended


def announced(bench: Bench, job: JobRow) -> dict[str, str]:
    return {item.unit: item.state for item in bench.ledger.items(job.job_id)}


def id_of(bench: Bench, job: JobRow, unit: str) -> str:
    return next(item.test_id for item in bench.ledger.items(job.job_id) if item.unit == unit)


def until(event: threading.Event) -> Callable[[str, Context], None]:
    def act(name: str, ctx: Context) -> None:
        while not event.wait(0.01):
            ctx.check()

    return act


def in_thread(bench: Bench, job: JobRow, processor: Toy, cores: int = 1) -> threading.Thread:
    def run() -> None:
        bench.runner(processor, cores=cores).run(job.job_id)
        bench.ledger.database.release()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_what_is_at_work_and_what_comes_next_have_rows(bench: Bench) -> None:
    job, let_go = bench.submit("a", "b", "c"), threading.Event()
    thread = in_thread(bench, job, Toy(until(let_go)), cores=2)
    wait_for(lambda: announced(bench, job) == {"a": "processing", "b": "processing", "c": "pending"})
    first = {item.unit: item.test_id for item in bench.ledger.items(job.job_id)}
    assert row(bench, job).tests_completed == 0
    let_go.set()
    thread.join(20)
    assert announced(bench, job) == dict.fromkeys("abc", "pass")
    assert {item.unit: item.test_id for item in bench.ledger.items(job.job_id)} == first


def test_a_quick_job_writes_no_row_twice(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(Ledger, "announce", lambda self, claim, items: told.append(items))
    assert bench.runner(Toy()).run(bench.submit("a", "b").job_id).job.tests_completed == 2
    assert told == []


def test_an_endless_list_of_units_has_few_rows_ahead(bench: Bench) -> None:
    class Endless(Toy):
        def units(self, params: ToyParams, ctx: Context) -> Iterable[Unit]:
            return (Unit(name, Entity("image", name)) for name in endless())

    job = bench.submit()
    thread = in_thread(bench, job, Endless(busily(0.3)))
    wait_for(lambda: bench.ledger.item_count(job.job_id) > 2 * AT_ONCE)
    assert bench.ledger.item_count(job.job_id) <= LOOK_AHEAD + 10
    bench.ledger.cancel(job.job_id)
    thread.join(20)
    left = {state for unit, state in announced(bench, job).items() if state != "pass"}
    assert left == {"cancelled"}


def test_a_cancelled_item_at_work_stops_and_the_others_go_on(bench: Bench) -> None:
    def act(name: str, ctx: Context) -> None:
        busily(60.0 if name == "long" else 0.01)(name, ctx)

    job = bench.submit("long", "b", "c")
    thread = in_thread(bench, job, Toy(act))
    wait_for(lambda: announced(bench, job).get("long") == "processing")
    asked = time.monotonic()
    assert bench.ledger.cancel_item(id_of(bench, job, "long"), "asked to") is not None
    wait_for(lambda: announced(bench, job)["long"] == "cancelled")
    assert time.monotonic() - asked < 2.0
    thread.join(20)
    ended = row(bench, job)
    assert (ended.status, ended.tests_passed, ended.tests_error) == ("completed", 2, 1)
    long = bench.ledger.items(job.job_id)[0]
    assert (long.result, long.status, long.error_type, long.error_message) == ("error", "cancelled", "cancelled", "asked to")


def test_a_cancelled_item_that_waits_is_never_begun(bench: Bench) -> None:
    let_go = threading.Event()
    toy = Toy(until(let_go))
    job = bench.submit("a", "b", "c")
    thread = in_thread(bench, job, toy)
    wait_for(lambda: announced(bench, job).get("b") == "pending")
    bench.ledger.cancel_item(id_of(bench, job, "b"))
    assert announced(bench, job)["b"] == "cancelled"
    time.sleep(3 * LISTEN)
    let_go.set()
    thread.join(20)
    assert (toy.done, announced(bench, job)) == (["a", "c"], {"a": "pass", "b": "cancelled", "c": "pass"})


def test_an_item_cancelled_before_its_job_began_is_never_begun(bench: Bench) -> None:
    toy, items = Toy(), [Upcoming(name, number, "image", name) for number, name in enumerate("ab")]
    job = bench.submit("a", "b", items=items)
    bench.ledger.cancel_item(id_of(bench, job, "a"))
    bench.runner(toy).run(job.job_id)
    assert (toy.done, announced(bench, job)) == (["b"], {"a": "cancelled", "b": "pass"})


def test_an_item_that_waits_to_be_tried_again_hears_its_cancel(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(name: str, ctx: Context) -> None:
        raise TransientError("not now")

    monkeypatch.setattr("stashai.processing.attempts.persistently", partial(persistently, tries=10_000))
    job = bench.submit("a")
    thread = in_thread(bench, job, Toy(act))
    wait_for(lambda: announced(bench, job) == {"a": "processing"})
    bench.ledger.cancel_item(id_of(bench, job, "a"))
    asked = time.monotonic()
    thread.join(20)
    assert time.monotonic() - asked < 2.0
    assert (row(bench, job).status, announced(bench, job)) == ("cancelled", {"a": "cancelled"})
