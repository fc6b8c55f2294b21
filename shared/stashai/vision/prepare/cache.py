"""Prepared networks are kept: preparing takes seconds, loading what was prepared takes milliseconds and no protobuf."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from ...errors import ModelError, SetupError
from ...settings import Settings
from ..catalog import ModelEntry
from ..lock import locked

Runtime = Literal["ort", "ncnn"]

SUMS = "SHA256SUMS"

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes there are, while weights arrive."""

VERSION = 5
"""Raised whenever a preparation's result changes, so that older ones are made again."""

FILES: dict[Runtime, tuple[str, ...]] = {"ort": ("model.onnx",), "ncnn": ("model.param", "model.bin")}


def prepared_path(entry: ModelEntry, runtime: Runtime, settings: Settings, progress: Progress | None = None) -> Path:
    """The file that `runtime` loads: made now, fetching the weights first, when it is not there yet.

    For ncnn it is the `.param` file, with the `.bin` file beside it. Raises SetupError (no weights, no room) and ModelError
    (a graph that cannot be prepared for this runtime; the operator is named).
    """
    folder = settings.models / "prepared" / prepared_key(entry, runtime)
    first = folder / FILES[runtime][0]
    if first.is_file():
        return first  # the folder got its name when it was complete
    from ..fetch import fetch  # requests takes 60 ms to import and is not needed from the second run on

    weights = fetch(entry, settings, progress)
    with locked(settings.models / "locks" / f"{folder.name}.lock"):
        if not first.is_file():
            _prepare(entry, runtime, weights, folder)
    return first


def weights_path(entry: ModelEntry, settings: Settings) -> Path:
    """Where the weights of `entry` are kept, as they were published."""
    return settings.models / "weights" / entry.id / entry.file


def prepared_key(entry: ModelEntry, runtime: Runtime) -> str:
    """A folder's name that changes with the weights, the steps, the runtime and the version of this code."""
    told = "|".join([entry.sha256, *entry.preparation, *entry.outputs, runtime, str(VERSION)])
    return f"{entry.id}-{runtime}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def prepared_folders(entry: ModelEntry, settings: Settings) -> list[Path]:
    """The folders of what is prepared of `entry` with this code, for any runtime."""
    keys = [prepared_key(entry, runtime) for runtime in FILES]
    return [folder for key in keys if (folder := settings.models / "prepared" / key).is_dir()]


def write_sums(folder: Path) -> None:
    """Write what the files of `folder` must be into its SHA256SUMS, as sha256sum reads it."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8", newline="\n")


def sums_hold(folder: Path) -> bool:
    """Whether the files of `folder` are as they were written. Without the list nobody can tell: False."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
        pairs = [line.split("  ", 1) for line in lines]
        return bool(pairs) and all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest for digest, name in pairs)
    except (OSError, ValueError):
        return False


def _prepare(entry: ModelEntry, runtime: Runtime, weights: Path, folder: Path) -> None:
    partial: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(mkdtemp(prefix=".partial-", dir=folder.parent))
        _writer(runtime)(entry, weights, partial)
        write_sums(partial)
        partial.replace(folder)
    except OSError as error:
        raise SetupError(
            f"The prepared {entry.title} cannot be written to {folder}: {error}.", remedy="Make room, or set STASHAI_MODELS."
        ) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


def _writer(runtime: Runtime) -> Callable[[ModelEntry, Path, Path], None]:
    # protobuf is needed only here, when something is prepared for the first time.
    try:
        from . import write
    except ImportError as error:
        raise ModelError(f"Preparing a network needs a package that is missing: {error}.", remedy="Install protobuf.") from error
    return write.WRITERS[runtime]
