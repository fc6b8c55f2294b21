"""A fake Stash in a temporary folder for each test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.plugin.calls import Calls

from stashai.demo import fetch_pictures
from stashai.errors import SetupError
from stashai.settings import Settings


@pytest.fixture
def stash(tmp_path: Path) -> Iterator[FakeStash]:
    config = tmp_path / "stash"
    config.mkdir()
    with FakeStash(config) as running:
        yield running


@pytest.fixture(scope="module")
def pictures() -> Mapping[str, Path]:
    try:
        return fetch_pictures(Settings.from_environ())
    except SetupError as error:
        pytest.skip(f"the public portraits are out of reach: {error}")


@pytest.fixture
def calls(stash: FakeStash) -> Calls:
    made = Calls(stash)
    made.set_up()
    return made
