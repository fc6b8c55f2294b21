"""Which commands there are. A new one is one line here: its name, where its click command lies, what the help says of it.

The line is all that `--help` reads; the module is imported when the command is called.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """`target` is "module:attribute", resolved when the command runs; `section` groups the help."""

    target: str
    summary: str
    section: str


RECOGNISE, PEOPLE, UPKEEP, SERVE, DEVELOP = "Recognise", "People", "Upkeep", "Serve", "Develop"

COMMANDS: dict[str, Entry] = {
    "identify": Entry("stashai.cli.identify:identify", "Say who is in pictures, clips and folders.", RECOGNISE),
    "compare": Entry("stashai.cli.compare:compare", "Say whether two pictures show the same person.", RECOGNISE),
    "demo": Entry("stashai.cli.demo:demo", "Show it all with public portraits, no files of your own needed.", RECOGNISE),
    "enroll": Entry("stashai.cli.enroll:enroll", "Learn people from a folder: DIR/<name>/<photographs>.", PEOPLE),
    "people": Entry("stashai.cli.people:people", "List, show, rename, merge or forget the people who are known.", PEOPLE),
    "confirm": Entry("stashai.cli.decide:confirm", "Say that a shown name is right: it is learned from at once.", PEOPLE),
    "reject": Entry("stashai.cli.decide:reject", "Say that a shown name is wrong: it is not proposed there again.", PEOPLE),
    "models": Entry("stashai.cli.models:models", "List, fetch or verify the networks.", UPKEEP),
    "jobs": Entry("stashai.cli.jobs:jobs", "List, show, cancel or retry past and running work.", UPKEEP),
    "services": Entry("stashai.cli.services:services", "List services, your own files too, or run one.", UPKEEP),
    "clean": Entry("stashai.cli.clean:clean", "Remove old jobs and what nothing refers to any more.", UPKEEP),
    "doctor": Entry("stashai.cli.doctor:doctor", "What works here, what is missing, the remedy, the disk used.", UPKEEP),
    "worker": Entry("stashai.cli.worker:worker", "Serve over HTTP, for heavy scans and other machines.", SERVE),
    "build-plugin": Entry("stashai.cli.worker:build_plugin", "Make the Stash plugin's zip and index.", DEVELOP),
    "bench": Entry("stashai.bench.run:bench", "Measure quality, speed and memory.", DEVELOP),
    "test": Entry("stashai.cli.test:test", "Run every check and test of the checkout.", DEVELOP),
}
