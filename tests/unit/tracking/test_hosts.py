"""Who runs a job, and where the database lies."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stashai.filesystem import is_network_folder, is_network_type, type_of
from stashai.tracking.owner import SystemProcesses, _start_ps

MOUNTS = [
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
    "30 22 0:40 / /mnt/nas rw - nfs4 nas:/x rw",
    "31 30 0:41 / /mnt/nas/local\\040disk rw - xfs /dev/sdb rw",
    "32 22 0:42 / /over rw - ext4 /dev/a rw",
    "33 22 0:43 / /over rw - fuse.sshfs host: rw",
]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/home", "ext4"), ("/mnt/nas/x/y", "nfs4"), ("/mnt/nas/local disk/x", "xfs"), ("/mnt/nasty", "ext4"), ("/over", "fuse.sshfs")],
)
def test_the_file_system_of_a_folder(folder: str, kind: str) -> None:
    assert type_of(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize(
    ("kind", "network"), [("ext4", False), ("fuseblk", False), ("nfs4", True), ("fuse.sshfs", True), ("virtiofs", True)]
)
def test_which_file_systems_are_a_networks(kind: str, network: bool) -> None:
    assert is_network_type(kind) == network


def test_a_temporary_folder_is_local(tmp_path: Path) -> None:
    assert not is_network_folder(tmp_path)


def test_a_process_is_there_until_it_ends() -> None:
    processes = SystemProcesses()
    me = processes.me()
    assert me.pid == os.getpid()
    assert not processes.is_gone(me)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        owner = replace(me, pid=child.pid, start="")
        assert not processes.is_gone(owner)
        child.kill()
        child.wait()
    assert processes.is_gone(owner)


def test_a_pid_that_was_given_again_is_another_process() -> None:
    processes = SystemProcesses()
    assert processes.is_gone(replace(processes.me(), start="some other time"))


def test_a_process_of_another_host_is_never_judged() -> None:
    processes = SystemProcesses()
    assert not processes.is_gone(replace(processes.me(), host="elsewhere", start="some other time"))


@pytest.mark.skipif(sys.platform != "linux", reason="zombies are told by /proc")
def test_a_zombie_is_gone() -> None:
    processes = SystemProcesses()
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.is_gone(replace(processes.me(), pid=child.pid, start=""))
    child.wait()


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="there is no /bin/ps")
def test_what_ps_says_of_a_process() -> None:
    """macOS has no /proc: there it is `ps` that tells when a process began."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = _start_ps(child.pid)
    assert began
    assert _start_ps(child.pid) == began
    child.kill()
    child.wait()
    assert _start_ps(child.pid) is None
