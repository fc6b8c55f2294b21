"""A Python as it is in Stash's image on a machine for which nothing can be installed: the standard library and `requests`."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path

WITH_REQUESTS = ("requests", "urllib3", "certifi", "idna", "charset_normalizer")


def bare_python(folder: Path) -> str:
    """A program that starts one; packages of this environment are not seen by it."""
    packages = folder / "packages"
    for name in WITH_REQUESTS:
        source = Path(str(distribution(name).locate_file(name)))
        shutil.copytree(source, packages / name, ignore=shutil.ignore_patterns("__pycache__"))
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nexec env -i PATH="$PATH" PYTHONPATH="{packages}" "{sys.executable}" -S -s "$@"\n')
    program.chmod(0o755)
    return str(program)
