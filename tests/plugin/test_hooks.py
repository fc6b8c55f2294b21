"""The hooks' own program, as Stash starts it: what they tell is kept and comes to be looked at, whatever happens to the call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.fakes.fake_stash import FakeStash
from tests.plugin.calls import Calls

from stashai_plugin.page.jobs import jobs

HOOK = Path(__file__).resolve().parents[2] / "plugin_automatic" / "hook.py"
CLOSED = 9
"""A port that nobody listens at."""


def fire(stash: FakeStash, number: int, port: int | None = None) -> dict[str, Any]:
    connection = {
        "Scheme": "http", "Host": "0.0.0.0", "Port": port or stash.server.port, "Dir": str(stash.config),
        "SessionCookie": {"Name": "session", "Value": stash.new_session()},
    }  # fmt: skip
    context = {"id": number, "type": "Scene.Create.Post", "input": None}
    document = json.dumps({"server_connection": connection, "args": {"hookContext": context}})
    done = subprocess.run([sys.executable, str(HOOK)], input=document.encode(), capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def queued(stash: FakeStash) -> int:
    stash.jobs.wait_idle()
    found = (stash.jobs.find(number) for number in range(1, 10))
    return sum(job is not None and "looking at what is new" in job.description for job in found)


def test_the_first_of_a_burst_queues_one_task(stash: FakeStash) -> None:
    assert [fire(stash, number) for number in range(3)] == [{"output": "ok"}] * 3
    assert queued(stash) == 1


def test_after_a_call_that_failed_the_next_hook_calls(stash: FakeStash) -> None:
    assert "StashAI automatic" in fire(stash, 1, CLOSED)["error"]
    assert queued(stash) == 0
    assert fire(stash, 2) == {"output": "ok"}
    assert queued(stash) == 1


def test_after_a_call_that_failed_our_page_calls(calls: Calls, stash: FakeStash) -> None:
    fire(stash, 1, CLOSED)
    for _ in range(2):
        jobs(calls.request())
        assert queued(stash) == 1
    assert calls.bench().mirror.arrivals() == [("scene", "1")]


def test_a_login_page_where_the_queue_was_meant(stash: FakeStash) -> None:
    stash.username = "me"
    stash.expire_sessions()
    connection = {"Port": stash.server.port, "Dir": str(stash.config), "SessionCookie": {"Value": "stale"}}
    document = {"server_connection": connection, "args": {"hookContext": {"id": 1, "type": "Scene.Create.Post"}}}
    done = subprocess.run([sys.executable, str(HOOK)], input=json.dumps(document).encode(), capture_output=True, check=True)
    assert "StashAI automatic" in json.loads(done.stdout)["error"]
    stash.username = ""
    assert fire(stash, 2) == {"output": "ok"}
    assert queued(stash) == 1
