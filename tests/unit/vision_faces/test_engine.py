"""The engine: one object, opened once, safe for threads, in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from stashai.errors import ModelError, Paused
from stashai.media.frames import Frame
from stashai.settings import Settings
from stashai.vision.catalog import Catalog, ModelEntry
from stashai.vision.engine import VisionEngine
from stashai.vision.profile import Profile
from stashai.vision.session import Session, Tensor

from .painted import MeanColour, PaintedDetector, entry, paint

ENTRIES: Mapping[str, ModelEntry] = MappingProxyType(
    {
        one.id: one
        for one in (
            entry("detector", default=True),
            entry("embedder", default=True),
            entry("embedder", id="other", template="facenet-160", default=True),
            entry("embedder", id="third"),
        )
    }
)


class Opener:
    """Opens painted networks and counts."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.embedder, self.detector = MeanColour(), PaintedDetector()

    def __call__(self, model: ModelEntry, settings: Settings, runtime: str) -> Session:
        self.opened.append(model.id)
        return self.detector if model.role == "detector" else self.embedder


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def engine(tmp_path: Path, opener: Opener) -> Iterator[VisionEngine]:
    made = build(tmp_path, opener)
    yield made
    made.close()


def build(folder: Path, opener: Opener, profile: Profile = Profile.BALANCED) -> VisionEngine:
    settings = Settings(data=folder, models=folder / "models", cores=2)
    return VisionEngine(settings, Catalog(ENTRIES, {}, folder), profile, opener=opener)


def picture(time: float | None = None, roll: float = 0.0, eyes: float = 50.0) -> Frame:
    generator = np.random.default_rng(1)
    image = generator.integers(118, 138, (300, 400, 3)).astype(np.uint8)
    paint(image, eyes, (200, 150), roll)
    return Frame(image, time)


def test_a_face_comes_with_its_vector_and_chip(engine: VisionEngine) -> None:
    (face,) = engine.analyze(picture(3.5))
    assert face.observation.time == 3.5
    assert face.chip is not None
    assert face.chip[:2] == b"\xff\xd8"
    vector = face.observation.embeddings["painted-embedder"]
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1.0)
    assert 0 <= face.observation.quality <= 1
    assert engine.analyze(picture(), crops=False)[0].chip is None


def test_nothing_is_opened_before_it_is_needed_and_nothing_twice(engine: VisionEngine, opener: Opener) -> None:
    assert opener.opened == []
    threads = [threading.Thread(target=engine.analyze, args=(picture(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(opener.opened) == ["painted-detector", "painted-embedder"]


def test_a_mirrored_crop_is_asked_where_the_profile_says(tmp_path: Path) -> None:
    runs = {}
    for profile in Profile:
        opener = Opener()
        build(tmp_path, opener, profile).analyze(picture())
        runs[profile] = opener.embedder.runs
    assert runs == {Profile.FAST: 1, Profile.BALANCED: 2, Profile.THOROUGH: 2}


def test_the_analysis_id_tells_apart_what_is_kept_differently(tmp_path: Path, opener: Opener) -> None:
    names = {profile: build(tmp_path, opener, profile).detector_id for profile in Profile}
    assert names[Profile.FAST] != names[Profile.BALANCED]
    assert "painted-detector" in names[Profile.FAST]
    assert "painted-embedder" in names[Profile.FAST]


def test_others_are_there_only_when_installed_and_as_many_as_the_profile_asks(tmp_path: Path, opener: Opener) -> None:
    engine = build(tmp_path, opener)
    assert engine.primary == "painted-embedder"
    assert engine.others == []
    install(tmp_path, "other")
    assert engine.others == engine.installed_embedders == ["other"]
    install(tmp_path, "third")
    install(tmp_path, "painted-embedder")
    found = {profile: build(tmp_path, opener, profile).others for profile in Profile}
    assert found == {Profile.FAST: [], Profile.BALANCED: ["other"], Profile.THOROUGH: ["other", "third"]}


def install(folder: Path, model: str) -> None:
    weights = folder / "models" / "weights" / model / "none"
    weights.parent.mkdir(parents=True)
    weights.touch()


def test_a_chip_gives_the_same_vector_always(engine: VisionEngine) -> None:
    chip = engine.analyze(picture())[0].chip
    assert chip is not None
    first, again = engine.embed_chip("other", chip), engine.embed_chip("other", chip)
    assert np.array_equal(first, again)
    with pytest.raises(ModelError, match="no embedder"):
        engine.embed_chip("painted-detector", chip)
    with pytest.raises(ModelError, match="nonesuch"):
        engine.embed_chip("nonesuch", chip)


def test_frames_come_back_in_order_and_are_read_no_further_ahead_than_needed(engine: VisionEngine) -> None:
    read = []

    def frames() -> Iterator[Frame]:
        for number in range(12):
            read.append(number)
            yield picture(float(number))

    results = engine.map(frames())
    assert next(results)[0].time == 0.0
    assert len(read) <= 4
    assert [frame.time for frame, _ in results] == [float(number) for number in range(1, 12)]


class TwoAtWork(PaintedDetector):
    """Does nothing before two threads are at it."""

    def __init__(self) -> None:
        super().__init__()
        self.both, self._threads = threading.Event(), set[int]()

    def run(self, blob: Tensor) -> Sequence[Tensor]:
        self._threads.add(threading.get_ident())
        if len(self._threads) > 1:
            self.both.set()
        self.both.wait(10)
        return super().run(blob)


def test_what_is_at_work_when_the_job_is_to_stop_is_kept(tmp_path: Path) -> None:
    detector, opener = TwoAtWork(), Opener()
    opener.detector = detector
    engine = build(tmp_path, opener)

    def frames() -> Iterator[Frame]:
        yield picture(0.0)
        yield picture(1.0)
        detector.both.wait(10)
        raise Paused("This step is over.")

    seen: list[float | None] = []
    with pytest.raises(Paused):
        seen.extend(frame.time for frame, _ in engine.map(frames()))
    engine.close()
    assert seen == [0.0, 1.0]


def test_an_error_is_raised_where_its_frame_would_be(engine: VisionEngine) -> None:
    broken = Frame(np.zeros((0, 0, 3), np.uint8), 1.0)
    results = engine.map([picture(0.0), broken, picture(2.0)])
    assert next(results)[0].time == 0.0
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(list(engine.map([picture(3.0)]))) == 1
