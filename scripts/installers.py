"""The ways to make a virtual environment and fill it from a lock with hashes, the quickest first."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, call
from typing import Protocol

PIP = ("pip-26.3-py3-none-any.whl", "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13")
"""pip's own wheel and its sha256, for Pythons that come without ensurepip (Debian's, without python3-venv)."""


class SetupError(Exception):
    """One sentence of what is wrong and one of what to do."""


class Installer(Protocol):
    name: str

    def create(self, folder: Path) -> None:
        """Make an empty environment at `folder`; SetupError when that cannot be done."""
        ...

    def install_command(self, python: Path, lock: Path) -> Sequence[str]: ...

    def environ(self) -> Mapping[str, str]: ...


def installers(workplace: Path) -> Iterator[Installer]:
    """uv when there is one, then pip: a setting that only pip reads (pip.conf) is then honoured, too."""
    uv = find_uv()
    if uv:
        yield Uv(uv)
    yield Pip(workplace)


def find_uv() -> str | None:
    """uv on the path, or where its own installer puts it."""
    home = Path.home()
    places = [home / ".local" / "bin" / "uv", home / ".cargo" / "bin" / "uv"]
    return shutil.which("uv") or next((str(p) for p in places if os.access(p, os.X_OK)), None)


class Uv:
    name = "uv"

    def __init__(self, program: str) -> None:
        self.program = program

    def create(self, folder: Path) -> None:
        command = [self.program, "venv", "--quiet", "--no-config", "--python", sys.executable, str(folder)]
        if call(command, stdout=sys.stderr.fileno(), env=self.environ()) != 0:
            raise SetupError("uv could not make the environment.")

    def install_command(self, python: Path, lock: Path) -> Sequence[str]:
        # compiled now: the first answer would take seconds longer otherwise
        options = ("--no-config", "--compile-bytecode", "--require-hashes")
        return [self.program, "pip", "install", "--python", str(python), *options, "-r", str(lock)]

    def environ(self) -> Mapping[str, str]:
        """pip's settings of index and certificates under uv's names, where uv has none of its own."""
        names = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_NO_INDEX": "UV_NO_INDEX", "PIP_CERT": "SSL_CERT_FILE"}
        if os.environ.get("PIP_NO_INDEX"):
            names["PIP_FIND_LINKS"] = "UV_FIND_LINKS"
        taken = {ours: os.environ[theirs] for theirs, ours in names.items() if os.environ.get(theirs)}
        return {**taken, **os.environ, "VIRTUAL_ENV": ""}


class Pip:
    name = "pip"

    def __init__(self, workplace: Path) -> None:
        self.workplace = workplace
        self.pip: Sequence[str] = ("-m", "pip")

    def create(self, folder: Path) -> None:
        if find_spec("venv") is None:
            raise SetupError("This Python has no venv module. On Debian and Ubuntu: apt install python3-venv; elsewhere install uv.")
        own = find_spec("ensurepip") is not None
        command = [sys.executable, "-m", "venv", *([] if own else ["--without-pip"]), str(folder)]
        if call(command, stdout=sys.stderr.fileno()) != 0:
            raise SetupError("venv failed (its reason is above). On Debian and Ubuntu: apt install python3-venv; elsewhere install uv.")
        if not own:
            self.pip = self.borrowed_pip(folder)

    def borrowed_pip(self, folder: Path) -> Sequence[str]:
        """pip out of a wheel, which Python can run as it is: the distribution's, else the pinned one from the index."""
        wheels = sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))
        wheel = wheels[-1] if wheels else download_pip(folder)
        return (str(wheel / "pip"),)

    def install_command(self, python: Path, lock: Path) -> Sequence[str]:
        if self.pip == ("-m", "pip") and call([str(python), "-m", "pip", "--version"], stdout=DEVNULL, stderr=DEVNULL) != 0:
            self.pip = self.borrowed_pip(python.parent.parent)
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
        return [str(python), *self.pip, "install", *quiet, "--only-binary", ":all:", "--require-hashes", "-r", str(lock)]

    def environ(self) -> Mapping[str, str]:
        return dict(os.environ)


def download_pip(folder: Path) -> Path:
    """The pinned wheel of pip, checked by its hash, into `folder`. Honours PIP_INDEX_URL and the usual proxy variables."""
    name, digest = PIP
    index = os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    page = f"{index.rstrip('/')}/pip/"
    try:
        answer = fetch(page, {"Accept": "application/vnd.pypi.simple.v1+json"})
        address = next(f["url"] for f in json.loads(answer)["files"] if f["filename"] == name)
        wheel = fetch(urllib.parse.urljoin(page, address), {})
    except (urllib.error.URLError, TimeoutError, ValueError, KeyError, StopIteration) as error:
        raise SetupError(
            f"This Python has no pip, and {name} could not be fetched from {index} ({error}). "
            "On Debian and Ubuntu: apt install python3-venv; elsewhere install uv."
        ) from error
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise SetupError(f"{name} from {index} is not the file that is expected (sha256 differs). Use another index, or install uv.")
    target = folder / name
    target.write_bytes(wheel)
    return target


def fetch(address: str, headers: Mapping[str, str]) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise ValueError(f"not a web address: {address}")
    request = urllib.request.Request(address, headers=dict(headers))  # noqa: S310 - checked above
    context = None
    if os.environ.get("PIP_CERT"):
        import ssl

        context = ssl.create_default_context(cafile=os.environ["PIP_CERT"])
    with urllib.request.urlopen(request, timeout=60, context=context) as answer:  # noqa: S310 - checked above
        return bytes(answer.read())
