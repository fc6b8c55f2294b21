"""A fake Stash in a temporary folder for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash


@pytest.fixture
def stash(tmp_path: Path) -> Iterator[FakeStash]:
    config = tmp_path / "stash"
    config.mkdir()
    with FakeStash(config) as running:
        yield running
