"""Who looks: the networks of this Stash's host, or a worker. Whatever asks, asks an Engine, and keeps what it answers in the same
rows."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from stashai.errors import MediaError

if TYPE_CHECKING:
    from stashai.processing.stores import Person
    from stashai.processors.stash_performers import Learned
    from stashai.stash.entities import Item
    from stashai.stash.mirror import Known

    from ..looking.reading import StashFindings

HANDED = "handed:"
"""How the mirror's facts begin that name jobs whose work a worker has."""
Seen = tuple[int, "Item", "StashFindings | MediaError"]


class Engine(Protocol):
    """`where` it runs. `primary` is the model that every face is embedded by, `detector` names what is kept of a face, `floor` is the
    lowest quality that somebody may be known by."""

    where: Literal["local", "worker"]

    @property
    def primary(self) -> str: ...
    @property
    def detector(self) -> str: ...
    @property
    def floor(self) -> float: ...

    def learn(self, performers: Sequence[Known]) -> Generator[Learned]:
        """Look at these performers' pictures; each is recorded before it is given. May be closed after any of them."""
        ...

    def look(self, job: str, item: Item, *, sprite_first: bool) -> tuple[StashFindings, bool]:
        """Who is in a scene or an image as far as this step gets, and whether that is the last word. Raises MediaError."""
        ...

    def again(self, job: str, item: Item) -> StashFindings:
        """What the kept faces of an item come to, after more people were learned."""
        ...

    def look_at(self, job: str, item: Item, moment: float) -> StashFindings | None:
        """The people in the one frame at `moment` seconds; None when this step did not get so far."""
        ...

    def images(self, job: str, images: Iterable[tuple[int, Item]]) -> Iterator[Seen]:
        """Those of these images that this step gets to."""
        ...

    def first_looks(self, items: Sequence[Item]) -> Iterator[tuple[Item, str | None]]:
        """Look once at each of these (all scenes, or all images); the fingerprint under which rows hold its faces, None for what
        cannot be looked at."""
        ...

    def vectors(self, model: str, chips: Sequence[bytes]) -> list[bytes]:
        """Kept faces as a model sees them."""
        ...

    def similar(self, person: Person, count: int) -> list[tuple[str, float, float]]:
        """(key, similarity, probability) of the people who are most like this one, the likest first."""
        ...

    def compare(self, first: Person, second: Person) -> tuple[dict[str, float], float]:
        """Each model's similarity, and the probability that both are one person."""
        ...

    @property
    def further_models(self) -> list[str]:
        """Models for second opinions that are installed there."""
        ...
