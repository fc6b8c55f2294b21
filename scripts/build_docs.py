"""Writes what is said about the code out of the code: docs/commands.md, docs/settings.md, docs/models.md and NOTICE.

    .venv/bin/python scripts/build_docs.py            write them
    .venv/bin/python scripts/build_docs.py --check    exit status 1 when one of them differs (a test does this)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

import click

from stashai.cli.commands import COMMANDS
from stashai.settings import ENVIRONMENT
from stashai.vision.catalog import Catalog, ModelEntry
from stashai_worker.config import WorkerConfig

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Made by scripts/build_docs.py out of the code: change that, then run it. -->\n\n"


def documents() -> dict[str, str]:
    """Every document by its path below the root."""
    return {
        "docs/commands.md": commands(),
        "docs/settings.md": settings(),
        "docs/models.md": models(),
        "NOTICE": notice(),
    }


def commands() -> str:
    parts = [
        f"{MADE}# Commands\n",
        "Every command but `worker`, which serves until it is stopped, takes `--json` and answers with one object on stdout; words about "
        "the work go to stderr.\n",
        "Exit status: 0 everything ran, 1 some items failed, 2 the arguments cannot be used, 3 the set-up failed, 130 interrupted.\n",
    ]
    for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
        parts.append(f"## {section}\n")
        for name, entry in COMMANDS.items():
            if entry.section == section:
                parts.extend(command_text(f"stashai {name}", load(entry.target), 3))
    return "\n".join(parts)


def load(target: str) -> click.Command:
    module, attribute = target.split(":")
    command = getattr(import_module(module), attribute)
    if not isinstance(command, click.Command):
        raise TypeError(target)
    return command


def command_text(path: str, command: click.Command, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield f"{'#' * level} `{command.get_usage(context).removeprefix('Usage: ')}`\n"
    yield f"{cleandoc(command.help or '')}\n"
    records = [parameter.get_help_record(context) for parameter in command.params if isinstance(parameter, click.Option)]
    rows = [record for record in records if record is not None]
    if rows:
        yield "| option | |\n|---|---|"
        yield "\n".join(f"| `{cell(names)}` | {cell(text)} |" for names, text in rows) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from command_text(f"{path} {name}", inner, level + 1)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def settings() -> str:
    rows = "\n".join(f"| `{name}` | {cell(text)} |" for name, text in ENVIRONMENT.items())
    served = "\n".join(f"| `{v}` | {cell(text)} | {cell(default)} |" for v, text, default in worker_variables())
    return (
        f"{MADE}# Settings\n\nAll of them are variables of the environment; none is needed.\n\n"
        f"| variable | meaning |\n|---|---|\n{rows}\n\n"
        "The launcher also reads `STASHAI_VENV`, the folder of the Python environment (default: `.venv` in the checkout), "
        "and what pip reads (`PIP_INDEX_URL`, `PIP_CERT`, `PIP_NO_INDEX`, `PIP_FIND_LINKS`, proxies).\n\n"
        "## The worker's\n\n`./stashai worker` reads those above and these.\n\n"
        f"| variable | meaning | default |\n|---|---|---|\n{served}\n"
    )


def worker_variables() -> Iterator[tuple[str, str, str]]:
    """Name, meaning and default of each of the worker's variables."""
    for item in fields(WorkerConfig):
        if "variable" in item.metadata:
            default = "" if item.default in ("", ()) else str(item.default)
            yield item.metadata["variable"], item.metadata["about"], f"`{default}`" if default else ""


def models() -> str:
    entries = Catalog.load().models.values()
    heads = "| id | what | role | fetched by itself | licence | comes from | file |\n|---|---|---|---|---|---|---|"
    return (
        f"{MADE}# Models\n\nEvery network is one entry of `models/catalog.toml`; no code names one. "
        "Each is checked against its sha256 before it is used. `stashai models fetch ID` gets one, `--file` takes one that you have.\n\n"
        f"{heads}\n" + "\n".join(model_row(entry) for entry in entries) + "\n\n"
        "On a machine that is offline: put the files of the last column into a folder and set `STASHAI_MODEL_SOURCE` to it.\n"
    )


def model_row(entry: ModelEntry) -> str:
    licence = entry.licence if entry.commercial else f"**{entry.licence}**"
    cells = (entry.id, entry.title, entry.role, "yes" if entry.default else "no", licence, entry.provenance, f"`{entry.source.file}`")
    return "| " + " | ".join(cell(text) for text in cells) + " |"


def notice() -> str:
    lines = [
        "StashAI",
        "Licensed under the GNU Affero General Public License, version 3 (see LICENSE).",
        "",
        "No network's weights are part of this repository. StashAI fetches them at the user's machine from where their",
        "publishers put them, checks them by sha256, and turns them into the format of the machine's runtime.",
        "These are the networks that it knows, and what their publishers say of them:",
        "",
    ]
    for entry in Catalog.load().models.values():
        use = "fetched by itself" if entry.default else "fetched only when the user asks for it"
        terms = "" if entry.commercial else " The licence is shown and asked about first."
        lines += [f"{entry.title} ({entry.role}; {use})", f"  licence: {entry.licence}.{terms}", f"  {entry.provenance}"]
        lines += [f"  sha256 {entry.sha256}", ""]
    lines += [
        "The demo and the tests use pictures out of two packages of the Python Package Index, fetched the same way:",
        "official portraits by the United States government, in the public domain (face_recognition 1.3.0, MIT), and NASA's",
        "portrait of Eileen Collins, in the public domain (scikit-image 0.26.0, BSD-3-Clause).",
        "",
        "The plugin's package carries two packages of Python code in its folder vendor, their licences beside them:",
        "peewee (MIT) and tenacity (Apache-2.0).",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    stale = [name for name, text in documents().items() if not (ROOT / name).is_file() or (ROOT / name).read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        print("\n".join(f"{name} is not what the code says: run scripts/build_docs.py" for name in stale))
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(documents()[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
