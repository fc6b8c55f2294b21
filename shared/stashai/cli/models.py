"""`stashai models`: which networks there are, getting them, checking them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from ..errors import ModelError, StashAIError, UsageError
from ..matching.fitted import fitted_for
from ..settings import Settings
from ..vision.catalog import Catalog, ModelEntry, choose
from ..vision.prepare.cache import prepared_path
from ..vision.runtime import choose_runtime
from .exits import Exit
from .networks import is_ready
from .progress import progress
from .shell import Shell, json_option, megabytes


@click.group()
def models() -> None:
    """The networks: every one is an entry of models/catalog.toml."""


@models.command("list")
@json_option
@click.pass_obj
def list_models(shell: Shell, as_json: bool) -> None:
    """List all known networks, their licences and whether they are here."""
    entries = list(Catalog.of(shell.settings).models.values())
    rows = [described(entry, shell.settings) for entry in entries]
    if as_json:
        shell.emit({"models": rows, "folder": str(shell.settings.models)})
        return
    states = [state(row) for row in rows]
    cells = [
        (entry.id, entry.role, state, megabytes(entry.source.bytes or entry.bytes), entry.licence, entry.title)
        for entry, state in zip(entries, states, strict=True)
    ]
    shell.table(("id", "role", "state", "size", "licence", "name"), cells)
    shell.say(f"\nin {shell.settings.models}")


def state(row: Mapping[str, object]) -> str:
    here = "ready" if row["ready"] else "not here"
    return ("in use" if row["ready"] else "in use, not here yet") if row["default"] else here


def described(entry: ModelEntry, settings: Settings) -> dict[str, object]:
    """What `--json` tells of a network."""
    return {
        "id": entry.id, "title": entry.title, "role": entry.role, "family": entry.family, "default": entry.default,
        "ready": is_ready(entry, settings, choose_runtime()), "bytes": entry.bytes, "sha256": entry.sha256,
        "licence": entry.licence, "commercial": entry.commercial, "provenance": entry.provenance,
    }


@models.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Take the weights from this file (with one ID).")
@click.option("--yes", is_flag=True, help="Accept the licences of models that are not for every use.")
@json_option
@click.pass_obj
def fetch(shell: Shell, ids: tuple[str, ...], file: Path | None, yes: bool, as_json: bool) -> int:
    """Fetch and prepare networks: the default ones, or those with the IDs."""
    catalog = Catalog.of(shell.settings)
    entries = asked(catalog, ids) or [entry for entry in catalog.models.values() if entry.default]
    if file and len(entries) != 1:
        raise click.UsageError("--file belongs to exactly one ID")
    for entry in entries:
        agree(entry, shell, yes=yes)
        get(entry, file, shell)
    if as_json:
        shell.emit({"fetched": [entry.id for entry in entries]})
    return Exit.OK


def asked(catalog: Catalog, ids: Sequence[str]) -> list[ModelEntry]:
    """The entries with these IDs; UsageError for one that there is not."""
    try:
        return [catalog.get(name) for name in ids]
    except ModelError as error:
        raise UsageError(error.message, remedy=error.remedy) from error


def agree(entry: ModelEntry, shell: Shell, *, yes: bool) -> None:
    """Show the licence of a model that is not for every use, and ask. Raises Abort on a no."""
    if entry.commercial:
        return
    shell.note(f"{entry.title}: {entry.licence}. {entry.provenance}.")
    if not yes:
        click.confirm("Fetch it for use within that licence?", abort=True, err=True)


def get(entry: ModelEntry, file: Path | None, shell: Shell) -> None:
    from ..vision.fetch import adopt

    if file:
        adopt(entry, file, shell.settings)
    with progress(shell, entry.title, of_bytes=True) as shown:
        prepared_path(entry, choose_runtime(), shell.settings, shown.update)
    shell.note(f"{entry.title} is ready")


@models.command()
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--yes", is_flag=True, help="Accept the licences of models that are not for every use.")
@json_option
@click.pass_obj
def use(shell: Shell, ids: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Recognise with these networks from now on: a detector, an embedder, or both; a second embedder is asked where the first
    is undecided. Without an ID, with the default ones again. Faces that are known are embedded anew; nothing is mixed."""
    ids = tuple(dict.fromkeys(ids))
    entries = asked(Catalog.of(shell.settings), ids)
    check_choice(entries, shell.settings)
    for entry in entries:
        agree(entry, shell, yes=yes)
        if not is_ready(entry, shell.settings, choose_runtime()):
            get(entry, None, shell)
    choose(ids, shell.settings)
    used = [entry.id for entry in Catalog.of(shell.settings).models.values() if entry.default]
    if as_json:
        shell.emit({"used": used})
    else:
        shell.say(f"Used from now on: {', '.join(used)}.")
    return Exit.OK


def check_choice(entries: Sequence[ModelEntry], settings: Settings) -> None:
    """Raises UsageError for more networks than can be used at once, ModelError for an embedder whose scores mean nothing yet."""
    embedders = [entry.id for entry in entries if entry.role == "embedder"]
    if len(embedders) > 2 or len(entries) - len(embedders) > 1:
        every = "`identify --profile thorough` asks all that are here"
        raise UsageError("Too many networks.", remedy=f"Name at most one detector and two embedders; {every}.")
    if not embedders:
        return
    fitted = fitted_for(embedders[0], settings)
    if len(embedders) == 2 and not fitted.supports(embedders):
        raise ModelError(
            f"{embedders[1]} was never fitted together with {embedders[0]}.", code="not-calibrated",
            remedy=f"Use {embedders[0]} alone, or fit both with scripts/fit_calibration.py (docs/preparation.md).",
        )


@models.command()
@json_option
@click.pass_obj
def verify(shell: Shell, as_json: bool) -> int:
    """Check the networks that are here against the catalog's sha256, and run each once."""
    here = [entry for entry in Catalog.of(shell.settings).models.values() if is_ready(entry, shell.settings, choose_runtime())]
    results = [checked(entry, shell.settings) for entry in here]
    if as_json:
        shell.emit({"models": results})
    for result in results if not as_json else ():
        shell.say(f"{result['id']}: {'ok' if result['ok'] else result['message']}")
    if not results and not as_json:
        shell.say("There are none here yet: `stashai models fetch` gets them.")
    return Exit.OK if all(result["ok"] for result in results) else Exit.SOME_FAILED


def checked(entry: ModelEntry, settings: Settings) -> dict[str, object]:
    """Whether what is here is the catalog's, and loads and runs."""
    import numpy as np

    from ..vision.runtime import open_session
    from ..vision.status import verify as verified

    try:
        found = verified(entry, settings)
        if found.state == "damaged":
            raise ModelError(found.message)
        width, height = entry.input.size or (320, 320)
        session = open_session(entry, settings)
        outputs = session.run(np.zeros((1, 3, height, width), np.float32))
        session.close()
        if not all(np.isfinite(output).all() for output in outputs):
            raise ModelError(f"{entry.title} gives no numbers.", remedy=f"Delete {settings.models / 'prepared'} and fetch it again.")
    except StashAIError as error:
        return {"id": entry.id, "ok": False, "message": str(error)}
    return {"id": entry.id, "ok": True, "message": ""}
