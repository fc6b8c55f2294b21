"""HTTP in front of the fake: /graphql, media with ranges, sessions, and the redirect to a login page that fools naive clients."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from contextlib import suppress
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from graphql import graphql_sync, parse, validate
from graphql.error import GraphQLError

from .resolvers import Root

if TYPE_CHECKING:
    from .library import Row
    from .stash import FakeStash

DEFAULT_IMAGE = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
LOGIN_PAGE = b"<!DOCTYPE html><html><title>Login</title></html>"


class Server:
    def __init__(self, stash: FakeStash, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._open: set[socket.socket] = set()
        handler = type("Handler", (_Handler,), {"stash": stash, "open": self._open})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="fake-stash-http")

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Also what is kept alive ends, as with a process that ends."""
        self._server.shutdown()
        for connection in list(self._open):
            with suppress(OSError):  # the other side has closed it
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stash: FakeStash
    protocol_version = "HTTP/1.1"
    _renewed: str | None = None
    open: set[socket.socket]

    def setup(self) -> None:
        super().setup()
        self.open.add(self.connection)

    def finish(self) -> None:
        self.open.discard(self.connection)
        with suppress(OSError):  # the other side has gone
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the tests read `stash.requests`."""

    # who is asking ---------------------------------------------------------------------------------------------------

    def _allowed(self) -> bool | None:
        """True, False (wrong key), None (nobody: to the login page)."""
        query = parse_qs(urlsplit(self.path).query)
        key = self.headers.get("ApiKey") or query.get("apikey", [None])[0]
        if key:
            return key == self.stash.api_key
        if not self.stash.username:
            return True
        if self.stash.session_is_valid(self._cookie()):
            self._renewed = self.stash.renew()
            return True
        return None

    def _cookie(self) -> str | None:
        morsel = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return morsel.value if morsel else None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path != "/graphql":
            return self._send(404, b"not found", "text/plain")
        if not self._allowed():
            return self._send(401, b"unauthorized", "text/plain")
        self._graphql(json.loads(body))

    def _graphql(self, request: dict[str, Any]) -> None:
        variables = request.get("variables") or {}
        self.stash.queries.append((request["query"], variables))
        try:
            faults = validate(self.stash.schema, parse(request["query"]))
        except GraphQLError as error:
            faults = [error]
        if faults:
            return self._json({"errors": [error.formatted for error in faults], "data": None}, 422)
        root = Root(self.stash, f"http://{self.headers['Host']}", self._cookie())
        result = graphql_sync(self.stash.schema, request["query"], root, variable_values=variables)
        self._json(dict(result.formatted), 200)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.stash.requests[path] += 1
        if path == "/login":
            return self._send(200, LOGIN_PAGE, "text/html; charset=utf-8")
        allowed = self._allowed()
        if self.stash.faults["login"] > 0:
            self.stash.faults["login"] -= 1
            allowed = None
        if allowed is None:
            return self._send(302, b"", "text/html", {"Location": "/login"})
        if not allowed:
            return self._send(401, b"unauthorized", "text/plain")
        self._media(path)

    def do_HEAD(self) -> None:
        self.do_GET()

    # what is served --------------------------------------------------------------------------------------------------

    def _media(self, path: str) -> None:
        rows = self.stash.library.rows
        if found := re.fullmatch(r"/scene/([0-9a-f]{16})_(sprite\.jpg|thumbs\.vtt)", path):
            row = rows["scene"].get(int(found[1], 16))
            name, kind = ("sprite", "image/jpeg") if found[2].startswith("sprite") else ("vtt", "text/vtt")
            return self._bytes(row.media.get(name) if row else None, kind)
        if found := re.fullmatch(r"/(scene|image|performer)/(\d+)/([a-z]+)", path):
            row = rows[found[1]].get(int(found[2]))
            return self._of(row, f"{found[1]}/{found[3]}") if row else self._send(404, b"not found", "text/plain")
        if found := re.fullmatch(r"/plugin/([A-Za-z0-9_-]+)/javascript", path):
            return self._script(found[1])
        self._send(404, b"not found", "text/plain")

    def _of(self, row: Row, what: str) -> None:
        if what == "performer/image":
            picture = row.media.get("image")
            return self._bytes(picture or DEFAULT_IMAGE, str(row.values.get("kind") or "image/jpeg") if picture else "image/svg+xml")
        if what == "scene/screenshot":
            return self._bytes(row.media.get("screenshot") or DEFAULT_IMAGE, "image/jpeg")
        if what in ("scene/stream", "image/image", "image/thumbnail"):
            data = row.media.get("original")
            kind = "video/mp4" if row.files[0]["__typename"] == "VideoFile" else "image/jpeg"
            data = data if data is not None else self._read(row)
            if data is None and what.startswith("image/"):
                return self._send(500, b"Internal Server Error", "text/plain")
            return self._bytes(data, kind)
        self._send(404, b"not found", "text/plain")

    def _read(self, row: Row) -> bytes | None:
        file = Path(str(row.files[0]["path"]))
        return file.read_bytes() if file.is_file() else None

    def _script(self, plugin: str) -> None:
        manifest = self.stash.plugins.get(plugin)
        names = ((manifest.document.get("ui") or {}).get("javascript") or []) if manifest else []
        parts = [(manifest.path.parent / name).read_bytes() for name in names] if manifest else []
        self._bytes(b"\n".join(parts) if parts else None, "text/javascript")

    # answers ---------------------------------------------------------------------------------------------------------

    def _bytes(self, data: bytes | None, kind: str) -> None:
        if data is None:
            return self._send(404, b"not found", "text/plain")
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if wanted is None:
            return self._send(200, data, kind, {"Accept-Ranges": "bytes"})
        start, end = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        if start >= len(data):
            return self._send(416, b"", kind, {"Content-Range": f"bytes */{len(data)}"})
        self._send(206, data[start : end + 1], kind, {"Content-Range": f"bytes {start}-{end}/{len(data)}", "Accept-Ranges": "bytes"})

    def _json(self, document: dict[str, Any], status: int) -> None:
        self._send(status, json.dumps(document).encode(), "application/graphql-response+json")

    def _send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if self._renewed:
                self.send_header("Set-Cookie", f"session={self._renewed}; Path=/; HttpOnly")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
