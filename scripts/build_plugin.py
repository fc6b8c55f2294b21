"""Builds the two plugin packages and the source index that Stash installs them from.

    python scripts/build_plugin.py [--out DIR] [--without-ui]

Reproducible: the same commit gives the same bytes. Dates are the commit's, in UTC.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOKEN = b"__STASHAI_VERSION__"
SCRIPT, STYLE = "dist/stashai.js", "dist/stashai.css"
VENDORED = ("peewee", "tenacity")
"""Small packages of Python alone that travel in the zip: with them the plugin keeps its rows and asks a worker where nothing can be
installed."""
NOT_SHIPPED = ("cli", "bench", "report", "demo.py")
"""Parts of the library that only the command line uses."""


@dataclass(frozen=True, slots=True)
class Package:
    id: str
    name: str
    description: str
    files: dict[str, bytes]
    requires: tuple[str, ...] = ()


def git(*arguments: str) -> str:
    """git's answer, empty outside of a checkout."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def commit_time() -> datetime:
    """When the commit was made, or SOURCE_DATE_EPOCH."""
    stamp = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct") or "315532800"
    return datetime.fromtimestamp(int(stamp), UTC)


def version() -> str:
    number = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    mark = git("rev-parse", "--short=7", "HEAD")
    return f"{number}-{mark}" if mark else str(number)


def below(folder: Path, prefix: str, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """(name in the zip, content) of the files below `folder` that belong to a package."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and "__pycache__" not in inside.parts and inside.parts[0] not in skip and path.suffix != ".pyc":
            yield f"{prefix}{inside.as_posix()}", path.read_bytes()


def main_package(text: str, with_ui: bool) -> Package:
    """The plugin with the library, the catalog and the locks beside it."""
    plugin = ROOT / "plugin"
    files = dict(below(plugin, "", ("ui", "dist", "node_modules")))
    files |= below(ROOT / "shared" / "stashai", "stashai/", NOT_SHIPPED)
    files |= {f"stashai/{path.name}": path.read_bytes() for path in sorted((ROOT / "models").glob("*.toml"))}
    files |= vendored()
    for name in ("plugin.txt", "plugin-ncnn.txt"):
        files[f"locks/{name}"] = (ROOT / "locks" / name).read_bytes()
    for name in ("LICENSE", "NOTICE"):
        if (ROOT / name).is_file():
            files[name] = (ROOT / name).read_bytes()
    files["version.txt"] = text.encode()
    script = plugin / SCRIPT
    if script.is_file() and (plugin / STYLE).is_file():
        files |= {f"dist/{path.name}": path.read_bytes() for path in sorted(script.parent.iterdir()) if path.suffix in (".js", ".css")}
        files[SCRIPT] = files[SCRIPT].replace(TOKEN, text.encode())
    elif with_ui:
        raise SystemExit(f"{script} is not there: run `npm ci && npm run build` in plugin/ui first.")
    else:
        files |= {SCRIPT: b"", STYLE: b""}
    return Package("stashai", "StashAI", "Who is in this scene, gallery or image. Stays on your own machines.", files)


def vendored() -> dict[str, bytes]:
    """The modules of VENDORED and their licences, of the versions that the lock names."""
    locked = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "locks" / "plugin.txt").read_text(encoding="utf-8"), re.MULTILINE))
    files: dict[str, bytes] = {}
    for name in VENDORED:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            raise SystemExit(f"{name} is not installed here: run this with ./stashai build-plugin.") from None
        if found.version != locked[name]:
            raise SystemExit(f"{name} {found.version} is installed here, and the lock names {locked[name]}.")
        for path in found.files or ():
            own = path.parts[0] in (name, f"{name}.py") and path.suffix == ".py"
            if own or "licenses" in path.parts:
                files[f"vendor/{path.as_posix()}"] = Path(str(path.locate())).read_bytes()
    return files


def automatic_package() -> Package:
    """The hooks, with the two modules that they need."""
    files = dict(below(ROOT / "plugin_automatic", ""))
    for name in ("__init__.py", "filesystem.py", "stash/__init__.py", "stash/mirror.py"):
        files[f"stashai/{name}"] = (ROOT / "shared" / "stashai" / name).read_bytes()
    return Package("stashai_automatic", "StashAI automatic", "Looks at what is new after each scan.", files, ("stashai",))


def check(package: Package) -> None:
    """One manifest and no other .yml: Stash would take each for a plugin."""
    manifests = [name for name in package.files if name.endswith(".yml")]
    if manifests != [f"{package.id}.yml"]:
        raise SystemExit(f"{package.id} must hold {package.id}.yml and no other .yml, not {manifests}.")
    if "manifest" in package.files:
        raise SystemExit("A file named manifest is Stash's own.")


def write_zip(package: Package, target: Path, when: datetime) -> str:
    """Write the package and return its sha256."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(package.files):
            entry = zipfile.ZipInfo(name, when.timetuple()[:6])
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            archive.writestr(entry, package.files[name])
    return hashlib.sha256(target.read_bytes()).hexdigest()


def index_entry(package: Package, text: str, when: datetime, digest: str) -> str:
    lines = [
        f"- id: {package.id}", f"  name: {package.name}", f"  version: {text}", f"  date: {when:%Y-%m-%d %H:%M:%S}",
        f"  path: {package.id}.zip", f"  sha256: {digest}", "  metadata:", f"    description: {package.description}",
    ]  # fmt: skip
    if package.requires:
        lines += ["  requires:", *(f"    - {name}" for name in package.requires)]
    return "\n".join(lines) + "\n"


def build(out: Path, with_ui: bool = True) -> list[Path]:
    """The zips and index.yml in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    text, when = version(), commit_time()
    index, written = "", []
    for package in (main_package(text, with_ui), automatic_package()):
        check(package)
        target = out / f"{package.id}.zip"
        index += index_entry(package, text, when, write_zip(package, target, when))
        written.append(target)
    (out / "index.yml").write_text(index, encoding="utf-8", newline="\n")
    return [*written, out / "index.yml"]


def build_interface() -> None:
    """Compile plugin/ui with npm, so that the zip holds what the sources say. Without npm, what was built before is taken."""
    npm = shutil.which("npm")
    if npm is None:
        return
    for words in (["ci", "--no-audit", "--no-fund", "--silent"], ["run", "build", "--silent"]):
        if words[0] == "ci" and (ROOT / "plugin" / "ui" / "node_modules").is_dir():
            continue
        subprocess.run([npm, *words], cwd=ROOT / "plugin" / "ui", check=True, stdout=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "plugin", help="folder for the zips and index.yml")
    parser.add_argument("--without-ui", action="store_true", help="an empty script instead of the built one: for tests of the Python half")
    parser.add_argument("--json", action="store_true", help="print the answer as one JSON object")
    options = parser.parse_args()
    if not options.without_ui:
        build_interface()
    sizes = {str(path): path.stat().st_size for path in build(options.out, with_ui=not options.without_ui)}
    print(json.dumps({"files": sizes}) if options.json else "\n".join(f"{path}  {size:,} bytes" for path, size in sizes.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
