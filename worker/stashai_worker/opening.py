"""A worker whose database is away answers 503 with the reason, and opens by itself once it is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from anyio import to_thread

from stashai.errors import StashAIError, StorageError

T = TypeVar("T")
PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between tries; the last one again and again."""

logger = logging.getLogger(__name__)


class Opening(Generic[T]):
    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None
        self.problem: StashAIError = StorageError("The worker is starting.", code="starting")

    @property
    def made(self) -> T | None:
        return self._made

    def value(self) -> T:
        """Raises the StashAIError that keeps it from being opened."""
        if self._made is None:
            problem = self.problem
            raise type(problem)(problem.message, code=problem.code, remedy=problem.remedy)
        return self._made

    async def attempt(self) -> bool:
        """One try; False, with the reason in `problem`, when it cannot be opened now."""
        try:
            self._made = await to_thread.run_sync(self._make)
        except StashAIError as error:
            if str(error) != str(self.problem):
                logger.error("The worker cannot serve yet: %s", error)
            self.problem = error
        return self._made is not None

    async def persist(self, then: Callable[[T], Awaitable[None]]) -> None:
        """Try until it is open, then run `then` with it until cancelled."""
        tries = 0
        while not (self._made is not None or await self.attempt()):
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1
        await then(self.value())
