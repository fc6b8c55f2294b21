"""Processes of a host that tests end at will."""

from __future__ import annotations

from stashai.tracking.owner import Owner


class FakeProcesses:
    """`me()` is `current`; an owner of this host is gone once it is in `dead`."""

    def __init__(self, host: str = "here", pid: int = 1) -> None:
        self.current = Owner(host, pid, f"start-{pid}")
        self.dead: set[Owner] = set()

    def me(self) -> Owner:
        return self.current

    def is_gone(self, owner: Owner) -> bool:
        return owner.host == self.current.host and owner in self.dead
