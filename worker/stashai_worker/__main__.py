"""`python -m stashai_worker`, or `./stashai worker`."""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys

import uvicorn

from stashai import __version__
from stashai.errors import StashAIError, UsageError

from .app import create_app
from .auth import with_token
from .config import WorkerConfig

BACKLOG = 2048
"""Connections that wait to be accepted."""
MAX_SOCKET_MESSAGE = 64 * 1024
"""Bytes of a message to a socket; a larger one closes it."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped. Exit status 3 when the settings, the address or the data folder cannot be used."""
    parser = argparse.ArgumentParser(prog="stashai worker", description="Serve StashAI over HTTP, for heavy scans.")
    parser.add_argument("--host", help="address to listen on (STASHAI_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (STASHAI_PORT, 9666)")
    given = parser.parse_args(arguments)
    try:
        config = WorkerConfig.from_environ(host=given.host, port=given.port)
        listener = listening(config.host, config.port)
        config, made = with_token(config)
    except StashAIError as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    if made:
        sys.stderr.write(f"This worker listens beyond this machine. Its token, shown this once:\n\n    {config.token}\n\n")
    logging.basicConfig(level=config.core.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("huey").setLevel(max(logging.WARNING, logging.getLogger().level))  # it tells each job twice
    if logging.getLogger().isEnabledFor(logging.INFO):
        _greet(config)
    served = uvicorn.Config(
        create_app(config),
        log_level=config.core.log_level.lower(),
        access_log=False,
        ws_max_size=MAX_SOCKET_MESSAGE,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(served)
    server.run(sockets=[listener])
    return 0 if server.started else 3


def listening(host: str, port: int) -> socket.socket:
    """Bound before anything else is begun. Raises UsageError with the reason."""
    # TCP by name: of sockets that do not say it, asyncio does not know that answers must not wait to be sent (TCP_NODELAY)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
        return listener
    except (OSError, OverflowError) as error:
        listener.close()
        number = getattr(error, "errno", None) or 0  # below 0 where the host's name means nothing
        reason = os.strerror(number) if number > 0 else error
        text = f"Nothing can listen on {host}, port {port}: {reason}."
        raise UsageError(text, remedy="Give another --host or --port, or end what listens there.") from error


def _greet(config: WorkerConfig) -> None:
    everywhere = config.host in ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
    host = "127.0.0.1" if everywhere else f"[{config.host}]" if ":" in config.host else config.host
    media = ", ".join(map(str, config.media)) or "uploads and Stash only"
    sys.stderr.write(f"StashAI worker {__version__}: http://{host}:{config.port}/ (ctrl-C ends it)\n")
    sys.stderr.write(f"Data: {config.core.data}. Media folders: {media}. Cores: {config.core.cores}.\n")


if __name__ == "__main__":
    sys.exit(main())
