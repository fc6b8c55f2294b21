"""What was found in an item, as rows hold it: read and written with the standard library alone, wherever it was computed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

CLICK, LIBRARY = "stash.identify", "stash.library"
"""The processors whose items hold findings; other services' items about the same scenes and images hold other answers."""

if TYPE_CHECKING:
    from stashai.contracts.findings import Findings, NameCandidate, SeenFace, SeenPerson, UnknownPerson

    class StashFindings(Findings):
        """`fingerprint` is that of the medium that was looked at, `source` what kind of look it was (sprite, keyframes, image,
        frame)."""

        fingerprint: str = ""
        source: str = ""
else:
    StashFindings = SimpleNamespace


def read_findings(text: str) -> StashFindings:
    found: StashFindings = json.loads(text, object_hook=lambda values: SimpleNamespace(**values))
    return found


def findings_of(values: dict[str, Any], fingerprint: str, source: str) -> StashFindings:
    """From a result's own values, whoever computed them."""
    return read_findings(json.dumps({**values, "fingerprint": fingerprint, "source": source}))


def findings_text(findings: StashFindings) -> str:
    """Without spaces: rows are searched for a person's id by text."""
    return json.dumps(findings, default=vars, separators=(",", ":"))


def stranger(faces: Sequence[SeenFace], candidates: Sequence[NameCandidate], best_crop: str | None) -> UnknownPerson:
    found: Any = SimpleNamespace(faces=list(faces), candidates=list(candidates), best_crop=best_crop)
    unknown: UnknownPerson = found
    return unknown


def as_stranger(person: SeenPerson) -> UnknownPerson:
    """Somebody whose name is not shown."""
    return stranger(person.faces, person.candidates, person.best_crop)
