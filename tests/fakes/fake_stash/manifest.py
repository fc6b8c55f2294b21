"""A plugin's manifest, read as strictly as Stash reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KEYS = {"name", "description", "version", "url", "exec", "interface", "errLog", "tasks", "hooks", "settings", "ui"}
TASK_KEYS = {"name", "description", "defaultArgs", "execArgs"}
_HOOK = re.compile(r"(Scene|SceneMarker|Image|Gallery|GalleryChapter|Group|Performer|Studio|Tag)\.(Create|Update|Destroy|Merge)\.Post")


class ManifestError(ValueError):
    """Stash would refuse to load this plugin, or would load it and silently ignore a part of it."""


@dataclass
class Manifest:
    id: str
    path: Path
    document: dict[str, Any]
    enabled: bool = True

    @classmethod
    def read(cls, path: Path) -> Manifest:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        manifest = cls(path.stem, path, document)
        manifest.check()
        return manifest

    def check(self) -> None:
        unknown = set(self.document) - KEYS
        if unknown:
            raise ManifestError(f"{self.path}: unknown keys {sorted(unknown)}")
        for task in self.tasks:
            if set(task) - TASK_KEYS:
                raise ManifestError(f"{self.path}: unknown keys in task {task}")
            if any(isinstance(value, dict | list) for value in (task.get("defaultArgs") or {}).values()):
                raise ManifestError(f"{self.path}: nested default arguments in {task['name']}")
        if len({task["name"] for task in self.tasks}) != len(self.tasks):
            raise ManifestError(f"{self.path}: two tasks of one name")
        for hook in self.hooks:
            if set(hook) - TASK_KEYS - {"triggeredBy"}:
                raise ManifestError(f"{self.path}: unknown keys in hook {hook}")
            for trigger in hook["triggeredBy"]:
                if not _HOOK.fullmatch(trigger):
                    raise ManifestError(f"{self.path}: {trigger} would never fire")

    @property
    def tasks(self) -> list[dict[str, Any]]:
        return self.document.get("tasks") or []

    @property
    def hooks(self) -> list[dict[str, Any]]:
        return self.document.get("hooks") or []

    def task(self, name: str) -> dict[str, Any] | None:
        return next((task for task in self.tasks if task["name"] == name), None)

    def shape(self) -> dict[str, Any]:
        settings = self.document.get("settings") or {}
        listed = [
            {"name": k, "display_name": v.get("displayName"), "description": v.get("description"), "type": v.get("type", "STRING")}
            for k, v in settings.items()
        ]
        return {
            "id": self.id, "name": self.document.get("name") or self.id, "description": self.document.get("description"),
            "url": self.document.get("url"), "version": str(self.document.get("version")), "enabled": self.enabled,
            "tasks": [{"name": t["name"], "description": t.get("description")} for t in self.tasks],
            "hooks": [{"name": h["name"], "description": h.get("description"), "hooks": h["triggeredBy"]} for h in self.hooks],
            "settings": listed, "requires": [], "paths": {"javascript": [f"/plugin/{self.id}/javascript"], "css": []},
        }  # fmt: skip
