"""Makes the checkout's Python environment from the locks: by uv when there is one, by venv and pip otherwise.

Built aside and renamed, so that a half-made one is never taken for a whole one; under a file lock, so that two first
runs at once make one; without root. Progress and errors go to stderr, stdout stays the command's.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen, TimeoutExpired

import installed
from installers import Installer, SetupError, installers

SETUP_FAILED, INTERRUPTED = 3, 130
"""Exit statuses, as the command line documents them."""
ROOM_NEEDED = 900 * 2**20
"""Bytes that core and its downloads take while they are installed, with a margin."""


def say(text: str) -> None:
    print(f"StashAI: {text}", file=sys.stderr, flush=True)


def make(root: str, folder: str, groups: Sequence[str], *, as_json: bool = False) -> int:
    """Make or complete the environment at `folder`. Returns an exit status; what went wrong is said on stderr, and as an object
    on stdout when a program asked (`as_json`)."""
    try:
        with locked(Path(folder + ".lock")):
            complete(root, Path(folder), groups)
    except SetupError as error:
        status, said = SETUP_FAILED, f"set-up failed. {error}"
    except OSError as error:
        status, said = SETUP_FAILED, f"set-up failed. {refusal(error, folder)}"
    except KeyboardInterrupt:
        status, said = INTERRUPTED, "set-up interrupted. What was downloaded is kept; run the command again to go on."
    else:
        return 0
    say(said)
    if as_json:
        print(json.dumps({"error": {"code": "setup" if status == SETUP_FAILED else "cancelled", "message": said, "remedy": ""}}))
    return status


def refusal(error: OSError, folder: str) -> str:
    """What the system refused, and what to do."""
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f"{error.filename} cannot be written. Set STASHAI_VENV to a folder of yours, or copy the checkout to one."
    return f"{error.strerror or error} ({error.filename or folder}). Make room or repair that place and run it again."


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path` for the block; says so once when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        waited = False
        while not try_lock(file.fileno()):
            if not waited:
                say("another StashAI is making the environment; waiting for it …")
                waited = True
            time.sleep(0.2)
        yield


def try_lock(descriptor: int) -> bool:
    """Lock the open file without waiting; the system lets go of it when the process ends, however it ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:
        if sys.platform == "win32":
            return False
        raise
    return True


def complete(root: str, folder: Path, groups: Sequence[str]) -> None:
    """Install what is missing: everything aside when `core` is, else the other groups into what stands.

    Adding in place is safe while commands run: all locks come from one resolution, so no version moves.
    """
    sweep(folder)
    todo = installed.missing(root, str(folder), groups)
    if "core" in todo:
        check_room(folder)
        rebuild(root, folder, todo)
    elif todo:
        install(root, folder, todo)


def sweep(folder: Path) -> None:
    """Remove what a killed set-up left beside `folder` (nobody else is building: we hold the lock)."""
    for leftover in folder.parent.glob(f"{folder.name}-building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for leftover in folder.parent.glob(f"{folder.name}-old-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder.parent).free
    if free < ROOM_NEEDED:
        raise SetupError(
            f"{folder.parent} has {free // 2**20} MB left, {ROOM_NEEDED // 2**20} MB are needed. "
            "Make room, or set STASHAI_VENV to a folder on another disk."
        )


def rebuild(root: str, folder: Path, groups: Sequence[str]) -> None:
    """Build aside, then take the old one's place."""
    say(f"making its Python environment in {folder} (once; some 150 MB to download) …")
    started, aside = time.monotonic(), folder.with_name(f"{folder.name}-building-{os.getpid()}")
    try:
        install(root, aside, groups, lasting=folder)
        if folder.exists():
            folder.rename(folder.with_name(f"{folder.name}-old-{os.getpid()}"))
        aside.rename(folder)
    finally:
        sweep(folder)
    say(f"the environment is ready ({time.monotonic() - started:.0f} s).")


def install(root: str, folder: Path, groups: Sequence[str], lasting: Path | None = None) -> None:
    """Install the groups' locks into `folder` with the first installer that succeeds, and stamp them."""
    failures = []
    for installer in installers(folder.parent):
        try:
            populate(root, folder, groups, installer)
        except SetupError as error:
            failures.append(str(error))
            if lasting:
                shutil.rmtree(folder, ignore_errors=True)
            continue
        link_checkout(root, folder, lasting or folder)
        if lasting:
            tell_programs(folder, lasting)
        for group in groups:
            (folder / f"stashai-{group}.stamp").write_text(installed.key(root, group), encoding="utf-8")
        return
    raise SetupError(" ".join(failures))


def populate(root: str, folder: Path, groups: Sequence[str], installer: Installer) -> None:
    python = Path(installed.python_of(str(folder)))
    if not python.exists():
        installer.create(folder)
    for group in groups:
        lock = Path(installed.lock_path(root, group))
        say(f"installing {group} with {installer.name} …")
        if run(installer.install_command(python, lock), installer.environ()) != 0:
            raise SetupError(
                f"{installer.name} could not install {lock.name} (its reason is above). Check the connection and run it again; "
                "offline, put the wheels into a folder and set PIP_NO_INDEX=1 PIP_FIND_LINKS=that folder."
            )


def run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run an installer with its lines where ours go, and a sign of life every ten seconds. Returns its exit status."""
    started = time.monotonic()
    with Popen(command, stdout=sys.stderr.fileno(), env=dict(environ)) as process:
        while True:
            try:
                return process.wait(timeout=10)
            except TimeoutExpired:
                say(f"… still at it ({time.monotonic() - started:.0f} s)")
            except BaseException:  # ctrl-C above all: raised again, and no child is left
                process.kill()
                raise


def link_checkout(root: str, folder: Path, lasting: Path) -> None:
    """In an environment that lies in the checkout, a .pth file that puts the checkout's packages on the path: relative, so that
    both can be moved together. One that lies elsewhere may serve several checkouts: the launcher tells it which one runs."""
    if lasting.parent.resolve() != Path(root).resolve():
        return
    parts = ("Lib", "site-packages") if os.name == "nt" else ("lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")
    base = Path(*[".."] * (len(parts) + 1))
    lines = [str(base / name) for name in installed.PACKAGES]
    folder.joinpath(*parts, "stashai-checkout.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


def tell_programs(folder: Path, lasting: Path) -> None:
    """The environment's scripts name the folder that they were made in: let it be the one where they will lie."""
    made, wanted = os.fsencode(folder), os.fsencode(lasting)
    for script in folder.joinpath("Scripts" if os.name == "nt" else "bin").iterdir():
        if script.is_file() and not script.is_symlink() and script.suffix != ".exe":
            content = script.read_bytes()
            if made in content and b"\0" not in content:
                script.write_bytes(content.replace(made, wanted).replace(os.fsencode(folder.name), os.fsencode(lasting.name)))
