"""Threads that do units: a bounded queue in, one queue out, and a replacement for a thread that does not come back."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from .control import Running

T = TypeVar("T")

LOOK_AHEAD = 1000
"""Units that wait at most: enough to know how many there are for most jobs, little enough for memory."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What became of a unit; `value` is None for one that stopped because the job did."""

    running: Running
    value: T | None


class UnitPool(Generic[T]):
    """`size` daemon threads that run `work` and put Done into `done`. `on_exit` is called by each thread at its end."""

    def __init__(
        self, size: int, work: Callable[[Running], T | None], done: Callable[[Done[T]], None], on_exit: Callable[[], None]
    ) -> None:
        self._size = size
        self._work = work
        self._done = done
        self._on_exit = on_exit
        self._tasks: queue.Queue[Running | None] = queue.Queue(LOOK_AHEAD)
        self._idle = threading.Condition()
        self._outstanding = 0
        self._running: set[Running] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def put(self, running: Running, stopped: Callable[[], bool]) -> bool:
        """Queue a unit, waiting for room. False when the job stopped meanwhile."""
        self._grow()
        with self._idle:
            self._outstanding += 1
        while not stopped():
            try:
                self._tasks.put(running, timeout=0.2)
                return True
            except queue.Full:
                continue
        self._settle()
        return False

    def close(self) -> None:
        """Throw away what waits and let the threads end. Never blocks: a thread at work ends when its unit does."""
        self._closed = True
        with suppress(queue.Empty):
            while True:
                if self._tasks.get_nowait() is not None:
                    self._settle()
        with suppress(queue.Full):
            for _ in self._threads:
                self._tasks.put_nowait(None)

    def wait_idle(self, stopped: Callable[[], bool]) -> None:
        """Until nothing is queued or at work, or the job stopped."""
        with self._idle:
            while self._outstanding and not stopped():
                self._idle.wait(0.2)

    @property
    def running(self) -> list[Running]:
        with self._idle:
            return list(self._running)

    @property
    def outstanding(self) -> int:
        with self._idle:
            return self._outstanding

    def abandon(self, running: Running) -> bool:
        """Give up a unit that does not come back, and put a new thread in the place of its thread. False when it just ended."""
        with self._idle:
            if running not in self._running:
                return False
            running.abandoned = True
            self._running.discard(running)
        self._settle()
        self._start()
        return True

    def join(self, seconds: float) -> None:
        """Wait for the threads that are at work, `seconds` at most in all."""
        limit = threading.Event()
        timer = threading.Timer(seconds, limit.set)
        timer.daemon = True
        timer.start()
        self.wait_idle(limit.is_set)
        timer.cancel()

    def _grow(self) -> None:
        """A thread a unit up to `size`: a job of one item needs no second one."""
        if len(self._threads) < self._size:
            self._threads.append(self._start())

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._loop, name="stashai-unit", daemon=True)
        thread.start()
        return thread

    def _loop(self) -> None:
        try:
            while not self._closed and (running := self._tasks.get()) is not None:
                with self._idle:
                    self._running.add(running)
                value = self._work(running)
                with self._idle:
                    if running.abandoned:
                        return
                    self._running.discard(running)
                self._done(Done(running, value))
                self._settle()
        finally:
            self._on_exit()

    def _settle(self) -> None:
        with self._idle:
            self._outstanding -= 1
            if self._outstanding == 0:
                self._idle.notify_all()
