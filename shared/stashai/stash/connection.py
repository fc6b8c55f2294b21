"""HTTP to Stash: who we are, what may be retried, and what a wrong answer means.

Stash sends a client that it does not know to its login page with a 302, which a naive client follows and takes the page for
a picture: here nothing is followed, and the content type is checked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from ..errors import MediaError, StashAIError

TIMEOUT = (5.0, 60.0)
"""Seconds to connect, and between two bytes."""
LOOK = "See whether its file is still there, and scan the library again."
PATIENCE = 15.0
"""Seconds for which a locked database is tried again."""


class StashError(StashAIError):
    """Stash refused, cannot be reached, or answered with something else than was asked for."""

    code = "stash"


class LockedError(StashError):
    """Somebody else is writing; the statement did nothing and may be sent again."""

    code = "stash-busy"


class LoginError(StashError):
    code = "stash-login"


class NotMediaError(StashError, MediaError):
    """What Stash answered is no picture or clip, as when the file is gone from the disk: other items go on."""

    code = "not-media"


@dataclass(frozen=True, slots=True)
class Address:
    """Where Stash listens and the session it gave us."""

    base: str
    cookie_name: str = "session"
    cookie: str | None = None

    @classmethod
    def from_server_connection(cls, values: Mapping[str, Any]) -> Address:
        """From what Stash hands to a plugin; the address it is bound to is not always one that can be called."""
        host = str(values.get("Host") or "127.0.0.1")
        reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared, not bound
        if ":" in reachable and not reachable.startswith("["):
            reachable = f"[{reachable}]"
        session = values.get("SessionCookie") or {}
        base = f"{values.get('Scheme') or 'http'}://{reachable}:{values.get('Port') or 9999}/"
        return cls(base, str(session.get("Name") or "session"), session.get("Value"))

    @property
    def is_loopback(self) -> bool:
        return urlsplit(self.base).hostname in ("127.0.0.1", "::1", "localhost")


@dataclass(slots=True)
class Identity:
    """Who we are to Stash: one for all connections of a process, for the session lives on in the newest answer to any of them.
    `renewed` is when that was, by the monotonic clock."""

    cookie: str | None
    api_key: str = ""
    renewed: float = field(default_factory=time.monotonic)


class Connection:
    """One keep-alive session. Not for several threads at once: `clone` gives each its own."""

    def __init__(self, address: Address, identity: Identity | None = None) -> None:
        self.address = address
        self.identity = identity or Identity(address.cookie)
        self._http = requests.Session()
        self._http.trust_env = False
        if address.is_loopback and address.base.startswith("https:"):
            # Stash's certificate names the outside; nobody can stand between a machine and itself.
            self._http.verify = False
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def clone(self) -> Connection:
        return Connection(self.address, self.identity)

    def close(self) -> None:
        self._http.close()

    def use_api_key(self, api_key: str) -> None:
        """From now on by the key: it does not run out as a session does."""
        self.identity.api_key = api_key

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, stream: bool = False) -> requests.Response:
        """The answer to GET; raises StashError when there is none or when it is the login page."""
        response = self._send("GET", path, headers=dict(headers or {}), stream=stream)
        if response.is_redirect or response.status_code == 401:
            raise _login_needed(path)
        return response

    def fetch(self, path: str, kinds: Iterable[str]) -> bytes | None:
        """The body under `path`, None when there is none; StashError when it is not of one of `kinds` (prefixes)."""
        response = self.get(path)
        if response.status_code == 404:
            return None
        kind = response.headers.get("Content-Type", "")
        if response.status_code != 200:
            raise NotMediaError(f"Stash answered {path} with status {response.status_code}.", remedy=LOOK)
        if not any(kind.startswith(prefix) for prefix in kinds):
            raise NotMediaError(f"Stash answered {path} with {kind or 'an unknown type'} where a picture or clip was meant.")
        return bytes(response.content)

    @retry(
        retry=retry_if_exception_type(LockedError),
        stop=stop_after_delay(PATIENCE),
        wait=wait_random_exponential(multiplier=0.05, max=2),
        reraise=True,
    )
    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """`data` of the answer. Errors of the schema (422) and of resolvers (200 with errors) are StashError."""
        response = self._send("POST", "graphql", json={"query": query, "variables": dict(variables or {})})
        if response.is_redirect or response.status_code == 401:
            raise _login_needed("graphql")
        try:
            answer = response.json()
        except ValueError as error:
            raise StashError(f"Stash answered a query with status {response.status_code} and no JSON.") from error
        if answer.get("errors"):
            raise _refused(answer["errors"])
        return dict(answer["data"])

    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> requests.Response:
        url = urljoin(self.address.base, path.lstrip("/"))
        named = {**self._credentials(), **(headers or {})}
        began = time.monotonic()
        try:
            response = self._http.request(method, url, headers=named, timeout=TIMEOUT, allow_redirects=False, **options)
        except requests.RequestException as error:
            named = {"address": self.address.base}
            said = f"Stash at {self.address.base} did not answer: {type(error).__name__}."
            raise StashError(said, code="stash-unreachable", params=named) from error
        cookie = response.cookies.get(self.address.cookie_name)
        if cookie:
            self.identity.cookie, self.identity.renewed = cookie, began
        self._http.cookies.clear()
        return response

    def _credentials(self) -> dict[str, str]:
        """The key, else the newest cookie: each of Stash's answers renews the session."""
        if self.identity.api_key:
            return {"ApiKey": self.identity.api_key}
        cookie = self.identity.cookie
        return {"Cookie": f"{self.address.cookie_name}={cookie}"} if cookie else {}


def _login_needed(path: str) -> LoginError:
    return LoginError(
        f"Stash asked for a login when {path.partition('?')[0]} was fetched.",
        remedy="The session ran out: reload the page and start again, or set an API key in Stash's security settings.",
    )


def _refused(errors: list[dict[str, Any]]) -> StashError:
    text = "; ".join(str(error.get("message")) for error in errors)
    if "database is locked" in text:
        return LockedError("Stash's database is busy.", remedy="Try again in a moment.")
    return StashError(f"Stash refused: {text}")
