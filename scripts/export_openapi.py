"""Writes worker/openapi.json: the worker's HTTP API as it is, so that clients can be made from it and changes are seen.

    .venv/bin/python scripts/export_openapi.py            write it
    .venv/bin/python scripts/export_openapi.py --check    exit status 1 when it differs (a test does this)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from stashai.settings import Settings
from stashai_worker.app import create_app
from stashai_worker.config import WorkerConfig

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "worker" / "openapi.json"


def document() -> str:
    """The document of a worker with no settings of its own; nothing is opened for it."""
    app = create_app(WorkerConfig(core=Settings(data=Path("data"), models=Path("models"), cores=1)))
    return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    text = document()
    if "--check" in arguments:
        same = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
        print("" if same else f"{TARGET.name} is not what the code says: run scripts/export_openapi.py", end="" if same else "\n")
        return 0 if same else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
