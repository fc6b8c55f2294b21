"""The catalog that is shipped holds together, and a wrong one is refused with the entry's name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stashai.errors import ModelError
from stashai.settings import Settings
from stashai.vision.catalog import CHOSEN, Catalog, choose
from stashai.vision.prepare.pipeline import STEPS

CATALOG = Catalog.load()
ENTRY = """
[models.own]
title = "Own"
role = "embedder"
family = "arcface"
file = "own.onnx"
sha256 = ""
bytes = 1
licence = "mine"
provenance = "made at home"
source = { kind = "file" }
preparation = ["fold"]
input = { size = [112, 112], color = "rgb" }
dimension = 8
template = "arcface-112"
"""


@pytest.mark.parametrize("entry", CATALOG.models.values(), ids=lambda entry: entry.id)
def test_every_entry_is_complete(entry: object) -> None:
    found = CATALOG.get(str(getattr(entry, "id", "")))
    assert re.fullmatch(r"[0-9a-f]{64}", found.sha256)
    assert re.fullmatch(r"[0-9a-f]{64}", found.source.sha256)
    assert found.bytes > 0
    assert found.source.bytes > 0
    assert found.licence
    assert found.provenance
    assert set(found.preparation) <= STEPS.keys()
    assert min(found.input.std) > 0
    if found.role == "embedder":
        assert found.dimension > 0
        assert found.template
        assert found.input.size
    else:
        assert len(found.outputs) in {3 * len(found.strides), 4 * len(found.strides)}
        assert found.input.size is None
        assert found.input.multiple % max(found.strides) == 0


def test_defaults_are_free_and_come_from_a_package_registry() -> None:
    defaults = [entry for entry in CATALOG.models.values() if entry.default]
    assert {entry.role for entry in defaults} == {"detector", "embedder"}
    for entry in defaults:
        assert entry.source.kind == "wheel"
        assert entry.commercial


def test_the_first_answer_needs_ten_megabytes() -> None:
    detector = CATALOG.by_role("detector", default_only=True)[0]
    embedder = CATALOG.by_role("embedder", default_only=True)[0]
    assert detector.source.file == embedder.source.file
    assert detector.source.bytes < 11e6


def test_an_unknown_model_is_told_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="nonesuch") as caught:
        CATALOG.get("nonesuch")
    assert next(iter(CATALOG.models)) in caught.value.remedy


def test_one_entry_is_all_that_a_model_needs(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(ENTRY)
    entry = Catalog.load(tmp_path / "own.toml").get("own")
    assert entry.input.mean == (0.0, 0.0, 0.0)
    assert entry.input.std == (1.0, 1.0, 1.0)
    assert not entry.default


@pytest.mark.parametrize("line", ["file", "role", "source", "input"])
def test_an_incomplete_entry_is_named(tmp_path: Path, line: str) -> None:
    text = re.sub(rf"^{line} = .*$", "", ENTRY, flags=re.MULTILINE)
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(ModelError, match="'own'"):
        Catalog.load(tmp_path / "own.toml")


def test_a_surplus_field_is_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(ENTRY + "colour = 'rgb'\n")
    with pytest.raises(ModelError, match="colour"):
        Catalog.load(tmp_path / "own.toml")


def test_own_entries_come_after_the_shipped_ones(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, 1)
    assert list(Catalog.of(settings).models) == list(CATALOG.models)
    replaced = ENTRY.replace("models.own", "models.sface").replace('"Own"', '"Mine"')
    (tmp_path / "models.toml").write_text(ENTRY + replaced)
    both = Catalog.of(settings)
    assert list(both.models) == [*CATALOG.models, "own"]
    assert both.get("sface").title == "Mine"


@pytest.mark.parametrize("text", ["[models", "\xff"])
def test_a_catalog_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "models.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=r"models\.toml"):
        Catalog.of(Settings(tmp_path, tmp_path, 1))


def test_what_the_user_chose_is_used_until_it_is_taken_back(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "data", tmp_path, 1)
    shipped = [entry.id for entry in Catalog.load().models.values() if entry.default]
    choose(["scrfd-500m", "facenet"], settings)
    catalog = Catalog.of(settings)
    assert [entry.id for entry in catalog.by_role("detector", default_only=True)] == ["scrfd-500m"]
    assert [entry.id for entry in catalog.by_role("embedder", default_only=True)] == ["facenet"]
    assert set(catalog.models) == set(Catalog.load().models)
    choose([], settings)
    assert [entry.id for entry in Catalog.of(settings).models.values() if entry.default] == shipped


def test_a_choice_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, 1)
    (tmp_path / CHOSEN).write_text("{")
    with pytest.raises(ModelError, match="models use"):
        Catalog.of(settings)
