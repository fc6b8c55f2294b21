"""Where the search graphs of large galleries are kept, and how they go when somebody is to be forgotten. Standard library only."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..settings import Settings


def graphs_folder(settings: Settings) -> Path:
    """The graphs hold vectors of faces: they lie in the data folder, like all that does."""
    return settings.data / "graphs"


def drop_graphs(settings: Settings) -> None:
    """Remove all graphs; the next large gallery makes new ones from its rows."""
    shutil.rmtree(graphs_folder(settings), ignore_errors=True)
