"""Filters and pages as Stash applies them, traps included: EQUALS on text is LIKE, `ids: []` is no filter at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from graphql import GraphQLError

from .library import Library, Row

Criterion = Mapping[str, Any]


def select(
    library: Library, kind: str, wanted: Criterion | None, ids: Sequence[str] | None, page: Criterion | None
) -> tuple[int, list[Row]]:
    """(count, rows of the page). One missing or doubled id fails the whole query."""
    rows = library.rows[kind]
    if ids:
        numbers = [int(i) for i in ids]
        if len(set(numbers)) != len(numbers) or any(n not in rows for n in numbers):
            raise GraphQLError(f"{kind} with id not found")
        return len(numbers), [rows[n] for n in numbers]
    options = dict(page or {})
    found = [row for row in rows.values() if matches(library, row, wanted or {}) and _mentions(row, options.get("q"))]
    found.sort(key=lambda row: _sort_key(library, row, options.get("sort") or "id"), reverse=options.get("direction") == "DESC")
    size, number = options.get("per_page", 25), max(1, options.get("page", 1) or 1)
    return len(found), found if size == -1 else found[(number - 1) * size : number * size]


def _mentions(row: Row, text: str | None) -> bool:
    words = [row.values.get("name"), row.values.get("title"), *row.values.get("alias_list", [])]  # type: ignore[misc]  # rows hold what the schema says, untyped
    return not text or all(any(part.lower() in str(word or "").lower() for word in words) for part in text.split())


def _sort_key(library: Library, row: Row, sort: str) -> Any:
    if sort in ("id", "created_at"):
        return row.id
    if sort == "updated_at":
        return row.updated
    if sort in ("scenes_count", "images_count"):
        return sum(row.id in other.performers for other in library.rows[sort.split("s_")[0]].values()), -row.id
    if sort == "path":
        return str(row.files[0]["path"]) if row.files else ""
    if sort in ("name", "title"):
        return str(row.values.get(sort) or "").lower()
    raise GraphQLError(f"invalid sort: {sort}")


def matches(library: Library, row: Row, wanted: Criterion) -> bool:
    return all(_one(library, row, name, value) for name, value in wanted.items() if value is not None)


def _one(library: Library, row: Row, name: str, value: Any) -> bool:
    if name == "AND":
        return matches(library, row, value)
    if name == "NOT":
        return not matches(library, row, value)
    if name == "OR":
        raise GraphQLError("the fake has no OR")
    if name in ("organized", "ignore_auto_tag"):
        return bool(row.values[name]) is bool(value)
    if name == "filter_favorites":
        return bool(row.values["favorite"]) is bool(value)
    if name == "is_missing":
        return _missing(row, value)
    if name in ("performers", "galleries", "tags"):
        return _many(getattr(row, name), value)
    if name in ("created_at", "updated_at"):
        return _stamp(row.created if name == "created_at" else row.updated, value)
    return _scalar(_plain(library, row, name), value)


def _missing(row: Row, what: str) -> bool:
    if what == "performers":
        return not row.performers
    if what == "image":
        return "image" not in row.media
    raise GraphQLError(f"the fake does not know is_missing {what}")


def _plain(library: Library, row: Row, name: str) -> Any:
    counts = {"performer_count": len(row.performers), "image_count": 0, "scene_count": 0}
    if row.kind == "gallery":
        counts["image_count"] = len(library.images_of(row.id))
    if row.kind == "performer":
        counts |= {f"{kind}_count": sum(row.id in r.performers for r in library.rows[kind].values()) for kind in ("scene", "image")}
    if name in counts:
        return counts[name]
    if name == "id":
        return row.id
    if name == "path":
        return str(row.files[0]["path"]) if row.files else ""
    if name == "duration":
        return int(float(str(row.files[0].get("duration") or 0))) if row.files else 0
    return row.values.get(name) or ""


def _many(have: Sequence[int], criterion: Criterion) -> bool:
    ids, modifier = {int(i) for i in criterion.get("value") or ()}, criterion["modifier"]
    if modifier == "IS_NULL":
        return not have
    if modifier == "NOT_NULL":
        return bool(have)
    if modifier == "INCLUDES":
        return bool(ids & set(have))
    if modifier in ("INCLUDES_ALL", "EQUALS"):
        return ids == set(have) if modifier == "EQUALS" else ids <= set(have)
    return not ids & set(have)


def _stamp(stamp: int, criterion: Criterion) -> bool:
    try:
        limit = int(datetime.fromisoformat(criterion["value"].replace("Z", "+00:00")).timestamp())
    except ValueError:
        return False
    return stamp > limit if criterion["modifier"] == "GREATER_THAN" else stamp < limit


def _scalar(have: Any, criterion: Criterion) -> bool:
    value, modifier = criterion["value"], criterion["modifier"]
    if isinstance(value, str):
        pattern = re.escape(value).replace("%", ".*").replace("_", ".")
        like = re.fullmatch(pattern, str(have), re.IGNORECASE) is not None
        inside = value.lower() in str(have).lower()
        return {"EQUALS": like, "NOT_EQUALS": not like, "INCLUDES": inside, "EXCLUDES": not inside}[modifier]
    compared = {"EQUALS": have == value, "NOT_EQUALS": have != value, "GREATER_THAN": have > value, "LESS_THAN": have < value}
    return bool(compared[modifier])
