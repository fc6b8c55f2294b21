"""Who may call, and how much a request may bring."""

from __future__ import annotations

import os
import stat

import pytest
import requests

from stashai.errors import SetupError
from stashai_worker.auth import token_file, with_token
from stashai_worker.config import WorkerConfig

from .conftest import Start, Worker


def test_a_token_is_asked_for_on_everything_but_health_and_docs(start: Start) -> None:
    worker = start(environ={"STASHAI_TOKEN": "secret-token"})
    for path in ("/api/v1/services", "/api/v1/ai-jobs/history", "/metrics"):
        assert requests.get(worker.root + path, timeout=5).status_code == 401, path
        assert requests.get(worker.root + path, headers={"Authorization": "Bearer wrong"}, timeout=5).status_code == 401, path
    for path in ("/health", "/api/v1/health", "/docs", "/openapi.json", "/"):
        assert requests.get(worker.root + path, timeout=5).status_code == 200, path
    assert worker.get("/services").status_code == 200


def test_listening_beyond_loopback_makes_a_token_and_keeps_it(tmp_path: os.PathLike[str]) -> None:
    config = WorkerConfig.from_environ({"STASHAI_DATA": str(tmp_path), "STASHAI_HOST": "0.0.0.0"})
    first, made = with_token(config)
    second, again = with_token(config)
    assert (made, again) == (True, False)
    assert first.token == second.token
    assert len(first.token) >= 32
    if os.name != "nt":
        assert stat.S_IMODE(token_file(config.core.data).stat().st_mode) == 0o600


def test_an_empty_token_file_does_not_open_the_worker_to_all(tmp_path: os.PathLike[str]) -> None:
    config = WorkerConfig.from_environ({"STASHAI_DATA": str(tmp_path), "STASHAI_HOST": "0.0.0.0"})
    token_file(config.core.data).write_text("\n")
    with pytest.raises(SetupError, match="is empty"):
        with_token(config)


def test_without_a_token_only_this_machine_is_answered(worker: Worker) -> None:
    assert requests.get(worker.url + "/services", headers={"Host": "evil.example"}, timeout=5).status_code == 403
    assert requests.get(worker.url + "/services", headers={"Origin": "http://evil.example"}, timeout=5).status_code == 403
    assert requests.get(worker.url + "/services", headers={"Origin": "http://localhost:9999"}, timeout=5).status_code == 200


def test_limits_name_themselves(start: Start) -> None:
    worker = start(max_body=1)
    large = requests.post(worker.url + "/interactions/track", data=b"x" * (2 << 20), timeout=10)
    assert (large.status_code, large.json()["code"]) == (413, "too-large")
    assert "1 MiB" in large.json()["message"]
    chunked = requests.post(worker.url + "/interactions/track", data=(b"x" * 65536 for _ in range(40)), timeout=10)
    assert chunked.status_code == 413
    deep = requests.post(worker.url + "/interactions/track", data="[" * 500 + "]" * 500, timeout=10)
    assert (deep.status_code, deep.json()["code"]) == (400, "too-deep")


def test_too_many_requests_are_told_to_wait(start: Start) -> None:
    worker = start(rate=5)
    answers = [worker.get("/services") for _ in range(7)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"]
    assert worker.get("/health").status_code == 200, "health is never limited"


def test_several_machines_need_a_shared_ledger() -> None:
    with pytest.raises(SetupError, match="STASHAI_DATABASE_URL"):
        WorkerConfig.from_environ({"STASHAI_QUEUE_URL": "redis://localhost"})
    with pytest.raises(SetupError, match="no PostgreSQL") as refused:
        WorkerConfig.from_environ({"STASHAI_DATABASE_URL": "mysql://user:secret@host/database"})
    assert "secret" not in str(refused.value)


def test_a_file_outside_the_media_folders_is_not_opened(start: Start, tmp_path: os.PathLike[str]) -> None:
    from pathlib import Path

    allowed, outside = Path(tmp_path) / "media", Path(tmp_path) / "secret.jpg"
    allowed.mkdir()
    outside.write_bytes(b"\xff\xd8\xff secret")
    (allowed / "link.jpg").symlink_to(outside)
    worker = start(environ={"STASHAI_MEDIA": str(allowed)})
    for path in (str(outside), f"{allowed}/../secret.jpg", str(allowed / "link.jpg"), "/etc/passwd"):
        body = {"entity": {"id": "1", "type": "image", "path": path}}
        answer = worker.post("/content-analysis/extract-metadata", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "no-way-to-media"), path


def test_services_register_only_where_allowed(start: Start) -> None:
    worker = start(environ={"STASHAI_SERVICE_ORIGINS": "http://127.0.0.1:1"})
    info = {
        "name": "far",
        "type": "worker",
        "version": "1",
        "endpoint": "http://evil.example/x",
    }
    assert worker.post("/services", info).status_code == 403
    probed = {**info, "endpoint": "http://127.0.0.1:1/x", "health_check_url": "http://evil.example/h"}
    assert worker.post("/services", probed).status_code == 403, "nor is anything else probed"
    assert worker.post("/services", {**info, "endpoint": "http://127.0.0.1:1/x"}).status_code == 201
    assert worker.post("/services", {**info, "endpoint": "http://127.0.0.1:1/x"}).status_code == 409
    assert worker.delete("/services/far").status_code == 204
    assert worker.delete("/services/far").status_code == 404


def test_a_service_set_aside_takes_nothing(worker: Worker) -> None:
    assert worker.post("/services/test.slow/maintenance").json()["status"] == "maintenance"
    assert worker.post("/queue/submit/test.slow", {"params": {}}).status_code == 503
    worker.post("/services/test.slow/maintenance?enabled=false")
    assert worker.post("/queue/submit/test.slow", {"params": {}}).status_code == 202
