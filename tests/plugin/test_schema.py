"""The fake's schema holds what a running Stash answered: names and types."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLScalarType, GraphQLUnionType, build_schema
from tests.fakes.fake_stash.stash import SCHEMA

TRUTH = Path(__file__).resolve().parents[3] / "shared" / "data" / "stash" / "schema-0.30.1.json"


@pytest.mark.shared
@pytest.mark.skipif(not TRUTH.exists(), reason="../shared/data/stash is not there")
def test_every_name_and_type_is_a_running_servers() -> None:
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))["types"]
    schema = build_schema(SCHEMA.read_text(encoding="utf-8"))
    checked = 0
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        real = truth[name]
        if isinstance(kind, GraphQLEnumType):
            assert set(kind.values) == set(real["values"]), name
        elif isinstance(kind, GraphQLUnionType):
            assert {t.name for t in kind.types} == set(real["possibleTypes"]), name
        elif isinstance(kind, GraphQLInputObjectType):
            assert {n: str(f.type) for n, f in kind.fields.items()}.items() <= real["inputFields"].items(), name
        elif isinstance(kind, GraphQLObjectType):
            for field, definition in kind.fields.items():
                there = real["fields"][field]
                assert str(definition.type) == there["type"], f"{name}.{field}"
                assert {a: str(x.type) for a, x in definition.args.items()} == there.get("args", {}), f"{name}.{field}"
                assert not there.get("deprecated"), f"{name}.{field}"
        else:
            assert isinstance(kind, GraphQLScalarType)
            assert real["kind"] == "SCALAR"
        checked += 1
    assert checked > 50
