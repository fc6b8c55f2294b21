"""Clips made of still pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from PIL import Image

SIDE = 480
RATE = 4


def clip(target: Path, faces: Sequence[tuple[Path, int]]) -> Path:
    """Each picture for so many frames, RATE a second; every frame is a keyframe."""
    with av.open(str(target), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.gop_size = SIDE, SIDE, 1
        for path, count in faces:
            image = Image.open(path).convert("RGB")
            image.thumbnail((SIDE, SIDE))
            frame = Image.new("RGB", (SIDE, SIDE), (90, 90, 90))
            frame.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2))
            for _ in range(count):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return target


def seconds(faces: Sequence[tuple[Path, int]]) -> float:
    return sum(count for _, count in faces) / RATE
