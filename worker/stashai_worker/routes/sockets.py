"""`/ws/queue`: live progress, and cancelling."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from ..events import Listener, queue_status
from ..opening import Opening
from ..state import WorkerState

logger = logging.getLogger(__name__)
router = APIRouter()
MAX_MESSAGE = 4096
SEND_SECONDS = 10.0
"""A client that takes longer to read one message is dropped."""


@router.websocket("/ws/queue")
async def queue(socket: WebSocket) -> None:
    """The state on connect, then events with numbers; `?since=` resumes after one."""
    opening: Opening[WorkerState] = socket.app.state.opening
    if opening.made is None:
        await socket.close(1013, "the worker is starting")
        return
    state = opening.made
    since = socket.query_params.get("since", "")
    await socket.accept(subprotocol=_subprotocol(socket))
    listener = state.hub.join(int(since) if since.isdigit() and len(since) < 16 else None)
    try:
        await socket.send_text(await _status(state))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_write(socket, listener))
            tasks.create_task(_read(socket, state, listener))
    except* TimeoutError:
        logger.info("A client of /ws/queue took no message for %.0f seconds and is dropped", SEND_SECONDS)
    except* (WebSocketDisconnect, RuntimeError):
        """The client is gone."""
    finally:
        state.hub.leave(listener)


def _subprotocol(socket: WebSocket) -> str | None:
    """A browser's token comes as the first offered subprotocol, and it wants that one back."""
    offered: list[str] = socket.scope.get("subprotocols", [])
    return offered[0] if offered else None


async def _status(state: WorkerState) -> str:
    data = await to_thread.run_sync(queue_status, state.core.ledger)
    return json.dumps({"type": "queue_status", "data": data})


async def _write(socket: WebSocket, listener: Listener) -> None:
    while True:
        message = await listener.queue.get()
        if listener.dropped:
            await socket.close(4408, "too slow")
            raise WebSocketDisconnect(4408)
        await asyncio.wait_for(socket.send_text(message), SEND_SECONDS)


async def _read(socket: WebSocket, state: WorkerState, listener: Listener) -> None:
    while True:
        text = await socket.receive_text()
        answer = await _answer(text, state)
        if answer is not None:
            listener.offer(answer)


async def _answer(text: str, state: WorkerState) -> str | None:
    if len(text) > MAX_MESSAGE:
        return json.dumps({"type": "error", "message": f"Messages are at most {MAX_MESSAGE} characters long."})
    try:
        message: Any = {"type": "ping"} if text == "ping" else json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps({"type": "error", "message": "That is not JSON."})
    kind = message.get("type") if isinstance(message, dict) else None
    if kind == "ping":
        return json.dumps({"type": "pong"})
    if kind == "get_status":
        return await _status(state)
    if kind == "cancel_job":
        return json.dumps(await to_thread.run_sync(_cancelled, state, str(message.get("job_id", ""))[:100]))
    return json.dumps({"type": "error", "message": "Known messages: ping, get_status, cancel_job."})


def _cancelled(state: WorkerState, job_id: str) -> dict[str, Any]:
    job = state.core.ledger.cancel(job_id, "asked to by a client")
    success = job is not None and (bool(job.cancel_requested) or job.status == "cancelled")
    message = "There is no such job." if job is None else f"It is {job.status}." if job.ended else "It is stopping."
    return {"type": "cancel_response", "job_id": job_id, "success": success, "message": message}
