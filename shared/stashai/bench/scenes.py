"""Scenes with known truth: who is named rightly, who is missed, whether the time codes are right, how many frames it took.

DIR is laid out as `people/<name>/<photograph>`, `scenes/*.mp4`, `truth.json` (seconds, and of each cast member whether they
are enrolled and the spans in which they are on screen).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..contracts.findings import Findings
from ..errors import UsageError
from ..settings import Settings
from ..text import original
from ..vision.catalog import Catalog
from ..vision.engine import VisionEngine
from ..vision.profile import Profile
from .outcome import Line, Outcome, at_least
from .pipeline import pipeline

EDGE = 0.1
"""Seconds by which a time code may lie outside of a span: a shot's last frame is still that shot's."""


@dataclass(slots=True)
class Tally:
    """Counts over all scenes; a person is counted once a scene."""

    right: int = 0
    wrong: int = 0
    cast: int = 0
    codes: int = 0
    codes_inside: int = 0
    frames: int = 0
    loop_frames: int = 0

    def add(self, truth: Mapping[str, Any], findings: Findings | None) -> None:
        enrolled = {name: member["spans"] for name, member in truth["cast"].items() if member["enrolled"]}
        self.cast += len(enrolled)
        self.loop_frames += math.ceil(truth["seconds"])
        for person in findings.people if findings else ():
            spans = enrolled.get(original(person.name))
            self.right += spans is not None
            self.wrong += spans is None
            times = [face.time for face in person.faces if face.time is not None] if spans else []
            self.codes += len(times)
            self.codes_inside += sum(inside(time, spans or ()) for time in times)
        self.frames += findings.decoded if findings else 0


def inside(time: float, spans: Iterable[Sequence[float]]) -> bool:
    return any(start - EDGE <= time <= end + EDGE for start, end in spans)


def measure(settings: Settings, folder: Path, profile: Profile = Profile.BALANCED, frames: str = "auto") -> Outcome:
    """Enrol the folder's people in rows of their own and identify its scenes."""
    truth_file = folder / "truth.json"
    if not truth_file.is_file():
        raise UsageError(f"{folder} holds no truth.json.", remedy="Give a folder made by make_scenes.py.")
    scenes: dict[str, Any] = json.loads(truth_file.read_text(encoding="utf-8"))["scenes"]
    paths = [folder / "scenes" / name for name in sorted(scenes)]
    vision = VisionEngine(settings, Catalog.load(), profile)
    vision.warm()
    with pipeline(settings, vision) as run:
        run.enroll(folder / "people")
        found, seconds = run.identify(paths, frames=frames)
    tally = Tally()
    for path in paths:
        tally.add(scenes[path.name], found.get(str(path.absolute())))
    return outcome(tally, len(paths), seconds, f"./stashai bench scenes {folder} --profile {profile.value} --frames {frames}")


def outcome(tally: Tally, count: int, seconds: float, command: str) -> Outcome:
    precision = tally.right / max(1, tally.right + tally.wrong)
    recall = tally.right / max(1, tally.cast)
    codes = tally.codes_inside / max(1, tally.codes)
    share = tally.frames / max(1, tally.loop_frames)
    lines = [
        at_least("names shown right, per person and scene (precision)", precision, 0.99),
        at_least("enrolled cast found (recall)", recall, 0.97),
        at_least("time codes within the true spans", codes, 0.97),
        Line("frames decoded, of a loop's frame a second", f"{share:.0%} ({tally.frames})", "< 100%", share < 1),
        Line("pace", f"{count / seconds:.2f} scenes/s"),
    ]
    data = {
        "scenes": count, "precision": precision, "recall": recall, "time_codes": codes, "right": tally.right, "wrong": tally.wrong,
        "cast": tally.cast, "frames": tally.frames, "loop_frames": tally.loop_frames, "seconds": seconds,
    }
    return Outcome("scenes", command, lines, data, f"{count} scenes, {tally.cast} appearances of enrolled people")
