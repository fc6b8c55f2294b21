"""What StashAI adds to Stash, with provenance; and undo, which removes exactly that.

Nothing is written before a row says that it will be. A row is `planned`, then `written`, then `undone`; a kill between Stash's
commit and ours leaves it planned: undo then looks at what is there, and leaves alone what was changed since.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..processing.stores import WriteRow, WriteRows
from .connection import StashError
from .entities import EntityKind
from .gateway import Gateway
from .pictures import IMAGE, Pictures

PERFORMERS = "performer_ids"
AT_ONCE = 5.0
"""Seconds within which a planned write reaches Stash, if it does."""
CREATED = "created"


@dataclass(frozen=True, slots=True)
class Addition:
    """A performer for a scene, an image or a gallery; `why` says on what ground, in a few words."""

    kind: EntityKind
    entity_id: str
    performer_id: str
    why: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """`added` were written just now, `already` were there before."""

    added: tuple[Addition, ...]
    already: tuple[Addition, ...]


@dataclass(frozen=True, slots=True)
class Stays:
    """Why something is not undone: in English, and as a code with what the sentence names."""

    code: Literal["removed-before", "performer-used", "picture-changed", "not-created", "not-certain"]
    text: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Undone:
    """`count` of things removed (or, in a preview, that would be); `skipped` says of the others why they stay."""

    count: int
    skipped: tuple[Stays, ...]


class WriteBack:
    def __init__(self, gateway: Gateway, rows: WriteRows, pictures: Pictures | None = None) -> None:
        self._gateway, self._rows, self._pictures = gateway, rows, pictures

    def apply(self, run: str, job_id: str | None, additions: Iterable[Addition]) -> Applied:
        """Add what is not there yet. One mutation a kind and set of performers, each of at most some hundred entities."""
        unique = list({(a.kind, a.entity_id, a.performer_id): a for a in additions}.values())
        added: list[Addition] = []
        already: list[Addition] = []
        for kind in dict.fromkeys(a.kind for a in unique):
            of_kind = [a for a in unique if a.kind == kind]
            there = self._gateway.links(kind, list(dict.fromkeys(a.entity_id for a in of_kind)))
            already += [a for a in of_kind if a.performer_id in there.get(a.entity_id, ())]
            new = [a for a in of_kind if a.entity_id in there and a.performer_id not in there[a.entity_id]]
            self._add(run, job_id, kind, new, there)
            added += new
        return Applied(tuple(added), tuple(already))

    def _add(self, run: str, job_id: str | None, kind: EntityKind, new: Sequence[Addition], there: dict[str, tuple[str, ...]]) -> None:
        for entities, performers in _grouped(new):
            part = [a for a in new if a.entity_id in entities]
            ids = self._rows.plan(
                run,
                job_id,
                [
                    (kind, a.entity_id, PERFORMERS, a.performer_id, json.dumps(list(there[a.entity_id])), a.why, a.confidence)
                    for a in part
                ],
            )
            self._gateway.link(kind, sorted(entities, key=int), performers, add=True)
            self._rows.mark(ids, "written")

    def create_performer(self, run: str, job_id: str | None, name: str, image: bytes | None) -> str:
        """A new performer; undo removes it when nobody edited or used it."""
        (row,) = self._rows.plan(run, job_id, [("performer", "", CREATED, name, None, "created for a face", None)])
        try:
            performer = self._gateway.create_performer(name, image)
        except StashError as error:
            if error.code == StashError.code:  # refused, where any other may have come too late
                self._rows.mark([row], "failed")
            raise
        self._rows.written_as(row, performer)
        return performer

    def undo(self, run: str, *, preview: bool = False) -> Undone:
        """Remove what the run added and is still there; links first, then pictures, then performers that it created."""
        rows = [row for row in self._rows.of_run(run) if row.state not in ("undone", "failed")]
        links = [row for row in rows if row.field == PERFORMERS]
        count, skipped = self._undo_links(links, preview)
        for row in rows:
            if row.field == IMAGE and self._pictures is not None:
                ours = self._pictures.take_back(row, preview=preview)
                count += ours
                skipped += [] if ours else [Stays("picture-changed", "The performer's picture was changed since, so it stays.", {})]
            if row.field == CREATED:
                stays = self._undo_creation(row, links, preview)
                count += stays is None
                skipped += [stays] if stays else []
        return Undone(count, tuple(skipped))

    def _undo_creation(self, row: WriteRow, links: Sequence[WriteRow], preview: bool) -> Stays | None:
        performer = row.entity_id or self._made_for(row)
        if performer is None:
            text = f"The process ended while it created {row.value}: if there is such a performer now, that stays."
            return Stays("not-created", text, {"name": row.value})
        if not self._is_removable(performer, links, preview):
            text = f"{row.value} was edited or is used elsewhere, so the performer stays."
            return Stays("performer-used", text, {"name": row.value})
        if not preview:
            self._gateway.destroy_performer(performer)
            self._rows.mark([row.id], "undone")
        return None

    def _made_for(self, row: WriteRow) -> str | None:
        """The process ended between Stash's performer and our note of it: the one of that name which was made at that moment."""
        made = [i for i, when in self._gateway.performers_named(row.value) if -1 <= when - row.written_at <= AT_ONCE]
        return made[0] if len(made) == 1 else None

    def _undo_links(self, rows: Sequence[WriteRow], preview: bool) -> tuple[int, list[Stays]]:
        skipped: list[Stays] = []
        count = 0
        for kind in dict.fromkeys(row.entity_type for row in rows):
            of_kind = [row for row in rows if row.entity_type == kind]
            there = self._gateway.links(_kind(kind), list(dict.fromkeys(row.entity_id for row in of_kind)))
            present = [row for row in of_kind if row.value in there.get(row.entity_id, ())]
            unclear = self._unclear(_kind(kind), present)
            removable = [row for row in present if row.id not in unclear]
            skipped += _staying(kind, len(of_kind) - len(present), len(unclear))
            count += len(removable)
            if not preview:
                self._remove(_kind(kind), removable)
                self._rows.mark([row.id for row in of_kind if row.id not in unclear], "undone")
        return count, skipped

    def _unclear(self, kind: EntityKind, rows: Sequence[WriteRow]) -> set[int]:
        """Ids of rows of a write that was cut off, whose entity was changed later: the name may be one that a person added."""
        cut_off = [row for row in rows if row.state == "planned"]
        touched = self._gateway.touched(kind, [row.entity_id for row in cut_off])
        return {row.id for row in cut_off if touched.get(row.entity_id, 0.0) > row.written_at + AT_ONCE}

    def _remove(self, kind: EntityKind, rows: Sequence[WriteRow]) -> None:
        by_performer: dict[str, list[str]] = {}
        for row in rows:
            by_performer.setdefault(row.value, []).append(row.entity_id)
        for performer, entities in by_performer.items():
            self._gateway.link(kind, entities, [performer], add=False)

    def _is_removable(self, performer: str, links: Sequence[WriteRow], preview: bool) -> bool:
        if preview and any(link.value == performer for link in links):
            # Its links of this run go first: only then can Stash tell.
            return True
        return self._gateway.performer_is_unused(performer)


def _staying(kind: str, gone: int, unclear: int) -> list[Stays]:
    stays = []
    if gone:
        text = f"{gone} of the names were already removed from their {kind}s."
        stays.append(Stays("removed-before", text, {"count": gone, "type": kind}))
    if unclear:
        text = f"{unclear} of the names stay: the process ended while it added them, and their {kind}s were changed since."
        stays.append(Stays("not-certain", text, {"count": unclear, "type": kind}))
    return stays


def _grouped(additions: Sequence[Addition]) -> list[tuple[set[str], list[str]]]:
    """Entities that get the same performers together: (entity ids, performer ids)."""
    wanted: dict[str, list[str]] = {}
    for addition in additions:
        wanted.setdefault(addition.entity_id, []).append(addition.performer_id)
    groups: dict[tuple[str, ...], set[str]] = {}
    for entity, performers in wanted.items():
        groups.setdefault(tuple(sorted(performers, key=int)), set()).add(entity)
    return [(entities, list(performers)) for performers, entities in groups.items()]


def _kind(text: str) -> EntityKind:
    if text == "scene":
        return "scene"
    return "image" if text == "image" else "gallery"
