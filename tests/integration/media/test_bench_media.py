"""The measuring itself: both loops read the same keyframes, and memory is that of the other process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from stashai.bench import keyframes, memory
from stashai.bench.footage import LOOP_SECONDS, make_film
from stashai.media.video import VideoReader


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("film") / "film.mp4", 5 * LOOP_SECONDS - 1, size=(160, 90))


def test_a_film_has_its_length_and_its_keyframes(film: Path) -> None:
    with VideoReader(film) as reader:
        assert reader.info.duration == pytest.approx(5 * LOOP_SECONDS, abs=0.2)
        assert reader.info.keyframes == tuple(float(second) for second in range(0, 5 * LOOP_SECONDS, 10))
    assert [path.name for path in film.parent.iterdir()] == ["film.mp4"]


def test_both_loops_read_the_same_keyframes(film: Path) -> None:
    assert keyframes.bare_loop(film, 100) == keyframes.our_loop(film, 100) == 10
    outcome = keyframes.measure(film, most=10, rounds=1)
    assert outcome.data["share"] > 0


def test_memory_is_that_of_the_process_that_ran() -> None:
    large = [sys.executable, "-c", "data = bytearray(200 * 2**20); data[::4096] = b'x' * len(data[::4096])"]
    ballast = bytearray(300 * 2**20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    peak, _, status = memory.peak_memory(large, os.environ)
    small, _, _ = memory.peak_memory([sys.executable, "-c", "pass"], os.environ)
    assert status == 0
    assert peak > 200
    assert small < 150 < len(ballast) / 2**20


def test_a_command_that_fails_meets_no_bar(film: Path) -> None:
    outcome = memory.measure(film, [sys.executable, "-c", "raise SystemExit(3)"])
    assert [line.met for line in outcome.lines if line.met is not None] == [True, False]
