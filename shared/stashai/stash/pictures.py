"""Performers' pictures in Stash: given with provenance, and taken back while they are still ours."""

from __future__ import annotations

from hashlib import blake2b

from ..processing.stores import CropStore, WriteRow, WriteRows
from .gateway import Gateway

IMAGE = "image"


class Pictures:
    """`replaced` keeps the pictures that were there before, as files."""

    def __init__(self, gateway: Gateway, rows: WriteRows, replaced: CropStore) -> None:
        self._gateway, self._rows, self._replaced = gateway, rows, replaced

    def give(self, run: str, performer_id: str, image: bytes, why: str) -> None:
        """The row says by its hash which picture was given, and under which key the one before is kept."""
        there = self._there(performer_id)
        before = self._replaced.put(there) if there else None
        ids = self._rows.plan(run, None, [("performer", performer_id, IMAGE, _digest(image), before, why, None)])
        self._gateway.set_performer_image(performer_id, image)
        self._rows.mark(ids, "written")

    def take_back(self, row: WriteRow, *, preview: bool = False) -> bool:
        """Whether the one before (or none) is there again; False when another was set since. `preview` changes nothing."""
        there = self._there(row.entity_id)
        before = self._replaced.get(row.before) if row.before else None
        if there is None or _digest(there) != row.value or (row.before and before is None):
            return False
        if not preview:
            self._gateway.set_performer_image(row.entity_id, before)
            self._rows.mark([row.id], "undone")
            self._replaced.delete([row.before] if row.before else [])
        return True

    def drop(self, performer_id: str) -> None:
        """What is kept of this performer."""
        rows = self._rows.of_entity("performer", performer_id)
        self._replaced.delete([row.before for row in rows if row.field == IMAGE and row.before])

    def wipe(self) -> None:
        self._replaced.wipe()

    def _there(self, performer_id: str) -> bytes | None:
        performer = self._gateway.performer(performer_id)
        return self._gateway.fetch(performer.image) if performer and performer.image else None


def _digest(image: bytes) -> str:
    return blake2b(image, digest_size=16).hexdigest()
