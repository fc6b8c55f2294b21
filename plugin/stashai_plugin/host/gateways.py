"""Connections to Stash for threads that work side by side."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stashai.stash.client import StashClient


class Gateways:
    """Each thread's own, made when it first asks."""

    def __init__(self, gateway: StashClient) -> None:
        self._gateway, self._of_thread = gateway, threading.local()

    def mine(self) -> StashClient:
        if not hasattr(self._of_thread, "gateway"):
            self._of_thread.gateway = self._gateway.clone()
        gateway: StashClient = self._of_thread.gateway
        return gateway
