"""Stash over HTTP, with the address and session that it handed to this call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stashai.mode import activate

from .request import Request
from .setup.start import needed

if TYPE_CHECKING:
    from stashai.stash.client import StashClient


def gateway(request: Request) -> StashClient:
    """The packages that it needs come with the set-up. Raises SetupNeededError."""
    activate(request.data, request.locks)
    try:
        from stashai.stash.client import StashClient
        from stashai.stash.connection import Address, Connection
    except ImportError as error:
        raise needed(request) from error
    return StashClient(Connection(Address.from_server_connection(request.connection)))
