"""Stash's sprite sheets: small pictures spread over a scene's length that were decoded long ago.

A sheet goes with a WebVTT file that says where each tile lies. Sheets of many layouts live side by side, so the layout is
always what the file says; its times are wrong on short clips, so a tile's time is always its place in the row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..errors import MediaError
from .frames import Frame, Pixels

MOST_TILES = 2_000
_STAMP = r"(?:\d{2,}:)?[0-5]\d:[0-5]\d\.\d{3}"
_TIMES = re.compile(rf"{_STAMP}[ \t]+-->[ \t]+{_STAMP}(?:[ \t].*)?")
_PLACE = re.compile(r"(?P<file>[^#]+)#xywh=(?:pixel:)?(?P<x>\d{1,6}),(?P<y>\d{1,6}),(?P<w>\d{1,6}),(?P<h>\d{1,6})")


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of a sheet, in pixels of the sheet. `file` is the sheet's name as the cue has it."""

    file: str
    x: int
    y: int
    width: int
    height: int


def parse_tiles(cues: str) -> list[Tile]:
    """The tiles of a WebVTT file in the order of its cues.

    Strict: a file that is no WebVTT, a cue without a place, a tile without an area or more than 2,000 of them raise MediaError
    (`bad-sprite`), for half a sheet's times would all be wrong. Notes, styles and regions are passed over as the format wants.
    """
    lines = cues.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        raise _bad("it does not begin with WEBVTT")
    tiles: list[Tile] = []
    for block in _blocks(lines[1:]):
        if re.match(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)", block[0]) and not any("-->" in line for line in block):
            continue
        tiles.append(_tile(block))
        if len(tiles) > MOST_TILES:
            raise _bad(f"it has more than {MOST_TILES} tiles")
    return tiles


def _blocks(lines: list[str]) -> list[list[str]]:
    """The runs of lines between empty ones."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line:
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _tile(block: list[str]) -> Tile:
    # A cue may have a name in a line before its times.
    times = 0 if "-->" in block[0] else 1
    if len(block) != times + 2 or not _TIMES.fullmatch(block[times]):
        raise _bad(f"{block[0][:60]!r} is no cue")
    place = _PLACE.fullmatch(block[times + 1].strip())
    if place is None:
        raise _bad(f"{block[times + 1][:60]!r} is no place on a sheet")
    x, y, width, height = (int(place[name]) for name in "xywh")
    if not width or not height:
        raise _bad("a tile has no area")
    return Tile(place["file"], x, y, width, height)


def sprite_frames(sheet: Pixels, tiles: list[Tile], duration: float) -> list[Frame]:
    """A frame for each tile of `sheet` ((H, W, 3) uint8 RGB): tile i of N shows the moment i × duration / N, in seconds.

    Tiles that do not lie on the sheet (one that was cut short) are left out. Raises MediaError when none is left.
    """
    height, width = sheet.shape[:2]
    frames = [
        Frame(_cut(sheet, tile), time=tile_time(i, len(tiles), duration))
        for i, tile in enumerate(tiles)
        if tile.x + tile.width <= width and tile.y + tile.height <= height
    ]
    if not frames:
        raise _bad("none of its tiles lies on the sheet")
    return frames


def _cut(sheet: Pixels, tile: Tile) -> Pixels:
    return np.ascontiguousarray(sheet[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width])


def tile_time(index: int, count: int, duration: float) -> float:
    """Seconds, to the millisecond."""
    return round(index * duration / count, 3)


def _bad(why: str) -> MediaError:
    return MediaError(f"The sprite sheet cannot be used: {why}.", code="bad-sprite", remedy="Generate the sprites of this scene again.")
