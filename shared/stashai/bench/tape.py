"""Notes down what a run asks of each bare stage, so that the stages can be measured alone on exactly that work."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any
from unittest.mock import patch

from ..settings import Settings
from ..vision import chip, detect, detect_canvas, detect_look
from ..vision.catalog import ModelEntry
from ..vision.runtime import open_session
from ..vision.session import Session, Tensor

Call = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(slots=True)
class Tape:
    """`resizes` and `warps` are calls to be made again; `runs` how often each network ran on each shape, `blobs` one real
    input of each."""

    resizes: list[Call] = field(default_factory=list)
    warps: list[Call] = field(default_factory=list)
    runs: Counter[tuple[str, tuple[int, ...]]] = field(default_factory=Counter)
    blobs: dict[tuple[str, tuple[int, ...]], Tensor] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    def opener(self, entry: ModelEntry, settings: Settings, runtime: Any) -> Session:
        """For VisionEngine: the session of `entry`, with its runs noted down."""
        self.roles[entry.id] = entry.role
        return Listening(open_session(entry, settings, runtime), entry.id, self)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note down every shrinking and warping for the block. Only in a benchmark: the modules' functions are replaced."""
        places = ((detect_canvas, "shrink", self.resizes), (detect, "shrink", self.resizes), (detect_look, "warp", self.warps))
        with ExitStack() as stack:
            for module, name, calls in (*places, (chip, "warp", self.warps)):
                stack.enter_context(patch.object(module, name, _noting(getattr(module, name), calls)))
            yield


def _noting(function: Callable[..., Any], calls: list[Call]) -> Callable[..., Any]:
    @wraps(function)
    def noted(*arguments: Any, **options: Any) -> Any:
        calls.append((partial(function, **options), arguments))
        return function(*arguments, **options)

    return noted


class Listening:
    """A session that notes down what it is asked."""

    def __init__(self, session: Session, name: str, tape: Tape) -> None:
        self._session, self._name, self._tape = session, name, tape

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        key = (self._name, tuple(blob.shape))
        self._tape.runs[key] += 1
        if key not in self._tape.blobs:
            self._tape.blobs[key] = blob.copy()
        return self._session.run(blob)

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        self._session.warm(shape)

    def close(self) -> None:
        self._session.close()


def cpu_seconds(work: Callable[[], object], threads: int = 1, rounds: int = 15) -> float:
    """CPU seconds of doing `work` once, while `threads` do it at the same time: the median, after it was done once to warm up."""
    seconds: list[float] = []

    def repeat() -> None:
        for _ in range(rounds):
            started = time.thread_time()
            work()
            seconds.append(time.thread_time() - started)

    work()
    with ThreadPoolExecutor(threads) as pool:
        for repeated in [pool.submit(repeat) for _ in range(threads)]:
            repeated.result()
    return statistics.median(seconds)


def replayed(calls: Sequence[Call], threads: int = 1) -> float:
    """CPU seconds of making all `calls` once."""

    def replay() -> None:
        for function, arguments in calls:
            function(*arguments)

    return cpu_seconds(replay, threads, rounds=3)
