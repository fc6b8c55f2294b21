"""The default networks on public portraits: geometry and colour order pinned by golden vectors, faces found at any roll and
size, a vector from a chip like one from the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stashai.demo import fetch_pictures
from stashai.errors import SetupError
from stashai.media.frames import Frame, Pixels
from stashai.media.images import read_image
from stashai.settings import Settings
from stashai.vision.align import similarity, template
from stashai.vision.catalog import Catalog
from stashai.vision.chip import cut, cut_chip, open_chip
from stashai.vision.embed import Embedder
from stashai.vision.engine import AnalyzedFace, VisionEngine
from stashai.vision.runtime import open_session

LANDMARKS = np.array([[435.0, 208], [549, 209], [493, 274], [443, 324], [542, 324]])
"""Of obama.jpg, as an eye sees them (2 pixels)."""

GOLDEN = {
    "sface": [0.0283, 0.0216, -0.0371, 0.0255, 0.0660, 0.1083, 0.0806, -0.1082],
    "facenet": [0.0113, -0.0534, -0.0636, 0.0083, -0.0270, -0.0414, 0.0147, 0.0566],
}
"""The first numbers of the unit vectors."""


@pytest.fixture(scope="module")
def pictures() -> dict[str, Path]:
    try:
        return fetch_pictures(Settings.from_environ())
    except SetupError as error:
        pytest.skip(f"the public portraits are out of reach: {error}")


@pytest.fixture(scope="module")
def engine() -> VisionEngine:
    made = VisionEngine(Settings.from_environ())
    try:
        made.warm()
    except SetupError as error:
        pytest.skip(f"the default networks are out of reach: {error}")
    return made


def pixels(path: Path) -> Pixels:
    return read_image(path)[0].image


def only(engine: VisionEngine, image: Pixels) -> AnalyzedFace:
    (face,) = engine.analyze(Frame(np.ascontiguousarray(image)))
    return face


def vector(engine: VisionEngine, image: Pixels) -> np.ndarray:
    return only(engine, image).observation.embeddings[engine.primary]


def test_people_are_told_apart(engine: VisionEngine, pictures: dict[str, Path]) -> None:
    vectors = {name: vector(engine, pixels(pictures[name])) for name in pictures}
    obama = [vectors[name] for name in ("obama.jpg", "obama2.jpg", "obama3.jpg", "obama_partial_face.jpg")]
    assert min(float(a @ b) for a in obama for b in obama) > 0.55
    assert max(float(a @ vectors[other]) for a in obama for other in ("biden.jpg", "astronaut.png")) < 0.35


def test_landmarks_are_where_they_look_to_be(engine: VisionEngine, pictures: dict[str, Path]) -> None:
    face = only(engine, pixels(pictures["obama.jpg"])).observation.face
    assert np.abs(face.landmarks - LANDMARKS).max() < 9


@pytest.mark.parametrize("name", ["obama.jpg", "astronaut.png"])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_is_as_good_as_an_upright_one(engine: VisionEngine, pictures: dict[str, Path], name: str, turns: int) -> None:
    image = pixels(pictures[name])
    turned = only(engine, np.rot90(image, turns)).observation
    assert np.cos(np.radians(turned.face.roll + 90 * turns)) > 0.99
    assert float(turned.embeddings[engine.primary] @ vector(engine, image)) > 0.95


@pytest.mark.parametrize("degrees", [25, 45, 70, 120, 200, 315])
def test_any_roll(engine: VisionEngine, pictures: dict[str, Path], degrees: int) -> None:
    image = pixels(pictures["astronaut.png"])
    turned = np.asarray(Image.fromarray(image).rotate(degrees, Image.Resampling.BICUBIC, expand=True))
    assert float(vector(engine, turned) @ vector(engine, image)) > 0.9


def test_a_small_face_in_a_large_photograph(engine: VisionEngine, pictures: dict[str, Path]) -> None:
    face = Image.open(pictures["obama2.jpg"]).convert("RGB").crop((80, 100, 620, 780))
    large = Image.new("RGB", (4000, 2600), (90, 100, 80))
    large.paste(face.resize((70, 88), Image.Resampling.LANCZOS), (3500, 2300))
    (found,) = engine.analyze(Frame(np.asarray(large)))
    x, y, _, _ = found.observation.face.box
    assert 3500 <= x <= 3570
    assert 2300 <= y <= 2388


@pytest.mark.parametrize(("size", "at"), [((30_000, 310), (21_000, 5)), ((310, 30_000), (5, 21_000))])
def test_a_face_in_a_long_panorama(
    engine: VisionEngine, pictures: dict[str, Path], size: tuple[int, int], at: tuple[int, int]
) -> None:
    portrait = Image.fromarray(pixels(pictures["biden.jpg"]))
    portrait.thumbnail((300, 300))
    panorama = Image.new("RGB", size, (70, 90, 110))
    panorama.paste(portrait, at)
    assert float(vector(engine, np.asarray(panorama)) @ vector(engine, pixels(pictures["biden.jpg"]))) > 0.8


def test_a_face_that_fills_the_frame(engine: VisionEngine, pictures: dict[str, Path]) -> None:
    image = pixels(pictures["obama2.jpg"])
    close = np.asarray(Image.fromarray(image[230:630, 190:490]).resize((1500, 2000), Image.Resampling.BICUBIC))
    assert float(vector(engine, close) @ vector(engine, image)) > 0.7


def test_a_chip_holds_what_networks_need(engine: VisionEngine, pictures: dict[str, Path]) -> None:
    for name in ("obama.jpg", "biden.jpg"):
        face = only(engine, pixels(pictures[name]))
        assert face.chip is not None
        again = engine.embed_chip(engine.primary, face.chip)
        assert float(again @ face.observation.embeddings[engine.primary]) > 0.98


class TestGolden:
    """Vectors of one crop, cut by fixed landmarks: they move when the geometry, the colour order or the scale does."""

    @pytest.mark.parametrize("model", ["sface", "facenet"])
    def test_golden_vector(self, engine: VisionEngine, pictures: dict[str, Path], model: str) -> None:
        golden = GOLDEN[model]
        found = self._vector(engine, pixels(pictures["obama.jpg"]), model)
        assert np.allclose(found[: len(golden)], golden, atol=0.003)

    @pytest.mark.parametrize("model", ["sface", "facenet"])
    def test_swapped_colours_are_noticed(self, engine: VisionEngine, pictures: dict[str, Path], model: str) -> None:
        image = pixels(pictures["obama.jpg"])
        swapped = np.ascontiguousarray(image[..., ::-1])
        assert float(self._vector(engine, image, model) @ self._vector(engine, swapped, model)) < 0.95

    def _vector(self, engine: VisionEngine, image: Pixels, model: str) -> np.ndarray:
        embedder = embedder_of(model)
        crop = cut(image, similarity(LANDMARKS, template()), embedder.entry.template)
        return embedder.embed(crop, mirror=False)[0]


def embedder_of(model: str) -> Embedder:
    entry = Catalog.load().get(model)
    try:
        return Embedder(entry, open_session(entry, Settings.from_environ()))
    except SetupError as error:
        pytest.skip(f"{model} is out of reach: {error}")


def test_facenet_from_a_chip_is_facenet_from_the_picture(engine: VisionEngine, pictures: dict[str, Path]) -> None:
    embedder = embedder_of("facenet")
    image = pixels(pictures["biden.jpg"])
    face = only(engine, image)
    assert face.chip is not None
    direct = cut(image, similarity(face.observation.face.landmarks, template()), "facenet-160")
    chip = cut_chip(open_chip(face.chip), "facenet-160")
    assert float(embedder.embed(direct, mirror=False)[0] @ embedder.embed(chip, mirror=False)[0]) > 0.99
