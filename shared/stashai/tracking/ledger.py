"""The truth about all work: what was asked, who runs it, what it came to. A queue only rings; rows decide (design.md section 4).

The class is put together of its verbs: reading, announcing, submitting, leasing, recording, revising, keeping. Every write of a
running job is fenced by (id, attempt, processing), so a process that was believed dead can wake up without harm.
"""

from __future__ import annotations

from .reading import LEASE
from .retention import Keeping

__all__ = ["LEASE", "Ledger"]


class Ledger(Keeping):
    """Safe for several threads, and for several processes and hosts on one database."""
