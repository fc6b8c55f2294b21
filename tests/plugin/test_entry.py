"""main.py as Stash starts it: guarded output, nothing installed, the version check, the packages that are built."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.fake_stash.manifest import Manifest, ManifestError

ROOT = Path(__file__).resolve().parents[2]
BARE = [sys.executable, "-S", "-s", "-E"]


def start(main: Path, document: dict[str, Any], command: list[str] | None = None, cwd: Path | None = None) -> dict[str, Any]:
    """The parsed answer: standard output must be one JSON document and nothing else."""
    done = subprocess.run([*(command or BARE), str(main)], input=json.dumps(document).encode(), capture_output=True, check=True, cwd=cwd)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def unpacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built package, away from the checkout."""
    out = tmp_path_factory.mktemp("out")
    for name in ("stashai", "stashai_automatic"):
        with zipfile.ZipFile(built / f"{name}.zip") as archive:
            archive.extractall(out / "plugins" / name)
    return out


def connection(folder: Path) -> dict[str, Any]:
    return {"Scheme": "http", "Host": "0.0.0.0", "Port": 1, "SessionCookie": None, "Dir": str(folder), "PluginDir": "plugins/stashai"}


def test_health_with_nothing_installed(unpacked: Path, tmp_path: Path) -> None:
    document = {"server_connection": connection(tmp_path), "args": {"op": "health"}}
    answer = start(unpacked / "plugins" / "stashai" / "main.py", document, cwd=unpacked)
    data = answer["output"]["data"]
    assert data["runtime"]["state"] == "missing"
    assert data["where"]["mode"] == "unavailable"
    assert data["where"]["remedy"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("op", ["identify", "step", "faces", "settings", "jobs", "setup_status", "people"])
def test_every_operation_answers_before_the_set_up(unpacked: Path, tmp_path: Path, op: str) -> None:
    arguments = {"op": op, "type": "scene", "id": "1", "job": "x"}
    answer = start(unpacked / "plugins" / "stashai" / "main.py", {"server_connection": connection(tmp_path), "args": arguments})
    output = answer["output"]
    assert output["ok"] or output["error"]["code"] == "setup-needed", output


@pytest.mark.parametrize("document", [b"", b"nonsense", b"[]", b'{"args": 3}', b'{"args": {"op": 7}}', b'{"args": {}}'])
def test_whatever_comes_in_one_document_goes_out(unpacked: Path, document: bytes) -> None:
    main = unpacked / "plugins" / "stashai" / "main.py"
    done = subprocess.run([*BARE, str(main)], input=document, capture_output=True, check=True)
    assert not json.loads(done.stdout)["output"]["ok"]


def has_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, ValueError):
        return False


@pytest.mark.skipif(not has_glibc(), reason="only glibc is asked for large pages")
@pytest.mark.parametrize(("op", "starts"), [("step", ["", "glibc.malloc.hugetlb=1"]), ("status", [""])])
def test_what_asks_the_networks_runs_in_large_pages(unpacked: Path, tmp_path: Path, op: str, starts: list[str]) -> None:
    """Each start of the interpreter notes what it was told; the answer is one and the same."""
    seen = tmp_path / "seen"
    note = f"import os; open({str(seen)!r}, 'a').write(os.environ.get('GLIBC_TUNABLES', '') + chr(10))"
    (tmp_path / "sitecustomize.py").write_text(note)
    environ = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"} | {"PYTHONPATH": str(tmp_path)}
    document = json.dumps({"server_connection": connection(tmp_path), "args": {"op": op, "job": "x" * 70_000}}).encode()
    main = unpacked / "plugins" / "stashai" / "main.py"
    done = subprocess.run([sys.executable, str(main)], input=document, capture_output=True, check=True, env=environ)
    assert "output" in json.loads(done.stdout)
    assert seen.read_text().splitlines() == starts


def test_stray_prints_do_not_reach_the_answer(unpacked: Path, tmp_path: Path) -> None:
    main = unpacked / "plugins" / "stashai" / "main.py"
    code = f"import sys, os; sys.argv = ['{main}']; print('early', flush=True)\nimport runpy\n"
    code += "import builtins\n_open = builtins.open\nimport json as j\n_dumps = j.dumps\n"
    code += "def noisy(*a, **k):\n    print('stray'); os.system('echo from a child'); return _dumps(*a, **k)\nj.dumps = noisy\n"
    code += f"runpy.run_path('{main}', run_name='__main__')"
    document = json.dumps({"server_connection": connection(tmp_path), "args": {"op": "status"}}).encode()
    done = subprocess.run([sys.executable, "-c", code], input=document, capture_output=True, check=False)
    text = done.stdout.decode().removeprefix("early\n")
    assert json.loads(text)["output"]["ok"]
    assert b"stray" in done.stderr
    assert b"from a child" in done.stderr


def test_another_version_of_the_page_is_told_to_reload(unpacked: Path, tmp_path: Path) -> None:
    main = unpacked / "plugins" / "stashai" / "main.py"
    own = (main.parent / "version.txt").read_text()
    for version, ok in ((own, True), ("0.0.1", False)):
        answer = start(main, {"server_connection": connection(tmp_path), "args": {"op": "status", "v": version}})
        assert answer["output"]["ok"] is ok


@pytest.mark.parametrize("gone", ["stashai/stash/mirror.py", "stashai_plugin/click/dialog.py", "stashai_plugin/entry.py"])
def test_an_update_at_this_moment_asks_to_reload(package: Path, tmp_path: Path, gone: str) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "plugin")
    (tmp_path / "plugin" / gone).unlink()
    data = tmp_path / "stashai-data"
    data.mkdir()
    (data / "setup.json").write_text(json.dumps({"state": "done", "models": "ready"}))
    document = {"server_connection": connection(tmp_path), "args": {"op": "step", "job": "x"}}
    command = [sys.executable, str(tmp_path / "plugin" / "main.py")]
    done = subprocess.run(command, input=json.dumps(document).encode(), capture_output=True, check=True)
    assert json.loads(done.stdout)["output"]["error"]["code"] == "reload", done.stdout


def test_a_process_whose_files_are_another_versions_now_says_so(package: Path, tmp_path: Path) -> None:
    """It began before an update: what it imports since then does not fit what it imported before."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "plugin")
    main, version = tmp_path / "plugin" / "main.py", tmp_path / "plugin" / "version.txt"
    status = tmp_path / "plugin" / "stashai_plugin" / "page" / "status.py"
    update = f"from pathlib import Path\nPath({str(version)!r}).write_text('0.0.2')\n"
    status.write_text(f"{update}def status(request): return request.nonesuch\n")
    answer = start(main, {"server_connection": connection(tmp_path), "args": {"op": "status"}})
    assert answer["output"]["error"]["code"] == "reload"


def test_the_packages_are_what_stash_takes(built: Path, unpacked: Path) -> None:
    for name in ("stashai", "stashai_automatic"):
        folder = unpacked / "plugins" / name
        assert [path.name for path in folder.rglob("*.yml")] == [f"{name}.yml"]
        assert Manifest.read(folder / f"{name}.yml").id == name
        assert (built / f"{name}.zip").stat().st_size < 2_000_000
    hooks = Manifest.read(unpacked / "plugins" / "stashai_automatic" / "stashai_automatic.yml").hooks
    assert len(hooks[0]["triggeredBy"]) == 6
    assert not Manifest.read(unpacked / "plugins" / "stashai" / "stashai.yml").hooks


def test_building_again_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    build_plugin = import_module("build_plugin")
    package, when = build_plugin.main_package("0.1.0-test", with_ui=False), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    digests = {build_plugin.write_zip(package, tmp_path / name, when) for name in ("first.zip", "second.zip")}
    assert len(digests) == 1
    digest = digests.pop()
    assert f"  date: 2026-01-02 03:04:05\n  path: stashai.zip\n  sha256: {digest}\n" in build_plugin.index_entry(
        package, "0.1.0-test", when, digest
    )
    with zipfile.ZipFile(tmp_path / "first.zip") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 1, 2, 3, 4, 4)}
        assert archive.namelist() == sorted(archive.namelist())


def test_a_manifest_that_stash_would_refuse_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    for text in (
        "name: x\nrequires: [y]\n",
        "name: x\ntasks: [{name: a, defaultArgs: {b: [1]}}]\n",
        "name: x\nhooks: [{name: h, triggeredBy: [Scene.Creat.Post]}]\n",
    ):
        bad.write_text(text)
        with pytest.raises(ManifestError):
            Manifest.read(bad)


def test_every_operation_exists() -> None:
    from stashai_plugin.operations import OPERATIONS

    for name, (module, function) in OPERATIONS.items():
        assert callable(getattr(import_module(f"stashai_plugin.{module}"), function)), name


def test_every_task_names_an_operation() -> None:
    from stashai_plugin.operations import OPERATIONS

    for task in Manifest.read(ROOT / "plugin" / "stashai.yml").tasks:
        assert task["defaultArgs"]["op"] in OPERATIONS
