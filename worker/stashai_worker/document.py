"""The OpenAPI document with the services of the registry in it: each has its own paths and the schema of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI

from stashai.processing.registry import Listed

REFERENCE = "#/components/schemas/{model}"
GENERIC = ("/api/v1/{service}/process", "/api/v1/queue/submit/{processor}")


def described(app: FastAPI, services: Callable[[], Iterable[Listed]]) -> Callable[[], dict[str, Any]]:
    """What replaces `app.openapi`: its document, and below each generic path one for every service that can run."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        document = dict(plain())
        document["paths"], components = dict(document["paths"]), dict(document["components"])
        document["components"] = components | {"schemas": dict(components["schemas"])}
        for listed in services():
            if listed.processor is not None and listed.state == "ready":
                _add(document, listed)
        return document

    return openapi


def _add(document: dict[str, Any], listed: Listed) -> None:
    assert listed.processor is not None  # noqa: S101 - the caller's condition
    schemas = document["components"]["schemas"]
    prefix = _name(listed.id)
    own = listed.processor.params.model_json_schema(ref_template=REFERENCE.format(model=f"{prefix}_{{model}}"))
    for name, schema in own.pop("$defs", {}).items():
        schemas[f"{prefix}_{name}"] = schema
    request = f"Request to {listed.id}"
    generic = schemas["QueueRequest"]
    schemas[_name(request)] = {
        **generic,
        "title": request,
        "properties": {**generic["properties"], "params": own},
        "required": ["params"],
    }
    for path in GENERIC:
        start, _, end = path.partition("{")
        operation = _operation(document["paths"][path]["post"], listed, request)
        document["paths"][start + listed.id + end.partition("}")[2]] = {"post": operation}


def _operation(generic: dict[str, Any], listed: Listed, request: str) -> dict[str, Any]:
    assert listed.processor is not None  # noqa: S101 - the caller's condition
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": REFERENCE.format(model=_name(request))}}}}
    parameters = [parameter for parameter in generic.get("parameters", []) if parameter["in"] != "path"]
    return {
        **generic,
        "summary": listed.processor.title,
        "operationId": f"{generic['operationId']}_{listed.id.replace('.', '_')}",
        "parameters": parameters,
        "requestBody": body,
    }


def _name(text: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in text)
