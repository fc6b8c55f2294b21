"""A worker that cannot serve yet says why, with 503, and serves by itself once it can; networks that idle are unloaded."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import uvicorn

from stashai.errors import SetupError
from stashai.services.core import Core
from stashai_worker.__main__ import listening, main
from stashai_worker.app import create_app, open_state
from stashai_worker.config import WorkerConfig

from .conftest import Start, free_port, no_networks


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


@contextmanager
def serving(config: WorkerConfig) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(config, no_networks), host="127.0.0.1", port=config.port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{config.port}"
    finally:
        server.should_exit = True
        thread.join(20)


def test_a_database_that_cannot_be_opened_is_said_and_waited_for(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with serving(WorkerConfig.from_environ({"STASHAI_DATA": str(tmp_path / "data")}, port=free_port())) as url:
        health = requests.get(url + "/health", timeout=10)
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert health.json()["dependencies"]["database"]
        refused = requests.get(url + "/api/v1/services", timeout=10)
        assert (refused.status_code, refused.json()["success"]) == (503, False)
        (tmp_path / "data").unlink()
        until(lambda: requests.get(url + "/health", timeout=10).status_code == 200)
        assert requests.get(url + "/api/v1/services", timeout=10).status_code == 200


def test_networks_that_are_being_fetched_are_said_and_waited_for(start: Start) -> None:
    arrived = threading.Event()
    tries: list[int] = []

    def prepare(core: Core) -> None:
        tries.append(1)
        if not arrived.is_set():
            raise SetupError("The networks are out of reach.", code="offline", remedy="Go online.")

    worker = start(prepare=prepare)
    health = worker.get("/health")
    assert health.status_code == 503
    assert "out of reach" in health.json()["dependencies"]["networks"] or "being fetched" in health.json()["dependencies"]["networks"]
    arrived.set()
    until(lambda: worker.get("/health").status_code == 200)
    assert len(tries) >= 2


def test_a_full_disk_is_said(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = start()
    until(lambda: worker.get("/health").status_code == 200)
    monkeypatch.setattr("stashai_worker.state.disk_usage", lambda folder: SimpleNamespace(free=1000))
    until(lambda: "full" in worker.get("/health").json()["dependencies"]["database"])
    assert worker.get("/health").status_code == 503
    monkeypatch.undo()
    until(lambda: worker.get("/health").status_code == 200)


class Stash(BaseHTTPRequestHandler):
    """Answers every query with its version."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"data": {"version": {"version": "v0.28.0"}}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


def test_a_stash_that_is_away_is_said_and_waited_for(start: Start) -> None:
    port = free_port()
    worker = start(environ={"STASH_URL": f"http://127.0.0.1:{port}"})
    until(lambda: "Stash" in worker.get("/health").json()["dependencies"]["stash"])
    assert worker.get("/health").status_code == 503
    asked = worker.post("/content-analysis/extract-metadata", {"entity": {"id": "1", "type": "scene"}})
    assert asked.status_code in (400, 503)
    assert "Stash" in asked.json()["message"]
    with ThreadingHTTPServer(("127.0.0.1", port), Stash) as stash:
        thread = threading.Thread(target=stash.serve_forever, daemon=True)
        thread.start()
        until(lambda: worker.get("/health").status_code == 200)
        stash.shutdown()


def test_idle_networks_are_unloaded_and_loaded_again(tmp_path: Path) -> None:
    state = open_state(WorkerConfig.from_environ({"STASHAI_DATA": str(tmp_path / "data")}), no_networks)
    first = state.core.engine()
    assert state.unload_if_idle() is False, "just started"
    state._last_work -= 11 * 60
    assert state.unload_if_idle() is True
    assert state.core.engine() is not first
    state._last_work -= 11 * 60
    state._running = 1
    assert state.unload_if_idle() is False, "a job runs"
    state._running = 0
    state.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_the_token_is_printed_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    run = f"main(['--host', '0.0.0.0', '--port', '{free_port()}'])"
    script = f"import uvicorn; uvicorn.Server.run = lambda *a, **k: None; from stashai_worker.__main__ import main; {run}"
    root = Path(__file__).resolve().parents[2]
    environ = {"STASHAI_DATA": str(tmp_path / "data"), "PYTHONPATH": f"{root / 'shared'}:{root / 'worker'}", "PATH": "/usr/bin:/bin"}
    first, second = (
        subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True, timeout=60)
        for _ in range(2)
    )
    kept = tmp_path / "data" / "worker-token"
    assert kept.read_text().strip() in first.stderr
    assert kept.read_text().strip() not in second.stderr + second.stdout
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize(("port", "reason"), [(0, "in use"), (70_000, "0-65535")])
def test_where_nothing_can_listen_is_said_before_anything_is_begun(
    port: int, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STASHAI_DATA", str(tmp_path / "data"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(port or taken.getsockname()[1])]) == 3
    said = capsys.readouterr().err
    assert reason in said.lower()
    assert "--port" in said
    assert not (tmp_path / "data").exists()


def test_answers_do_not_wait_for_more_to_send() -> None:
    """asyncio sets TCP_NODELAY on connections of sockets that say that they are TCP; without it each answer may take 40 ms more."""
    with listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
        assert accepted.proto == socket.IPPROTO_TCP
