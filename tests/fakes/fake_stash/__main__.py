"""python -m tests.fakes.fake_stash [--port N] [--config DIR] [--demo]: a fake Stash to click at, with this checkout's plugin."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from stashai.demo import fetch_pictures
from stashai.settings import Settings

from .demo import fill
from .stash import FakeStash

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9998)
    parser.add_argument("--config", type=Path, default=None)
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()
    config = options.config or Path(tempfile.mkdtemp(prefix="fake-stash-"))
    plugins = config / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    if not (plugins / "plugin").exists():
        (plugins / "plugin").symlink_to(ROOT / "plugin")
    with FakeStash(config, port=options.port) as stash:
        if options.demo:
            fill(stash.library, fetch_pictures(Settings.from_environ()), config / "media")
        print(f"{stash.url}  {config}", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
