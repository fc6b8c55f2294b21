"""The objects that an operation works with, made from Stash's document: settings, gateway, rows, models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stashai.settings import Settings, available_cores

from .request import Request

if TYPE_CHECKING:
    from stashai.stash.client import StashClient


def settings_for(request: Request) -> Settings:
    return Settings(data=request.data, models=request.data / "models", cores=available_cores())


def gateway(request: Request) -> StashClient:
    """Stash over HTTP. The packages that it needs come with Stash's own image, else with the set-up."""
    from stashai.mode import activate

    from .setup import SetupNeededError

    activate(request.data, request.locks)
    try:
        from stashai.stash.client import StashClient
        from stashai.stash.connection import Address, Connection
    except ImportError as error:
        raise SetupNeededError("StashAI is not set up yet.", remedy="Run the task Set up.") from error
    return StashClient(Connection(Address.from_server_connection(request.connection)))
