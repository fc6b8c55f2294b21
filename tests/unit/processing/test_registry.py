"""Which services there are, broken ones included."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stashai.errors import SetupError, UsageError
from stashai.processing import registry as module
from stashai.processing.registry import Registry

GOOD = """
from __future__ import annotations
from typing import ClassVar
from pydantic import BaseModel
from stashai.processing.base import Entity, Processor, Unit

class Params(BaseModel):
    names: list[str] = []

class Result(BaseModel):
    score: float

class Blur(Processor[Params, Result]):
    id = "{id}"
    title = "Blur"
    action_type = "content_analysis"
    params = Params
    result = Result
    requires: ClassVar[tuple[str, ...]] = {requires}
    def units(self, params, ctx):
        return [Unit(name, Entity("image", name)) for name in params.names]
    def process(self, unit, params, ctx):
        return Result(score=1.0)
"""


def service(folder: Path, name: str, text: str | None = None, *, id: str = "quality.blur", requires: str = "()") -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text if text is not None else GOOD.replace("{id}", id).replace("{requires}", requires))


def registry(folder: Path) -> Registry:
    return Registry(built_in=(), folder=folder, group=None)


def test_a_file_in_the_folder_is_a_service(tmp_path: Path) -> None:
    service(tmp_path, "blur")
    [listed] = registry(tmp_path).all()
    assert (listed.id, listed.state, listed.origin) == ("quality.blur", "ready", str(tmp_path / "blur.py"))
    processor = registry(tmp_path).create("quality.blur")
    assert processor.params.model_validate({"names": ["a"]}).model_dump() == {"names": ["a"]}


def test_a_broken_one_is_listed_with_its_error_and_the_others_work(tmp_path: Path) -> None:
    service(tmp_path, "bad", "import nothing_of_that_name")
    service(tmp_path, "empty", "x = 1")
    service(tmp_path, "good")
    listed = {entry.id: entry for entry in registry(tmp_path).all()}
    assert {name: entry.state for name, entry in listed.items()} == {"bad": "broken", "empty": "broken", "quality.blur": "ready"}
    assert "nothing_of_that_name" in listed["bad"].reason
    assert "Traceback" in listed["bad"].details
    with pytest.raises(SetupError, match="nothing_of_that_name"):
        registry(tmp_path).create("bad")


def test_one_that_lacks_what_it_needs_says_what(tmp_path: Path) -> None:
    service(tmp_path, "blur", requires='("numpy", "nothing_of_that_name")')
    [listed] = registry(tmp_path).all()
    assert (listed.state, listed.reason) == ("unavailable", "it needs nothing_of_that_name")
    with pytest.raises(SetupError, match="nothing_of_that_name"):
        registry(tmp_path).create("quality.blur")


def test_an_incomplete_declaration_is_broken(tmp_path: Path) -> None:
    service(tmp_path, "blur", GOOD.replace("{id}", "quality.blur").replace("{requires}", "()").replace('    title = "Blur"\n', ""))
    [listed] = registry(tmp_path).all()
    assert (listed.state, listed.reason) == ("broken", "it does not set title")


def test_of_two_with_one_id_the_first_holds(tmp_path: Path) -> None:
    service(tmp_path, "a")
    service(tmp_path, "b")
    assert [entry.origin for entry in registry(tmp_path).all()] == [str(tmp_path / "a.py")]


def test_an_unknown_id_names_those_that_are_known(tmp_path: Path) -> None:
    service(tmp_path, "blur")
    with pytest.raises(UsageError, match="no service 'nothing'") as unknown:
        registry(tmp_path).create("nothing")
    assert "quality.blur" in unknown.value.remedy


def test_installed_packages_bring_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service(tmp_path, "blur_package")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        importlib.metadata.EntryPoint("blur", "blur_package:Blur", module.GROUP),
        importlib.metadata.EntryPoint("broken", "blur_package:Nothing", module.GROUP),
    ]
    monkeypatch.setattr(module, "entry_points", lambda group: points if group == module.GROUP else [])
    listed = Registry(built_in=()).all()
    assert [(entry.id, entry.state) for entry in listed] == [("quality.blur", "ready"), ("broken", "broken")]


def test_the_built_in_ones_are_found_and_none_is_broken() -> None:
    for entry in Registry(group=None).all():
        assert entry.state != "broken", entry.details


def test_nothing_is_imported_before_something_is_asked_for(tmp_path: Path) -> None:
    service(tmp_path, "blur", "raise SystemExit")
    Registry(built_in=("no.such.module",), folder=tmp_path)


def test_no_more_is_imported_than_it_takes_to_find_it() -> None:
    code = (
        "import sys; from stashai.processing.registry import Registry; assert Registry().find('media.identify');"
        "print([name for name in ('scipy', 'requests', 'stashai.processors.compare') if name in sys.modules])"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout.strip() == "[]"
