"""The launcher: one environment, made once, never half-made, and nothing on stdout that is not the command's."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import environment
import installed
import installers

ROOT = Path(__file__).resolve().parents[3]
posix = pytest.mark.skipif(os.name == "nt", reason="the stand-in for uv is a POSIX script")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with locks that hold nothing."""
    root = tmp_path / "check out"
    (root / "locks").mkdir(parents=True)
    for group in ("core", "core-ncnn", "worker", "bench", "test", "test-ncnn"):
        (root / "locks" / f"{group}.txt").write_text(f"# {group}\n")
    return root


class Recorder:
    """An installer that makes the least that counts as an environment."""

    name = "recorder"

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.locks: list[str] = []

    def create(self, folder: Path) -> None:
        if self.broken:
            raise installers.SetupError("It is broken.")
        python = Path(installed.python_of(str(folder)))
        python.parent.mkdir(parents=True)
        python.touch()
        (folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages").mkdir(parents=True)
        (folder / "Lib" / "site-packages").mkdir(parents=True, exist_ok=True)

    def install_command(self, python: Path, lock: Path) -> Sequence[str]:
        self.locks.append(lock.name)
        return [sys.executable, "-c", f"raise SystemExit({int(self.broken)})"]

    def environ(self) -> Mapping[str, str]:
        return dict(os.environ)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(environment, "installers", lambda workplace: iter([Recorder(broken=True), made]))
    monkeypatch.setattr(installed, "runs_onnx", lambda: True)
    return made


def test_commands_ask_for_their_groups() -> None:
    assert installed.needed(["identify", "x"]) == ("core",)
    assert installed.needed(["--version"]) == ("core",)
    assert installed.needed(["test", "-k", "x"]) == ("core", "worker", "bench", "test")
    assert installed.needed(["bench", "worker"]) == ("core", "worker", "bench"), "one command measures the worker in a bare checkout"


def test_a_machine_without_onnxruntime_takes_the_twin_where_there_is_one(checkout: Path) -> None:
    assert installed.lock_path(str(checkout), "core", onnx=False).endswith("core-ncnn.txt")
    assert installed.lock_path(str(checkout), "worker", onnx=False).endswith("worker.txt")
    assert installed.lock_path(str(checkout), "core", onnx=True).endswith("core.txt")


def test_makes_it_once_with_the_first_installer_that_works(checkout: Path, recorder: Recorder) -> None:
    folder = str(checkout / ".venv")
    assert environment.make(str(checkout), folder, ["core"]) == 0
    assert recorder.locks == ["core.txt"]
    assert installed.missing(str(checkout), folder, ["core"]) == []
    assert environment.make(str(checkout), folder, ["core"]) == 0
    assert recorder.locks == ["core.txt"]


def test_adds_a_group_to_what_stands(checkout: Path, recorder: Recorder) -> None:
    folder = checkout / ".venv"
    environment.make(str(checkout), str(folder), ["core"])
    (folder / "kept").touch()
    environment.make(str(checkout), str(folder), ["core", "worker"])
    assert recorder.locks == ["core.txt", "worker.txt"]
    assert (folder / "kept").exists()


def test_another_lock_makes_another_environment_aside(checkout: Path, recorder: Recorder) -> None:
    folder = checkout / ".venv"
    environment.make(str(checkout), str(folder), ["core"])
    (folder / "old").touch()
    (checkout / "locks" / "core.txt").write_text("# newer\n")
    assert installed.missing(str(checkout), str(folder), ["core"]) == ["core"]
    environment.make(str(checkout), str(folder), ["core"])
    assert not (folder / "old").exists()
    assert sorted(path.name for path in checkout.iterdir()) == [".venv", ".venv.lock", "locks"]


def test_what_a_killed_setup_left_is_removed(checkout: Path, recorder: Recorder) -> None:
    leftover = checkout / ".venv-building-1"
    leftover.mkdir()
    environment.make(str(checkout), str(checkout / ".venv"), ["core"])
    assert not leftover.exists()


def test_a_failure_leaves_nothing_and_says_what_to_do(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "installers", lambda workplace: iter([Recorder(broken=True)]))
    assert environment.make(str(checkout), str(checkout / ".venv"), ["core"]) == environment.SETUP_FAILED
    said = capsys.readouterr()
    assert "It is broken." in said.err
    assert said.out == ""
    assert environment.make(str(checkout), str(checkout / ".venv"), ["core"], as_json=True) == environment.SETUP_FAILED
    assert "It is broken." in json.loads(capsys.readouterr().out)["error"]["message"]
    assert not (checkout / ".venv").exists()


def test_no_room_is_said_before_anything_is_fetched(
    checkout: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment, "ROOM_NEEDED", 1 << 60)
    assert environment.make(str(checkout), str(checkout / ".venv"), ["core"]) == environment.SETUP_FAILED
    assert "Make room" in capsys.readouterr().err
    assert recorder.locks == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_checkout_that_cannot_be_written_is_told_the_other_place(
    checkout: Path, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(environment, "locked", refused)
    assert environment.make(str(checkout), str(checkout / ".venv"), ["core"]) == environment.SETUP_FAILED
    assert "STASHAI_VENV" in capsys.readouterr().err


def test_uv_gets_pips_settings() -> None:
    environ = {"PIP_INDEX_URL": "https://mirror/simple", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        told = installers.Uv("uv").environ()
    assert told["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert told["UV_FIND_LINKS"] == "/wheels"


STAND_IN = """#!{python}
import os, subprocess, sys, time
arguments = sys.argv[1:]
open({log!r}, "a").write(arguments[0] + "\\n")
print("an installer's own words")
if arguments[0] == "venv":
    time.sleep(0.5)
    sys.exit(subprocess.call([{python!r}, "-m", "venv", "--without-pip", arguments[-1]]))
site = os.path.join(os.path.dirname(os.path.dirname(arguments[arguments.index("--python") + 1])), "lib")
site = os.path.join(site, os.listdir(site)[0], "site-packages")
open(os.path.join(site, "borrowed.pth"), "w").write({packages!r} + "\\n")
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with a uv that takes no more than this Python has; what it was asked for is in its file `log`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    packages = sysconfig.get_path("purelib")
    (folder / "uv").write_text(STAND_IN.format(python=sys.executable, log=str(folder / "log"), packages=packages))
    (folder / "uv").chmod(0o755)
    return folder


def launching(tools: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"STASHAI_VENV", "PYTHONPATH"}}
    return {**kept, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", **more}


def doors(root: Path) -> list[str]:
    """Lay out a checkout without packages. Returns the command that starts it."""
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "locks", root / "locks")
    shutil.copy(ROOT / "stashai", root / "stashai")
    return [sys.executable, str(root / "stashai"), "--version"]


def command_line(root: Path, code: str) -> None:
    """Let a checkout's command line be `code`."""
    package = root / "shared" / "stashai"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(code)


@posix
def test_two_first_runs_at_once_make_one_environment(tmp_path: Path, tools: Path) -> None:
    root = tmp_path / "checkout"
    command, environ = doors(root), launching(tools)
    (root / "shared").symlink_to(ROOT / "shared")
    running = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    assert [out.strip() for out, _ in ended] == ["stashai, version 0.1.0"] * 2
    assert (tools / "log").read_text().split() == ["venv", "pip"]


@posix
def test_checkouts_that_share_an_environment_run_their_own_code(tmp_path: Path, tools: Path) -> None:
    environ, said = launching(tools, STASHAI_VENV=str(tmp_path / "environment")), []
    for name in ("first", "second"):
        command = doors(tmp_path / name)
        command_line(tmp_path / name, f"print({name!r})")
        said.append(subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip())
        shutil.rmtree(tmp_path / name)
    assert said == ["first", "second"]
    assert (tools / "log").read_text().split() == ["venv", "pip"]


@posix
@pytest.mark.parametrize(("wanted", "given"), [(None, "glibc.malloc.hugetlb=1"), ("glibc.malloc.check=0", "glibc.malloc.check=0")])
def test_asks_for_large_pages_unless_told_otherwise(wanted: str | None, given: str, tmp_path: Path, tools: Path) -> None:
    command, environ = doors(tmp_path / "checkout"), launching(tools)
    command_line(tmp_path / "checkout", "import os; print(os.environ['GLIBC_TUNABLES'])")
    environ.pop("GLIBC_TUNABLES", None)
    if wanted is not None:
        environ["GLIBC_TUNABLES"] = wanted
    assert subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip() == given


def test_borrowed_pip_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = b'{"files": [{"filename": "%s", "url": "pip.whl"}]}' % installers.PIP[0].encode()
    monkeypatch.setattr(installers, "fetch", lambda address, headers: page if address.endswith("/") else b"something else")
    with pytest.raises(installers.SetupError, match="sha256 differs"):
        installers.download_pip(tmp_path)
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_stream_that_was_closed_leads_nowhere() -> None:
    code = "import os; from launcher import open_streams; open_streams(); os.write(1, b'x')"
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    ran = subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, code], env=environ, check=False)
    assert ran.returncode == 0
