"""GraphQL over the library: the reading half and the writing half of the schema's root."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from graphql import GraphQLError

from .criteria import select
from .library import Row

if TYPE_CHECKING:
    from .stash import FakeStash

Json = dict[str, Any]


def when(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat().replace("+00:00", "Z")


class Root:
    """The root value of one request. `origin` is "http://host:port" as the client called it."""

    def __init__(self, stash: FakeStash, origin: str, cookie: str | None) -> None:
        self.stash, self.library, self.origin, self.cookie = stash, stash.library, origin, cookie

    # what a row looks like -------------------------------------------------------------------------------------------

    def shape(self, row: Row) -> Json:
        """A row as its GraphQL type; related rows are callables, so that only what is asked for is built."""
        common = {**row.values, "id": str(row.id), "created_at": when(row.created), "updated_at": when(row.updated)}
        related = {
            "performers": lambda *_: [self.shape(self.library.rows["performer"][i]) for i in row.performers],
            "galleries": lambda *_: [self.shape(self.library.rows["gallery"][i]) for i in row.galleries],
            "tags": lambda *_: [self.shape(self.library.rows["tag"][i]) for i in row.tags],
            "studio": None,
        }
        own: Json = getattr(self, f"_{row.kind}")(row)
        return common | related | own

    def _scene(self, row: Row) -> Json:
        key = self.stash.api_key
        base, name = f"{self.origin}/scene/{row.id}", f"{self.origin}/scene/{row.id:016x}"
        paths = {
            "screenshot": f"{base}/screenshot?t={row.updated}", "preview": f"{base}/preview", "webp": f"{base}/webp",
            "stream": f"{base}/stream" + (f"?apikey={key}" if key else ""), "vtt": f"{name}_thumbs.vtt", "sprite": f"{name}_sprite.jpg",
            "funscript": f"{base}/funscript", "interactive_heatmap": f"{base}/interactive_heatmap", "caption": f"{base}/caption",
        }  # fmt: skip
        return {"files": row.files, "paths": paths}

    def _image(self, row: Row) -> Json:
        base = f"{self.origin}/image/{row.id}"
        return {"visual_files": row.files, "paths": {name: f"{base}/{name}?t={row.updated}" for name in ("thumbnail", "preview", "image")}}

    def _gallery(self, row: Row) -> Json:
        images = self.library.images_of(row.id)
        base = f"{self.origin}/gallery/{row.id}"
        return {
            "files": row.files, "image_count": len(images), "cover": lambda *_: self.shape(images[0]) if images else None,
            "paths": {"cover": f"{base}/cover", "preview": f"{base}/preview"}, "image": lambda _, index: self.shape(images[index]),
        }  # fmt: skip

    def _performer(self, row: Row) -> Json:
        counts = {
            f"{kind}_count": (lambda *_, k=kind: sum(row.id in r.performers for r in self.library.rows[k].values()))
            for kind in ("scene", "image", "gallery")
        }
        mark = "" if "image" in row.media else "&default=true"
        return {"image_path": f"{self.origin}/performer/{row.id}/image?t={row.updated}{mark}", **counts}

    def _tag(self, row: Row) -> Json:
        return {"aliases": [], "ignore_auto_tag": False}

    # reading ---------------------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Callable[..., Any]:
        for kind, plural in (("scene", "scenes"), ("image", "images"), ("gallery", "galleries"), ("performer", "performers")):
            if name == "find" + kind.capitalize():
                return lambda _, id, **__: self._one(kind, id)
            if name == "find" + plural.capitalize():
                return lambda _, **arguments: self._page(kind, plural, arguments)
            if name == f"{kind}Update":
                return lambda _, input: self._update(kind, input)
            if name == f"bulk{kind.capitalize()}Update":
                return lambda _, input: self._bulk(kind, input)
        raise AttributeError(name)

    def _one(self, kind: str, number: str) -> Json | None:
        row = self.library.rows[kind].get(int(number))
        return self.shape(row) if row else None

    def _page(self, kind: str, plural: str, arguments: Mapping[str, Any]) -> Json:
        count, rows = select(self.library, kind, arguments.get(f"{kind}_filter"), arguments.get("ids"), arguments.get("filter"))
        zeros = {"duration": 0.0, "filesize": 0.0, "megapixels": 0.0}
        return {"count": count, plural: [self.shape(row) for row in rows], **zeros}

    def version(self, *_: object) -> Json:
        return {"version": "v0.30.1", "hash": "fake", "build_time": "2026-01-01 00:00:00"}

    def systemStatus(self, *_: object) -> Json:
        folders = {"workingDir": str(self.stash.cwd), "homeDir": "/", "configPath": str(self.stash.config / "config.yml")}
        return {"appSchema": 75, "status": "OK", "os": "linux", **folders}

    def configuration(self, *_: object) -> Json:
        plugins = self.stash.plugin_settings
        general = {
            "stashes": [], "databasePath": "", "generatedPath": "", "metadataPath": "", "cachePath": "", "blobsPath": "", "ffmpegPath": "",
            "ffprobePath": "", "videoFileNamingAlgorithm": "OSHASH", "parallelTasks": 1, "apiKey": self.stash.api_key,
            "username": self.stash.username, "maxSessionAge": self.stash.session_age, "pythonPath": "", "videoExtensions": [],
            "imageExtensions": [], "galleryExtensions": [], "configFilePath": str(self.stash.config / "config.yml"),
        }  # fmt: skip

        def chosen(_: object, include: Sequence[str] | None = None) -> Json:
            return {name: values for name, values in plugins.items() if include is None or name in include}

        return {"general": general, "interface": {"language": self.stash.language}, "ui": {}, "plugins": chosen}

    def plugins(self, *_: object) -> list[Json]:
        return [manifest.shape() for manifest in self.stash.plugins.values()]

    def jobQueue(self, *_: object) -> list[Json] | None:
        return [job.shape() for job in self.stash.jobs.queue()] or None

    def findJob(self, _: object, input: Json) -> Json | None:
        job = self.stash.jobs.find(int(input["id"]))
        return job.shape() if job else None

    # writing ---------------------------------------------------------------------------------------------------------

    def _update(self, kind: str, values: Json) -> Json:
        self.stash.fault("write")
        row = self._row(kind, values["id"])
        with self.library.lock:
            self._image_of(row, values)
            for name in ("performer", "tag", "gallery"):
                if f"{name}_ids" in values:
                    self._set_ids(row, name, [int(i) for i in values[f"{name}_ids"]])
            row.values.update({k: v for k, v in values.items() if k != "id" and not k.endswith("_ids")})
            self.library.touch(row)
        return self.shape(row)

    def _bulk(self, kind: str, values: Json) -> list[Json]:
        self.stash.fault("write")
        rows = [self._row(kind, number) for number in values.get("ids") or ()]
        with self.library.lock:
            for row in rows:
                for name in ("performer", "tag", "gallery"):
                    self._bulk_ids(row, name, values.get(f"{name}_ids"))
                scalars = {k: v for k, v in values.items() if k not in ("ids", "clientMutationId") and not k.endswith("_ids")}
                row.values.update(scalars)
                self.library.touch(row)
        return [self.shape(row) for row in rows]

    def _bulk_ids(self, row: Row, name: str, change: Json | None) -> None:
        if not change:
            return
        have, ids = self._ids(row, name), [int(i) for i in change.get("ids") or ()]
        result = {"SET": ids, "ADD": have + [i for i in ids if i not in have], "REMOVE": [i for i in have if i not in ids]}
        self._set_ids(row, name, result[change["mode"]])

    def _ids(self, row: Row, name: str) -> list[int]:
        return {"performer": row.performers, "tag": row.tags, "gallery": row.galleries}[name]

    def _set_ids(self, row: Row, name: str, ids: list[int]) -> None:
        if any(i not in self.library.rows[name] for i in ids):
            raise GraphQLError("FOREIGN KEY constraint failed")
        self._ids(row, name)[:] = ids

    def _row(self, kind: str, number: str) -> Row:
        row = self.library.rows[kind].get(int(number))
        if row is None:
            raise GraphQLError(f"{kind} with id {number} not found")
        return row

    def performerCreate(self, _: object, input: Json) -> Json:
        self.stash.fault("write")
        self._unique(input["name"], input.get("disambiguation") or "", 0)
        values = {k: v for k, v in input.items() if k not in ("image", "tag_ids")}
        row = self.library.add_performer(**values)
        self._image_of(row, input)
        return self.shape(row)

    def performerUpdate(self, _: object, input: Json) -> Json:
        row = self._row("performer", input["id"])
        name, note = input.get("name", row.values["name"]), input.get("disambiguation", row.values["disambiguation"])
        self._unique(str(name), str(note or ""), row.id)
        return self._update("performer", input)

    def performerDestroy(self, _: object, input: Json) -> bool:
        row = self._row("performer", input["id"])
        with self.library.lock:
            del self.library.rows["performer"][row.id]
            for kind in ("scene", "image", "gallery"):
                for other in self.library.rows[kind].values():
                    other.performers[:] = [i for i in other.performers if i != row.id]
        return True

    def _unique(self, name: str, note: str, own: int) -> None:
        for row in self.library.rows["performer"].values():
            same = str(row.values["name"]).lower() == name.lower() and str(row.values["disambiguation"] or "").lower() == note.lower()
            if same and row.id != own:
                raise GraphQLError(f"performer with name '{name}' already exists")

    def _image_of(self, row: Row, values: Json) -> None:
        given, image = "image" in values, values.pop("image", None)
        if given and image is None:
            row.media.pop("image", None)
        if isinstance(image, str) and image.startswith("data:"):
            row.media["image"] = base64.b64decode(image.partition(",")[2])
        elif isinstance(image, str):
            with urlopen(Request(image, headers={"ApiKey": self.stash.api_key})) as answer:
                row.media["image"] = answer.read()

    def configurePlugin(self, _: object, plugin_id: str, input: Json) -> Json:
        self.stash.plugin_settings[plugin_id] = dict(input)
        return dict(input)

    # running ---------------------------------------------------------------------------------------------------------

    def runPluginTask(
        self, _: object, plugin_id: str, task_name: str | None = None, description: str | None = None,
        args: Sequence[Json] | None = None, args_map: Json | None = None,
    ) -> str:  # fmt: skip
        return str(self.stash.run_task(plugin_id, task_name, description, dict(args_map or {})))

    def runPluginOperation(self, _: object, plugin_id: str, args: Json | None = None) -> Any:
        return self.stash.run_operation(plugin_id, dict(args or {}), self.cookie)

    def stopJob(self, _: object, job_id: str) -> bool:
        self.stash.jobs.stop(int(job_id))
        return True

    def reloadPlugins(self, *_: object) -> bool:
        self.stash.load_plugins()
        return True

    def setPluginsEnabled(self, _: object, enabledMap: Json) -> bool:  # noqa: N803 - the schema's name
        for name, enabled in enabledMap.items():
            self.stash.plugins[name].enabled = bool(enabled)
        return True

    def metadataScan(self, _: object, input: Json) -> str:
        return str(self.stash.jobs.add("Scanning...", lambda job: time.sleep(self.stash.scan_seconds)))
