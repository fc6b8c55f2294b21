"""Requests a minute: who asks too often is told so, with when to come back."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from .auth import OPEN_PATHS
from .errors import refusal


class RateLimit:
    """ASGI middleware: `rate` requests a minute and client address; 0 for no limit."""

    def __init__(self, app: ASGIApp, rate: int) -> None:
        self._app = app
        self._limit = RateLimitItemPerMinute(rate) if rate else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._limit is None or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        client = (scope.get("client") or ("unknown", 0))[0]
        if await self._limiter.hit(self._limit, client):
            await self._app(scope, receive, send)
            return
        said = refusal(429, "too-many-requests", f"More than {self._limit.amount} requests a minute.")
        said.headers["Retry-After"] = "5"
        await said(scope, receive, send)
