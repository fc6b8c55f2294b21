"""The same photographs lying on their side and upside down: their faces are to be found and named all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..matching.calibration import Calibration
from ..settings import Settings
from .curves import named_rates
from .openset import Answers, answers
from .outcome import Line, Outcome, at_least, at_most
from .photos import Change, observe, subjects

FOUND, STRANGERS = 0.90, 0.007
QUARTERS = (1, 2, 3)


def measure(settings: Settings, known: Path, strangers: Path, count: int | None = None) -> Outcome:
    """Everybody enrolled upright with the first photograph; the other ones and the strangers (`count` of each at most, all
    when None) turned by 90, 180 and 270 degrees."""
    people = [subject for subject in subjects(known) if len(subject.photographs) > 1]
    others = subjects(strangers)[:count]
    upright = observe(settings, [subject.photographs[0] for subject in people])
    paths = [path for subject in people for path in subject.photographs[1:]][:count]
    wanted = set(paths)
    calibration = Calibration.load()
    parts, lines, data = [], list[Line](), dict[str, Any]()
    for turn in QUARTERS:
        seen = observe(settings, [*paths, *(path for subject in others for path in subject.photographs)], change=_turned(turn))
        probed = [type(one)(one.name, (one.photographs[0], *(p for p in one.photographs[1:] if p in wanted))) for one in people]
        part = answers(probed, others, upright, calibration, probes=seen)
        rates = named_rates(part.probability, part.right, part.known, calibration.threshold)
        lines.append(Line(f"turned by {turn * 90}°: found, strangers named", f"{rates.found:.2%}, {rates.strangers:.2%}"))
        data[str(turn * 90)] = {"found": rates.found, "strangers_named": rates.strangers, "right": rates.right}
        parts.append(part)
    whole = Answers.joined(parts)
    rates = named_rates(whole.probability, whole.right, whole.known, calibration.threshold)
    lines[:0] = [
        at_least("turned: enrolled people's faces that are found", rates.found, FOUND, "{:.2%}"),
        at_most("turned: strangers who are named", rates.strangers, STRANGERS, "{:.2%}"),
    ]
    data |= {"found": rates.found, "strangers_named": rates.strangers, "right": rates.right, "probes": len(whole.probability)}
    command = f"./stashai bench turned --known {known} --strangers {strangers}" + (f" --count {count}" if count else "")
    return Outcome("turned", command, lines, data, f"{len(people)} enrolled upright, {len(whole.probability)} turned photographs")


def _turned(quarters: int) -> Change:
    """Anticlockwise."""
    return Change(str(quarters), lambda _, image: np.rot90(image, quarters))
