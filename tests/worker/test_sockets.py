"""`/ws/queue`: the state first, then events with numbers; resuming; cancelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .conftest import Start, Worker


def socket(worker: Worker, query: str = "", **options: Any) -> ClientConnection:
    connection: ClientConnection = connect(worker.root.replace("http", "ws") + "/ws/queue" + query, open_timeout=10, proxy=None, **options)
    return connection


def until(connection: ClientConnection, event: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    while not messages or messages[-1].get("event") != event:
        messages.append(json.loads(connection.recv(timeout=20)))
    return messages


def test_a_jobs_life_is_told(worker: Worker) -> None:
    with socket(worker) as connection:
        first = json.loads(connection.recv(timeout=10))
        assert first["type"] == "queue_status"
        assert set(first["data"]) == {"active_jobs", "active_jobs_count", "recent_completed_jobs", "timestamp"}
        job = worker.post("/queue/submit/test.slow", {"params": {"units": 4, "seconds": 0.5}}).json()["job_id"]
        events = until(connection, "job_completed")
    kinds = [message["event"] for message in events]
    assert kinds[0] == "job_submitted"
    assert "job_started" in kinds
    assert "job_progress" in kinds
    assert {message["job_id"] for message in events} == {job}
    numbers = [message["sequence"] for message in events]
    assert numbers == sorted(set(numbers))
    assert events[-1]["data"]["evaluation_results"]["tests_passed"] == 4


def test_a_client_resumes_after_the_last_number_that_it_saw(worker: Worker) -> None:
    with socket(worker) as connection:
        connection.recv(timeout=10)
        worker.post("/queue/submit/test.slow", {"params": {"units": 1}})
        events = until(connection, "job_completed")
    with socket(worker, f"?since={events[0]['sequence']}") as connection:
        json.loads(connection.recv(timeout=10))
        again = [json.loads(connection.recv(timeout=10)) for _ in events[1:]]
    assert [message["sequence"] for message in again] == [message["sequence"] for message in events[1:]]


def test_messages_of_a_client(worker: Worker) -> None:
    with socket(worker) as connection:
        connection.recv(timeout=10)
        connection.send(json.dumps({"type": "ping"}))
        assert json.loads(connection.recv(timeout=10)) == {"type": "pong"}
        connection.send("no json")
        assert json.loads(connection.recv(timeout=10))["type"] == "error"
        connection.send(json.dumps({"type": "cancel_job", "job_id": "none"}))
        assert json.loads(connection.recv(timeout=10))["success"] is False
        job = worker.post("/queue/submit/test.slow", {"params": {"seconds": 20}}).json()["job_id"]
        connection.send(json.dumps({"type": "cancel_job", "job_id": job}))
        messages = until(connection, "job_cancelled")
        messages += [] if any("success" in one for one in messages) else [json.loads(connection.recv(timeout=10))]
    assert messages[-1]["job_id"] == job
    [said] = [one for one in messages if one["type"] == "cancel_response"]
    assert said["success"] is True


def test_a_socket_needs_the_token_and_a_known_origin(start: Start) -> None:
    worker = start(environ={"STASHAI_TOKEN": "secret-token"})
    with pytest.raises(InvalidStatus):
        socket(worker)
    with pytest.raises(InvalidStatus):
        socket(worker, additional_headers={"Authorization": "Bearer secret-token", "Origin": "http://evil.example"})
    with socket(worker, additional_headers={"Authorization": "Bearer secret-token"}) as connection:
        assert json.loads(connection.recv(timeout=10))["type"] == "queue_status"
    with socket(worker, subprotocols=["bearer.secret-token"]) as connection:
        assert json.loads(connection.recv(timeout=10))["type"] == "queue_status"
