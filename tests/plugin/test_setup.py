"""What hinders a set-up is one sentence with what helps, and nothing half made is left: offline, no room, no pip, no fitting wheel."""

from __future__ import annotations

import shutil
import sys
from collections import namedtuple
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from tests.fakes.fake_stash import FakeStash
from tests.fakes.package_server import PackageServer, serving
from tests.plugin.calls import Calls

from stashai.errors import SetupError
from stashai_plugin.setup import packages, start
from stashai_plugin.setup.packages import install, pip_command
from stashai_plugin.setup.progress import plan, status
from stashai_plugin.setup.state import write_failure

Usage = namedtuple("Usage", "total used free")
DIGEST = "sha256:" + "0" * 64


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of one package that nobody has; pip asks once."""
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    path = tmp_path / "plugin.txt"
    path.write_text(f"nobody-has-this==1.0 --hash={DIGEST}\n")
    return path


def failed(lock: Path, data: Path) -> SetupError:
    data.mkdir()
    folder = data / "runtime" / "cp3-here"
    with pytest.raises(SetupError) as caught:
        install(lock, folder, data)
    assert not folder.exists()
    assert not folder.with_name(folder.name + ".part").exists()
    assert caught.value.remedy
    return caught.value


def test_offline(lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert failed(lock, tmp_path / "data").code == "offline"


def test_no_wheel_for_this_python(lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(PackageServer()) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
        error = failed(lock, tmp_path / "data")
    assert error.code == "no-wheel"
    assert "nobody-has-this" in error.message
    assert "worker" in error.remedy


def test_a_full_disk() -> None:
    error = packages._why(["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"], Path("/data"))
    assert (error.code, error.params) == ("disk-full", {"folder": "/data"})


def test_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pip_command()[0] == sys.executable
    found: dict[str, ModuleSpec | None] = {}
    monkeypatch.setattr(packages, "find_spec", found.get)
    with pytest.raises(SetupError) as caught:
        pip_command()
    assert caught.value.code == "no-pip"
    assert "py3-pip" in caught.value.remedy


def test_no_room(stash: FakeStash, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12, 50 << 20))
    monkeypatch.setattr(start, "runtime_is_there", lambda request: False)
    with pytest.raises(SetupError) as caught:
        start.launch(Calls(stash).request())
    assert caught.value.code == "no-room"
    assert caught.value.params["free"] == 50


def test_32_bits_are_told_why_not(stash: FakeStash, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    with pytest.raises(SetupError) as caught:
        start.launch(Calls(stash).request())
    assert caught.value.code == "unsupported"
    assert "worker" in caught.value.remedy


def test_what_is_fetched_before_the_first_name_is_named_and_small(stash: FakeStash) -> None:
    told = plan(Calls(stash).request())
    assert told["download_mb"] <= 150
    assert told["folder"] == str(stash.config / "stashai-data")
    assert all(part["mb"] and part["from"] for part in told["parts"])


def test_a_failure_is_kept_whole(stash: FakeStash) -> None:
    request = Calls(stash).request()
    request.data.mkdir(parents=True)
    write_failure(request.data, SetupError("It cannot be reached.", remedy="Go online.", code="offline"))
    told = status(request)
    assert (told["state"], told["said"]["code"], told["remedy"]) == ("failed", "offline", "Go online.")
