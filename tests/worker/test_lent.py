"""What this worker was lent by another one goes again by itself, whatever became of that one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stashai.tracking.exchange import packed
from stashai.tracking.people import LENT
from stashai_worker.app import open_state
from stashai_worker.config import WorkerConfig
from stashai_worker.pairing import Pairing
from stashai_worker.upkeep import give_back


def test_it_is_deleted_when_nothing_was_asked_for_a_while(tmp_path: Path) -> None:
    state = open_state(WorkerConfig.from_environ({"STASHAI_DATA": str(tmp_path), "STASHAI_MODELS": str(tmp_path / "models")}))
    lent, paired = Pairing(state, "0" * 24, lent=True), Pairing(state, "1" * 24, lent=False)
    for pairing in (lent, paired):
        pairing.compare_people({"7": {"rows": "", "vectors": {}}})
        pairing.take_people([somebody()])
    assert lent.source.startswith(LENT)
    assert (lent.people_here()["people"], paired.people_here()["people"]) == (1, 1)
    give_back(state, 3600)
    assert lent.people_here()["people"] == 1
    give_back(state, -1)
    assert (lent.people_here()["people"], paired.people_here()["people"]) == (0, 1)
    state.core.close()


def somebody() -> dict[str, object]:
    vector = np.ones(128, np.float32) / np.sqrt(128, dtype=np.float32)
    reference = {
        "path": "p", "crop": "0" * 32, "fingerprint": "f", "quality": 0.9, "x": 0.0, "y": 0.0, "width": 9.0, "height": 9.0, "usable": True,
        "reason": None, "confirmed": False, "vectors": {"first": packed(vector.tobytes())}, "chip": None,
    }  # fmt: skip
    return {"key": "7", "name": "Ann", "references": [reference]}
