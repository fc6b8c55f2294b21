"""The real networks: prepared, they give what the published files give, in both runtimes, at any size and in batches."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from stashai.settings import Settings
from stashai.vision.catalog import Catalog, ModelEntry
from stashai.vision.prepare.cache import weights_path
from stashai.vision.prepare.fold import fold
from stashai.vision.prepare.graph import Array, Graph
from stashai.vision.prepare.onnx_file import read_onnx, write_onnx
from stashai.vision.runtime import available_runtimes, open_session
from stashai.vision.status import installed

SHARED = Path(__file__).resolve().parents[3].parent / "shared"
CATALOG = Catalog.load()
CPU = ["CPUExecutionProvider"]
MODELS = ["yunet", "sface", "facenet", "yunet-n", "yunet-s", "scrfd-500m", "fr-feature", "mobilefacenet"]

MOBILEFACENET = replace(
    CATALOG.get("fr-feature"),
    id="mobilefacenet",
    file="mobilefacenet_expo_dyn.onnx",
    sha256="acd37064e5c1c07918ffd0adee1c09ade0cf46a71bd29f38a370edfb7b04a016",
    preparation=("fold", "channels-first", "merge-batch-norm", "dynamic-batch", "subnormals"),
    outputs=("embeddings",),
)
"""A network that is in no catalog: an entry is all that it takes."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("models")
    return Settings(folder / "data", folder, 1, model_source=SHARED / "weights")


def entry_here(model: str, settings: Settings) -> tuple[ModelEntry, Settings]:
    """The entry, and the settings with which it needs no network; skips when its weights are not on this machine."""
    entry = MOBILEFACENET if model == "mobilefacenet" else CATALOG.get(model)
    if model == "fr-feature":
        # The file beside the checkout is a copy with an open batch and negligible weights set to zero.
        entry = replace(entry, file="fr_feature_dyn.onnx", sha256="1fbe898dfe36cfce46b05c9e24ce090d8572d9df5d4ff1dd19fc9ebee6534581")
    if settings.model_source and (settings.model_source / entry.file).is_file():
        return entry, settings
    users = Settings.from_environ()
    if not installed(entry, users):
        pytest.skip(f"{entry.title} is neither in {settings.model_source} nor in {users.models}")
    return entry, users


def weights_of(entry: ModelEntry, settings: Settings) -> Path:
    beside = settings.model_source / entry.file if settings.model_source else None
    return beside if beside and beside.is_file() else weights_path(entry, settings)


def blob_of(entry: ModelEntry, count: int, width: int, height: int, seed: int = 0) -> Array:
    """Something with edges and surfaces, as the network wants it."""
    noise = np.random.default_rng(seed).normal(size=(count, 3, height, width))
    walk = noise.cumsum(2).cumsum(3)
    walk -= walk.min((2, 3), keepdims=True)
    pictures = walk / walk.max((2, 3), keepdims=True) * 255
    mean, std = (np.array(value).reshape(1, 3, 1, 1) for value in (entry.input.mean, entry.input.std))
    blob: Array = ((pictures - mean) / std).astype(np.float32)
    return blob


def sizes_of(entry: ModelEntry) -> list[tuple[int, int]]:
    return [entry.input.size] if entry.input.size else [(640, 640), (320, 480), (224, 32)]


def plainly_folded(entry: ModelEntry, weights: Path) -> Graph:
    """The published graph with nothing done to it but what is needed to load it at all."""
    graph = read_onnx(weights.read_bytes())
    fold(graph)
    return graph


@cache
def reference(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(str(path), providers=CPU)


@pytest.mark.parametrize("model", [model for model in MODELS if model != "facenet"])
def test_prepared_is_equal_to_published(model: str, settings: Settings, tmp_path: Path) -> None:
    entry, where = entry_here(model, settings)
    write_onnx(plainly_folded(entry, weights_of(entry, where)), tmp_path / "plain.onnx")
    plain = onnxruntime.InferenceSession(str(tmp_path / "plain.onnx"), providers=CPU)
    width, height = sizes_of(entry)[0]
    blob = blob_of(entry, 1, width, height)
    given = blob.transpose(0, 2, 3, 1) if plain.get_inputs()[0].shape[-1] == 3 else blob
    expected = plain.run(list(entry.outputs), {plain.get_inputs()[0].name: given})
    found = open_session(entry, where, "ort", providers=CPU).run(blob)
    assert_near(expected, list(found), 1e-5)


def test_facenet_is_equal_to_what_tensorflow_made_of_it(settings: Settings) -> None:
    converted = SHARED / "weights" / "facenet_20180408_102900_w16.onnx"
    if not converted.is_file():
        pytest.skip(f"{converted} is not there")
    entry, where = entry_here("facenet", settings)
    blob = blob_of(entry, 4, 160, 160)
    session = reference(converted)
    (expected,) = session.run(None, {session.get_inputs()[0].name: blob})
    (found,) = open_session(entry, where, "ort", providers=CPU).run(blob)
    assert (expected * found).sum(1).min() > 0.99999
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@pytest.mark.skipif("ncnn" not in available_runtimes(), reason="ncnn has no wheel for this platform")
@pytest.mark.parametrize("model", MODELS)
def test_both_runtimes_give_the_same(model: str, settings: Settings) -> None:
    entry, where = entry_here(model, settings)
    first, second = open_session(entry, where, "ort", providers=CPU), open_session(entry, where, "ncnn")
    for number, (width, height) in enumerate(sizes_of(entry)):
        blob = blob_of(entry, 1 + number % 2, width, height, number)
        assert_near(list(first.run(blob)), list(second.run(blob)), 1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_four_at_once_are_four_times_one(model: str, settings: Settings) -> None:
    entry, where = entry_here(model, settings)
    session = open_session(entry, where, "ort", providers=CPU)
    width, height = sizes_of(entry)[-1]
    blob = blob_of(entry, 4, width, height)
    singles = [session.run(picture[None]) for picture in blob]
    assert_near([np.concatenate(column) for column in zip(*singles, strict=True)], list(session.run(blob)), 1e-5)


@pytest.mark.parametrize("model", ["yunet", "yunet-n", "yunet-s", "scrfd-500m"])
def test_a_detector_counts_its_places_at_every_size(model: str, settings: Settings) -> None:
    entry, where = entry_here(model, settings)
    for runtime in available_runtimes():
        session = open_session(entry, where, runtime)
        for width, height in sizes_of(entry):
            outputs = session.run(blob_of(entry, 1, width, height))
            places = [(width // stride) * (height // stride) * entry.anchors for stride in entry.strides]
            assert [output.shape[1] for output in outputs] == places * (len(outputs) // len(places))


def test_the_catalog_agrees_with_the_files_beside_the_checkout() -> None:
    manifest = SHARED / "weights" / "MANIFEST.json"
    if not manifest.is_file():
        pytest.skip(f"{manifest} is not there")
    listed = {row["path"]: row for row in json.loads(manifest.read_text())}
    shared = [entry for entry in CATALOG.models.values() if entry.file in listed]
    assert len(shared) >= 4
    for entry in shared:
        assert (entry.sha256, entry.bytes) == (listed[entry.file]["sha256"], listed[entry.file]["bytes"])


def assert_near(expected: list[Array], found: list[Array], tolerance: float) -> None:
    assert [a.shape for a in expected] == [b.shape for b in found]
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=0, atol=tolerance * max(1.0, float(np.abs(a).max())))
