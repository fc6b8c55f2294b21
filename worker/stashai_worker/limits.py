"""Limits on what a request may bring: bytes, depth of JSON, requests a minute. Each refusal names its limit."""

from __future__ import annotations

import re

from anyio import to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import BodyTooLargeError, refusal

MAX_JSON_DEPTH = 32
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


class BodyLimit:
    """ASGI middleware: refuses a request body over `limit` bytes, whether or not its length was declared.

    Uploads have their own, larger limit, which the spool checks while it writes."""

    def __init__(self, app: ASGIApp, limit: int, upload_prefix: str, upload_limit: int) -> None:
        self._app = app
        self._limit = limit
        self._upload_prefix = upload_prefix
        self._upload_limit = upload_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = scope["path"].startswith(self._upload_prefix)
        limit = self._upload_limit if upload else self._limit
        if self._declared(scope) > limit:
            await self._refuse(limit, scope, receive, send)
            return
        await self._watched(limit, not upload, scope, receive, send)

    async def _watched(self, limit: int, is_json: bool, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        messages: list[Message] = []
        if not is_json:
            await self._app(scope, _counting(receive, limit), send)
            return
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            messages.append(message)
            body += message.get("body", b"")
            if len(body) > limit:
                await self._refuse(limit, scope, receive, send)
                return
            if not message.get("more_body"):
                break
        if await to_thread.run_sync(json_depth, bytes(body)) > MAX_JSON_DEPTH:
            await refusal(400, "too-deep", f"The request's JSON is nested deeper than {MAX_JSON_DEPTH} levels.")(scope, receive, send)
            return
        await self._app(scope, _replay(messages, receive), send)

    def _declared(self, scope: Scope) -> int:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit():
                return int(value)
        return 0

    async def _refuse(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        await refusal(413, "too-large", f"The request is larger than {limit // 2**20} MiB.")(scope, receive, send)


def _replay(messages: list[Message], receive: Receive) -> Receive:
    queue = iter(messages)

    async def replayed() -> Message:
        message = next(queue, None)
        return message if message is not None else await receive()

    return replayed


def _counting(receive: Receive, limit: int) -> Receive:
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise BodyTooLargeError(f"The request is larger than {limit // 2**20} MiB.")
        return message

    return counted


def json_depth(body: bytes) -> int:
    """The deepest nesting of brackets in `body`, outside of strings, counted without building anything of it."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > MAX_JSON_DEPTH:
            break
    return deepest
