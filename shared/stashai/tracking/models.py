"""The tables. Declarations only: they are bound to no database, each query names the one that it runs on.

Times are seconds since the epoch (UTC, float). JSON is text. Vectors are raw little-endian float32 in columns of their own;
no picture and no encoded payload ever lies in a row.
"""

from __future__ import annotations

from typing import Any

from peewee import SQL as Sql  # noqa: N811 - a class
from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    ForeignKeyField,
    IntegerField,
    Model,
    NodeList,
    TextField,
)


class _Id(BigAutoField):
    """A key that no later row gets again, since ids live on in results and decisions (SQLite reuses plain ones)."""

    def ddl(self, ctx: Any) -> Any:
        column = super().ddl(ctx)
        return NodeList((column, Sql("AUTOINCREMENT"))) if ctx.state.param == "?" else column


def _many(parent: Any, **options: Any) -> ForeignKeyField:
    """A reference whose rows go with their parent."""
    return ForeignKeyField(parent, backref="+", on_delete="CASCADE", **options)


class Job(Model):
    """One request. The columns up to `error_details` are those of the API; the rest is what the ledger needs."""

    id = _Id()
    job_id = TextField(unique=True)
    job_name = TextField(default="")
    entity_type = TextField(null=True)
    entity_id = TextField(null=True)
    entity_name = TextField(null=True)
    action_type = TextField()
    status = TextField(default="pending")
    created_at = DoubleField(index=True)
    started_at = DoubleField(null=True)
    completed_at = DoubleField(null=True)
    processing_time_seconds = DoubleField(null=True)
    job_config = TextField(default="{}")
    service_name = TextField(default="local")
    ai_model = TextField(null=True)
    total_tests_planned = IntegerField(default=0)
    tests_completed = IntegerField(default=0)
    tests_passed = IntegerField(default=0)
    tests_failed = IntegerField(default=0)
    tests_error = IntegerField(default=0)
    progress_percentage = DoubleField(default=0.0)
    overall_result = TextField(default="pending")
    performers_found_total = IntegerField(default=0)
    confidence_scores_summary = TextField(null=True)
    tags_applied_summary = TextField(null=True)
    results_summary = TextField(null=True)
    error_message = TextField(null=True)
    error_details = TextField(null=True)

    processor = TextField()
    error_code = TextField(null=True)
    updated_at = DoubleField(index=True)
    message = TextField(default="")
    owner_host = TextField(null=True)
    owner_pid = IntegerField(null=True)
    owner_start = TextField(null=True)
    lease_until = DoubleField(null=True)
    attempt = IntegerField(default=0)
    strikes = IntegerField(default=0)
    max_attempts = IntegerField(default=5)
    cancel_requested = BooleanField(default=False)
    cancel_reason = TextField(null=True)
    parent = _many("self", null=True, column_name="parent")
    priority = IntegerField(default=1)
    idempotency_key = TextField(null=True, unique=True)
    request_hash = TextField(null=True, index=True)
    client_id = TextField(null=True)
    timeout = DoubleField(null=True)
    run_policy = TextField(default="detached")
    watch_seconds = DoubleField(null=True)
    watch_until = DoubleField(null=True)
    in_flight = TextField(null=True)
    suspects = TextField(null=True)
    retries = IntegerField(default=0)

    class Meta:
        table_name = "processing_jobs"
        indexes = ((("status", "priority", "created_at"), False), (("entity_type", "entity_id"), False))


class Item(Model):
    """One unit of a job: pass, fail or error when it ended, pending before."""

    id = _Id()
    test_id = TextField(unique=True)
    job = _many(Job, column_name="job", index=False)
    unit = TextField()
    sequence = BigIntegerField()
    entity_type = TextField()
    entity_id = TextField()
    entity_filepath = TextField(null=True)
    entity_name = TextField(null=True)
    action_type = TextField()
    ai_model = TextField(null=True)
    model_version = TextField(null=True)
    status = TextField()
    created_at = DoubleField()
    started_at = DoubleField(null=True)
    completed_at = DoubleField(null=True)
    processing_time_seconds = DoubleField(null=True)
    response_data = TextField(null=True)
    result = TextField()
    performers_found = IntegerField(default=0)
    confidence_scores = TextField(null=True)
    max_confidence = DoubleField(null=True)
    avg_confidence = DoubleField(null=True)
    tags_applied = TextField(null=True)
    evaluation_criteria = TextField(null=True)
    evaluation_reason = TextField(null=True)
    evaluation_score = DoubleField(null=True)
    error_message = TextField(null=True)
    error_type = TextField(null=True)
    error_details = TextField(null=True)
    attempt = IntegerField(default=1)
    retries = IntegerField(default=0)

    class Meta:
        table_name = "processing_tests"
        indexes = ((("job", "unit"), True), (("job", "sequence", "id"), False), (("entity_type", "entity_id", "completed_at"), False))


Item.add_index(Item.index(Item.job, where=Item.result == "pending", name="processing_tests_pending"))
"""So that what is asked of a job's few pending items does not read its million others."""


class Interaction(Model):
    id = _Id()
    entity_type = TextField()
    entity_id = TextField()
    session_id = TextField(null=True)
    user_id = TextField(null=True)
    timestamp = DoubleField()
    service = TextField()
    action_type = TextField()
    interaction_metadata = TextField(null=True)

    class Meta:
        table_name = "user_interactions"
        indexes = ((("entity_type", "entity_id", "timestamp"), False),)


class PersonRow(Model):
    id = _Id()
    name = TextField(index=True)
    source = TextField()
    key = TextField()
    stamp = BigIntegerField(constraints=[Sql("DEFAULT 0")])
    created_at = DoubleField()

    class Meta:
        table_name = "people"
        indexes = ((("source", "key"), True),)


class Merged(Model):
    """Another place that somebody is learned from, since two were said to be one person: `source` and `key` as in people."""

    source = TextField()
    key = TextField()
    person = _many(PersonRow, column_name="person")

    class Meta:
        table_name = "merged"
        primary_key = CompositeKey("source", "key")


class Forgotten(Model):
    """Somebody who must not be learned again by itself: nothing but where they came from is kept."""

    source = TextField()
    key = TextField()
    forgotten_at = DoubleField()

    class Meta:
        table_name = "forgotten"
        primary_key = CompositeKey("source", "key")


class ReferenceRow(Model):
    id = _Id()
    person = _many(PersonRow, column_name="person")
    origin = TextField()
    path = TextField()
    fingerprint = TextField()
    quality = DoubleField()
    x = DoubleField()
    y = DoubleField()
    width = DoubleField()
    height = DoubleField()
    crop = TextField()
    usable = BooleanField(default=True)
    reason = TextField(null=True)
    confirmed = BooleanField(default=False)
    created_at = DoubleField()

    class Meta:
        table_name = "reference_faces"
        indexes = ((("origin", "path"), False),)


class ReferenceEmbedding(Model):
    reference = _many(ReferenceRow, column_name="reference", index=False)
    model = TextField()
    vector = BlobField()

    class Meta:
        table_name = "reference_embeddings"
        primary_key = CompositeKey("reference", "model")


class SourceRow(Model):
    """A picture that was looked at for enrolment."""

    id = _Id()
    origin = TextField()
    path = TextField()
    person = _many(PersonRow, column_name="person")
    fingerprint = TextField()
    detector = TextField()
    outcome = TextField()
    message = TextField(default="")
    looked_at = DoubleField()

    class Meta:
        table_name = "source_files"
        indexes = ((("origin", "path"), True),)


class Media(Model):
    """Media that were analysed, by content and by the analysis' name. `info` is None until the media themselves were noted."""

    id = _Id()
    fingerprint = TextField()
    analysis = TextField()
    info = TextField(null=True)

    class Meta:
        table_name = "media"
        indexes = ((("fingerprint", "analysis"), True),)


class FrameRow(Model):
    """A frame that was analysed. `moment` is its time in whole microseconds, -1 for a still: unique where a NULL is not. `asked` is
    the question of a look that it answers."""

    id = _Id()
    media = _many(Media, column_name="media", index=False)
    moment = BigIntegerField()
    time = DoubleField(null=True)
    note = TextField(null=True)
    asked = TextField(null=True)

    class Meta:
        table_name = "seen_frames"
        indexes = ((("media", "moment"), True),)


class ObservationRow(Model):
    """A face in a frame. `landmarks` are ten float32."""

    id = _Id()
    frame = _many(FrameRow, column_name="frame")
    x = DoubleField()
    y = DoubleField()
    width = DoubleField()
    height = DoubleField()
    landmarks = BlobField()
    score = DoubleField()
    roll = DoubleField()
    quality = DoubleField()
    details = TextField(null=True)
    crop = TextField(null=True)

    class Meta:
        table_name = "observations"


class ObservationEmbedding(Model):
    observation = _many(ObservationRow, column_name="observation", index=False)
    model = TextField()
    vector = BlobField()

    class Meta:
        table_name = "observation_embeddings"
        primary_key = CompositeKey("observation", "model")


class FileFingerprint(Model):
    """The fingerprint of an unchanged file, so that it is not read again."""

    path = TextField(primary_key=True)
    size = BigIntegerField()
    mtime_ns = BigIntegerField()
    fingerprint = TextField()

    class Meta:
        table_name = "file_fingerprints"


class DecisionRow(Model):
    """What a person said: the faces `observations` (a JSON list of ids) are, or are not, this one."""

    id = _Id()
    fingerprint = TextField(index=True)
    person = _many(PersonRow, column_name="person")
    accepted = BooleanField()
    observations = TextField()
    decided_at = DoubleField()

    class Meta:
        table_name = "decisions"


class StashWrite(Model):
    """One thing added to Stash: what undo removes. Outlives its job's row, since undo must."""

    id = _Id()
    run = TextField(index=True)
    job_id = TextField(null=True)
    entity_type = TextField()
    entity_id = TextField()
    field = TextField()
    value = TextField()
    before = TextField(null=True)
    why = TextField(default="")
    confidence = DoubleField(null=True)
    state = TextField(default="planned")
    written_at = DoubleField()
    undone_at = DoubleField(null=True)

    class Meta:
        table_name = "stash_writes"
        indexes = ((("entity_type", "entity_id"), False),)


class Meta(Model):
    """Counters and small facts of the database itself; `schema` is the version of these tables."""

    key = TextField(primary_key=True)
    number = BigIntegerField(default=0)
    text = TextField(null=True)

    class Meta:
        table_name = "meta"


TABLES: tuple[type[Model], ...] = (
    Job,
    Item,
    Interaction,
    PersonRow,
    Merged,
    Forgotten,
    ReferenceRow,
    ReferenceEmbedding,
    SourceRow,
    Media,
    FrameRow,
    ObservationRow,
    ObservationEmbedding,
    FileFingerprint,
    DecisionRow,
    StashWrite,
    Meta,
)
