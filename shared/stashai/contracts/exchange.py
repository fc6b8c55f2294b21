"""What a plugin and a worker tell each other of people and of faces that were seen, as `tracking.exchange` reads and writes it."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat

MOST_FACES = 1000
"""Of one frame."""


def _base64(text: str) -> str:
    b64decode(text, validate=True)
    return text


def _floats(text: str) -> str:
    if not text or len(b64decode(text, validate=True)) % 4:
        raise ValueError("these are no 32-bit numbers")
    return text


Packed = Annotated[str, AfterValidator(_base64)]
Floats = Annotated[str, Field(max_length=65_536), AfterValidator(_floats)]
Landmarks = Annotated[str, Field(min_length=56, max_length=56), AfterValidator(_floats)]
Short = Annotated[str, Field(max_length=500)]
Key = Annotated[str, Field(min_length=1, max_length=64)]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Crop = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Whole = Annotated[int, Field(ge=-(2**62), le=2**62)]
Vectors = dict[Annotated[str, Field(max_length=100)], Floats]


class Mark(BaseModel):
    """`rows` is equal where name and references are; `vectors` counts them by model."""

    rows: Annotated[str, Field(max_length=64)]
    vectors: dict[Annotated[str, Field(max_length=100)], Whole]


class SentReference(BaseModel):
    """A reference with the kept crop (`chip`, a picture) and its vectors."""

    path: Annotated[str, Field(max_length=4096)]
    crop: Crop
    fingerprint: Annotated[str, Field(max_length=64)]
    quality: FiniteFloat
    x: FiniteFloat
    y: FiniteFloat
    width: FiniteFloat
    height: FiniteFloat
    usable: bool
    reason: Short | None
    confirmed: bool
    vectors: Vectors
    chip: Packed | None


class SentPerson(BaseModel):
    key: Key
    name: Annotated[str, Field(max_length=1000)]
    references: list[SentReference] = Field(max_length=10_000)


class SentFace(BaseModel):
    x: FiniteFloat
    y: FiniteFloat
    width: FiniteFloat
    height: FiniteFloat
    score: FiniteFloat
    roll: FiniteFloat
    quality: FiniteFloat
    details: Annotated[str, Field(max_length=10_000)] | None
    crop: Crop | None
    landmarks: Landmarks
    vectors: Vectors


class SentFrame(BaseModel):
    """`moment` is the time in whole microseconds, -1 for a still."""

    moment: Whole
    time: FiniteFloat | None
    note: Short | None
    asked: Short | None = None
    faces: list[SentFace] = Field(max_length=MOST_FACES)


class Seen(BaseModel):
    """`info` is what is noted of the medium itself, as JSON."""

    info: Annotated[str, Field(max_length=10_000_000)] | None
    frames: list[SentFrame]


class Said(BaseModel):
    """A person's word: those faces are, or are not, that person."""

    key: Key
    accepted: bool
    faces: list[Annotated[str, Field(max_length=40)]]


class Known(BaseModel):
    """What the plugin has seen of a medium, what was said of it, and the crops (pictures) that its rows name."""

    seen: Seen
    said: list[Said]
    crops: list[Packed]
