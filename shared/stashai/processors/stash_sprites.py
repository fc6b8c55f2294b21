"""Stash's sprite sheets as frames: small pictures spread over a scene's length that were decoded long ago."""

from __future__ import annotations

import re

import numpy as np

from ..errors import MediaError
from ..media.frames import Frame
from ..media.images import read_image

_TILE = re.compile(r"#xywh=(\d+),(\d+),(\d+),(\d+)")
MOST_TILES = 2_000


def tiles_of(cues: str) -> list[tuple[int, int, int, int]]:
    """(x, y, width, height) of each cue in order. The layout is what the cues say: sheets of many shapes live side by side."""
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in _TILE.findall(cues)[:MOST_TILES]]


def sprite_frames(sheet: bytes, cues: str, duration: float) -> list[Frame]:
    """A frame a tile. Tile i of N shows the moment i × duration / N: the cues' own times are wrong on short clips.

    Tiles outside of the sheet (a sheet cut short) are left out. Raises MediaError when nothing is left.
    """
    image = read_image(sheet)[0].image
    height, width = image.shape[:2]
    tiles = tiles_of(cues)
    frames = [
        Frame(np.ascontiguousarray(image[y : y + h, x : x + w]), time=round(index * duration / len(tiles), 3))
        for index, (x, y, w, h) in enumerate(tiles)
        if w > 0 and h > 0 and x + w <= width and y + h <= height
    ]
    if not frames:
        raise MediaError("The sprite sheet holds no tiles.", code="bad-sprite")
    return frames
