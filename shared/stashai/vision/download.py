"""One file over HTTP that arrives whole or not at all: it goes on where an earlier attempt was cut off."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import requests

from ..errors import SetupError
from .registries import TIMEOUT, public

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes there are."""

_CHUNK = 1 << 14
"""Bytes written at a time, and so the most that is lost when the line drops."""
_PAUSES = (0.5, 2.0, 5.0)
"""Seconds before the second, third and fourth attempt."""


_PASSING = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class WrongContentError(SetupError):
    """What arrived is not what the catalog names."""

    code = "model-checksum"


def download(
    url: str,
    target: Path,
    size: int,
    sha256: str,
    http: requests.Session,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch `url` to `target`, whose `size` and `sha256` are known, through `target` + ".part", which survives a kill.

    The caller holds a lock: nobody else writes that file. Raises SetupError (no such file, no room, wrong content) and
    requests' own errors when the server could not be reached after four attempts.
    """
    part = target.with_name(target.name + ".part")
    for pause in (*_PAUSES, None):
        try:
            _append(url, part, size, http, progress)
            break
        except _PASSING:
            if pause is None:
                raise
            sleep(pause)
        except OSError as error:  # requests' own errors are OSErrors, too
            if isinstance(error, requests.RequestException):
                raise
            raise no_room(error, target, size) from error
    found = file_sha256(part)
    if found != sha256:
        part.unlink()
        raise WrongContentError(
            f"{public(url)} is not the file that the catalog names: its sha256 is {found}, not {sha256}.",
            remedy="Try again; when it happens twice, the server or a proxy changes the file.",
        )
    part.replace(target)


def _append(url: str, part: Path, size: int, http: requests.Session, progress: Progress | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have == size:
        return
    if have > size:
        part.unlink()
        have = 0
    _require_room(part, size - have)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with http.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        _check_status(answer, url)
        resumed = answer.status_code == requests.codes.partial_content and answer.headers.get("Content-Range", "").startswith(
            f"bytes {have}-"
        )
        done = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress(done, size)
            file.flush()
            os.fsync(file.fileno())
    if done < size:
        raise requests.ConnectionError(f"{public(url)} ended after {done} of {size} bytes")


def _check_status(answer: requests.Response, url: str) -> None:
    if answer.ok:
        return
    if answer.status_code in {408, 429, 500, 502, 503, 504}:
        raise requests.ConnectionError(f"{public(url)} answered {answer.status_code}")
    raise SetupError(
        f"{public(url)} answered {answer.status_code} {answer.reason}.",
        remedy="Fetch the file in another way, put it into a folder and set STASHAI_MODEL_SOURCE to it.",
        code="model-not-found",
    )


def _require_room(part: Path, needed: int) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(part.parent).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_room(error: OSError, target: Path, size: int) -> SetupError:
    """What to tell when `target` could not be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return SetupError(
            f"There is no room for {target.name} ({size / 1e6:.0f} MB) in {target.parent}.",
            remedy="Make room, or set STASHAI_MODELS to another folder; what has arrived is kept.",
            code="disk-full",
        )
    return SetupError(
        f"{target} cannot be written: {error.strerror or error}.", remedy="Check the folder's permissions, or set STASHAI_MODELS."
    )


def file_sha256(path: Path) -> str:
    """The sha256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
