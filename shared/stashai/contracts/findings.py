"""What one identified item holds: the same object in the rows, in `identify --json` and behind the API."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from .common import Probability


class SeenFace(BaseModel):
    """`bbox` is [x, y, width, height] in upright displayed pixels, `time` in seconds (None for a still), `quality` 0 to 1,
    `crop` the key of the kept crop (None when none was kept), `observation` the row's id, `landmarks` [x, y] of eyes, nose and
    corners of the mouth, the picture's left ones first, in the same pixels (None where a service elsewhere told none)."""

    time: float | None
    bbox: tuple[int, int, int, int]
    quality: float
    crop: str | None = None
    observation: int | None = None
    landmarks: list[tuple[float, float]] | None = None


class NameCandidate(BaseModel):
    name: str
    probability: Probability
    person_id: int


class SeenPerson(BaseModel):
    """Somebody known who is in the item; `reference_crop` is the key of the enrolled face that matched best, `similarities` are
    cosines with what is known of the person, by family of the networks that were asked."""

    person_id: int
    name: str
    probability: Probability
    best_time: float | None
    best_crop: str | None = None
    reference_crop: str | None = None
    faces: list[SeenFace]
    candidates: list[NameCandidate]
    note: str | None = None
    similarities: dict[str, float] = {}


class UnknownPerson(BaseModel):
    """Somebody whom none of the enrolled people's faces explains well enough."""

    faces: list[SeenFace]
    candidates: list[NameCandidate]
    best_crop: str | None = None


class Problem(BaseModel):
    code: str
    message: str


class Findings(BaseModel):
    """One identified picture, clip or scene. `flags` are what the user should know of it (a cut-off file, HDR tone-mapped).

    `width`, `height` are displayed pixels, `duration` seconds (None for a still). `frames` counts the frames that the answer
    rests on, `decoded` those that were decoded for it just now (0: all of it came from rows). `seconds` is the time by stage.
    """

    status: Literal["done", "flagged"] = "done"
    people: list[SeenPerson] = []
    unknown: list[UnknownPerson] = []
    flags: list[Problem] = []
    too_weak: int = 0
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    frames: int = 0
    decoded: int = 0
    enrolled: int = 0
    models: list[str] = []
    seconds: dict[str, float] = {}
