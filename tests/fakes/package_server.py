"""A package index and file server on 127.0.0.1 that can misbehave in the ways that real ones do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class PackageServer:
    """`files` by name. `cut_after`: how many bytes each of the next answers gives before the line drops; `statuses`: what the
    next answers for files are instead; `pause`: seconds between blocks. `requests` are (path, Range header)."""

    files: dict[str, bytes] = field(default_factory=dict)
    html: bool = False
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    pause: float = 0.0
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""

    def downloads(self) -> list[str | None]:
        """The Range headers of the requests for files."""
        return [wanted for path, wanted in self.requests if path.startswith("/files/")]


@contextmanager
def serving(server: PackageServer) -> Iterator[PackageServer]:
    """Serve until the block ends: the index below /simple, the files below /files."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _handler(server: PackageServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append((self.path, self.headers.get("Range")))
            if self.path.startswith("/simple/"):
                self._index()
            elif server.statuses:
                self.send_error(server.statuses.pop(0))
            else:
                self._file(server.files.get(Path(self.path).name))

        def _index(self) -> None:
            if self.path.split("/")[2] != "some-package":
                self.send_error(404)
                return
            links = {name: f"../../files/{name}" for name in server.files}
            if server.html:
                body = "".join(f'<a href="{link}#sha256=0">{name}</a><br>' for name, link in links.items())
            else:
                body = json.dumps({"files": [{"filename": name, "url": link, "hashes": {}} for name, link in links.items()]})
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if server.html else "application/vnd.pypi.simple.v1+json")
            self.end_headers()
            self.wfile.write(body.encode())

        def _file(self, content: bytes | None) -> None:
            if content is None:
                self.send_error(404)
                return
            wanted = self.headers.get("Range")
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = start + server.cut_after.pop(0) if server.cut_after else len(content)
            with suppress(BrokenPipeError, ConnectionResetError):  # the other side was killed
                for offset in range(start, min(end, len(content)), 4096):
                    self.wfile.write(content[offset : min(offset + 4096, end)])
                    time.sleep(server.pause)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
