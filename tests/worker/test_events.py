"""The hub: what changed in the ledger, told to whoever listens, numbered; who is too slow is dropped and slows nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stashai.clock import SystemClock
from stashai.settings import Settings
from stashai.tracking.ledger import Ledger
from stashai.tracking.open import open_stores
from stashai.tracking.records import JobRequest
from stashai_worker.events import ACTIVE_TOLD, KEPT_EVENTS, QUEUE_LENGTH, Hub, Listener


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened, _ = open_stores(Settings(tmp_path, tmp_path / "models", 1), clock=SystemClock())
    yield opened
    opened.database.close()


def hub(ledger: Ledger) -> Hub:
    return Hub(ledger, ledger.database.now)


def submit(ledger: Ledger, count: int) -> None:
    for number in range(count):
        ledger.submit(JobRequest("test.slow", "test", config=f'{{"mark": {number}}}'))


def tell_news(told: Hub) -> int:
    events, status = told.news()
    told.tell(events, status)
    return len(events)


def heard(listener: Listener) -> list[dict[str, object]]:
    messages = []
    while not listener.queue.empty():
        messages.append(json.loads(listener.queue.get_nowait()))
    return messages


def test_a_burst_of_events_drops_nobody(ledger: Ledger) -> None:
    told = hub(ledger)
    listener = told.join(None)
    submit(ledger, 600)
    assert tell_news(told) == 600
    messages = heard(listener)
    assert not listener.dropped
    assert len(messages) == 600
    assert {message["event"] for message in messages} == {"job_submitted"}


def test_every_event_comes_with_the_queue_and_no_more_of_it_than_fits(ledger: Ledger) -> None:
    told = hub(ledger)
    listener = told.join(None)
    submit(ledger, ACTIVE_TOLD + 5)
    tell_news(told)
    status = heard(listener)[0]["queue_status"]
    assert isinstance(status, dict)
    assert (status["active_jobs_count"], len(status["active_jobs"])) == (ACTIVE_TOLD + 5, ACTIVE_TOLD)


def test_nothing_is_told_twice(ledger: Ledger) -> None:
    told = hub(ledger)
    submit(ledger, 3)
    assert (tell_news(told), tell_news(told)) == (3, 0)


def test_a_listener_that_does_not_read_is_dropped_and_the_others_hear_all(ledger: Ledger) -> None:
    told = hub(ledger)
    slow, quick = told.join(None), told.join(None)
    for number in range(QUEUE_LENGTH + 1):
        told.tell([(number, json.dumps({"sequence": number}))], "{}")
        quick.queue.get_nowait()
    assert (slow.dropped, quick.dropped) == (True, False)
    assert slow.queue.qsize() == QUEUE_LENGTH


def test_numbers_of_a_later_worker_are_larger_and_old_ones_resume_there(ledger: Ledger) -> None:
    before = hub(ledger)
    listener = before.join(None)
    submit(ledger, 2)
    tell_news(before)
    last = heard(listener)[-1]["sequence"]
    assert isinstance(last, int)
    after = Hub(ledger, lambda: ledger.database.now() + 1.0)
    submit(ledger, 2)
    tell_news(after)
    assert len(heard(after.join(last))) >= 2
    assert len(after._kept) <= KEPT_EVENTS
