"""One worker for the whole contract: real networks and public portraits where they are cached, on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from tests.fakes.slow_service import SLOW
from tests.worker.conftest import Worker, free_port, no_networks

from stashai.demo import PICTURES, DemoSet, lay_out
from stashai.settings import Settings
from stashai_worker.app import create_app
from stashai_worker.config import WorkerConfig
from stashai_worker.readiness import prepare_networks


def cached_pictures() -> dict[str, Path]:
    """The demo's pictures by name; empty when they were never fetched on this machine."""
    folder = Settings.from_environ().models / "pictures"
    found = {picture.name: folder / picture.name for picture in PICTURES}
    return found if all(path.is_file() for path in found.values()) else {}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoSet:
    pictures = cached_pictures()
    if not pictures:
        pytest.skip("the demo's pictures are not cached here: run `stashai demo` once")
    return lay_out(tmp_path_factory.mktemp("demo"), pictures)


def served(config: WorkerConfig, *, networks: bool) -> Iterator[Worker]:
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(config, prepare_networks if networks else no_networks), host="127.0.0.1", port=config.port, log_level="warning"
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < until, "the worker did not start"
        time.sleep(0.01)
    yield Worker(f"http://127.0.0.1:{config.port}/api/v1", f"http://127.0.0.1:{config.port}", config.token, config.core.data)
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive(), "the worker did not stop"


def configured(folder: Path, **environ: str) -> WorkerConfig:
    (folder / "data" / "processors").mkdir(parents=True)
    (folder / "data" / "processors" / "slow.py").write_text(SLOW)
    config = WorkerConfig.from_environ({"STASHAI_DATA": str(folder / "data"), "STASHAI_CORES": "2", **environ}, port=free_port())
    return replace(config, core=replace(config.core, models=Settings.from_environ().models), rate=0)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker that needs no network of its own: routes, queue, statuses."""
    yield from served(configured(tmp_path_factory.mktemp("plain"), STASHAI_SERVICE_ORIGINS="http://127.0.0.1:9"), networks=False)


@pytest.fixture(scope="session")
def gateway(demo: DemoSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker that knows two people, and may open the demo's folder."""
    config = configured(
        tmp_path_factory.mktemp("gateway"), STASHAI_MEDIA=str(demo.people.parent), STASHAI_PATH_MAP=f"/stash={demo.media[0].parent}"
    )
    for worker in served(config, networks=True):
        enrolled = worker.post("/people.enroll/process?wait=120", {"params": {"folder": str(demo.people)}})
        assert enrolled.status_code == 200, enrolled.text
        yield worker
