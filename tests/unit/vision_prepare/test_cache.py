"""What is prepared is prepared once, loaded without what prepared it, and known by its content."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.vision_prepare.graphs import Builder, pictures

from stashai.errors import ModelError, SetupError
from stashai.settings import Settings
from stashai.vision.catalog import Catalog, Input, ModelEntry, Source
from stashai.vision.download import file_sha256
from stashai.vision.lock import locked
from stashai.vision.prepare.cache import prepared_key, prepared_path, write_sums
from stashai.vision.prepare.onnx_file import write_onnx
from stashai.vision.runtime import available_runtimes, choose_runtime, open_session
from stashai.vision.status import clean, installed, remove, status, used, verify


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "data", tmp_path / "models", 1, model_source=tmp_path / "source")


@pytest.fixture
def entry(settings: Settings) -> ModelEntry:
    """A network that lies in the folder of sources."""
    build = Builder(size=16)
    last = build.node("PRelu", build.batch_norm(build.conv("x", 3, 4), 4), build.weights(4, 1, 1))
    assert settings.model_source
    settings.model_source.mkdir()
    path = settings.model_source / "net.onnx"
    write_onnx(build.outputs(last), path)
    return ModelEntry(
        id="net",
        title="Net",
        role="embedder",
        family="arcface",
        file="net.onnx",
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        licence="MIT",
        provenance="made up",
        source=Source("file"),
        preparation=("fold", "merge-batch-norm", "dynamic-batch"),
        input=Input((16, 16), "rgb", (0, 0, 0), (1, 1, 1)),
    )


@pytest.mark.parametrize("runtime", available_runtimes())
def test_a_network_is_fetched_prepared_and_run(runtime: str, entry: ModelEntry, settings: Settings) -> None:
    session = open_session(entry, settings, choose_runtime("ort" if runtime == "ort" else "ncnn"))
    session.warm((1, 3, 16, 16))
    (result,) = session.run(pictures(3))
    assert result.shape == (3, 4, 16, 16)
    assert result.dtype == np.float32
    session.close()
    with pytest.raises(ModelError, match="closed"):
        session.run(pictures())


def test_the_second_time_needs_neither_the_source_nor_protobuf(entry: ModelEntry, settings: Settings) -> None:
    path = prepared_path(entry, "ort", settings)
    code = f"""
import pickle, sys
from stashai.vision.runtime import open_session
entry, settings = pickle.loads(bytes.fromhex({pickle.dumps((entry, settings)).hex()!r}))
open_session(entry, settings, "ort").warm((1, 3, 16, 16))
print(sorted(name for name in sys.modules if name.split(".")[0] in ("google", "requests")))
"""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ).stdout
    assert told.strip() == "[]"
    assert settings.model_source
    (settings.model_source / "net.onnx").unlink()
    assert prepared_path(entry, "ort", settings) == path


def test_other_steps_or_weights_are_prepared_anew(entry: ModelEntry) -> None:
    keys = {
        prepared_key(entry, "ort"),
        prepared_key(entry, "ncnn"),
        prepared_key(replace(entry, sha256="0" * 64), "ort"),
        prepared_key(replace(entry, preparation=("fold",)), "ort"),
        prepared_key(replace(entry, outputs=("out0",)), "ort"),
    }
    assert len(keys) == 5


@pytest.mark.parametrize(("field", "value", "said"), [("preparation", ("sing",), "sing"), ("outputs", ("fc9",), "fc9")])
def test_an_entry_that_does_not_fit_leaves_nothing_behind(
    entry: ModelEntry, settings: Settings, field: str, value: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        prepared_path(replace(entry, preparation=value) if field == "preparation" else replace(entry, outputs=value), "ort", settings)
    assert list((settings.models / "prepared").iterdir()) == []


def test_status_tells_missing_fetched_ready_and_damaged(entry: ModelEntry, settings: Settings) -> None:
    assert status(entry, settings).state == "missing"
    assert not installed(entry, settings)
    path = prepared_path(entry, "ort", settings)
    assert verify(entry, settings).state == "ready"
    assert installed(entry, settings)
    assert status(entry, settings).bytes == used(settings.models / "weights") + used(settings.models / "prepared")

    path.write_bytes(path.read_bytes()[:-1])
    damaged = verify(entry, settings)
    assert damaged.state == "damaged"
    assert "models fetch net" in damaged.message
    assert verify(entry, settings).state == "fetched"

    (settings.models / "weights" / "net" / "net.onnx").write_bytes(b"rot")
    assert verify(entry, settings).state == "damaged"
    assert verify(entry, settings).state == "missing"


def test_a_damaged_file_is_made_again(entry: ModelEntry, settings: Settings) -> None:
    path = prepared_path(entry, "ort", settings)
    path.write_bytes(b"rot")
    open_session(entry, settings, "ort").warm((1, 3, 16, 16))
    assert verify(entry, settings).state == "ready"


def test_a_file_that_is_as_written_and_does_not_load_is_told(entry: ModelEntry, settings: Settings) -> None:
    path = prepared_path(entry, "ort", settings)
    path.write_bytes(b"rot")
    (path.parent / "SHA256SUMS").unlink()
    write_sums(path.parent)
    with pytest.raises(ModelError) as caught:
        open_session(entry, settings, "ort")
    assert "models verify" in caught.value.remedy


def test_removing_one_model_leaves_others(entry: ModelEntry, settings: Settings) -> None:
    other = replace(entry, id="net-two")
    for each in (entry, other):
        prepared_path(each, "ort", settings)
    before = used(settings.models)
    assert remove(entry, settings) == before - used(settings.models) > 0
    assert status(entry, settings).state == "missing"
    assert verify(other, settings).state == "ready"


def test_cleaning_keeps_what_is_in_use(entry: ModelEntry, settings: Settings) -> None:
    path = prepared_path(entry, "ort", settings)
    folder = settings.models / "prepared"
    for name in ("net-ort-of-yesterday", ".partial-dead", ".partial-alive"):
        (folder / name).mkdir()
        (folder / name / "model.onnx").write_bytes(b"12345")
    now = time.time()
    os.utime(folder / ".partial-dead", (now - 9000, now - 9000))
    assert clean(Catalog({"net": entry}, {}, Path("catalog.toml")), settings, now, dry_run=True) == 10
    assert clean(Catalog({"net": entry}, {}, Path("catalog.toml")), settings, now) == 10
    assert sorted(found.name for found in folder.iterdir()) == [".partial-alive", path.parent.name]


def test_a_folder_that_cannot_be_written_is_told(entry: ModelEntry, settings: Settings) -> None:
    settings.models.mkdir(parents=True)
    for name in ("locks", "prepared"):
        (settings.models / name).write_text("a file where the folder should be")
        with pytest.raises(SetupError, match=name):
            prepared_path(entry, "ort", settings)
        (settings.models / name).unlink()


def test_a_runtime_that_is_not_there_is_named() -> None:
    missing = {"ort", "ncnn"} - set(available_runtimes())
    for name in missing:
        with pytest.raises(ModelError, match=name):
            choose_runtime("ort" if name == "ort" else "ncnn")
    assert choose_runtime() == available_runtimes()[0]


def test_a_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from stashai.vision.download import file_sha256
from stashai.vision.lock import locked
with locked(Path({str(tmp_path / "lock")!r})):
    print("in", flush=True); time.sleep(60)
"""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environ)
    assert child.stdout
    assert child.stdout.readline() == "in\n"
    start = time.monotonic()
    child.kill()
    with locked(tmp_path / "lock"):
        assert child.wait() != 0
    assert time.monotonic() - start < 30
    child.stdout.close()


def test_a_runtime_that_cannot_be_loaded_is_told(entry: ModelEntry, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('libstdc++ is missing')")
    code = f"""
import pickle
from stashai.errors import ModelError
from stashai.vision.runtime import open_session
entry, settings = pickle.loads(bytes.fromhex({pickle.dumps((entry, settings)).hex()!r}))
try:
    open_session(entry, settings, "ort")
except ModelError as error:
    print(error.code, error)
"""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ).stdout
    assert told.startswith("runtime-broken onnxruntime cannot be loaded: libstdc++ is missing")
