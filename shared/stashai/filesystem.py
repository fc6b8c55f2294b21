"""Whether a folder lies on a network file system, where SQLite's write-ahead log (shared memory) must not be used."""

from __future__ import annotations

import sys
from pathlib import Path

NETWORK = frozenset(
    [
        "9p",
        "afpfs",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs3",
        "nfs4",
        "smb3",
        "smbfs",
        "sshfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
        "webdav",
    ]
)
_LOCAL_FUSE = frozenset({"fuseblk", "fusectl"})


def is_network_folder(folder: Path) -> bool:
    """True when `folder` (which exists) is known to lie on another machine, or on a bridge to the host of a virtual one."""
    if sys.platform == "linux":
        return is_network_type(_linux_type(folder))
    if sys.platform == "win32":
        return _windows_remote(folder)
    return is_network_type(_mount_type(folder))


def is_network_type(kind: str) -> bool:
    return kind not in _LOCAL_FUSE and (kind in NETWORK or kind.startswith("fuse."))


def _linux_type(folder: Path) -> str:
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    return type_of(folder.resolve(), lines)


def type_of(folder: Path, mountinfo: list[str]) -> str:
    """The type of the deepest, last mounted file system over `folder`, by lines of /proc/self/mountinfo."""
    best, kind = -1, ""
    for line in mountinfo:
        fields, _, rest = line.partition(" - ")
        point = Path(fields.split(" ")[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))
        if len(point.parts) >= best and folder.is_relative_to(point):
            best, kind = len(point.parts), rest.split(" ")[0]
    return kind


def _mount_type(folder: Path) -> str:
    """macOS and the BSDs: `device on /point (type, options)`."""
    import subprocess  # a tenth of what a hook may take, and only needed here

    try:
        listing = subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False, timeout=5).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    best, kind, resolved = -1, "", folder.resolve()
    for line in listing.splitlines():
        point, _, options = line.partition(" on ")[2].rpartition(" (")
        if point and len(Path(point).parts) >= best and resolved.is_relative_to(point):
            best, kind = len(Path(point).parts), options.partition(",")[0].rstrip(")")
    return kind


def _windows_remote(folder: Path) -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    anchor = folder.resolve().anchor
    drive_remote = 4
    return anchor.startswith("\\\\") or bool(ctypes.windll.kernel32.GetDriveTypeW(anchor) == drive_remote)
