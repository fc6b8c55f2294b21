"""Services elsewhere as a worker meets them: another worker, a Visage, a third party's; each keeps what it was asked."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stashai import __version__

Answer = tuple[int, Any]
CAN = ["facial_recognition", "face_comparison", "content_analysis", "metadata_extraction"]


@dataclass
class Other:
    """`seen` is what it was asked; `get` and `post` answer status and body."""

    url: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    get: Callable[[str], Answer] = field(default=lambda path: (404, {}))
    post: Callable[[str, dict[str, Any]], Answer] = field(default=lambda path, body: (404, {}))


@contextmanager
def serving(port: int = 0) -> Iterator[Other]:
    other = Other("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*other.get(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            other.seen.append({"path": self.path, "authorization": self.headers.get("Authorization"), **body})
            self._answer(*other.post(self.path.partition("?")[0], body))

        def _answer(self, status: int, body: Any) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        other.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield other
        server.shutdown()


@contextmanager
def another_worker(version: str = __version__, load: int = 0) -> Iterator[Other]:
    """An idle worker (`load` jobs wait there) that knows Somebody in every picture."""

    def get(path: str) -> Answer:
        if path == "/api/v1/services":
            return 200, [{"name": "entities.identify", "status": "healthy", "capabilities": CAN}]
        if path.startswith("/api/v1/people?"):
            return 200, []
        if path.startswith("/api/v1/queue/status/"):
            return 200, {"status": "completed"}
        return 200, {"version": version, "metrics": {"queue_status": {"pending": load, "processing": 0}}}

    with serving() as other:
        other.get = get
        other.post = lambda path, body: (200, {"success": True, "performers": [{"id": "7", "name": "Somebody", "confidence": 0.9}]})
        yield other


@contextmanager
def visage() -> Iterator[Other]:
    """The earlier Visage service: `/api/predict_1` and FastAPI's document, nothing else. It knows two people of StashDB; pictures
    that begin with "no faces" have none, and pictures that begin with "garbage" are none."""

    def performer(number: int, name: str, percent: int) -> dict[str, Any]:
        url = f"https://stashdb.org/performers/{number}"
        return {
            "id": str(number), "name": name, "confidence": percent, "image": f"https://stashdb.org/images/{number}",
            "country": "NO", "hits": 1, "distance": float(percent), "performer_url": url,
        }  # fmt: skip

    def post(path: str, body: dict[str, Any]) -> Answer:
        if path != "/api/predict_1":
            return 404, {"detail": "Not Found"}
        try:
            picture = base64.b64decode(body["image_data"].partition(",")[2] or body["image_data"])
        except (KeyError, binascii.Error) as error:
            return 500, {"detail": str(error)}
        if picture.startswith(b"no faces"):
            return 500, {"detail": "'No faces found'"}
        if picture.startswith(b"garbage"):
            return 500, {"detail": "cannot identify image file <_io.BytesIO object at 0x7f>"}
        first = {"image": "…", "confidence": 0.98, "performers": [performer(11, "First", 90), performer(12, "Second", 40)]}
        again = {"image": "…", "confidence": 0.9, "performers": [performer(11, "First", 60)]}
        return 200, {"data": [[first, again]]}

    with serving() as other:
        other.get = lambda path: (
            (200, {"info": {"version": "0.1.0"}, "paths": {"/api/predict_1": {}}}) if path == "/openapi.json" else (404, {})
        )
        other.post = post
        yield other
