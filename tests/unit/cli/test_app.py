"""The command line's frame: light, and every failure a sentence with its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

from stashai.cli import app
from stashai.cli.commands import COMMANDS, Entry
from stashai.cli.exits import Exit
from stashai.cli.shell import Shell, printable
from stashai.errors import Cancelled, MediaError, SetupError, StashAIError, UsageError
from stashai.settings import Settings
from stashai.tracking.faults import storage_error

HEAVY = ("numpy", "PIL", "av", "pydantic", "peewee", "onnxruntime", "ncnn", "voyager", "scipy", "requests", "rich", "jinja2")


def test_help_and_version_import_nothing_heavy() -> None:
    code = f"import sys; from stashai.cli import main; main(['--help']); print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    shared = Path(app.__file__).resolve().parents[2]
    environ = {**os.environ, "PYTHONPATH": str(shared)}
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"
    assert "identify" in ran.stdout


def test_what_only_reads_rows_imports_no_networks() -> None:
    code = "import sys, stashai.cli.jobs, stashai.cli.people; print([m for m in ('numpy', 'PIL', 'av') if m in sys.modules])"
    environ = {**os.environ, "PYTHONPATH": str(Path(app.__file__).resolve().parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout.strip() == "[]"


HANDED_ON = {"worker", "build-plugin"}
"""Commands that become another program, which explains itself."""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in HANDED_ON])
def test_every_command_loads_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([name, "--help"]) == Exit.OK
    assert capsys.readouterr().out.startswith(f"Usage: stashai {name}")


def leaves(command: click.Command, path: str = "") -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    inner = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [leaf for name, found in inner if found is not None for leaf in leaves(found, f"{path} {name}")]


def test_every_command_can_answer_a_program() -> None:
    found = [(path, command) for path, command in leaves(app.root()) if path.strip() not in HANDED_ON]
    silent = [path for path, command in found if not any("--json" in option.opts for option in command.params)]
    assert silent == []


def test_building_the_plugin_can_answer_a_program_too(tmp_path: Path) -> None:
    script = Path(app.__file__).resolve().parents[3] / "scripts" / "build_plugin.py"
    ran = subprocess.run([sys.executable, script, "--without-ui", "--json", "--out", tmp_path], capture_output=True, text=True, check=True)
    assert {Path(path).name for path in json.loads(ran.stdout)["files"]} >= {"stashai.zip", "index.yml"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), Exit.USAGE),
        (SetupError("x"), Exit.SETUP),
        (MediaError("x"), Exit.SOME_FAILED),
        (Cancelled("x"), Exit.INTERRUPTED),
        (StashAIError("x"), Exit.SOME_FAILED),
        (OSError(28, "No space left on device", "/data"), Exit.SOME_FAILED),
        (PermissionError(13, "Permission denied", Settings.from_environ().data / "models.toml"), Exit.SETUP),
        (storage_error("attempt to write a readonly database", "/data"), Exit.SETUP),
        (storage_error("file is not a database", "/data"), Exit.SETUP),
        (storage_error("database or disk is full", "/data"), Exit.SOME_FAILED),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
    ],
)
def test_failures_have_their_exit_status(
    error: BaseException, status: Exit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def failing(as_json: bool) -> None:
        raise error

    module = ModuleType("failing_command")
    vars(module)["failing"] = failing
    monkeypatch.setitem(sys.modules, "failing_command", module)
    monkeypatch.setattr(app, "root", lambda: app.LazyGroup({"fail": Entry("failing_command:failing", "", "")}))
    assert app.run(["fail"]) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err
    assert app.run(["fail", "--json"]) == status
    out = capsys.readouterr().out
    assert json.loads(out)["error"]["message"]


def test_unusable_arguments_are_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["identify"]) == Exit.USAGE
    assert app.run(["identify", "--frames", "all", "x"]) == Exit.USAGE
    assert app.run(["identify", "--threshold", "nan", "x"]) == Exit.USAGE
    assert app.run(["frobnicate"]) == Exit.USAGE
    assert "frobnicate" in capsys.readouterr().err


def test_unusable_arguments_are_told_to_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["identify", "--json", "--frames", "all", "x"]) == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


@pytest.mark.skipif(sys.platform == "win32", reason="sends itself a signal")
@pytest.mark.parametrize(("then", "status"), [("pass", Exit.INTERRUPTED), ("leave_in_order()", 7)])
@pytest.mark.parametrize("words", [[], ["--json"]])
def test_ctrl_c_before_a_command_begins_just_ends_it(then: str, status: int, words: list[str]) -> None:
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(app.__file__).resolve().parents[2])!r})
from stashai.cli.interrupts import leave_at_once, leave_in_order
signal.signal(signal.SIGINT, signal.default_int_handler)
leave_at_once()
{then}
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    sys.exit(7)
"""
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert ran.returncode == status
    assert bool(ran.stdout) is (status == Exit.INTERRUPTED and words == ["--json"])
    assert "Traceback" not in ran.stderr


def test_a_wrong_environment_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("STASHAI_CORES", "many")
    assert app.run(["doctor", "--json"]) == Exit.USAGE
    said = capsys.readouterr()
    assert "STASHAI_CORES" in said.err
    assert "STASHAI_CORES" in json.loads(said.out)["error"]["message"]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert printable("a\x1b[2Jb\nc\udcff") == "a\\x1b[2Jb\\nc\udcff"


def test_json_holds_stray_bytes_as_escapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Shell.of_process(Settings(data=tmp_path, models=tmp_path, cores=1)).emit({"path": "x\udcff"})
    out = capsys.readouterr().out
    assert out == '{"path": "x\\udcff"}\n'
    assert json.loads(out)["path"].encode("utf-8", "surrogateescape") == b"x\xff"


def test_the_doctor_answers_also_where_nothing_can_be_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    settings = Settings(data=tmp_path / "file", models=tmp_path / "file" / "models", cores=1)
    assert app.run(["doctor", "--json"], settings) == Exit.SOME_FAILED
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert found["data folder"]["state"] == found["models"]["state"] == "broken"
    assert all(check["remedy"] for check in found.values() if check["state"] == "broken")


@pytest.mark.parametrize(("said", "level"), [("debug", "DEBUG"), ("", "INFO"), ("trace", "INFO")])
def test_a_level_that_other_programs_mean_is_none(said: str, level: str) -> None:
    assert Settings.from_environ({"LOG_LEVEL": said}).log_level == level
