"""huey as the bell: the one place that imports it. SQLite beside the ledger, or PostgreSQL or Redis for several machines."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huey import PriorityRedisHuey, SqliteHuey
from huey.api import Huey, TaskWrapper
from huey.consumer import Consumer
from huey.contrib.sql_huey import SqlHuey
from huey.registry import Message
from huey.serializer import Serializer

from stashai.errors import SetupError
from stashai.tracking.database import impatient

logger = logging.getLogger(__name__)

NAME = "stashai"
LOWEST = 10
"""The ledger's priorities go from 1, the highest, to 10; huey serves the larger number first."""


class JsonSerializer(Serializer):  # type: ignore[misc]  # huey ships no types
    """Messages as JSON: a queue that somebody else can write to must not be able to run code (pickle can)."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(list(data)).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(data))


class QuietConsumer(Consumer):  # type: ignore[misc]  # huey ships no types
    """A consumer that leaves the process's signals to uvicorn."""

    def _set_signal_handlers(self) -> None:
        return


def open_huey(url: str, data: Path) -> Huey:
    """The queue that `url` names; empty for SQLite in the data folder. Raises SetupError for what is not known."""
    options: dict[str, Any] = {"serializer": JsonSerializer(), "results": False, "utc": True}
    scheme = urlsplit(url).scheme
    if not url:
        return SqliteHuey(NAME, filename=str(data / "queue.sqlite3"), **options)
    if scheme in ("redis", "rediss"):
        return PriorityRedisHuey(NAME, url=url, **options)
    if scheme in ("postgresql", "postgres"):
        from playhouse.db_url import connect

        return SqlHuey(NAME, database=connect(impatient(url)), **options)
    raise SetupError(
        f"STASHAI_QUEUE_URL begins with {scheme!r}.", code="unsafe-settings", remedy="Use redis:// or postgresql://, or leave it empty."
    )


class Bell:
    """Rings for jobs and answers the ringing with threads that call `run(job_id)`."""

    def __init__(self, huey: Huey, run: Callable[[str], None], workers: int) -> None:
        self._huey = huey
        self._workers = workers
        self._consumer: QuietConsumer | None = None

        def run_job(job_id: str) -> None:
            """Its name in messages is this module's, whoever makes the bell."""
            run(job_id)

        self._task: TaskWrapper = huey.task(name="run_job", retries=0)(run_job)

    def ring(self, job_id: str, priority: int = 1) -> None:
        """Say that a job waits. A ring that gets lost is made up for by the reaper, which reads the ledger."""
        self._huey.enqueue(self._task.s(job_id, priority=LOWEST - priority))

    def start(self) -> None:
        self._consumer = QuietConsumer(
            self._huey, workers=self._workers, periodic=False, worker_type="thread", initial_delay=0.05, max_delay=1.0
        )
        self._consumer.start()

    def stop(self) -> None:
        if self._consumer is not None:
            self._consumer.stop(graceful=False)
            self._consumer = None

    def is_empty(self) -> bool:
        """Whether nothing waits in the queue; False, too, while it cannot be asked."""
        try:
            self._reconnect()
            return int(self._huey.pending_count()) == 0
        except Exception as error:  # noqa: BLE001 - each queue has its own kinds of errors; a consumer tries again by itself
            logger.warning("The queue does not answer: %s: %s", type(error).__name__, error)
            return False

    def flush(self) -> None:
        self._reconnect()
        self._huey.flush()

    def _reconnect(self) -> None:
        """After its server restarted, huey's SQL storage connects anew for some calls by itself and for others not."""
        check = getattr(self._huey.storage, "check_conn", None)
        if check is not None:
            check()
