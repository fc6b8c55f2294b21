"""Small processors that do what a test wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from pydantic import BaseModel

from stashai.errors import MediaError
from stashai.processing.base import Entity, Metrics, Processor, Unit
from stashai.processing.context import Context
from stashai.processing.registry import Listed, Registry


class ToyParams(BaseModel):
    names: list[str] = []


class ToyResult(BaseModel):
    name: str
    people: int = 0


class Toy(Processor[ToyParams, ToyResult]):
    """One unit a name; what is done to each is the test's."""

    id: ClassVar[str] = "toy"
    title: ClassVar[str] = "A toy"
    action_type: ClassVar[str] = "facial_recognition"
    params: ClassVar[type[BaseModel]] = ToyParams
    result: ClassVar[type[BaseModel]] = ToyResult

    def __init__(self, act: Callable[[str, Context], Any] | None = None, deadline: float = 3600.0) -> None:
        self.act = act
        self.deadline = deadline
        self.done: list[str] = []
        self.lock = threading.Lock()

    @property
    def unit_deadline(self) -> float:  # type: ignore[override]  # changed by each test
        return self.deadline

    def units(self, params: ToyParams, ctx: Context) -> Iterable[Unit]:
        for name in params.names:
            yield Unit(name, Entity("image", name, path=f"/{name}", name=name))

    def process(self, unit: Unit, params: ToyParams, ctx: Context) -> ToyResult:
        if self.act is not None:
            self.act(unit.key, ctx)
        with self.lock:
            self.done.append(unit.key)
        return ToyResult(name=unit.key, people=len(unit.key))

    def metrics(self, result: ToyResult) -> Metrics:
        return Metrics(
            people_found=result.people,
            confidences=[0.5],
            tags=[result.name],
            criteria_failed="a name too short" if result.name == "short" else None,
        )

    def summarize(self, params: ToyParams, results: Iterable[ToyResult], ctx: Context) -> dict[str, object]:
        return {"names": [result.name for result in results]}


class OneToy(Registry):
    """Knows the one processor that it was given."""

    def __init__(self, processor: Processor[Any, Any]) -> None:
        super().__init__(())
        self.processor = processor

    def listing(self) -> Iterator[Listed]:
        yield Listed(self.processor.id, "test", "ready", type(self.processor))

    def create(self, processor_id: str) -> Processor[Any, Any]:
        return self.processor


def busily(seconds: float) -> Callable[[str, Context], None]:
    """Work that looks at the control as often as it should."""

    def act(name: str, ctx: Context) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ctx.check()
            time.sleep(0.01)

    return act


def broken(name: str, ctx: Context) -> None:
    raise MediaError(f"{name} is broken.", remedy="Mend it.")


def endless(start: int = 0) -> Iterator[str]:
    while True:
        yield str(start)
        start += 1
