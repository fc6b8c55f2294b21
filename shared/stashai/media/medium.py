"""A picture or a clip, wherever its bytes come from: opened only when there is something to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frames import Frame
    from .video import VideoReader


@dataclass(frozen=True, slots=True)
class Medium:
    """Something to look into: one of `still` (reads the frames of a picture or an animation) and `video` (opens it)."""

    fingerprint: str
    still: Callable[[], list[Frame]] | None = None
    video: Callable[[], VideoReader] | None = None
