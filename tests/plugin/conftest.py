"""A fake Stash in a temporary folder for each test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.plugin.calls import Calls

from stashai.demo import fetch_pictures
from stashai.errors import SetupError
from stashai.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built packages."""
    out = tmp_path_factory.mktemp("package")
    command = [sys.executable, str(ROOT / "scripts" / "build_plugin.py"), "--without-ui", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def package(built: Path) -> Path:
    return built / "stashai.zip"


@pytest.fixture
def calls(stash: FakeStash) -> Calls:
    made = Calls(stash)
    made.set_up()
    return made
