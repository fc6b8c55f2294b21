"""Services elsewhere: recognition goes to the less loaded one, and is done here when that one fails."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stashai import __version__

from .conftest import Start, Worker, free_port

PICTURE = base64.b64encode(b"bytes that only the other one can read").decode()


@contextmanager
def another_worker(port: int, version: str = __version__) -> Iterator[list[dict[str, Any]]]:
    """Answers as an idle worker would; the list is what it was asked."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"version": version, "metrics": {"queue_status": {"pending": 0, "processing": 0}}})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append({"path": self.path, "authorization": self.headers.get("Authorization"), **body})
            self._answer({"success": True, "performers": [{"id": "7", "name": "Somebody", "confidence": 0.9}]})

        def _answer(self, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield seen
        server.shutdown()


def known_as(worker: Worker, status: str) -> None:
    until = time.monotonic() + 20
    while {one["name"]: one["status"] for one in worker.get("/services").json()}["worker-1"] != status:
        assert time.monotonic() < until
        time.sleep(0.05)


def ask(worker: Worker, number: str) -> Any:
    body = {"entity": {"id": number, "type": "image"}, "image_data": {"data": PICTURE}, "threshold": 0.7, "request_id": number}
    return worker.post("/facial-recognition/identify-image", body)


def test_the_less_loaded_one_is_asked_and_then_it_is_done_here(start: Start) -> None:
    port = free_port()
    with another_worker(port) as seen:
        worker = start(environ={"STASHAI_WORKERS": f"http://127.0.0.1:{port}", "STASHAI_WORKERS_TOKEN": "theirs", "STASHAI_SLOTS": "4"})
        known_as(worker, "healthy")
        busy = worker.post("/queue/submit/test.slow", {"params": {"seconds": 60}}).json()["job_id"]
        answer = ask(worker, "1")
        assert answer.status_code == 200, answer.text
        assert (answer.json()["service_name"], answer.json()["request_id"]) == ("worker-1", "1")
        assert answer.json()["performers"][0]["name"] == "Somebody"
        assert (seen[0]["threshold"], seen[0]["image_data"]["data"], seen[0]["authorization"]) == (0.7, PICTURE, "Bearer theirs")
        tracked = worker.get("/entities/image/1/last-run").json()["last_run"]
        assert (tracked["status"], tracked["job_type"]) == ("completed", "services.recognize")
    here = ask(worker, "2")
    assert here.status_code == 400, "the other one is gone: done here, where this is no picture"
    jobs = {job["job_type"]: job["status"] for job in worker.get("/ai-jobs/history?entity_type=image&entity_id=2").json()["jobs"]}
    assert jobs == {"services.recognize": "failed", "entities.identify": "failed"}
    worker.post(f"/queue/cancel/{busy}")


def test_a_worker_of_another_version_gets_nothing(start: Start) -> None:
    port = free_port()
    with another_worker(port, "99.0.0") as seen:
        worker = start(environ={"STASHAI_WORKERS": f"http://127.0.0.1:{port}"})
        known_as(worker, "degraded")
        busy = worker.post("/queue/submit/test.slow", {"params": {"seconds": 60}}).json()["job_id"]
        assert ask(worker, "1").status_code == 400
        assert seen == []
        worker.post(f"/queue/cancel/{busy}")
