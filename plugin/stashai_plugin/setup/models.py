"""Which models the plugin needs first, and which may follow."""

from __future__ import annotations

from stashai.settings import Settings
from stashai.vision.catalog import Catalog, ModelEntry


def first_models(settings: Settings) -> list[ModelEntry]:
    """The detector and the first embedder: enough for names."""
    catalog = Catalog.of(settings)
    return [catalog.by_role("detector", default_only=True)[0], catalog.by_role("embedder", default_only=True)[0]]


def later_models(settings: Settings) -> list[ModelEntry]:
    """The other default embedders: second opinions."""
    return Catalog.of(settings).by_role("embedder", default_only=True)[1:]


def obtain(entry: ModelEntry, settings: Settings) -> None:
    """Fetch and prepare for this machine's runtime. Raises SetupError, ModelError."""
    from stashai.vision.fetch import fetch
    from stashai.vision.prepare.cache import prepared_path
    from stashai.vision.runtime import choose_runtime

    fetch(entry, settings)
    prepared_path(entry, choose_runtime(), settings)
