"""The group of all commands, and the one place where an error becomes a sentence and an exit status."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..errors import Cancelled, SetupError, StashAIError, UsageError
from ..settings import Settings
from .commands import COMMANDS, Entry
from .exits import Exit
from .interrupts import leave_in_order
from .shell import Shell

_RIGHTS = "Let this user read and write there, or name other places with STASHAI_DATA and STASHAI_MODELS."
REMEDIES = {
    errno.ENOSPC: "Make room on that disk and run the same command again: what was recorded is kept.",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: _RIGHTS,
}
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called: the help needs their table alone."""

    def __init__(self, entries: Mapping[str, Entry], **options: Any) -> None:
        super().__init__(**options)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, attribute = entry.target.split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.target} is not a click command")
        leave_in_order()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            rows = [(name, entry.summary) for name, entry in self.entries.items() if entry.section == section]
            with formatter.section(section):
                formatter.write_dl(rows, col_max=12)


def root(entries: Mapping[str, Entry] = COMMANDS) -> click.Group:
    """The group with all commands, shown as `stashai`."""
    group = LazyGroup(
        entries,
        name="stashai",
        context_settings=CONTEXT,
        help="Who is in this picture, clip or folder. Everything stays on this machine.\n\n"
        "Start with: stashai identify --people DIR MEDIA…, where DIR holds one folder a person.",
    )
    return click.version_option(__version__, prog_name="stashai")(group)


def run(arguments: Sequence[str] | None = None, settings: Settings | None = None) -> int:
    """Parse `arguments` (default: the process's own), run the command, return the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        shell = Shell.of_process(settings or Settings.from_environ())
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        if "--json" in words:
            click.echo(json.dumps(told(error)))
        return Exit.USAGE
    try:
        status = root().main(args=words, prog_name="stashai", obj=shell, standalone_mode=False)
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.ClickException as error:
        error.show(shell.err)
        answered(shell, UsageError(error.format_message()), as_json="--json" in words)
        return Exit.USAGE
    except click.Abort as stop:
        # click says so of ctrl-C, too
        why = "Interrupted." if isinstance(stop.__cause__, KeyboardInterrupt) else "Nothing was done: it was not agreed to (--yes agrees)."
        return failed(shell, Cancelled(why), as_json="--json" in words)
    except KeyboardInterrupt:
        return failed(shell, Cancelled("Interrupted."), as_json="--json" in words)
    except StashAIError as error:
        return failed(shell, error, as_json="--json" in words)
    except OSError as error:
        return failed_on_system(shell, error, as_json="--json" in words)
    return int(status) if isinstance(status, int) else Exit.OK


UNUSABLE = frozenset(["storage-permission", "storage-damaged"])
"""Codes of a data folder that no command can work with; a lock or a full disk may pass."""


def failed(shell: Shell, error: StashAIError, *, as_json: bool) -> Exit:
    """Say what went wrong and what to do: on stderr, and as an object on stdout when a program asked."""
    shell.problem(error.message, error.remedy)
    answered(shell, error, as_json=as_json)
    if error.code in UNUSABLE:
        return Exit.SETUP
    kinds = ((Cancelled, Exit.INTERRUPTED), (UsageError, Exit.USAGE), (SetupError, Exit.SETUP))
    return next((status for kind, status in kinds if isinstance(error, kind)), Exit.SOME_FAILED)


def answered(shell: Shell, error: StashAIError, *, as_json: bool) -> None:
    """The error as the one object on stdout, when a program asked and stdout still takes it."""
    if as_json:
        with suppress(OSError):
            shell.emit(told(error))


def told(error: StashAIError) -> dict[str, object]:
    """A failure, as programs read it."""
    return {"error": {"code": error.code, "message": error.message, "remedy": error.remedy}}


def failed_on_system(shell: Shell, error: OSError, *, as_json: bool) -> Exit:
    """A full disk, a closed pipe, a refused path: the system's reason with the place, instead of a traceback."""
    if isinstance(error, BrokenPipeError):
        shell.forget_stdout()
        return Exit.SOME_FAILED
    place = f"{error.filename}: " if error.filename else ""
    ours = (shell.settings.data, shell.settings.models)
    kind = SetupError if error.filename and any(Path(os.fsdecode(error.filename)).is_relative_to(own) for own in ours) else StashAIError
    remedy = REMEDIES.get(error.errno or 0, "")
    return failed(shell, kind(f"{place}{error.strerror or error}.", code="system", remedy=remedy), as_json=as_json)
