"""What does the work, and whether it is well."""

from __future__ import annotations

from typing import Any

from stashai.client import WorkerClient, read_token
from stashai.errors import StashAIError
from stashai.stash.mirror import Mirror

from ..engine.link import AWAY, abilities_of
from ..preferences.saved import cached
from ..request import Request
from ..said import Said
from .health import health

Json = dict[str, Any]


def services(request: Request) -> list[Json]:
    """This Stash, and the worker when one is set; then what was added to either, each with its parameters."""
    local = health(request)
    ready = local["runtime"]["state"] == "ready"
    own = {
        "name": "This Stash", "type": "facial_recognition", "where": "local", "state": "healthy" if ready else "unhealthy",
        "capabilities": ["scenes", "images", "galleries", "comparison"], "message": "" if ready else local["where"]["reason"],
    }  # fmt: skip
    worker, theirs = _worker(request)
    return [own, *([worker] if worker else []), *(_added_here(request) if ready else []), *theirs]


def _added_here(request: Request) -> list[Json]:
    from stashai.processing.registry import Registry

    added = [listed for listed in Registry(folder=request.data / "processors").all() if not listed.is_built_in]
    return [_added(one.id, "local", one.state == "ready", one.reason, one.parameters) for one in added]


def _added(name: str, where: str, usable: bool, reason: str, parameters: Json) -> Json:
    return {
        "name": name, "type": "added", "where": where, "state": "healthy" if usable else "unhealthy", "capabilities": [],
        "message": reason, "parameters": parameters if usable else None,
    }  # fmt: skip


def _worker(request: Request) -> tuple[Json | None, list[Json]]:
    """The worker itself, and what was added to it."""
    address = str((request.saved_settings().get("worker") or {}).get("address") or "")
    if not address:
        return None, []
    added: list[Json] = []
    row: Json = {"name": "Worker", "type": "facial_recognition", "where": address, "capabilities": [], "message": ""}
    try:
        client = WorkerClient(address, read_token(request.home), timeout=3.0)
        row["state"] = str(client.health().get("status") or "unknown")
        listed = client.services()
        row["capabilities"] = [str(service.get("name")) for service in listed]
        added = [
            _added(str(one["name"]), address, one.get("status") == "healthy", str(one.get("error") or ""), dict(one["parameters"]))
            for one in listed
            if isinstance(one.get("parameters"), dict)
        ]
    except StashAIError as error:
        row |= {"state": "unhealthy", "message": str(error), "said": Said(error.code, str(error), error.params).shown}
    return row, added


def models(request: Request) -> list[Json]:
    """The networks of the catalog that are in use or installed."""
    rows: list[Json] = health(request)["models"]
    return rows


def test_worker(request: Request) -> Json:
    """Whether a worker answers there, with the token that is kept."""
    saved = str((request.saved_settings().get("worker") or {}).get("address") or "")
    address = request.optional_text("address") or saved
    if not address:
        return _tested(Said("no-address", "No address is set."))
    try:
        client = WorkerClient(address, read_token(request.home), timeout=5.0)
        told = abilities_of(client, cached(request)["profile"])
    except StashAIError as error:
        return _tested(Said(error.code, str(error), error.params))
    _ask_again(request)
    return _tested(Said("worker-well", "The worker answers and understands this version."), str(told["version"]))


def _tested(said: Said, version: str | None = None) -> Json:
    return {"ok": version is not None, "message": said.text, "said": said.shown, "version": version}


def _ask_again(request: Request) -> None:
    """It was found to be well: what kept it from being asked is forgotten."""
    mirror = Mirror(request.data)
    mirror.note(AWAY, None)
    mirror.close()
