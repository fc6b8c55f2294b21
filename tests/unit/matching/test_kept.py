"""Graphs go with the people whose vectors they hold."""

from __future__ import annotations

from pathlib import Path

from stashai.matching.kept import drop_graphs, graphs_folder
from stashai.settings import Settings


def test_dropping_leaves_nothing(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, models=tmp_path, cores=1)
    graphs_folder(settings).mkdir()
    (graphs_folder(settings) / "one.voyager").write_bytes(b"x")
    drop_graphs(settings)
    drop_graphs(settings)
    assert not graphs_folder(settings).exists()
