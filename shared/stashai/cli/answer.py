"""The answer of `identify`: out of the job's rows into the JSON object, the lines for a person, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from ..contracts.findings import Findings, NameCandidate, Problem, SeenFace, SeenPerson, UnknownPerson
from ..replacing import moved_into_place
from ..report.view import ReportItem, clock, percent
from ..text import original
from ..tracking.records import ItemRow
from .shell import Shell, printable


@dataclass(frozen=True, slots=True)
class Answer:
    """One item as it came out."""

    path: str
    findings: Findings | None
    problem: Problem | None

    @property
    def status(self) -> str:
        return self.findings.status if self.findings else "failed"


def answers(items: Iterable[ItemRow]) -> Iterator[Answer]:
    """Items in the order of the rows."""
    for item in items:
        path = original(item.entity_filepath or item.unit)
        if item.response_data is None:
            said = original(item.error_message or "It could not be run.")
            yield Answer(path, None, Problem(code=item.error_type or "error", message=said))
        else:
            findings = Findings.model_validate_json(item.response_data)
            yield Answer(path, findings, findings.flags[0] if findings.flags else None)


def as_json(answer: Answer) -> dict[str, object]:
    """One entry of `items`."""
    findings = answer.findings or Findings()
    error = {"code": answer.problem.code, "message": sentence(answer)} if answer.problem else None
    return {
        "path": answer.path,
        "status": answer.status,
        "people": [person_json(person) for person in findings.people],
        "unknown": [unknown_json(person) for person in findings.unknown],
        "error": error,
    }


def sentence(answer: Answer) -> str:
    """All that is to be said of an item."""
    if answer.findings and len(answer.findings.flags) > 1:
        return "; ".join(flag.message for flag in answer.findings.flags)
    return answer.problem.message if answer.problem else ""


def person_json(person: SeenPerson) -> dict[str, object]:
    return {
        "name": original(person.name),
        "probability": round(person.probability, 6),
        "best_time": person.best_time,
        "faces": [face_json(face) for face in person.faces],
        "candidates": candidates_json(person.candidates),
    }


def unknown_json(person: UnknownPerson) -> dict[str, object]:
    return {"faces": [face_json(face) for face in person.faces], "candidates": candidates_json(person.candidates)}


def face_json(face: SeenFace) -> dict[str, object]:
    return {"time": face.time, "bbox": list(face.bbox), "quality": face.quality}


def candidates_json(candidates: Iterable[NameCandidate]) -> list[dict[str, object]]:
    return [{"name": original(candidate.name), "probability": round(candidate.probability, 6)} for candidate in candidates]


def tell(answer: Answer, shell: Shell) -> None:
    """The lines of one item for a person."""
    shell.say(click.style(printable(answer.path), bold=True))
    if answer.problem:
        colour = "red" if answer.status == "failed" else "yellow"
        shell.say("  " + click.style(f"{answer.status}: ", fg=colour) + printable(sentence(answer)))
    findings = answer.findings
    if findings is None:
        return
    for person in findings.people:
        chance = click.style(f"{percent(person.probability):>8}", fg="green")
        unusual = f"  ({person.note})" if person.note else ""
        shell.say(f"  {chance}  {printable(original(person.name))}{when(person.faces)}{unusual}")
    for number, stranger in enumerate(findings.unknown, 1):
        which = f" {number}" if len(findings.unknown) > 1 else ""
        shell.say(f"  {'?':>8}  not known{which}{nearest(stranger)}{when(stranger.faces)}")
    if not findings.people and not findings.unknown:
        shell.say(f"  {'–':>8}  no face" if not findings.too_weak else f"  {'–':>8}  only faces too weak to say anything")


def nearest(stranger: UnknownPerson) -> str:
    """Who of the known comes nearest, and how near."""
    best = stranger.candidates[0] if stranger.candidates else None
    return printable(f" (nearest: {original(best.name)} {percent(best.probability)})") if best else ""


def when(faces: list[SeenFace]) -> str:
    """The first few times of a clip's faces."""
    times = sorted({int(face.time) for face in faces if face.time is not None})
    if not times:
        return ""
    more = " …" if len(times) > 5 else ""
    return "  at " + ", ".join(clock(time) for time in times[:5]) + more


def write_report(target: Path, found: Iterable[Answer], crop: Callable[[str], bytes | None]) -> None:
    """The HTML page, whole or not at all."""
    from ..report.render import render

    items = [ReportItem(answer.path, answer.findings, answer.problem) for answer in found]
    page = render(items, crop, datetime.now().astimezone())
    moved_into_place(target, lambda partial: partial.write_text(page, encoding="utf-8"))
