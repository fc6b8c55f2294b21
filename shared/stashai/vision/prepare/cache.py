"""Prepared networks are kept: preparing takes seconds, loading what was prepared takes milliseconds and no protobuf."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from stashai.errors import ModelError, SetupError
from stashai.settings import Settings
from stashai.vision.catalog import ModelEntry
from stashai.vision.lock import locked

Runtime = Literal["ort", "ncnn"]

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes there are, while weights arrive."""

VERSION = 3
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
        return first
    from stashai.vision.fetch import fetch  # requests takes 60 ms to import and is not needed from the second run on

    weights = fetch(entry, settings, progress)
    with locked(settings.models / "locks" / f"{folder.name}.lock"):
        if not first.is_file():
            _prepare(entry, runtime, weights, folder)
    return first


def prepared_key(entry: ModelEntry, runtime: Runtime) -> str:
    """A folder's name that changes with the weights, the steps, the runtime and the version of this code."""
    told = "|".join([entry.sha256, *entry.preparation, *entry.outputs, runtime, str(VERSION)])
    return f"{entry.id}-{runtime}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _prepare(entry: ModelEntry, runtime: Runtime, weights: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        _writer(runtime)(entry, weights, partial)
        partial.replace(folder)
    except OSError as error:
        raise SetupError(
            f"The prepared {entry.title} cannot be written to {folder}: {error}.", remedy="Make room, or set STASHAI_MODELS."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _writer(runtime: Runtime) -> Callable[[ModelEntry, Path, Path], None]:
    # protobuf is needed only here, when something is prepared for the first time.
    try:
        from stashai.vision.prepare import write
    except ImportError as error:
        raise ModelError(f"Preparing a network needs a package that is missing: {error}.", remedy="Install protobuf.") from error
    return write.WRITERS[runtime]
