"""Who runs a job: a process named so that it can be told, later and by another process, whether it is still there.

A pid alone is given again, so the process's start time goes with it. Hosts are told apart by name and, on Linux, by the
namespace of their pids: two containers of one name do not see each other's processes and must not judge them.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Owner:
    host: str
    pid: int
    start: str


class Processes(Protocol):
    """The processes of this host."""

    def me(self) -> Owner: ...

    def is_gone(self, owner: Owner) -> bool:
        """True only when `owner` was a process of this host and is certainly not there any more."""
        ...


class SystemProcesses:
    """The operating system's answer."""

    def me(self) -> Owner:
        return Owner(_host(), os.getpid(), _start_of(os.getpid()) or "")

    def is_gone(self, owner: Owner) -> bool:
        if owner.host != _host():
            return False
        start = _start_of(owner.pid)
        return start is None or (bool(owner.start) and start != owner.start)


def _host() -> str:
    name = platform.node() or "localhost"
    try:
        return f"{name}/{Path('/proc/self/ns/pid').readlink()}" if sys.platform == "linux" else name
    except OSError:
        return name


def _start_of(pid: int) -> str | None:
    """When the process began, in words that only equality is asked of; None when there is no such process."""
    if sys.platform == "linux":
        return _start_linux(pid)
    if sys.platform == "win32":
        return _start_windows(pid)
    return _start_ps(pid)


def _start_linux(pid: int) -> str | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError:
        return ""
    return None if fields[0] in "ZX" else f"{boot}:{fields[19]}"


def _start_ps(pid: int) -> str | None:
    """macOS and the BSDs: `ps` is the only portable way without a dependency."""
    try:
        # A fixed program and a number.
        answer = subprocess.run(
            ["/bin/ps", "-p", str(pid), "-o", "lstart="], capture_output=True, text=True, check=False, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip() or None


def _start_windows(pid: int) -> str | None:
    if sys.platform != "win32":
        return ""
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    limited_information, still_active, invalid_parameter = 0x1000, 259, 87
    handle = kernel.OpenProcess(limited_information, False, pid)
    if not handle:
        return None if ctypes.get_last_error() == invalid_parameter else ""
    try:
        code, times = wintypes.DWORD(), [wintypes.FILETIME() for _ in range(4)]
        kernel.GetExitCodeProcess(wintypes.HANDLE(handle), ctypes.byref(code))
        kernel.GetProcessTimes(wintypes.HANDLE(handle), *(ctypes.byref(moment) for moment in times))
        return f"{times[0].dwHighDateTime}:{times[0].dwLowDateTime}" if code.value == still_active else None
    finally:
        kernel.CloseHandle(wintypes.HANDLE(handle))
