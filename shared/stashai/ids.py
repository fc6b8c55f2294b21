"""Identifiers: sortable by time, unguessable enough to be names of jobs and items."""

from __future__ import annotations

import secrets
import time


def new_id(now: float | None = None) -> str:
    """A 26-character identifier: 11 hex digits of milliseconds, then 15 random ones."""
    milliseconds = int((time.time() if now is None else now) * 1000)
    return f"{milliseconds:011x}{secrets.token_hex(8)[:15]}"
