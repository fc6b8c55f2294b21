"""Sprite sheets: what the VTT says, in any layout, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stashai.errors import MediaError
from stashai.media.sprites import MOST_TILES, Tile, parse_tiles, sprite_frames, tile_time

NUMBER = st.integers(min_value=0, max_value=20_000)
SIDE = st.integers(min_value=1, max_value=2_000)
TILES = st.lists(st.builds(Tile, st.just("abc_sprite.jpg"), NUMBER, NUMBER, SIDE, SIDE), max_size=100)


def stamp(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


def written(tiles: list[Tile], step: float = 1.5, newline: str = "\n") -> str:
    """As Stash writes it."""
    lines = ["WEBVTT", ""]
    for i, tile in enumerate(tiles):
        lines += [f"{stamp(i * step)} --> {stamp((i + 1) * step)}", f"{tile.file}#xywh={tile.x},{tile.y},{tile.width},{tile.height}", ""]
    return newline.join(lines)


def parsed(cues: str) -> list[Tile] | None:
    """The tiles, None when they are refused."""
    try:
        return parse_tiles(cues)
    except MediaError:
        return None


@given(TILES, st.floats(min_value=0.001, max_value=4_000), st.sampled_from(["\n", "\r\n", "\r"]))
@settings(deadline=None)
def test_what_is_written_is_read_whatever_the_layout(tiles: list[Tile], step: float, newline: str) -> None:
    assert parse_tiles(written(tiles, step, newline)) == tiles


@given(TILES, st.data())
@settings(deadline=None)
def test_a_damaged_line_is_never_taken_for_a_shorter_sheet(tiles: list[Tile], data: st.DataObject) -> None:
    lines = written([Tile("s.jpg", 0, 0, 1, 1), *tiles]).split("\n")
    place = data.draw(st.sampled_from([i for i, line in enumerate(lines) if line]))
    lines[place] = lines[place][: data.draw(st.integers(min_value=0, max_value=len(lines[place]) - 3))]
    found = parsed("\n".join(lines))
    # A cut within the digits at the end is the only damage that cannot be seen.
    assert found is None or len(found) == len(tiles) + 1


@given(st.text())
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    found = parsed(text)
    assert found is None or all(tile.width and tile.height for tile in found)


@pytest.mark.parametrize(
    "cues",
    [
        "", "<html></html>", "WEBVTTX\n", "WEBVTT\n\n00:00.000 --> 00:01.000\n",
        "WEBVTT\n\n00:00.000 --> 00:01.000\nsprite.jpg\n",
        "WEBVTT\n\n00:00.000 --> 00:01.000\nsprite.jpg#xywh=0,0,0,90\n",
        "WEBVTT\n\n00:00.000 --> 00:01.000\nsprite.jpg#xywh=0,0,-1,90\n",
        "WEBVTT\n\n0 --> 1\nsprite.jpg#xywh=0,0,160,90\n",
        "WEBVTT\n\n00:00.000 --> 00:01.000\nsprite.jpg#xywh=0,0,160,90\nmore\n",
    ],
)
def test_refused(cues: str) -> None:
    with pytest.raises(MediaError) as caught:
        parse_tiles(cues)
    assert caught.value.code == "bad-sprite"
    assert caught.value.remedy


def test_names_of_cues_notes_and_headers_are_passed_over() -> None:
    cues = "\ufeffWEBVTT - made by hand\n\nNOTE about\nthis\n\n1\n00:00.000 --> 00:01.000 align:start\na b.jpg#xywh=160,90,160,90\n\n\n\n"
    assert parse_tiles(cues) == [Tile("a b.jpg", 160, 90, 160, 90)]


def test_too_many_tiles_are_refused() -> None:
    with pytest.raises(MediaError):
        parse_tiles(written([Tile("s.jpg", 0, 0, 1, 1)] * (MOST_TILES + 1)))


def test_a_frame_a_tile_with_its_own_pixels_and_time() -> None:
    sheet = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    tiles = [Tile("s.jpg", x, y, 3, 2) for y in (0, 2) for x in (0, 3)]
    frames = sprite_frames(sheet, tiles, 19.24)
    assert [frame.time for frame in frames] == [0.0, 4.81, 9.62, 14.43]
    for frame, tile in zip(frames, tiles, strict=True):
        assert np.array_equal(frame.image, sheet[tile.y : tile.y + 2, tile.x : tile.x + 3])
        assert frame.image.flags["C_CONTIGUOUS"]


def test_tiles_outside_of_a_cut_sheet_are_left_out_and_the_others_keep_their_times() -> None:
    sheet = np.zeros((2, 6, 3), np.uint8)
    tiles = [Tile("s.jpg", x, y, 3, 2) for y in (0, 2) for x in (0, 3)]
    assert [frame.time for frame in sprite_frames(sheet, tiles, 8.0)] == [0.0, 2.0]
    with pytest.raises(MediaError):
        sprite_frames(np.zeros((1, 1, 3), np.uint8), tiles, 8.0)


@given(st.integers(min_value=1, max_value=500), st.floats(min_value=0.1, max_value=50_000))
@settings(deadline=None)
def test_times_rise_and_stay_inside(count: int, duration: float) -> None:
    times = [tile_time(i, count, duration) for i in range(count)]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] <= duration
