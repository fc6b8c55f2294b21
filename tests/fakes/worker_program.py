"""A real worker as a process of its own on loopback, which a test may end at will and start again on the same data and port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from tests.fakes.slow_service import SLOW

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0


class WorkerProgram:
    """`token` as its clients send it."""

    def __init__(self, data: Path, environ: Mapping[str, str] | None = None, token: str = "a-token-for-tests") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.token, self.data = token, data
        self._environ = dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        paths = os.pathsep.join(str(ROOT / name) for name in ("shared", "worker"))
        settings = {"PYTHONPATH": paths, "STASHAI_DATA": str(self.data), "STASHAI_TOKEN": self.token, "LOG_LEVEL": "WARNING"}
        (self.data / "processors").mkdir(parents=True, exist_ok=True)
        (self.data / "processors" / "slow.py").write_text(SLOW)
        with (self.data / "worker.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stashai_worker", "--port", str(self.port)],
                env={**os.environ, **settings, **self._environ}, stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while not self._serves():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.1)

    def _serves(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.address}/api/v1{path}", headers={"Authorization": f"Bearer {self.token}"}, timeout=10)

    def post(self, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        return requests.post(f"{self.address}/api/v1{path}", json=body, headers={"Authorization": f"Bearer {self.token}"}, timeout=10)

    def occupy(self) -> str:
        """Give it something to do for minutes; with one slot everything else waits. The job, for `free`."""
        job = str(self.post("/queue/submit/test.slow", {"params": {"units": 1, "seconds": 300}}).json()["job_id"])
        while self.get(f"/queue/status/{job}").json()["status"] == "pending":
            time.sleep(0.1)
        return job

    def free(self, job: str) -> None:
        self.post(f"/queue/cancel/{job}")

    def kill(self) -> None:
        """As a power cut ends it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return (self.data / "worker.log").read_text(errors="replace")[-4000:]
