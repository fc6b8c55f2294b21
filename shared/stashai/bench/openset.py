"""Names for faces of whom many are not enrolled: the question that a library asks.

Each known person is enrolled with their first photograph; their other ones and the strangers are the probes. All goes through
the same gallery and the same decision as `identify`; the threshold is the calibrated operating point, fixed beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..matching.calibration import Calibration
from ..matching.gallery import Gallery
from ..matching.recognizer import Recognizer
from ..processing.stores import Person, Reference
from ..settings import Settings
from ..vision.faces import Observation
from ..vision.profile import Profile
from .curves import Rates, calibration_error, curve, log_loss, named_rates, operating_point, reliability, svg
from .outcome import Line, Outcome, at_least, at_most
from .photos import Observed, Subject, observe, subjects

RIGHT, STRANGERS, FOUND = 0.994, 0.006, 0.955
ERROR, MIDDLE_ERROR = 0.02, 0.06
SIZES = (20, 200)
"""Calibration is measured with so many enrolled, too."""
REFERENCES, FEWEST = 3600, 6
"""About so many references are drawn for each size, in so many galleries at least: a gallery alone has too few undecided probes
to judge probabilities by (20 people leave about seven between .05 and .95; of 400 the error of ten bins is 5 % by chance alone)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Of each probe: the probability of its best candidate, whether that is the right person, whether anybody is."""

    probability: NDArray[np.float64]
    right: NDArray[np.bool_]
    known: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        columns = zip(*((part.probability, part.right, part.known) for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))


def measure(settings: Settings, known: Path, strangers: Path, enrolled: int | None = None, plot: Path | None = None) -> Outcome:
    """`enrolled` limits how many people are enrolled (the first by name); `plot` is where the curve is written as SVG."""
    everybody, others = [subject for subject in subjects(known) if len(subject.photographs) > 1], subjects(strangers)
    people = everybody[:enrolled]
    if not people:
        raise UsageError(f"{known} holds nobody with two photographs.", remedy="One is enrolled, the others are looked for.")
    seen = observe(settings, [path for subject in (*everybody, *others) for path in subject.photographs])
    calibration = Calibration.load()
    whole = answers(people, others, seen, calibration)
    rates = named_rates(whole.probability, whole.right, whole.known, calibration.threshold)
    line = curve(whole.probability, whole.right, whole.known)
    if plot is not None:
        fast = answers(people, others, seen, calibration, Profile.FAST)
        drawn = [("balanced", line), ("fast", curve(fast.probability, fast.right, fast.known))]
        plot.write_text(svg(drawn, rates), encoding="utf-8")
    sizes = sorted({*(size for size in SIZES if size < len(people)), len(people)})
    sized = {size: drawn_galleries(everybody, others, seen, calibration, size) for size in sizes}
    lines = [
        at_least("names shown that are right", rates.right, RIGHT, "{:.2%}"),
        at_most("strangers who are named", rates.strangers, STRANGERS, "{:.2%}"),
        at_least("enrolled people's faces that are found", rates.found, FOUND, "{:.2%}"),
        *_in_hindsight(whole),
        *(line for size, part in sized.items() for line in _calibrated(size, part)),
    ]
    data: dict[str, Any] = {
        "enrolled": len(people), "probes": int(whole.known.sum()), "strangers": int((~whole.known).sum()),
        "threshold": rates.threshold, "right": rates.right, "strangers_named": rates.strangers, "found": rates.found,
        "curve": [[one.strangers, one.found] for one in line],
        "calibration": {str(size): _calibration_data(part) for size, part in sized.items()},
    }  # fmt: skip
    command = f"./stashai bench openset --known {known} --strangers {strangers}" + (f" --enrolled {enrolled}" if enrolled else "")
    note = f"{len(people)} enrolled, {data['probes']} other photographs of them, {data['strangers']} strangers, threshold {rates.threshold}"
    return Outcome("openset", command, lines, data, note)


def answers(
    people: Sequence[Subject],
    strangers: Sequence[Subject],
    seen: Observed,
    calibration: Calibration,
    profile: Profile = Profile.BALANCED,
    probes: Observed | None = None,
) -> Answers:
    """What is said of the probes, out of `probes` where they were seen otherwise than the references. A probe without a
    usable face is somebody who is not found."""
    gallery = enrolled_with_first(people, seen, calibration)
    recognizer = Recognizer(gallery, calibration, profile)
    shown = seen if probes is None else probes
    rows: list[tuple[float, bool, bool]] = []
    for number, subject in enumerate(people):
        for path in subject.photographs[1:]:
            probability, best = _best(recognizer, shown.get(path))
            rows.append((probability, best == number, True))
    for subject in strangers:
        for path in subject.photographs:
            rows.append((_best(recognizer, shown.get(path))[0], False, False))
    table = np.array(rows, np.float64)
    return Answers(table[:, 0], table[:, 1] > 0, table[:, 2] > 0)


def enrolled_with_first(people: Sequence[Subject], seen: Observed, calibration: Calibration) -> Gallery:
    """Everybody by the first photograph that has a usable face; ids are their numbers."""
    persons = [Person(number, subject.name, "folder", subject.name) for number, subject in enumerate(people)]
    references = []
    for number, subject in enumerate(people):
        first = seen.get(subject.photographs[0])
        if first is not None:
            path = str(subject.photographs[0])
            references.append(Reference(number, "bench", path, path, first.quality, first.face.box, "", dict(first.embeddings)))
    models = list(references[0].embeddings)
    return Gallery.build(persons, references, sorted(models, key=list(calibration.models).index), calibration)


def _best(recognizer: Recognizer, face: Observation | None) -> tuple[float, int]:
    if face is None:
        return 0.0, -1
    decision = recognizer.decide([replace(face, time=None)], threshold=2.0)
    candidates = decision.unknown[0].candidates if decision.unknown else ()
    return (candidates[0].probability, candidates[0].person_id) if candidates else (0.0, -1)


def drawn_galleries(
    everybody: Sequence[Subject], strangers: Sequence[Subject], seen: Observed, calibration: Calibration, size: int
) -> Answers:
    """What is said of the probes by galleries of `size` people, who and with which photograph drawn at random."""
    rng = np.random.default_rng(size)
    parts = []
    for _ in range(max(FEWEST, REFERENCES // size)):
        chosen = [everybody[number] for number in sorted(rng.choice(len(everybody), size, replace=False))]
        shuffled = [Subject(one.name, tuple(one.photographs[k] for k in rng.permutation(len(one.photographs)))) for one in chosen]
        parts.append(answers(shuffled, strangers, seen, calibration))
    return Answers.joined(parts)


def _in_hindsight(whole: Answers) -> list[Line]:
    best: list[tuple[float, Rates]] = []
    for share in (0.01, 0.005, 0.003):
        threshold = operating_point(whole.probability, whole.known, share)
        best.append((share, named_rates(whole.probability, whole.right, whole.known, threshold)))
    return [Line(f"  found, with the best threshold in hindsight for {share:.1%} of strangers", f"{one.found:.2%}") for share, one in best]


def _middle(part: Answers) -> NDArray[np.bool_]:
    return np.asarray((part.probability >= 0.05) & (part.probability <= 0.95))


def _calibrated(size: int, part: Answers) -> list[Line]:
    middle = _middle(part)
    whole, inner = calibration_error(part.probability, part.right), calibration_error(part.probability[middle], part.right[middle])
    return [
        at_most(f"{size} enrolled: calibration error of all best candidates", whole, ERROR, "{:.2%}"),
        at_most(f"{size} enrolled: of the {int(middle.sum())} between .05 and .95", inner, MIDDLE_ERROR, "{:.2%}"),
        Line(f"{size} enrolled: log loss", f"{log_loss(part.probability, part.right):.4f}"),
    ]


def _calibration_data(part: Answers) -> dict[str, Any]:
    middle = _middle(part)
    return {
        "probes": len(part.probability),
        "ece": calibration_error(part.probability, part.right),
        "between": int(middle.sum()),
        "ece_between": calibration_error(part.probability[middle], part.right[middle]),
        "log_loss": log_loss(part.probability, part.right),
        "bins": reliability(part.probability, part.right),
    }
