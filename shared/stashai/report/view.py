"""What the page shows, worked out of the findings: the template only lays it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from statistics import median

from ..contracts.findings import Findings, Problem, SeenFace, SeenPerson, UnknownPerson

Picture = Callable[[str | None], str | None]
"""From a crop's key to the data URI of a small picture; None where no crop was kept."""


THIN = "\u00a0"
"""A space at which no line is broken."""


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One medium as it came out: `path` as the file system calls it, findings of one that ran, the problem of one that did not."""

    path: str
    findings: Findings | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a timeline in per cent of the duration, and how a person would say it."""

    left: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody in an item. `name` is None for an unknown one; `percent` the probability as text, `fill` as 0 to 100."""

    name: str | None
    percent: str | None
    fill: float
    crop: str | None
    reference: str | None
    seen: str
    others: Sequence[tuple[str, str]]
    marks: Sequence[Mark]
    faces: Sequence[SeenFace]
    note: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """One item of the page."""

    anchor: str
    name: str
    folder: str
    facts: str
    status: str
    problems: Sequence[Problem]
    known: Sequence[Row]
    unknown: Sequence[Row]
    ruler: Sequence[Mark]
    quiet: str | None


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person in the overview, and the items that they were found in."""

    name: str
    crop: str | None
    percent: str
    where: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody not known in the overview: `number` of that item, as `stashai confirm --unknown` counts."""

    crop: str | None
    anchor: str
    item: str
    number: int


@dataclass(frozen=True, slots=True)
class Page:
    cards: Sequence[Card]
    portraits: Sequence[Portrait]
    strangers: Sequence[Stranger]
    people: int
    unknown: int
    failed: int
    flagged: int
    models: Sequence[str]
    enrolled: int


def page(items: Iterable[ReportItem], picture: Picture) -> Page:
    """The whole page out of `items`, in their order."""
    listed = list(items)
    cards = [card(f"item-{number}", item, picture) for number, item in enumerate(listed, 1)]
    found = [item.findings for item in listed if item.findings]
    portraits = overview(listed, picture)
    return Page(
        cards=cards,
        portraits=portraits,
        strangers=[Stranger(row.crop, card.anchor, card.name, number) for card in cards for number, row in enumerate(card.unknown, 1)],
        people=len(portraits),
        unknown=sum(len(findings.unknown) for findings in found),
        failed=sum(1 for item in listed if item.findings is None),
        flagged=sum(1 for findings in found if findings.status == "flagged"),
        models=sorted({model for findings in found for model in findings.models}),
        enrolled=max((findings.enrolled for findings in found), default=0),
    )


def overview(items: Sequence[ReportItem], picture: Picture) -> list[Portrait]:
    """Everybody who was found, the one in most items first, each with the best evidence there is."""
    seen: dict[int, list[tuple[int, ReportItem, SeenPerson]]] = {}
    for number, item in enumerate(items, 1):
        for person in item.findings.people if item.findings else ():
            seen.setdefault(person.person_id, []).append((number, item, person))
    portraits = []
    for places in sorted(seen.values(), key=lambda places: (-len(places), places[0][2].name)):
        sure = max(person.probability for _, _, person in places)
        # the clearest picture among those that are about as certain as the most certain one
        best = max((p for _, _, p in places if p.probability > sure - 0.05), key=lambda p: max(face.quality for face in p.faces))
        where = [(f"item-{number}", readable(PurePath(item.path).name)) for number, item, _ in places]
        portraits.append(Portrait(readable(best.name), picture(best.best_crop), percent(sure), where))
    return portraits


def card(anchor: str, item: ReportItem, picture: Picture) -> Card:
    path, findings = PurePath(item.path), item.findings
    if findings is None:
        problems = [item.problem] if item.problem else []
        return Card(anchor, readable(path.name), readable(str(path.parent)), "", "failed", problems, [], [], [], None)
    step = sampling_step(findings)
    known = [known_row(person, findings, step, picture) for person in findings.people]
    unknown = [unknown_row(person, findings, step, picture) for person in findings.unknown]
    quiet = None if known or unknown else nobody(findings)
    return Card(
        anchor, readable(path.name), readable(str(path.parent)), facts(findings), findings.status, findings.flags, known, unknown,
        ruler(findings.duration), quiet,
    )


def known_row(person: SeenPerson, findings: Findings, step: float, picture: Picture) -> Row:
    others = [(readable(c.name), percent(c.probability)) for c in person.candidates if c.person_id != person.person_id][:2]
    return Row(
        readable(person.name), percent(person.probability), 100 * person.probability, picture(person.best_crop),
        picture(person.reference_crop), sightings(person.faces, person.best_time), others, marks(person.faces, findings.duration, step),
        person.faces, person.note,
    )


def unknown_row(person: UnknownPerson, findings: Findings, step: float, picture: Picture) -> Row:
    others = [(readable(c.name), percent(c.probability)) for c in person.candidates][:2]
    crop = person.best_crop or next((face.crop for face in person.faces if face.crop), None)
    return Row(
        None, None, 0.0, picture(crop), None, sightings(person.faces, None), others, marks(person.faces, findings.duration, step),
        person.faces, None,
    )


def readable(text: str) -> str:
    """`text` without lone surrogates (undecodable bytes of a name), which no page can hold, nor control characters."""
    encodable = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in encodable)


def percent(probability: float) -> str:
    """As people say it, without claiming certainty: 97 %, 99.6 %, > 99.9 %, < 1 %."""
    if probability > 0.999:
        return f">{THIN}99.9{THIN}%"
    if probability >= 0.99:
        return f"{probability * 100:.1f}{THIN}%"
    return f"{probability * 100:.0f}{THIN}%" if probability >= 0.01 else f"<{THIN}1{THIN}%"


def clock(seconds: float) -> str:
    """A time code: 0:07, 12:30, 1:02:03."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def facts(findings: Findings) -> str:
    size = f"{findings.width} × {findings.height}" if findings.width and findings.height else ""
    length = clock(findings.duration) if findings.duration is not None else ""
    frames = f"{findings.frames} frames looked at" if findings.duration is not None else ""
    return " · ".join(part for part in (size, length, frames) if part)


def nobody(findings: Findings) -> str:
    if findings.too_weak:
        faces = "1 face was" if findings.too_weak == 1 else f"{findings.too_weak} faces were"
        return f"{faces} too small, blurred or turned away to say anything."
    return "No face was found."


def sightings(faces: Sequence[SeenFace], best_time: float | None) -> str:
    """ "in 12 frames, best at 0:07", or nothing for a still."""
    timed = [face for face in faces if face.time is not None]
    if not timed:
        return ""
    frames = len({face.time for face in timed})
    best = best_time if best_time is not None else max(timed, key=lambda face: face.quality).time
    where = f"best at {clock(best)}" if best is not None and frames > 1 else f"at {clock(timed[0].time or 0.0)}"
    return f"{frames} frame{'s' if frames > 1 else ''}, {where}"


def sampling_step(findings: Findings) -> float:
    """Seconds between two frames that were looked at, as far as the faces tell; 1 when they do not."""
    faces = [face for person in findings.people for face in person.faces] + [face for person in findings.unknown for face in person.faces]
    gaps = [after - before for before, after in pairwise(sorted({face.time for face in faces if face.time is not None}))]
    return median(gaps) if gaps else 1.0


def spans(times: Sequence[float], step: float) -> list[tuple[float, float]]:
    """Times of sightings as stretches: two belong together when no more than one frame between them is missing."""
    stretches: list[tuple[float, float]] = []
    for time in sorted(times):
        if stretches and time - stretches[-1][1] <= 2.5 * step:
            stretches[-1] = (stretches[-1][0], time)
        else:
            stretches.append((time, time))
    return stretches


def marks(faces: Sequence[SeenFace], duration: float | None, step: float) -> list[Mark]:
    if not duration:
        return []
    found = []
    for start, end in spans([face.time for face in faces if face.time is not None], step):
        left = max(0.0, min(100.0, 100 * (start - step / 2) / duration))
        right = max(left + 0.6, min(100.0, 100 * (end + step / 2) / duration))
        label = clock(start) if start == end else f"{clock(start)} to {clock(end)}"
        found.append(Mark(round(left, 2), round(right - left, 2), label))
    return found


def ruler(duration: float | None) -> list[Mark]:
    """Five time codes under the lanes."""
    if not duration:
        return []
    return [Mark(25.0 * quarter, 0.0, clock(duration * quarter / 4)) for quarter in range(5)]
