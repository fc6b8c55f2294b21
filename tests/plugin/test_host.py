"""Log lines, locks and where things run: standard library only."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stashai import mode
from stashai.hostlock import HostLock
from stashai.hostlog import HostLog

ROOT = Path(__file__).resolve().parents[2]


def test_each_line_carries_its_level() -> None:
    stream = io.StringIO()
    HostLog(stream).error("one\ntwo")
    HostLog(stream).progress(1.5)
    assert stream.getvalue() == "\x01e\x02one\n\x01e\x02two\n\x01p\x021.0000\n"


def test_no_line_ends_the_readers_pipe() -> None:
    stream = io.StringIO()
    HostLog(stream).info("ü" * 100_000)
    (line,) = stream.getvalue().encode().splitlines()
    assert len(line) < 65_536
    assert line.decode().endswith("…")


def test_a_stash_that_is_gone_is_no_error() -> None:
    stream = io.StringIO()
    stream.close()
    HostLog(stream).info("still here")


def test_one_at_a_time_and_the_urgent_one_first(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    holder, other = HostLock(path), HostLock(path)
    assert holder.acquire()
    assert not other.acquire(timeout=0.1, urgent=True)
    assert holder.wanted()
    holder.release()
    assert other.acquire(urgent=True)
    assert not holder.wanted()
    assert holder.is_taken()
    other.release()
    assert not holder.is_taken()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from stashai.hostlock import HostLock;"
        "lock = HostLock(Path(sys.argv[2])); print(lock.acquire(), flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(ROOT / "shared"), str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"True"
    assert HostLock(path).is_taken()
    child.kill()
    child.wait()
    child.stdout.close()
    deadline = time.monotonic() + 5
    while HostLock(path).is_taken() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not HostLock(path).is_taken()


def test_the_runtime_folder_changes_with_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "plugin.txt"
    lock.write_text("numpy==2.0.0\n")
    first = mode.runtime_folder(tmp_path, lock)
    lock.write_text("numpy==2.0.1\n")
    assert mode.runtime_folder(tmp_path, lock) != first
    assert mode.python_tag() in first.name
    assert mode.architecture() in first.name


def test_32_bit_machines_are_told_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    where = mode.cannot_run_here()
    assert where is not None
    assert "32-bit" in where.reason
    assert "worker" in where.remedy
