"""The worker's client against a server that plays a worker, a stranger, or nothing."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from stashai.client import WorkerClient, WorkerError, checked_address, read_token, write_token
from stashai.errors import UsageError


class Worker(BaseHTTPRequestHandler):
    """Answers /health to all, everything else to those who have the token; /strange/… with a page."""

    def do_GET(self) -> None:
        if self.path.startswith("/strange"):
            return self._send(200, b"<html>a router</html>")
        if self.path == "/api/v1/health":
            return self._send(200, json.dumps({"status": "healthy", "version": "1.2.3"}).encode())
        if self.headers.get("Authorization") != "Bearer right":
            return self._send(401, json.dumps({"code": "token", "message": "The token is missing or wrong."}).encode())
        self._send(200, json.dumps([{"name": "media.identify"}]).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Worker)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_health_needs_no_token_services_do(address: str) -> None:
    assert WorkerClient(address).answers()
    assert WorkerClient(address, "right").services() == [{"name": "media.identify"}]
    with pytest.raises(WorkerError) as caught:
        WorkerClient(address, "wrong").services()
    assert caught.value.code == "worker-token"


def test_nobody_and_somebody_else(address: str) -> None:
    with pytest.raises(WorkerError) as caught:
        WorkerClient("http://127.0.0.1:9", timeout=2).health()
    assert caught.value.code == "worker-unreachable"
    assert caught.value.remedy
    with pytest.raises(WorkerError) as caught:
        WorkerClient(f"{address}/strange").health()
    assert caught.value.code == "not-a-worker"
    assert not WorkerClient(f"{address}/strange").answers()


@pytest.mark.parametrize("address", ["ftp://host", "host:1", "http://user:pw@host", "http://host/?x=1", "file:///etc/passwd", ""])
def test_only_addresses_of_workers(address: str) -> None:
    with pytest.raises(UsageError):
        checked_address(address)


def test_the_token_is_only_for_its_owner(tmp_path: Path) -> None:
    assert read_token(tmp_path) == ""
    write_token(tmp_path, "secret")
    assert read_token(tmp_path) == "secret"
    if sys.platform != "win32":
        assert os.stat(tmp_path / "worker-token").st_mode & 0o777 == 0o600
    write_token(tmp_path, "")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UsageError):
        write_token(tmp_path, "two\nlines")
