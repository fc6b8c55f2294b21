"""Everything that has rows, wired to one database."""

from __future__ import annotations

from ..clock import Clock
from ..media.crops import CropFolder
from ..processing.stores import CropStore, Stores
from ..settings import Settings
from .database import open_database
from .decisions import Decisions
from .ledger import Ledger
from .observations import Observations
from .people import People


def open_stores(settings: Settings, crops: CropStore | None = None, clock: Clock | None = None) -> tuple[Ledger, Stores]:
    """The ledger and the stores of `settings`; crops are kept below its data folder unless told otherwise.

    `ledger.database.close()` closes both. Raises StorageError, SetupError.
    """
    database = open_database(settings, clock)
    kept = crops or CropFolder(settings.data / "crops")
    return Ledger(database), Stores(People(database), Observations(database), Decisions(database), kept)
