"""`python -m stashai_worker`, or `./stashai worker`."""

from __future__ import annotations

import argparse
import logging
import sys

import uvicorn

from stashai import __version__
from stashai.errors import StashAIError

from .app import create_app
from .auth import with_token
from .config import WorkerConfig

MAX_SOCKET_MESSAGE = 64 * 1024
"""Bytes of a message to a socket; a larger one closes it."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped. Exit status 3 when the settings or the data folder cannot be used."""
    parser = argparse.ArgumentParser(prog="stashai worker", description="Serve StashAI over HTTP, for heavy scans.")
    parser.add_argument("--host", help="address to listen on (STASHAI_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (STASHAI_PORT, 9666)")
    given = parser.parse_args(arguments)
    try:
        config, made = with_token(WorkerConfig.from_environ(host=given.host, port=given.port))
    except StashAIError as error:
        sys.stderr.write(f"error: {error}\n")
        return 3
    if made:
        sys.stderr.write(f"This worker listens beyond this machine. Its token, shown this once:\n\n    {config.token}\n\n")
    logging.basicConfig(level=config.core.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("huey").setLevel(max(logging.WARNING, logging.getLogger().level))  # it tells each job twice
    if logging.getLogger().isEnabledFor(logging.INFO):
        _greet(config)
    uvicorn.run(
        create_app(config),
        host=config.host,
        port=config.port,
        log_level=config.core.log_level.lower(),
        access_log=False,
        ws_max_size=MAX_SOCKET_MESSAGE,
        timeout_graceful_shutdown=5,
    )
    return 0


def _greet(config: WorkerConfig) -> None:
    everywhere = config.host in ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
    host = "127.0.0.1" if everywhere else f"[{config.host}]" if ":" in config.host else config.host
    media = ", ".join(map(str, config.media)) or "uploads and Stash only"
    sys.stderr.write(f"StashAI worker {__version__}: http://{host}:{config.port}/ (ctrl-C ends it)\n")
    sys.stderr.write(f"Data: {config.core.data}. Media folders: {media}. Cores: {config.core.cores}.\n")


if __name__ == "__main__":
    sys.exit(main())
