"""A real worker on loopback: uvicorn in a thread, SQLite in a temporary folder, and a service of our own that needs no model."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from tests.fakes.slow_service import SLOW

from stashai.services.core import Core
from stashai_worker.app import create_app
from stashai_worker.auth import with_token
from stashai_worker.config import WorkerConfig
from stashai_worker.readiness import Prepare


@dataclass(frozen=True)
class Worker:
    """A running worker: `url` ends with /api/v1."""

    url: str
    root: str
    token: str
    data: Path

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, headers=self._headers(options), timeout=30, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        return requests.post(self.url + path, json=json, headers=self._headers(options), timeout=60, **options)

    def delete(self, path: str) -> requests.Response:
        return requests.delete(self.url + path, headers=self._headers({}), timeout=30)

    def _headers(self, options: dict[str, Any]) -> dict[str, str]:
        given: dict[str, str] = options.pop("headers", {})
        return ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | given

    def ended(self, job_id: str) -> dict[str, Any]:
        answer = self.get(f"/queue/status/{job_id}?wait=30").json()
        assert answer["status"] in ("completed", "failed", "cancelled"), answer
        return dict(answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Start = Callable[..., Worker]


def no_networks(core: Core) -> None:
    """Most tests need none."""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker with settings of the test's own; all are stopped afterwards."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def starter(
        environ: dict[str, str] | None = None, data: Path | str = "data", prepare: Prepare = no_networks, **overrides: Any
    ) -> Worker:
        folder = tmp_path / data
        (folder / "processors").mkdir(parents=True, exist_ok=True)
        (folder / "processors" / "slow.py").write_text(SLOW)
        port = free_port()
        env = {"STASHAI_DATA": str(folder), "STASHAI_MODELS": str(tmp_path / "models"), "STASHAI_CORES": "2", **(environ or {})}
        config, _ = with_token(WorkerConfig.from_environ(env, port=port, **overrides))
        server = uvicorn.Server(uvicorn.Config(create_app(config, prepare), host="127.0.0.1", port=port, log_level="warning"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        _await_start(server)
        return Worker(f"http://127.0.0.1:{port}/api/v1", f"http://127.0.0.1:{port}", config.token, folder)

    yield starter
    for server, thread in servers:
        server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive(), "a worker did not stop"


def _await_start(server: uvicorn.Server) -> None:
    until = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < until, "the worker did not start"
        time.sleep(0.01)


@pytest.fixture
def worker(start: Start) -> Worker:
    return start()
