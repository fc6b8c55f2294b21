"""`stashai worker` and `stashai build-plugin`: programs that stand above the library, started as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import click

from .test import checkout

UNPARSED = {"ignore_unknown_options": True, "help_option_names": []}


def become(command: Sequence[str]) -> int:
    """Run `command` instead of this process, so that signals reach it; as a child where the system cannot replace one."""
    sys.stdout.flush()
    if os.name == "nt":
        return subprocess.call(command)
    os.execv(command[0], list(command))


@click.command(context_settings=UNPARSED)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def worker(arguments: tuple[str, ...]) -> int:
    """Serve over HTTP, for heavy scans: `--host`, `--port`."""
    return become([sys.executable, "-m", "stashai_worker", *arguments])


@click.command(context_settings=UNPARSED)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def build_plugin(arguments: tuple[str, ...]) -> int:
    """Make the plugin's zip and index: `--out DIR`."""
    return become([sys.executable, str(checkout() / "scripts" / "build_plugin.py"), *arguments])
