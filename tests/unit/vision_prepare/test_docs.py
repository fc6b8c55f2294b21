"""docs/preparation.md names every step there is, and its example is an entry that loads."""

from __future__ import annotations

import re
from pathlib import Path

from stashai.vision.catalog import Catalog
from stashai.vision.prepare.pipeline import STEPS

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "preparation.md").read_text(encoding="utf-8")


def test_every_step_is_described() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", TEXT, re.MULTILINE)) == set(STEPS)


def test_the_example_is_an_entry(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "models.toml").write_text(example, encoding="utf-8")
    entry = Catalog.load(tmp_path / "models.toml").get("my-network")
    assert set(entry.preparation) <= STEPS.keys()
    assert not entry.commercial
