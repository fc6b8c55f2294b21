"""Peak memory of reading, and of identifying, a two-hour film: each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .outcome import Line, Outcome, at_most

BAR_MB = 1024.0
_READING = """
import sys
from pathlib import Path
from stashai.media.asked import Answers
from stashai.media.sampling import read, stages
from stashai.media.video import VideoReader
with VideoReader(Path(sys.argv[1])) as reader:
    print(sum(1 for stage in stages(reader.info, "auto") for _ in read(reader, stage, Answers())))
"""


_WAITING = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, waited, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss, os.waitstatus_to_exitcode(waited))
"""
"""A small process between us and the one that is measured: what a child counts as its peak begins with its parent's size."""


def peak_memory(command: Sequence[str], environ: Mapping[str, str]) -> tuple[float, float, int]:
    """Run a command to its end; its peak resident memory in MiB, its seconds, its exit status."""
    started = time.monotonic()
    if sys.platform == "win32":
        process = subprocess.Popen(command, env=dict(environ), stdout=subprocess.DEVNULL)
        status = process.wait()
        return _windows_peak(int(vars(process)["_handle"])), time.monotonic() - started, status
    waiting = [sys.executable, "-I", "-S", "-c", _WAITING, *command]
    said = subprocess.run(waiting, env=dict(environ), stdout=subprocess.PIPE, check=True).stdout.split()
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return int(said[0]) / unit, time.monotonic() - started, int(said[1])


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of the Windows API."""

        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            *((name, ctypes.c_size_t) for name in ("PeakWorkingSetSize", "WorkingSetSize", "a", "b", "c", "d", "e", "f")),
        )

    def _windows_peak(handle: int) -> float:
        counters = _Counters()
        counters.cb = ctypes.sizeof(counters)
        ctypes.windll.psapi.GetProcessMemoryInfo(wintypes.HANDLE(handle), ctypes.byref(counters), counters.cb)
        return float(counters.PeakWorkingSetSize) / 2**20


def measure(film: Path, identify: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Outcome:
    """`identify` is the command line that identifies `film` (a fresh data folder in `environ`); without it the reading alone
    is measured."""
    env = dict(os.environ if environ is None else environ)
    library = str(Path(__file__).resolve().parents[2])
    env["PYTHONPATH"] = os.pathsep.join([library, *filter(None, [env.get("PYTHONPATH")])])
    runs = {"reading": [sys.executable, "-c", _READING, str(film)]}
    if identify:
        runs["identify"] = list(identify)
    lines: list[Line] = []
    data: dict[str, dict[str, float]] = {}
    for name, command in runs.items():
        peak, seconds, status = peak_memory(command, env)
        data[name] = {"peak_mib": peak, "seconds": seconds, "exit_status": status}
        if status:
            lines.append(Line(f"{name} a two-hour film", f"ended with status {status}", "0", met=False))
        else:
            lines.append(at_most(f"peak memory, {name} a two-hour film", peak, BAR_MB, "{:.0f} MiB"))
            lines.append(Line(f"  {name}", f"{seconds:.1f} s"))
    return Outcome("memory", f"./stashai bench memory --film {film}", lines, {"film": str(film), **data})
