"""`stashai test`: every check and every test of the checkout, the quick ones first."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import click

from ..errors import UsageError
from ..settings import available_cores
from .exits import Exit
from .shell import Shell, json_option

PLATFORMS = ("linux", "darwin", "win32")
CHECKED = ("shared/stashai", "worker", "plugin", "plugin_automatic", "scripts")
"""What mypy reads for every platform; the tests, some of which are about POSIX alone, for Linux."""


@dataclass(frozen=True, slots=True)
class Step:
    """One program to run at the root of the checkout; `when` says why it is skipped, empty when it is not."""

    name: str
    command: Sequence[str]
    folder: Path
    skipped: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", multiple=True, metavar="STEP", help="Run this step alone (lint, types, rooms, ui, pytest); may be repeated.")
@json_option
@click.argument("pytest_arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST ARGUMENTS]…")
@click.pass_obj
def test(shell: Shell, only: tuple[str, ...], as_json: bool, pytest_arguments: tuple[str, ...]) -> int:
    """Run every check and test; what is given beyond the options goes to pytest."""
    root = checkout()
    planned = [step for step in steps(root, pytest_arguments) if not only or step.name.split()[0] in only]
    if not planned:
        raise UsageError(f"There is no step {', '.join(only)}.", remedy="There are: lint, types, rooms, ui, pytest.")
    results = [result(step, shell, quiet=as_json) for step in planned]
    if as_json:
        shell.emit({"steps": results})
    bad = [str(each["name"]) for each in results if each["status"] == "failed"]
    shell.note(f"failed: {', '.join(bad)}" if bad else "all passed")
    return Exit.SOME_FAILED if bad else Exit.OK


def checkout() -> Path:
    """The root of the checkout that this package lies in; UsageError when it was installed without the tests."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "pyproject.toml").is_file() or not (root / "tests").is_dir():
        raise UsageError("There are no tests here.", remedy="They are in the checkout: run ./stashai test there.")
    return root


def steps(root: Path, pytest_arguments: Sequence[str]) -> Iterator[Step]:
    """What there is to run, pytest last: its closing line ends the output."""
    python = (sys.executable, "-m")
    yield Step("lint", (*python, "ruff", "check", "."), root)
    for platform in PLATFORMS:
        options = ("--platform", platform, "--cache-dir", str(root / ".mypy_cache" / platform))
        checked = (*CHECKED, "tests") if platform == "linux" else CHECKED
        yield Step(f"types {platform}", (*python, "mypy", *options, *checked), root)
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    paths = os.pathsep.join(str(root / name) for name in ("shared", "worker", "plugin"))
    yield Step("rooms", (sys.executable, "-c", linter), root, environ={"PYTHONPATH": paths})
    yield from interface_steps(root / "plugin" / "ui")
    yield Step("pytest", (*python, "pytest", *side_by_side(), *pytest_arguments), root)


def side_by_side() -> tuple[str, ...]:
    """Options for several files of tests at once, one more than there are cores: many wait for other processes."""
    return ("-n", str(available_cores() + 1), "--dist", "loadfile") if find_spec("xdist") else ()


def interface_steps(folder: Path) -> Iterator[Step]:
    """The tests of the plugin's pages, which need Node."""
    if not (folder / "package.json").is_file():
        return
    npm = shutil.which("npm")
    skipped = "" if npm else "npm is not installed"
    yield Step("ui install", (npm or "npm", "ci", "--no-audit", "--no-fund"), folder, skipped)
    yield Step("ui test", (npm or "npm", "test"), folder, skipped)


def result(step: Step, shell: Shell, *, quiet: bool) -> dict[str, object]:
    """Run a step with its output in ours (on stderr when stdout is for JSON); how it ended."""
    if step.skipped:
        shell.note(f"{step.name}: skipped, {step.skipped}")
        return {"name": step.name, "status": "skipped", "seconds": 0.0}
    shell.note(f"{step.name} …")
    shell.out.flush()
    started = time.monotonic()
    output = shell.err.fileno() if quiet else None
    status = subprocess.run(step.command, cwd=step.folder, stdout=output, env={**os.environ, **step.environ}, check=False).returncode
    seconds = time.monotonic() - started
    shell.note(f"{step.name}: {'passed' if status == 0 else 'FAILED'} ({seconds:.0f} s)")
    return {"name": step.name, "status": "passed" if status == 0 else "failed", "seconds": round(seconds, 1)}
