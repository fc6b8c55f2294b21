"""How far a look at a video is, while it is taken: a whole film may be one look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.integration.media import clips

from stashai.media.frames import Frame
from stashai.media.medium import Medium
from stashai.media.sampling import Mode
from stashai.media.video import VideoReader
from stashai.processing.context import Context
from stashai.processors.evidence import Evidence


class Blind:
    """An engine that finds nobody."""

    detector_id = "blind"

    def map(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, list[Any]]]:
        return ((frame, []) for frame in frames)


class Forgetful:
    """Rows of a new data folder; what is kept stays with Evidence."""

    def frames(self, *_: object) -> list[Any]:
        return []

    def ignore(self, *_: object) -> None:
        return None

    media = save = note_media = ignore


@pytest.mark.parametrize(("mode", "looks"), [("dense", [8]), ("auto", [4, 4])])
def test_each_look_is_told_frame_by_frame(tmp_path: Path, mode: Mode, looks: list[int]) -> None:
    seen: list[float] = []
    context = SimpleNamespace(
        vision=Blind(), stores=SimpleNamespace(observations=Forgetful()), check=lambda: None,
        control=SimpleNamespace(advanced=lambda: None),
    )  # fmt: skip
    medium = Medium("print", video=partial(VideoReader, clips.write(tmp_path / "clip.mp4")))
    taken = list(Evidence(medium, mode, cast(Context, context), told=seen.append).looks())
    assert len(taken) == len(looks)
    assert seen == [number / count for count in looks for number in range(1, count + 1)]
