"""What our pages do, for tests of the whole plugin in a fake Stash: operations by GraphQL, the dialog's chain of steps, tasks."""

from __future__ import annotations

import time
from typing import Any

import requests
from tests.fakes.fake_stash import FakeStash

OPERATION = 'mutation($a:Map){runPluginOperation(plugin_id:"stashai",args:$a)}'
Json = dict[str, Any]


class Page:
    """What our pages do: operations by GraphQL, the dialog's chain of steps."""

    def __init__(self, stash: FakeStash) -> None:
        self.stash = stash
        self.slowest = 0.0

    def call(self, op: str, **arguments: Any) -> Json:
        """The whole output."""
        began = time.monotonic()
        body: Any = {"query": OPERATION, "variables": {"a": {"op": op, **arguments}}}
        answer = requests.post(f"{self.stash.url}/graphql", json=body, timeout=120).json()
        assert "errors" not in answer, answer
        if op == "step":
            self.slowest = max(self.slowest, time.monotonic() - began)
        return dict(answer["data"]["runPluginOperation"])

    def ok(self, op: str, **arguments: Any) -> Any:
        output = self.call(op, **arguments)
        assert output["ok"], (output, self.stash.log.text()[-4000:])
        return output["data"]

    def error(self, op: str, **arguments: Any) -> str:
        output = self.call(op, **arguments)
        assert not output["ok"], output
        return str(output["error"]["code"])

    def identify(self, kind: str, entity: int, **arguments: Any) -> tuple[str, Json, list[Json]]:
        """(job, last result, all results) of a dialog that stays open."""
        job = self.ok("identify", type=kind, id=str(entity), **arguments)["id"]
        results = []
        for _ in range(150):
            answer = self.ok("step", job=job)
            if answer["result"]:
                results.append(answer["result"])
            if not answer["more"]:
                assert answer["job"]["state"] == "completed", answer["job"]
                return job, results[-1], results
        raise AssertionError("the chain does not end")

    def task(self, name: str, **arguments: str) -> list[str]:
        """Run a task to its end; the log lines that it wrote."""
        before = len(self.stash.log.lines)
        self.stash.jobs.wait(self.stash.run_task("stashai", name or None, None, dict(arguments)), 300)
        return [text for _, text in self.stash.log.lines[before:]]
