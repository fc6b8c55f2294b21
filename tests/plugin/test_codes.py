"""What our pages say in other languages goes by codes: each error that comes with a remedy has one of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "plugin" / "stashai_plugin").rglob("*.py"), *(ROOT / "shared" / "stashai" / "stash").glob("*.py")])
WITH_A_CODE = {
    "SetupNeededError": "setup-needed", "LoginError": "stash-login", "LockedError": "stash-busy", "ReloadError": "reload",
    "NotMediaError": "not-media",
}  # fmt: skip
"""Classes whose own code says enough."""
I18N = ROOT / "plugin" / "ui" / "src" / "i18n"
UI = [I18N / "failures.ts", I18N / "said.ts"]
TOLD_OTHERWISE = {"setup-needed", "reload", "orphaned", "bad-parameters", "worker-job"}
"""The page has something else to say to these, or never sees them; or they are the words of a service that somebody added."""


def errors(source: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error"):
            yield node


def word(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_each_remedy_has_a_code(source: Path) -> None:
    for call in errors(source):
        assert isinstance(call.func, ast.Name)
        if word(call, "remedy") is not None:
            assert word(call, "code") is not None or call.func.id in WITH_A_CODE, ast.unparse(call)


def test_each_code_of_the_plugin_is_told_in_other_languages() -> None:
    told = set(re.findall(r'^  "?([a-z0-9-]+)"?:', "".join(part.read_text(encoding="utf-8") for part in UI), re.MULTILINE))
    assert len(told) > 30
    codes = {value.value for source in SOURCES for call in errors(source) if isinstance(value := word(call, "code"), ast.Constant)}
    assert {code for code in codes - TOLD_OTHERWISE if code is not None} <= told
