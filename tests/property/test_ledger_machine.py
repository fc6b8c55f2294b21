"""Several owners, a moving clock, deaths and wakings: whatever the order, the ledger's promises hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from tests.fakes.moving_clock import MovingClock
from tests.fakes.processes import FakeProcesses

from stashai.errors import LeaseLost
from stashai.settings import Settings
from stashai.tracking.database import open_database
from stashai.tracking.ledger import LEASE, Ledger
from stashai.tracking.owner import Owner
from stashai.tracking.records import Claim, JobRequest, Outcome, Upcoming

OWNERS = [Owner("here", pid, f"start-{pid}") for pid in range(3)] + [Owner("elsewhere", 9, "start-9")]
UNITS = ["a", "b", "c", "d", "e"]
results = st.sampled_from(["pass", "fail", "error"])


class LedgerMachine(RuleBasedStateMachine):
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = MovingClock()
        self.processes = FakeProcesses("here", 0)
        self.ledger = Ledger(open_database(Settings(self.folder, self.folder, 1), self.clock), self.processes)
        self.jobs: list[str] = []
        self.recorded: dict[str, dict[str, str]] = {}
        """By job, what the first accepted checkpoint said of each unit."""
        self.test_ids: dict[tuple[str, str], str] = {}
        """By job and unit, the id under which an item was first seen."""
        self.unwanted: set[tuple[str, str]] = set()
        """By job and unit, items that were cancelled before their end."""
        self.ends: dict[str, list[str]] = {}
        """By job, every end that was accepted since it was last made pending by a person."""

    @initialize()
    def first_job(self) -> None:
        self.submit("first")

    @rule(name=st.sampled_from(["first", "second"]))
    def submit(self, name: str) -> None:
        submission = self.ledger.submit(JobRequest("toy", "x", f'{{"name": "{name}"}}', max_attempts=3), reuse=True)
        if submission.how == "created":
            self.jobs.append(submission.job.job_id)
            self.recorded[submission.job.job_id] = {}
            self.ends[submission.job.job_id] = []

    @rule(target=claims, owner=st.sampled_from(OWNERS), number=st.integers(0, 5))
    def claim(self, owner: Owner, number: int) -> Claim | None:
        job = self.ledger.job(self.jobs[number % len(self.jobs)])
        assert job is not None
        held = job.status == "processing" and job.lease_until is not None and job.lease_until >= self.clock.now()
        alive = held and not (job.owner is not None and self.processes.is_gone(job.owner))
        claim = self.ledger.claim(job.job_id, owner)
        if alive or job.ended:
            assert claim is None, "a job that somebody holds, or that ended, is nobody else's"
        if claim is not None:
            assert claim.job.attempt == job.attempt + 1
            self.processes.dead.discard(owner)
        return claim

    def is_current(self, claim: Claim) -> bool:
        job = self.ledger.job(claim.job.job_id)
        return job is not None and job.status == "processing" and job.attempt == claim.job.attempt

    def attempt(self, claim: Claim | None, write: Any) -> bool:
        """Whether the write was accepted, which it must be exactly while the claim holds."""
        if claim is None:
            return False
        current = self.is_current(claim)
        try:
            write(claim)
        except LeaseLost:
            assert not current, "the holder of a job was refused"
            return False
        assert current, "somebody wrote to a job that is not theirs any more"
        return True

    @rule(claim=claims, units=st.lists(st.sampled_from(UNITS), min_size=1, max_size=4), result=results)
    def checkpoint(self, claim: Claim | None, units: list[str], result: str) -> None:
        outcomes = [
            Outcome(unit, UNITS.index(unit), "image", unit, result, 0.0, 0.0, people_found=1, confidences=(0.5,))  # type: ignore[arg-type]  # drawn as strings
            for unit in units
        ]
        if self.attempt(claim, lambda held: self.ledger.checkpoint(held, outcomes, in_flight=UNITS[:1])):
            assert claim is not None
            for unit in units:
                cancelled = (claim.job.job_id, unit) in self.unwanted
                self.recorded[claim.job.job_id].setdefault(unit, "error" if cancelled else result)

    @rule(claim=claims, units=st.lists(st.sampled_from(UNITS), min_size=1, max_size=4), began=st.sampled_from([None, 1.0]))
    def announce(self, claim: Claim | None, units: list[str], began: float | None) -> None:
        items = [Upcoming(unit, UNITS.index(unit), "image", unit, started_at=began) for unit in units]
        self.attempt(claim, lambda held: self.ledger.announce(held, items))

    @rule(number=st.integers(0, 5), unit=st.sampled_from(UNITS))
    def cancel_item(self, number: int, unit: str) -> None:
        job_id = self.jobs[number % len(self.jobs)]
        for item in self.ledger.items(job_id):
            if item.unit == unit:
                before, after = item, self.ledger.cancel_item(item.test_id)
                assert after is not None
                assert (after.result, after.status == before.status) == (before.result, before.status != "pending")
                if before.result == "pending" and before.status != "cancelled":
                    self.unwanted.add((job_id, unit))

    @rule(claim=claims)
    def heartbeat(self, claim: Claim | None) -> None:
        self.attempt(claim, lambda held: self.ledger.heartbeat(held, ["a"]))

    @rule(claim=claims)
    def release(self, claim: Claim | None) -> None:
        self.attempt(claim, self.ledger.release)

    @rule(claim=claims, status=st.sampled_from(["completed", "failed", "cancelled"]))
    def finish(self, claim: Claim | None, status: Any) -> None:
        if self.attempt(claim, lambda held: self.ledger.finish(held, status)):
            assert claim is not None
            self.ends[claim.job.job_id].append(status)

    @rule(number=st.integers(0, 5))
    def cancel(self, number: int) -> None:
        self.ledger.cancel(self.jobs[number % len(self.jobs)])

    @rule(number=st.integers(0, 5))
    def retry(self, number: int) -> None:
        job = self.ledger.job(self.jobs[number % len(self.jobs)])
        assert job is not None
        if job.ended:
            self.ledger.retry(job.job_id)
            self.ends[job.job_id] = []
            kept = self.recorded[job.job_id]
            self.recorded[job.job_id] = {unit: result for unit, result in kept.items() if result != "error"}
            for unit in kept.keys() - self.recorded[job.job_id].keys():
                self.test_ids.pop((job.job_id, unit), None)
            self.unwanted = {known for known in self.unwanted if known[0] != job.job_id}
            assert self.ledger.unwanted(job.id) == {}

    @rule()
    def reap(self) -> None:
        self.ledger.reap()
        for job in self.ledger.jobs(status=("processing",)):
            assert not self.ledger.is_abandoned(job)

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE + 1]))
    def time_passes(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    @rule(seconds=st.sampled_from([1.0, 100.0]))
    def the_clock_is_set_back(self, seconds: float) -> None:
        self.clock.sleep(-seconds)

    @rule(owner=st.sampled_from(OWNERS))
    def dies(self, owner: Owner) -> None:
        self.processes.dead.add(owner)

    @invariant()
    def every_unit_has_one_row_and_the_first_word_holds(self) -> None:
        for job_id in self.jobs:
            rows = list(self.ledger.all_items(job_id))
            assert {row.unit: row.result for row in rows} == self.recorded[job_id]
            assert len(rows) == len(self.recorded[job_id])
            assert [row.sequence for row in rows] == sorted(row.sequence for row in rows)

    @invariant()
    def what_has_not_ended_has_one_row_that_says_so_and_keeps_its_id(self) -> None:
        for job_id in self.jobs:
            job, items = self.ledger.job(job_id), self.ledger.items(job_id)
            assert job is not None
            assert len({item.unit for item in items}) == len(items)
            for item in items:
                assert self.test_ids.setdefault((job_id, item.unit), item.test_id) == item.test_id
            states = {item.status for item in items if item.result == "pending"}
            allowed = {"processing": {"pending", "processing", "cancelled"}, "pending": {"pending", "cancelled"}}
            assert states <= allowed.get(job.status, {"cancelled"})

    @invariant()
    def counters_are_those_of_the_rows(self) -> None:
        for job_id in self.jobs:
            job = self.ledger.job(job_id)
            assert job is not None
            said = list(self.recorded[job_id].values())
            counted = (job.tests_completed, job.tests_passed, job.tests_failed, job.tests_error)
            assert counted == (len(said), said.count("pass"), said.count("fail"), said.count("error"))

    @invariant()
    def a_job_ends_once_and_completed_means_that_it_worked(self) -> None:
        for job_id in self.jobs:
            job = self.ledger.job(job_id)
            assert job is not None
            assert len(self.ends[job_id]) <= 1, "two owners ended it"
            if self.ends[job_id]:
                assert job.ended
            if job.status == "completed":
                assert self.ends[job_id] == ["completed"]
                assert not job.tests_completed or job.tests_error < job.tests_completed
            assert (job.completed_at is not None) == job.ended
            assert job.ended or job.status == "processing" or job.lease_until is None

    def teardown(self) -> None:
        self.ledger.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
