"""Stash's performers brought up to date, one request at a time: a click gets through a library of any size in steps of its own,
and whoever comes next goes on where it stopped. Standard library alone, so that it works where a worker looks at the pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from ..processing.stores import Stores
from ..stash.client import StashClient
from ..stash.entities import Performer
from ..stash.mirror import EXPECTED, Known, Mirror
from .stash_performers import forget_rows

CURSOR = "performers-cursor"
UNDER_WAY = "performers-sync"
SYNCED = "synced"
MANY = 40
"""Changed performers from which on the order of all is worth asking for."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a pass is. `since` is empty in the first one, `newest` the last change that Stash knew of when the pass began: what
    changes meanwhile is the next one's. `stage` is one of: favourites, changed, order, gone (`gone` are those still to be dropped)."""

    stage: str
    since: str
    newest: str
    page: int = 1
    seen: int = 0
    gone: Sequence[str] = ()


class Sync:
    """A pass over what changed since the last one (with a second of overlap), that drops who is gone."""

    def __init__(self, gateway: StashClient, mirror: Mirror, stores: Stores) -> None:
        self._gateway, self._mirror, self._stores = gateway, mirror, stores

    @property
    def is_under_way(self) -> bool:
        return self._mirror.fact(UNDER_WAY) is not None

    def step(self, now: float) -> bool:
        """One request's worth; whether there is more. A first pass begins with the favourites, then come those with most scenes."""
        kept = self._mirror.fact(UNDER_WAY)
        place = Place(**json.loads(kept)) if kept else self._begin()
        stages = {"order": self._order, "gone": self._drop}
        following = stages.get(place.stage, self._page)(place)
        if following is not None:
            self._mirror.note(UNDER_WAY, json.dumps(asdict(following)))
            return True
        for key, value in ((CURSOR, place.newest or None), (SYNCED, str(now)), (EXPECTED, None), (UNDER_WAY, None)):
            self._mirror.note(key, value)
        return False

    def _begin(self) -> Place:
        since = self._mirror.fact(CURSOR) or ""
        count, newest = self._gateway.performers_now()
        if not since:
            self._mirror.note(EXPECTED, str(count))
        return Place("changed" if since else "favourites", since, newest)

    def _page(self, place: Place) -> Place | None:
        favourites = place.stage == "favourites"
        since = _a_second_before(place.since) if place.since else None
        count, found = self._gateway.performer_page(place.page, since=since, favourites=favourites)
        self._mirror.update([_known(performer) for performer in found])
        if not place.since:
            self._mirror.rank([performer.id for performer in found], place.seen)
        seen = place.seen + len(found)
        if found and seen < count:
            return replace(place, page=place.page + 1, seen=seen)
        if favourites:
            return Place("changed", place.since, place.newest)
        few = place.since and seen <= MANY
        return None if few and self._gateway.performer_count() == self._mirror.count() else replace(place, stage="order")

    def _order(self, place: Place) -> Place | None:
        """Ids alone, so that all come at once: whom a page's edge hid comes, and who is gone is to go."""
        ids = self._gateway.performer_order()
        hidden = map(self._gateway.performer, self._mirror.lacking(ids))
        self._mirror.update([_known(performer) for performer in hidden if performer is not None])
        self._mirror.rank(ids)
        gone = self._mirror.missing(ids)
        return replace(place, stage="gone", gone=gone) if gone else None

    def _drop(self, place: Place) -> Place | None:
        """One of them: all that was ever found is searched for a person who goes, and thousands may."""
        performer, *rest = place.gone
        forget_rows(performer, self._stores)
        self._mirror.drop(performer)
        return replace(place, gone=rest) if rest else None


def sync(gateway: StashClient, mirror: Mirror, stores: Stores, now: float, check: Callable[[], None]) -> None:
    """A whole pass. `check` raises when the work is to stop; what was done stays."""
    steps = Sync(gateway, mirror, stores)
    while steps.step(now):
        check()


def _a_second_before(stamp: str) -> str:
    moment = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    return (moment.replace(microsecond=0) - timedelta(seconds=1)).isoformat()


def _known(performer: Performer) -> Known:
    return Known(
        performer.id, performer.name, performer.disambiguation, performer.favorite, performer.ignore_auto_tag, performer.image,
        performer.updated_at, "", "",
    )  # fmt: skip
