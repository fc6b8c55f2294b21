"""Where a package's file lies: the addresses of package registries, and the mirrors that pip and npm are told to use."""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests

from ..errors import SetupError
from .catalog import Source

PYPI = "https://pypi.org/simple"
NPM = "https://registry.npmjs.org"
TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between two packets."""
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


def file_url(source: Source, http: requests.Session, environ: Mapping[str, str]) -> str:
    """The address of `source.file`. Raises SetupError when the registry does not have it, requests' errors when offline."""
    if source.kind == "wheel":
        return _wheel_url(source, http, pip_index(environ))
    if source.kind == "npm":
        registry = environ.get("npm_config_registry") or environ.get("NPM_CONFIG_REGISTRY") or NPM
        return f"{registry.rstrip('/')}/{source.package}/-/{source.package.rpartition('/')[2]}-{source.version}.tgz"
    return source.url


def pip_index(environ: Mapping[str, str]) -> str:
    """The package index that this user's pip (or uv) is configured with, else PyPI."""
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if environ.get(name):
            return environ[name]
    return _pip_option("index-url", environ) or PYPI


def http_session(environ: Mapping[str, str]) -> requests.Session:
    """A session with pip's certificates and proxy when it has some of its own; requests reads the usual variables itself."""
    session = requests.Session()
    session.headers["User-Agent"] = "stashai"
    certificates = environ.get("PIP_CERT") or _pip_option("cert", environ)
    if certificates and not environ.get("REQUESTS_CA_BUNDLE"):
        session.verify = certificates
    proxy = environ.get("PIP_PROXY") or _pip_option("proxy", environ)
    if proxy:
        session.proxies = {"http": proxy, "https": proxy}
    return session


def public(url: str) -> str:
    """`url` without a password, fit for messages."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _wheel_url(source: Source, http: requests.Session, index: str) -> str:
    project = re.sub(r"[-_.]+", "-", source.package).lower()
    page = f"{index.rstrip('/')}/{project}/"
    answer = http.get(page, headers={"Accept": _ACCEPT}, timeout=TIMEOUT)
    if answer.status_code == requests.codes.not_found:
        raise SetupError(
            f"The package index {public(index)} has no {source.package}.",
            remedy="Use another index (PIP_INDEX_URL) or STASHAI_MODEL_SOURCE.",
        )
    answer.raise_for_status()
    links = _json_links(answer) if "json" in answer.headers.get("Content-Type", "") else _html_links(answer.text)
    if source.file not in links:
        raise SetupError(
            f"The package index {public(index)} has no {source.file}.",
            remedy=f"Put that file into a folder and set STASHAI_MODEL_SOURCE to it; {source.package} {source.version} is on pypi.org.",
        )
    return urljoin(answer.url, links[source.file])


def _json_links(answer: requests.Response) -> dict[str, str]:
    return {str(file["filename"]): str(file["url"]) for file in answer.json()["files"]}


def _html_links(page: str) -> dict[str, str]:
    reader = _Links()
    reader.feed(page)
    return {urlsplit(link).path.rpartition("/")[2]: link for link in reader.links}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _pip_option(name: str, environ: Mapping[str, str]) -> str:
    """The option as pip would find it: the environment's file last, so that it wins. An unreadable file is as good as none."""
    value = ""
    for path in _pip_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        value = parser.get("global", name, fallback=value)
    return value


def _pip_files(environ: Mapping[str, str]) -> list[Path]:
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or os.curdir)
    if sys.platform == "win32":
        roots = [Path(environ[name]) / "pip" / "pip.ini" for name in ("ProgramData", "APPDATA") if environ.get(name)]
        own = Path(sys.prefix) / "pip.ini"
    else:
        library = Path("Library/Application Support/pip/pip.conf")
        system = [Path("/") / library] if sys.platform == "darwin" else [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf")]
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        roots = [*system, home / library, home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
        own = Path(sys.prefix) / "pip.conf"
    named = environ.get("PIP_CONFIG_FILE")
    return [*roots, own, *([Path(named)] if named else [])]
