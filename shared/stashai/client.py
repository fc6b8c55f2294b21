"""A StashAI worker as the plugin calls it: JSON over HTTP with a token. Standard library only."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from .errors import StashAIError, UsageError
from .replacing import moved_into_place

TOKEN_FILE = "worker-token"  # noqa: S105 - a file's name
PREFIX = "/api/v1"
PIECE = 1 << 20
SLOW = "worker-slow"
"""The code of a worker that is there, and has too much to do to answer in time."""
PROTOCOL = 1
"""What a plugin and a worker say to each other below /stash; raised when either would misunderstand the other."""


class WorkerError(StashAIError):
    """The worker refused, cannot be reached, or answers something else than a worker would."""

    code = "worker"

    def __init__(self, message: str, *, code: str | None = None, remedy: str = "", status: int = 0, job_id: str | None = None) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.status, self.job_id = status, job_id

    @property
    def is_gone(self) -> bool:
        """Whether it cannot help with anything now, rather than refuse this one thing."""
        return self.status in (0, 401, 403, 429) or self.status >= 500


def read_token(folder: Path) -> str:
    """The token that the user gave, empty when there is none."""
    try:
        return (folder / TOKEN_FILE).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def write_token(folder: Path, token: str) -> None:
    """Keep the token in a file that only its owner reads; an empty one removes it."""
    target = folder / TOKEN_FILE
    if not token:
        target.unlink(missing_ok=True)
        return
    if not token.isascii() or not token.isprintable() or len(token) > 500:
        raise UsageError("A token is one line of at most 500 printable characters.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(partial: Path) -> None:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(token)

    moved_into_place(target, write)


def checked_address(address: str) -> str:
    """`address` without a closing slash. Raises UsageError for anything but http(s)://host[:port]."""
    parts = urlsplit(address.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise UsageError(f"{address!r} is not the address of a worker.", remedy="Write it as http://192.168.1.20:9666.")
    return address.strip().rstrip("/")


class _NoRedirects(HTTPRedirectHandler):
    """The token is for that address alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _Parts:
    """A file between two texts, as the body of a request: never whole in memory."""

    def __init__(self, head: bytes, file: BinaryIO, size: int, tail: bytes) -> None:
        self._head, self._file, self._size, self._tail = head, file, size, tail
        self.length = len(head) + size + len(tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        left = self._size
        while left:
            piece = self._file.read(min(PIECE, left))
            if not piece:
                raise OSError("the file became shorter while it was sent")
            left -= len(piece)
            yield piece
        yield self._tail


class WorkerClient:
    """`says` goes along with every call, as headers."""

    def __init__(self, address: str, token: str = "", timeout: float = 10.0, says: Mapping[str, str] | None = None) -> None:
        self._base = checked_address(address)
        self._token, self._timeout, self._says = token, timeout, says or {}
        # A proxy of the environment is for the internet; the worker stands in the same house.
        self._opener = build_opener(ProxyHandler({}), _NoRedirects())

    def health(self) -> dict[str, Any]:
        return dict(self.call("GET", "/health"))

    def answers(self) -> bool:
        try:
            return str(self.health().get("status", "")) in ("healthy", "degraded", "busy")
        except WorkerError:
            return False

    def services(self) -> list[dict[str, Any]]:
        """Also proves the token: health is answered without one."""
        answer = self.call("GET", "/services")
        rows = answer.get("services", answer) if isinstance(answer, dict) else answer
        return [dict(row) for row in rows] if isinstance(rows, list) else []

    def submit(self, processor: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.call("POST", f"/queue/submit/{quote(processor)}", body))

    def job(self, job_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/ai-jobs/{quote(job_id)}"))

    def cancel(self, job_id: str) -> dict[str, Any]:
        return dict(self.call("POST", f"/queue/cancel/{quote(job_id)}"))

    def upload(self, name: str, file: BinaryIO, size: int) -> dict[str, Any]:
        """`size` bytes for the worker's spool, streamed; `upload` of the answer is their key."""
        mark = secrets.token_hex(24)
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{quote(name[-200:])}"\r\n\r\n'.encode()
        tail = f"\r\n--{mark}--\r\n".encode()
        kind = f"multipart/form-data; boundary={mark}"
        return dict(self._send("POST", "/media", _Parts(head, file, size, tail), kind, self._timeout))

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, timeout: float | None = None) -> Any:
        """The answer's JSON. Raises WorkerError with the worker's own code and message."""
        data = json.dumps(body).encode() if body is not None else None
        return self._send(method, path, data, "application/json", timeout or self._timeout)

    def job_of(self, path: str, body: Mapping[str, Any]) -> str:
        """The job of that request, made or, when an equal one is at work, found."""
        try:
            return str(self.call("POST", path, body)["job_id"])
        except WorkerError as error:
            if error.code == "duplicate" and error.job_id:
                return error.job_id
            raise

    def _send(self, method: str, path: str, data: bytes | _Parts | None, kind: str, timeout: float) -> Any:
        headers = {"Accept": "application/json", "Content-Type": kind, **self._says}
        if isinstance(data, _Parts):
            headers["Content-Length"] = str(data.length)
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = Request(self._base + PREFIX + path, data=data, headers=headers, method=method)  # noqa: S310 - scheme was checked
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return _json(answer.read())
        except HTTPError as error:
            raise _refused(error) from error
        except (URLError, TimeoutError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, TimeoutError):
                raise WorkerError(f"The worker at {self._base} did not answer within {timeout:g} seconds.", code=SLOW) from error
            raise WorkerError(
                f"The worker at {self._base} does not answer: {getattr(reason, 'strerror', None) or reason}.",
                remedy="Start it, or correct its address in StashAI's settings.",
                code="worker-unreachable",
            ) from error


def _json(data: bytes) -> Any:
    if not data:
        return {}
    try:
        return json.loads(data)
    except ValueError as error:
        raise WorkerError("What answers there is not a StashAI worker.", remedy="Correct its address.", code="not-a-worker") from error


def _refused(error: HTTPError) -> WorkerError:
    try:
        said = json.loads(error.read())
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    message = said.get("message") or said.get("error")
    if error.code in (401, 403):
        text = str(message or "The worker wants another token.")
        return WorkerError(text, remedy="Enter its token again.", code="worker-token", status=error.code)
    text, job = str(message or f"The worker answered with status {error.code}."), said.get("job_id")
    return WorkerError(text, code=str(said.get("code") or "worker"), status=error.code, job_id=job if isinstance(job, str) else None)
