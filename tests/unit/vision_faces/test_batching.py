"""An accelerator is shared: what several threads ask at the same time is one run, bounded in wait and memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from stashai.errors import ModelError
from stashai.settings import Settings
from stashai.vision import batching
from stashai.vision.batching import BatchingSession, takes_batches
from stashai.vision.catalog import Catalog
from stashai.vision.session import Session, Tensor
from stashai.vision.sharing import Networks

CUDA = "CUDAExecutionProvider"


class Recorded:
    """A session on an accelerator: keeps the sizes of its batches, answers each picture's mean. `hold` keeps its runs waiting;
    a picture of only zeros is an error."""

    def __init__(self, provider: str = CUDA, splits: bool = True) -> None:
        self.providers = [provider]
        self.batches: list[int] = []
        self.hold = threading.Event()
        self.hold.set()
        self.begun = threading.Event()
        self.closed = False
        self._splits = splits
        self._running = threading.Lock()

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        assert self._running.acquire(blocking=False), "two runs at once"
        try:
            self.batches.append(len(blob))
            self.begun.set()
            assert self.hold.wait(10)
            if not blob.any(axis=(1, 2, 3)).all():
                raise ModelError("a picture of nothing")
            means = blob.mean(axis=(1, 2, 3))
            return [means] if self._splits else [means[:1]]
        finally:
            self._running.release()

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        self.run(np.ones(shape, np.float32))

    def close(self) -> None:
        self.closed = True


def picture(value: float, side: int = 4) -> Tensor:
    return np.full((1, 3, side, side), value, np.float32)


def while_busy(session: BatchingSession, recorded: Recorded, asked: Sequence[Tensor]) -> list[object]:
    """What each of `asked` gets, when all of them come while the accelerator runs something else."""

    def run(blob: Tensor) -> object:
        try:
            return float(session.run(blob)[0][0])
        except ModelError as error:
            return error

    recorded.hold.clear()
    with ThreadPoolExecutor(len(asked) + 1) as pool:
        before = pool.submit(run, picture(1.0, side=2))
        assert recorded.begun.wait(10)
        waiting = [pool.submit(run, blob) for blob in asked]
        until(lambda: session.waiting == len(asked))
        recorded.hold.set()
        assert before.result(10) == 1.0
        return [one.result(10) for one in waiting]


def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to that")


def test_what_comes_while_it_is_busy_is_one_run() -> None:
    recorded = Recorded()
    session = BatchingSession(recorded, threading.Lock())
    assert while_busy(session, recorded, [picture(number) for number in (2, 3, 4, 5)]) == [2.0, 3.0, 4.0, 5.0]
    assert recorded.batches == [1, 4]


def test_pictures_of_different_sizes_are_different_runs() -> None:
    recorded = Recorded()
    session = BatchingSession(recorded, threading.Lock())
    assert while_busy(session, recorded, [picture(2), picture(3, side=8)]) == [2.0, 3.0]
    assert recorded.batches == [1, 1, 1]


def test_a_batch_is_no_larger_than_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded()
    few = BatchingSession(recorded, threading.Lock(), most=3)
    assert while_busy(few, recorded, [picture(number) for number in range(1, 8)]) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert max(recorded.batches) == 3
    recorded = Recorded()
    monkeypatch.setattr(batching, "MEMORY", 2 * picture(1).nbytes)
    small = BatchingSession(recorded, threading.Lock())
    assert while_busy(small, recorded, [picture(number) for number in range(1, 6)]) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert max(recorded.batches) == 2


def test_an_error_is_nobody_elses() -> None:
    recorded = Recorded()
    session = BatchingSession(recorded, threading.Lock())
    first, second, third = while_busy(session, recorded, [picture(2), picture(0), picture(4)])
    assert (first, third) == (2.0, 4.0)
    assert isinstance(second, ModelError)


def test_a_lone_thread_is_not_kept_waiting() -> None:
    recorded = Recorded()
    session = BatchingSession(recorded, threading.Lock(), clock=lambda: 0.0)
    waits: list[float | None] = []
    wait_for = session._changed.wait_for

    def noted(predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        waits.append(0.0 if predicate() else timeout)
        return wait_for(predicate, timeout)

    session._changed.wait_for = noted  # type: ignore[assignment]  # to see how long it would wait
    for _ in range(3):
        session.run(picture(1))
    assert waits == [0.0, 0.0, 0.0]
    with ThreadPoolExecutor(1) as pool:
        pool.submit(session.run, picture(2)).result(10)
    assert waits[3:] == [batching.WAIT], "the other thread asked lately: it is waited for, no longer than this"


def test_one_slot_is_shared_by_all_networks_of_an_accelerator(tmp_path: Path) -> None:
    made: list[Recorded] = []
    networks = opened(tmp_path, made, CUDA)
    detector, embedder = networks
    made[0].hold.clear()
    made[0].begun.clear()
    made[1].begun.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(detector.run, picture(1))
        assert made[0].begun.wait(10)
        second = pool.submit(embedder.run, picture(2))
        assert not made[1].begun.wait(0.05), "the slot is taken"
        made[0].hold.set()
        assert (float(first.result(10)[0][0]), float(second.result(10)[0][0])) == (1.0, 2.0)


def opened(folder: Path, made: list[Recorded], provider: str, splits: bool = True) -> list[Session]:
    settings = Settings(folder, folder, 2)

    def opener(*arguments: object) -> Session:
        made.append(Recorded(provider, splits))
        return made[-1]

    networks = Networks(2, opener)
    catalog = Catalog.load()
    entries = [catalog.by_role(role, default_only=True)[0] for role in ("detector", "embedder")]
    found = [networks.open(entry, settings) for entry in entries]
    assert [networks.open(entry, settings) for entry in entries] == found, "loaded once"
    return found


def test_a_network_that_takes_one_picture_at_a_time_gets_one(tmp_path: Path) -> None:
    made: list[Recorded] = []
    detector = opened(tmp_path, made, CUDA, splits=False)[0]
    assert isinstance(detector, BatchingSession)
    made[0].batches.clear()
    assert sorted(map(str, while_busy(detector, made[0], [picture(2), picture(3)]))) == ["2.0", "3.0"]
    assert set(made[0].batches) == {1}


def test_batches_are_believed_only_when_they_give_the_same() -> None:
    blob = np.random.default_rng(0).uniform(0, 255, (1, 3, 8, 8)).astype(np.float32)
    assert takes_batches(Recorded(), blob)
    assert not takes_batches(Recorded(splits=False), blob)


def test_the_processor_runs_as_many_at_once_as_it_has_cores(tmp_path: Path) -> None:
    running, most, lock = 0, 0, threading.Lock()

    class Counting(Recorded):
        def run(self, blob: Tensor) -> Sequence[Tensor]:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            threading.Event().wait(0.02)
            with lock:
                running -= 1
            return [blob.mean(axis=(1, 2, 3))]

    networks = Networks(2, lambda *arguments: Counting("CPUExecutionProvider"))
    session = networks.open(Catalog.load().by_role("detector")[0], Settings(tmp_path, tmp_path, 2))
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(session.run, [picture(1)] * 16))) == 16
    assert most == 2
    networks.unload()
