"""Starts a plugin the way Stash does: JSON on stdin, log lines on stderr, one JSON answer on stdout, SIGKILL to stop."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

LONGEST_LINE = 65_536
LEVELS = {"t": "trace", "d": "debug", "i": "info", "w": "warning", "e": "error", "p": "progress"}


@dataclass
class Answer:
    """What came of one process: `output` and `error` as Stash reads them."""

    output: Any
    error: str | None
    exit_code: int


@dataclass
class Log:
    lines: list[tuple[str, str]] = field(default_factory=list)

    def add(self, level: str, text: str) -> None:
        self.lines.append((level, text))

    def text(self) -> str:
        return "\n".join(f"{level}: {text}" for level, text in self.lines)


class PluginProcess:
    def __init__(self, command: Sequence[str], plugin_dir: Path, cwd: Path, python: bool) -> None:
        environment = dict(os.environ)
        if python:
            parent = str(plugin_dir.resolve().parent)
            environment["PYTHONPATH"] = os.pathsep.join(part for part in (environment.get("PYTHONPATH"), parent) if part)
        self._process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=environment
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL of the direct child alone."""
        self._process.kill()

    def run(self, document: dict[str, Any], log: Log, progress: Callable[[float], None]) -> Answer:
        process = self._process
        assert process.stdin
        assert process.stdout
        assert process.stderr
        reader = threading.Thread(target=_read_log, args=(process.stderr, log, progress), daemon=True)
        reader.start()
        try:
            process.stdin.write(json.dumps(document).encode())
            process.stdin.close()
        except BrokenPipeError:
            log.add("error", "the plugin closed its standard input")
        raw = process.stdout.read()
        code = process.wait()
        reader.join()
        return _answer(raw, code)


def _read_log(stream: IO[bytes], log: Log, progress: Callable[[float], None]) -> None:
    """Lines of 64 KiB or more end the reader and close the pipe."""
    while line := stream.readline(LONGEST_LINE):
        if len(line) >= LONGEST_LINE and not line.endswith(b"\n"):
            log.add("error", "a line was too long: the reader stopped")
            break
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        level = LEVELS.get(text[1:2]) if len(text) >= 4 and text[0] == "\x01" and text[2] == "\x02" else None
        if level == "progress":
            progress(max(0.0, min(1.0, float(text[3:]))))
        else:
            log.add(level or "error", text[3:] if level else text)
    stream.close()


def _answer(raw: bytes, code: int) -> Answer:
    text = raw.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except ValueError:
        document = {"output": text}
    if not isinstance(document, dict):
        document = {"output": text}
    error = document.get("error") or (f"exit status {code}" if code else None)
    return Answer(document.get("output"), error, code)
