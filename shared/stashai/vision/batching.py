"""Runs of several threads as one run of an accelerator: the pictures and faces of jobs that work at the same time.

There is no thread here. Who comes first for a shape of blob leads a batch: it waits for the others a few milliseconds, then for
the accelerator, runs what came together and gives each its part. While the accelerator is busy the next batch fills by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from ..errors import ModelError
from .session import Session, Tensor

WAIT = 0.005
"""Seconds that the first of a batch waits for others at most."""
MOST = 32
"""Pictures of a batch."""
MEMORY = 256 * 2**20
"""Bytes of a batch's blob."""
ABSENT = 0.1
"""Seconds after which a thread that asked before is not waited for any more: a lone one is never kept waiting."""


class Batch:
    """Blobs of one shape that will run together; `done` once each has its part of the outputs, or the error."""

    def __init__(self, most: int) -> None:
        self.blobs: list[Tensor] = []
        self.most = most
        self.count = 0
        self.outputs: list[Sequence[Tensor]] = []
        self.errors: dict[int, ModelError] = {}
        self.done = threading.Event()

    def has_room(self, blob: Tensor) -> bool:
        return not self.blobs or self.count + len(blob) <= min(self.most, MEMORY // (blob[0].nbytes or 1))

    def add(self, blob: Tensor) -> int:
        self.blobs.append(blob)
        self.count += len(blob)
        return len(self.blobs) - 1

    def result(self, place: int) -> Sequence[Tensor]:
        self.done.wait()
        if place in self.errors:
            raise self.errors[place]
        if place >= len(self.outputs):
            raise ModelError("The run that this was part of was broken off.")
        return self.outputs[place]


class BatchingSession:
    """A session of an accelerator for many threads. `slot` is the accelerator's: one run at a time, whichever network it is of;
    `most` 1 is for networks that take one picture at a time."""

    def __init__(self, session: Session, slot: threading.Lock, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._slot, self._most, self._clock = session, slot, most, clock
        self._changed = threading.Condition()
        self._filling: dict[tuple[int, ...], Batch] = {}
        self._seen: dict[int, float] = {}
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many wait for a run that has not begun."""
        return self._waiting

    @property
    def providers(self) -> Sequence[str]:
        providers: Sequence[str] = getattr(self._session, "providers", ())
        return providers

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        shape = blob.shape[1:]
        with self._changed:
            self._seen[threading.get_ident()] = self._clock()
            batch = self._filling.get(shape)
            leads = batch is None or not batch.has_room(blob)
            if batch is None or leads:
                batch = self._filling[shape] = Batch(self._most)
            place = batch.add(blob)
            self._waiting += 1
            self._changed.notify_all()
        if leads:
            self._lead(shape, batch)
        return batch.result(place)

    def warm(self, shape: tuple[int, int, int, int]) -> None:
        self.run(np.zeros(shape, np.float32))

    def close(self) -> None:
        with self._slot:
            self._session.close()

    def _lead(self, shape: tuple[int, ...], batch: Batch) -> None:
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._is_complete(batch), WAIT)
            with self._slot:
                with self._changed:
                    if self._filling.get(shape) is batch:
                        del self._filling[shape]
                    self._waiting -= len(batch.blobs)
                _run(self._session, batch)
        finally:
            batch.done.set()

    def _is_complete(self, batch: Batch) -> bool:
        """Whether it is full, or everybody is in it who asked lately."""
        lately = self._clock() - ABSENT
        self._seen = {thread: at for thread, at in self._seen.items() if at >= lately}
        return batch.count >= batch.most or len(batch.blobs) >= len(self._seen)


def _run(session: Session, batch: Batch) -> None:
    """All at once; when that fails each alone, so that an error is nobody else's."""
    if len(batch.blobs) > 1:
        try:
            batch.outputs = _together(session, batch.blobs)
            return
        except ModelError:
            batch.outputs = []
    for place, blob in enumerate(batch.blobs):
        try:
            batch.outputs.append(session.run(blob))
        except ModelError as error:
            batch.errors[place] = error
            batch.outputs.append(())


def _together(session: Session, blobs: Sequence[Tensor]) -> list[Sequence[Tensor]]:
    outputs = session.run(np.concatenate(blobs))
    ends = np.cumsum([len(blob) for blob in blobs])
    if any(len(output) != ends[-1] for output in outputs):
        raise ModelError("The network's outputs do not follow its batch.")
    parts = [np.split(output, ends[:-1]) for output in outputs]
    return [tuple(output[place] for output in parts) for place in range(len(blobs))]


def takes_batches(session: Session, blob: Tensor) -> bool:
    """Whether two pictures at once give what each gives alone. `blob` is one picture, (1, 3, H, W)."""
    other = np.ascontiguousarray(blob[:, :, ::-1])
    try:
        both = _together(session, [blob, other])
        alone = [session.run(blob), session.run(other)]
    except ModelError:
        return False
    pairs = [(got, wanted) for part, single in zip(both, alone, strict=True) for got, wanted in zip(part, single, strict=True)]
    return all(np.allclose(got, wanted, rtol=1e-2, atol=1e-2 * max(1.0, float(np.abs(wanted).max()))) for got, wanted in pairs)
