"""Video behind an address: ranges, headers, no redirects, no waiting for ever."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.integration.media import clips

from stashai.errors import MediaError
from stashai.media.video import VideoReader


class Served(BaseHTTPRequestHandler):
    """/clip.mp4 with ranges for whoever sends the key; /away redirects there; /silent never answers."""

    content = b""

    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "/clip.mp4")
            self.end_headers()
        elif self.headers.get("ApiKey") != "secret":
            self.send_error(401)
        else:
            self._send()

    def _send(self) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        start = int(found[1]) if found else 0
        part = self.content[start:]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        try:
            self.wfile.write(part)
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    clip = clips.write(tmp_path / "clip.mp4")
    handler = type("Handler", (Served,), {"content": clip.read_bytes()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_frames_come_over_http_with_the_key(address: str) -> None:
    with VideoReader(f"{address}/clip.mp4", headers={"ApiKey": "secret"}, timeout=10) as reader:
        assert [frame.time for frame in reader.keyframes([0.0, 2.0])] == [0.0, 2.0]


@pytest.mark.parametrize(("path", "headers"), [("/clip.mp4", {"ApiKey": "wrong"}), ("/away", {"ApiKey": "secret"})])
def test_a_wrong_key_and_a_redirect_are_refused(address: str, path: str, headers: dict[str, str]) -> None:
    with pytest.raises(MediaError) as caught, VideoReader(address + path, headers=headers, timeout=10):
        pass
    assert caught.value.code in ("unreachable", "not-a-video")
    assert "secret" not in str(caught.value)


def test_a_header_cannot_smuggle_another(address: str) -> None:
    with pytest.raises(MediaError), VideoReader(f"{address}/clip.mp4", headers={"ApiKey": "secret\r\nHost: elsewhere"}):
        pass


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/clip.mp4"
        with pytest.raises(MediaError) as caught, VideoReader(address, timeout=0.5):
            pass
    assert caught.value.code == "stuck"
