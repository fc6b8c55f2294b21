"""Enrolling a people folder: what is new is learned, what is odd is told, and when nothing changed there is no job at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from ..errors import UsageError
from ..processing.stores import Person, Reference
from ..processors.enroll import EnrolledPicture, EnrollFolder, EnrollParams, FolderPlan, plan_folder
from ..settings import Settings
from ..text import original, storable
from ..tracking.records import JobRow
from ..vision.engine import VisionEngine
from .rows import Rows
from .shell import Shell
from .work import context, run_job, submit

CHECKED_ALWAYS = 500
"""Up to so many people are compared with one another at every run, more only when something was learned."""
TOLD_AT_MOST = 20
"""Pairs of people who look alike; a folder that is wrong throughout is told by the first ones."""


@dataclass(slots=True)
class Learned:
    """What became of a people folder. `job` is None when nothing had changed."""

    folder: str
    plan: FolderPlan
    job: JobRow | None = None
    enrolled: int = 0
    warnings: list[str] = field(default_factory=list)


def learn(shell: Shell, rows: Rows, folder: Path, vision: VisionEngine, *, explicit: bool) -> Learned:
    """Bring what is known of `folder` (absolute) up to date. Raises UsageError when it is no folder and never was one."""
    origin = storable(str(folder))
    if not folder.is_dir():
        return vanished(rows, folder, origin)
    plan = plan_folder(folder, context(shell, rows, vision), explicit=explicit)
    learned = Learned(origin, plan, warnings=list(remarks(plan)))
    if plan.has_work:
        params = EnrollParams(folder=origin, explicit=explicit)
        job = submit(rows, EnrollFolder, params, f"learn {folder.name}").job
        learned.job = run_job(shell, rows, job.job_id, "learning faces", vision, len(plan.new))
        for item in rows.ledger.all_items(job.job_id):
            note_item(learned, item.response_data, item.entity_filepath, item.error_message)
    references = rows.stores.people.references(origin=origin)
    people = rows.stores.people.people(origin=origin)
    learned.warnings += unusable(people, references, plan)
    if learned.job is not None or len(people) <= CHECKED_ALWAYS:
        learned.warnings += alike(people, references, vision.primary, shell.settings)
    return learned


def vanished(rows: Rows, folder: Path, origin: str) -> Learned:
    """A people folder that is gone is no reason to forget anybody."""
    if not rows.stores.people.people(origin=origin):
        raise UsageError(f"{folder} is not a folder.", remedy="It must hold one folder a person, with photographs in it.")
    return Learned(origin, FolderPlan(), warnings=[f"{folder} is gone; the people learned from it are still matched"])


def remarks(plan: FolderPlan) -> list[str]:
    """What is odd about a people folder, before anything is looked at."""
    said = ["there is nobody in the people folder: it must hold one folder a person"] if not plan.people and not plan.forgotten else []
    said += [f"{name}: no photographs in this folder" for name in plan.empty]
    if plan.loose:
        more = f" and {len(plan.loose) - 1} more" if len(plan.loose) > 1 else ""
        said.append(f"{plan.loose[0]}{more}: not in a folder named after the person, so left out")
    said += [f"{name}: the folder is gone; what was learned from it is kept (`stashai people forget` removes it)" for name in plan.vanished]
    said += [f"{name}: was forgotten; only `stashai enroll` brings it back" for name in plan.forgotten]
    return said + list(plan.unreadable)


def note_item(learned: Learned, data: str | None, path: str | None, error: str | None) -> None:
    """Count one photograph, or say why it cannot be used."""
    if data is None:
        learned.warnings.append(f"{original(path or '')}: {error}")
        return
    picture = EnrolledPicture.model_validate_json(data)
    if picture.outcome == "enrolled":
        learned.enrolled += 1
    elif picture.outcome != "forgotten":
        learned.warnings.append(f"{original(picture.picture)}: {picture.message}")


def unusable(people: Sequence[Person], references: Sequence[Reference], plan: FolderPlan) -> list[str]:
    """People of whom no photograph can be used: they cannot be found."""
    known = {reference.person_id for reference in references if reference.usable}
    faceless = {original(person.key) for person in people if person.id not in known}
    lost = [name for name in plan.people if name not in plan.empty and name in faceless]
    return [f"{name}: none of the photographs can be used, so this person cannot be found" for name in lost]


def alike(people: Sequence[Person], references: Sequence[Reference], model: str, settings: Settings) -> list[str]:
    """People of one folder who look like one person."""
    from ..matching.fitted import calibration_for
    from ..matching.gallery import Gallery
    from ..matching.lookalikes import lookalikes

    fitted = calibration_for([model], settings)
    pairs = islice(lookalikes(Gallery.build(people, references, [model], fitted), fitted), TOLD_AT_MOST)
    return [
        f"{original(pair.first.name)} and {original(pair.second.name)} look like the same person: "
        "correct the folders, or `stashai people merge` them"
        for pair in pairs
    ]
