"""The conformance test for authors finds what it says that it finds."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from stashai.errors import MediaError
from stashai.processing.base import Entity, Metrics, Processor, Unit
from stashai.processing.context import Context
from stashai.testing import Nonconforming, check_processor


class Params(BaseModel):
    names: list[str] = Field(min_length=1)


class Result(BaseModel):
    length: int


class Length(Processor[Params, Result]):
    id: ClassVar[str] = "names.length"
    title: ClassVar[str] = "How long names are"
    action_type: ClassVar[str] = "content_analysis"
    params: ClassVar[type[BaseModel]] = Params
    result: ClassVar[type[BaseModel]] = Result

    def units(self, params: Params, ctx: Context) -> Iterable[Unit]:
        return [Unit(name, Entity("image", name)) for name in params.names]

    def process(self, unit: Unit, params: Params, ctx: Context) -> Result:
        ctx.check()
        if unit.key == "bad":
            raise MediaError("a bad name")
        return Result(length=len(unit.key))


GIVEN = {"names": ["a", "bb", "ccc"]}


def test_a_good_one_passes(tmp_path: Path) -> None:
    checked = check_processor(Length, GIVEN, tmp_path, unusable={"names": []})
    assert [item.unit for item in checked.items] == ["a", "bb", "ccc"]
    assert checked.job.tests_passed == 3


def test_a_bad_item_may_fail_alone(tmp_path: Path) -> None:
    assert check_processor(Length, {"names": ["a", "bad"]}, tmp_path).job.tests_error == 1


class NoTitle(Length):
    title = " "


class BadId(Length):
    id = "Length"


class SameKeys(Length):
    def units(self, params: Params, ctx: Context) -> Iterable[Unit]:
        return [Unit("same", Entity("image", name)) for name in params.names]


class OtherUnits(Length):
    numbers: ClassVar[Any] = itertools.count()

    def units(self, params: Params, ctx: Context) -> Iterable[Unit]:
        return [Unit(f"{name}-{next(self.numbers)}", Entity("image", name)) for name in params.names]


class NoUnits(Length):
    def units(self, params: Params, ctx: Context) -> Iterable[Unit]:
        return []


class Crashes(Length):
    def process(self, unit: Unit, params: Params, ctx: Context) -> Result:
        if unit.key == "bb":
            raise ZeroDivisionError
        return super().process(unit, params, ctx)


class WrongMetrics(Length):
    def metrics(self, result: Result) -> Metrics:
        return None  # type: ignore[return-value]  # the fault that is to be found


class UsesVision(Length):
    def load(self, params: Params, ctx: Context) -> None:
        assert ctx.vision.primary


class BadSummary(Length):
    def summarize(self, params: Params, results: Iterable[Result], ctx: Context) -> dict[str, object]:
        raise ValueError("what a sum")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (NoTitle, "title is empty"),
        (BadId, "area.name"),
        (SameKeys, "same key"),
        (OtherUnits, "not the same"),
        (NoUnits, "no unit"),
        (Crashes, "StashAIError"),
        (WrongMetrics, "NoneType"),
        (UsesVision, "give check_processor a `vision`"),
        (BadSummary, "what a sum"),
    ],
)
def test_what_is_broken_is_named(kind: type[Processor[Any, Any]], said: str, tmp_path: Path) -> None:
    with pytest.raises(Nonconforming, match=said):
        check_processor(kind, GIVEN, tmp_path)


def test_parameters_that_should_be_refused(tmp_path: Path) -> None:
    with pytest.raises(Nonconforming, match="are taken"):
        check_processor(Length, GIVEN, tmp_path, unusable={"names": ["a"]})
