"""Networks that arrive behind the answer hold nothing up and spoil nothing."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stashai.cli import networks
from stashai.cli.shell import Shell
from stashai.errors import SetupError
from stashai.settings import Settings
from stashai.vision.catalog import Catalog


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(Settings(data=tmp_path, models=tmp_path, cores=1), io.StringIO(), io.StringIO())


def finished(shell: Shell, prepare: Callable[..., object]) -> str:
    entries = Catalog.load().by_role("embedder", default_only=True)[1:]
    follower = networks.Follower(entries, shell.settings, prepare)
    follower.start()
    follower.finish(shell)
    assert isinstance(shell.err, io.StringIO)
    return shell.err.getvalue()


def test_what_arrived_is_said(shell: Shell) -> None:
    assert "used from the next run on" in finished(shell, lambda *arguments: None)


def test_a_failure_is_a_warning(shell: Shell) -> None:
    def failing(*arguments: Any) -> None:
        raise SetupError("No connection.", remedy="Go online.")

    assert "No connection. Go online." in finished(shell, failing)


def test_a_server_that_says_nothing_is_not_waited_for(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "UNANSWERED_SECONDS", 0.0)
    silent = threading.Event()
    try:
        assert "cannot be fetched at the moment" in finished(shell, lambda *arguments: silent.wait(60))
    finally:
        silent.set()


def test_nothing_missing_is_nothing_said(shell: Shell) -> None:
    follower = networks.Follower([], shell.settings)
    follower.start()
    follower.finish(shell)
    assert isinstance(shell.err, io.StringIO)
    assert shell.err.getvalue() == ""
