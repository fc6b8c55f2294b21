"""From Stash's document to an operation and back: validation, the version check, and every failure as a code with a remedy."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from stashai.errors import StashAIError, UsageError
from stashai.hostlog import HostLog
from stashai.mode import activate

from .operations import HEAVY, OPERATIONS
from .request import ReloadError, Request
from .setup.state import runtime_is_there

Json = dict[str, Any]


def answer(document: bytes, plugin_dir: Path, start: float = 0.0, brace: Callable[[], None] = lambda: None) -> str:
    """The one line for Stash: `{"output": {"ok": …}}`, and `error` as well where a task failed, so that Stash's log says so. `start`
    are the seconds that this process has run before, `brace` is called before networks are asked."""
    log = HostLog()
    result: Json
    try:
        request = Request.read(document, plugin_dir, log)
        request.began -= start
        if request.text("op") in HEAVY:
            brace()
        result = {"ok": True, "data": dispatch(request)}
    except StashAIError as error:
        result = failure(error)
        log.write("warning" if error.code in ("setup-needed", "reload") else "error", str(error))
    except Exception as error:  # noqa: BLE001 - the boundary to Stash: recorded with its traceback, answered with a code
        import traceback

        log.error(traceback.format_exc())
        result = {"ok": False, "error": {"code": "internal", "message": f"{type(error).__name__}: {error}", "remedy": "See Stash's log."}}
    return json.dumps({"output": result}, allow_nan=False)


def failure(error: StashAIError) -> Json:
    return {"ok": False, "error": {"code": error.code, "message": error.message, "remedy": error.remedy, "params": error.params}}


def dispatch(request: Request) -> Any:
    """Run the operation that the arguments name. Raises UsageError for one that does not exist."""
    name = request.text("op")
    place = OPERATIONS.get(name)
    if place is None:
        raise UsageError(f"There is no operation {name!r}.", remedy="Reload this page.", code="reload")
    if not request.version_fits():
        raise ReloadError
    module, function = place
    # Whatever an operation imports, it shall find the set-up's packages, not those that this Python happens to have.
    activate(request.data, request.locks)
    try:
        return getattr(import_module(f"stashai_plugin.{module}"), function)(request)
    except Exception as error:  # raised again as what it is
        if request.was_replaced(error):
            raise ReloadError from error
        if not isinstance(error, ModuleNotFoundError) or runtime_is_there(request):
            raise
        from .setup.start import needed

        raise needed(request) from error


def detached(arguments: Sequence[str], plugin_dir: Path) -> int:
    """Runs of our own that Stash does not wait for: `setup CONFIG_DIR`."""
    if len(arguments) != 2 or arguments[0] != "setup":
        sys.stderr.write("usage: main.py setup CONFIG_DIR\n")
        return 2
    from .setup.run import run

    return run(plugin_dir, Path(arguments[1]))
