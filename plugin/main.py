"""What Stash starts: one JSON document in, one out. Standard output is guarded first, so that no stray print can spoil the answer."""

import gc
import json
import os
import sys
import time
from pathlib import Path

_ANSWER = os.dup(1)
os.dup2(2, 1)
# Stash reads UTF-8 and bare line ends, whatever this system's habits are.
sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")  # type: ignore[union-attr]  # nobody replaced it yet
sys.stdout = sys.stderr

HERE = Path(__file__).resolve().parent
OLDEST = 0x030B0000


def _find_library() -> None:
    """Our own folder first; in a checkout the library lies beside it. What travels with us serves where nothing is installed."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    if not (HERE / "stashai").is_dir():
        sys.path.insert(1, str(HERE.parent / "shared"))
    sys.path.append(str(HERE / "vendor"))
    for driver in ("psycopg2", "psycopg", "pymysql", "MySQLdb"):
        # Peewee loads whichever this Python happens to have, for a tenth of a second; our rows are SQLite's.
        sys.modules[driver] = None  # type: ignore[assignment]  # Python's way to forbid an import


def _write(text: str) -> None:
    data = text.encode("ascii")
    while data:
        data = data[os.write(_ANSWER, data) :]


def _in_large_pages(document: bytes) -> None:
    """Begin anew as a process whose networks lie in large pages, which saves them a twentieth of their time: glibc reads that when a
    process starts, others do not read it. Where it cannot be had, the call goes on as it is."""
    if sys.platform != "linux" or "GLIBC_TUNABLES" in os.environ or not sys.executable:
        return
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
        call = os.memfd_create("call")
    except (AttributeError, ValueError, OSError):  # another C library, or a kernel without such files
        return
    with os.fdopen(call, "wb") as file:
        file.write(document)
        file.flush()
        file.seek(0)
        os.dup2(call, 0)
    os.dup2(_ANSWER, 1)
    os.execve(sys.executable, sys.orig_argv, {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"})


def main() -> int:
    if sys.hexversion < OLDEST:
        _write('{"error": "StashAI needs Python 3.11 or newer: set one under Settings, System, Python executable path."}')
        return 1
    _find_library()
    # A call is short and begins with hundreds of imports, of which nothing is garbage.
    gc.set_threshold(50_000)
    try:
        from stashai_plugin.entry import answer, detached
    except ImportError:
        # An update puts other files in place at this moment. With any other status than 0 Stash would hear nothing of it.
        error = {"code": "reload", "message": "StashAI was updated.", "remedy": "Reload this page.", "params": {}}
        _write(json.dumps({"output": {"ok": False, "error": error}}))
        return 0

    if len(sys.argv) > 1:
        return detached(sys.argv[1:], HERE)
    document = sys.stdin.buffer.read()
    _write(answer(document, HERE, time.process_time(), lambda: _in_large_pages(document)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
