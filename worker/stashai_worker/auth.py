"""Who may call: a token on everything that listens beyond loopback; on loopback, only pages of this machine."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from stashai.errors import SetupError

from .config import WorkerConfig, is_loopback
from .errors import refusal

OPEN_PATHS = frozenset({"/health", "/api/v1/health", "/docs", "/redoc", "/openapi.json", "/"})
"""Answered without a token: whether the worker lives, and how to call it."""


def token_file(data: Path) -> Path:
    return data / "worker-token"


def with_token(config: WorkerConfig) -> tuple[WorkerConfig, bool]:
    """`config` with the token that it needs: the one set, else the one kept, else (beyond loopback) a new one, kept with
    mode 0600. The second value says whether it was made just now, so that it is printed once. Raises SetupError for one
    that is empty: without a token everybody could call."""
    if config.token:
        return config, False
    path = token_file(config.core.data)
    if not path.exists() and not config.beyond_loopback:
        return config, False
    made = not path.exists() and _keep(path, secrets.token_urlsafe(32))
    token = path.read_text("ascii").strip()
    if not token:
        raise SetupError(f"The token in {path} is empty.", code="unsafe-settings", remedy="Remove the file, or start the worker again.")
    return replace(config, token=token), made


def _keep(path: Path, token: str) -> bool:
    """False when another worker of the same data folder, started at the same moment, keeps its own."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return True


class Guard:
    """ASGI middleware: the token in constant time, and Host and Origin against DNS rebinding where there is none."""

    def __init__(self, app: ASGIApp, config: WorkerConfig) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        problem = self._problem(scope)
        if problem is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4401, "reason": problem[2]})
        else:
            await refusal(*problem)(scope, receive, send)

    def _problem(self, scope: Scope) -> tuple[int, str, str] | None:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin and not self._origin_allowed(origin):
            return 403, "origin", f"Pages of {origin[:200]} may not call this worker."
        if self._config.token:
            return None if self._authorized(scope, headers) else (401, "token", "The token is missing or wrong.")
        if not is_loopback(_hostname(headers.get("host", ""))):
            return 403, "host", "Without a token this worker answers only to its loopback address."
        return None

    def _authorized(self, scope: Scope, headers: Headers) -> bool:
        if scope["path"] in OPEN_PATHS:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            given = _websocket_token(headers) if scope["type"] == "websocket" else ""
        return hmac.compare_digest(given.strip().encode(), self._config.token.encode())

    def _origin_allowed(self, origin: str) -> bool:
        return origin.rstrip("/") in self._config.cors_origins or is_loopback(urlsplit(origin).hostname or "")


def _websocket_token(headers: Headers) -> str:
    """Browsers cannot send headers with a WebSocket: the token comes as the subprotocol `bearer.<token>`."""
    for protocol in headers.get("sec-websocket-protocol", "").split(","):
        name, _, token = protocol.strip().partition(".")
        if name == "bearer":
            return token
    return ""


def _hostname(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""
