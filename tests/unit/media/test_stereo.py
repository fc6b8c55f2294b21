"""One eye of a stereo picture, and none of a flat one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from stashai.media.frames import Pixels
from stashai.media.stereo import Eye, Layout, expectations, find_eye, likeness


def scenery(seed: int, width: int = 640, height: int = 640) -> Pixels:
    """Soft shapes over a bright sky and a dark ground."""
    coarse = np.random.default_rng(seed).integers(0, 256, (18, 18, 3), dtype=np.uint8)
    shapes = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).astype(float)
    sky = np.linspace(230, 40, height)[:, None, None]
    return (shapes * 0.5 + sky * 0.5).astype(np.uint8)


def eyes(seed: int, axis: int, width: int = 640, height: int = 640) -> Pixels:
    """Both eyes of a scenery, a little apart."""
    wide = scenery(seed, width + 16, height)
    return np.ascontiguousarray(np.concatenate([wide[:, :width], wide[:, 16:]], axis=axis))


def eye_of(name: str, pictures: list[Pixels], tags: dict[str, str] | None = None) -> Eye | None:
    size = pictures[0].shape[1], pictures[0].shape[0]
    return find_eye(pictures, expectations(name, tags or {}, None, size), name)


def test_the_halves_of_stereo_are_alike_and_those_of_a_landscape_are_not() -> None:
    for seed in range(5):
        beside = likeness(eyes(seed, 1), Layout.BESIDE)
        above = likeness(eyes(seed, 0), Layout.ABOVE)
        flat = likeness(scenery(seed, 1280, 640), Layout.BESIDE)
        assert beside is not None
        assert beside > 0.9
        assert above is not None
        assert above > 0.9
        assert flat is not None
        assert flat < 0.5


def test_black_tells_nothing() -> None:
    assert likeness(np.zeros((400, 800, 3), np.uint8), Layout.BESIDE) is None
    assert eye_of("film_180_sbs.mp4", [np.zeros((400, 800, 3), np.uint8)]) is None


@pytest.mark.parametrize("name", ["film.mp4", "film_180_LR.mp4", "Film.SBS.mkv", "film-3dh.mp4"])
def test_side_by_side(name: str) -> None:
    eye = eye_of(name, [eyes(1, 1), eyes(2, 1)])
    assert eye == Eye(Layout.BESIDE, squeezed=False)
    cut, scale = eye.cut(eyes(1, 1))
    assert np.array_equal(cut, eyes(1, 1)[:, :640])
    assert scale == (1.0, 1.0)


def test_top_bottom_by_a_tag() -> None:
    eye = eye_of("film.mkv", [eyes(1, 0)], {"stereo_mode": "top_bottom"})
    assert eye is not None
    assert eye.layout is Layout.ABOVE
    cut, _ = eye.cut(eyes(1, 0))
    assert np.array_equal(cut, eyes(1, 0)[:640])


@pytest.mark.parametrize(("name", "layout"), [("film_tb.mp4", Layout.ABOVE), ("film_sbs.mp4", Layout.BESIDE)])
def test_of_two_layouts_that_fit_the_named_one_is_meant(name: str, layout: Layout) -> None:
    eye = eye_of(name, [np.tile(scenery(1), (2, 2, 1))])
    assert eye is not None
    assert eye.layout is layout


def test_halves_of_one_shape_in_other_colours_are_no_eyes() -> None:
    left = scenery(3)
    assert likeness(np.concatenate([left, 255 - (255 - left) // 2], axis=1), Layout.BESIDE) == 0.0
    assert eye_of("film_sbs.mp4", [np.concatenate([left, 255 - (255 - left) // 2], axis=1)]) is None


def test_a_squeezed_eye_is_stretched_and_says_so() -> None:
    both = np.asarray(Image.fromarray(eyes(4, 1, 1280, 720)).resize((1280, 720)))
    eye = eye_of("film hsbs.mkv", [both])
    assert eye == Eye(Layout.BESIDE, squeezed=True)
    cut, scale = eye.cut(both)
    assert cut.shape == (720, 1280, 3)
    assert scale == (0.5, 1.0)
    assert float(np.abs(cut.astype(int) - scenery(4, 1296, 720)[:, :1280].astype(int)).mean()) < 6


@pytest.mark.parametrize(
    ("name", "size", "squeezed"),
    [
        ("phone_sbs.mp4", (1080, 960), False),
        ("phone_hsbs.mp4", (1080, 960), True),
        ("Full Moon SBS.mkv", (1280, 720), True),
        ("Full Moon Full-SBS.mkv", (1280, 720), False),
        ("film half_sbs.mkv", (1440, 720), True),
    ],
)
def test_whether_eyes_are_squeezed_is_told_by_the_name_or_the_shape(name: str, size: tuple[int, int], squeezed: bool) -> None:
    both = np.asarray(Image.fromarray(eyes(4, 1)).resize(size))
    assert eye_of(name, [both]) == Eye(Layout.BESIDE, squeezed)


@pytest.mark.parametrize("name", ["film.mp4", "film_sbs.mp4", "LR.mp4", "3dh_180.mp4", "top-bottom.mp4"])
def test_a_flat_picture_stays_whole_whatever_it_is_called(name: str) -> None:
    assert eye_of(name, [scenery(1, 1280, 720), scenery(2, 1280, 720)]) is None
    assert eye_of(name, [scenery(1, 3840, 1920)]) is None


def test_one_scene_in_which_the_halves_differ_decides() -> None:
    """A title seen by both eyes alike, then a film for one pair of them: flat."""
    assert eye_of("film.mp4", [eyes(1, 1), scenery(2, 1280, 640), scenery(3, 1280, 640)]) is None
