"""Tokens, keys and passwords: in no log at any level, in no answer, in no row."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from tests.fakes.slow_service import SLOW

from .conftest import free_port

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"STASHAI_TOKEN": "token-secret", "STASH_API_KEY": "key-secret", "STASHAI_WORKERS_TOKEN": "theirs-secret"}


@contextmanager
def chatty(data: Path, **environ: str) -> Iterator[tuple[str, Path]]:
    """A worker in a process of its own that logs everything; its address and its log."""
    port, log = free_port(), data.parent / "log"
    (data / "processors").mkdir(parents=True)
    (data / "processors" / "slow.py").write_text(SLOW)
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("shared", "worker"))
    env = {**os.environ, "PYTHONPATH": paths, "STASHAI_DATA": str(data), "LOG_LEVEL": "DEBUG", **SECRETS, **environ}
    command = [sys.executable, "-m", "stashai_worker", "--port", str(port)]
    with log.open("w") as file, subprocess.Popen(command, env=env, stdout=file, stderr=file) as process:
        try:
            answers(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}", log
        finally:
            process.terminate()
            process.wait(20)


def answers(url: str) -> requests.Response:
    until = time.monotonic() + 30
    while True:
        try:
            return requests.get(url, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_no_secret_is_logged_answered_or_kept(tmp_path: Path) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    headers = {"Authorization": "Bearer token-secret"}
    with chatty(tmp_path / "data", STASH_URL=dead, STASHAI_WORKERS=dead, VISAGE_URL=dead) as (url, log):
        said = [answers(url + "/health").text]
        entity = {"entity": {"id": "1", "type": "scene"}}
        said.append(requests.post(url + "/api/v1/facial-recognition/identify-scene", json=entity, headers=headers, timeout=30).text)
        said.append(requests.get(url + "/api/v1/services", headers={"Authorization": "Bearer wrong-secret"}, timeout=10).text)
        said.append(requests.get(url + "/api/v1/services?token=token-secret", headers=headers, timeout=10).text)
        said.append(requests.get(url + "/metrics", headers=headers, timeout=10).text)
        time.sleep(1.5)
    rows = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("*.sqlite3*"))
    assert "-secret" not in log.read_text()
    assert "-secret" not in "".join(said)
    assert b"-secret" not in rows


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    database = f"postgresql://somebody:password-secret@127.0.0.1:{free_port()}/stashai"
    with chatty(tmp_path / "data", STASHAI_DATABASE_URL=database) as (url, log):
        health = answers(url + "/health")
        assert health.status_code == 503
        assert health.json()["dependencies"]["database"]
        assert "-secret" not in health.text
    assert "-secret" not in log.read_text()
