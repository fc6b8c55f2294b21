"""How much work a face is worth: the three profiles, as numbers that the analysis follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Profile(StrEnum):
    """`fast` asks one network once about what is seen at first sight; `balanced` (default) asks it about the mirrored face, too,
    and the second network where the first is undecided; `thorough` asks all that are installed, mirrored."""

    FAST = "fast"
    BALANCED = "balanced"
    THOROUGH = "thorough"

    @property
    def effort(self) -> Effort:
        return _EFFORTS[self]

    @property
    def networks(self) -> int | None:
        """How many embedders it asks at most; None is all that are installed."""
        return _NETWORKS[self]


@dataclass(frozen=True, slots=True)
class Look:
    """A found face, upright in a square crop of `side` pixels with `eyes` pixels between its eyes, maybe mirrored; without
    `smooth` made of the nearest pixels.

    Sizes matter: one and two octaves are where a detector with strides of 8, 16 and 32 is at its best; between them the
    landmarks lie 4 pixels off (of a crop of 112) instead of 1.7.
    """

    eyes: float
    side: int
    mirrored: bool = False
    smooth: bool = True


@dataclass(frozen=True, slots=True)
class Effort:
    """What a profile changes of what is kept: `mirror` averages an embedding with that of the mirrored crop, `looks` are the
    ways in which a found face is detected again, once it is upright, for better landmarks. `quick` takes a face as its first
    second look sees it, and searches for turned and for near faces only where no other one is sure. Equal `name`s mean equal
    work."""

    name: str
    mirror: bool
    looks: tuple[Look, ...]
    quick: bool = False


_NETWORKS = MappingProxyType({Profile.FAST: 1, Profile.BALANCED: 2, Profile.THOROUGH: None})
_MORE = (Look(80.0, 256, mirrored=True), Look(35.0, 160), Look(35.0, 160, mirrored=True))
_EFFORTS = MappingProxyType(
    {
        Profile.FAST: Effort("first sight", mirror=False, looks=(), quick=True),
        Profile.BALANCED: Effort("mirrored", mirror=True, looks=_MORE),
        Profile.THOROUGH: Effort("mirrored", mirror=True, looks=_MORE),
    }
)
