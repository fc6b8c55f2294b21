"""The tables' names and columns are an API: clients and older tools read them."""

from __future__ import annotations

import pytest

from stashai.tracking.database import Database
from stashai.tracking.models import Interaction, Item, Job
from stashai.tracking.records import ITEM_COLUMNS, JOB_COLUMNS

JOBS = """job_id job_name entity_type entity_id entity_name action_type status created_at started_at completed_at
processing_time_seconds job_config service_name ai_model total_tests_planned tests_completed tests_passed tests_failed tests_error
progress_percentage overall_result performers_found_total confidence_scores_summary tags_applied_summary results_summary
error_message error_details lease_until attempt cancel_requested parent priority"""
ITEMS = """test_id job entity_type entity_id entity_filepath entity_name action_type ai_model model_version status created_at
started_at completed_at processing_time_seconds response_data result performers_found confidence_scores max_confidence
avg_confidence tags_applied evaluation_criteria evaluation_reason evaluation_score error_message error_type"""
INTERACTIONS = "entity_type entity_id session_id user_id timestamp service action_type interaction_metadata"


@pytest.mark.parametrize(
    ("table", "columns"), [("processing_jobs", JOBS), ("processing_tests", ITEMS), ("user_interactions", INTERACTIONS)]
)
def test_every_column_of_the_contract_is_there(database: Database, table: str, columns: str) -> None:
    cursor = database.execute(f"SELECT * FROM {table} LIMIT 0")
    assert set(columns.split()) <= {column[0] for column in cursor.description}


def test_rows_are_read_whole() -> None:
    assert set(JOB_COLUMNS) == {field.column_name for field in Job._meta.sorted_fields}
    assert set(ITEM_COLUMNS) == {field.column_name for field in Item._meta.sorted_fields}
    assert Interaction._meta.table_name == "user_interactions"


def test_no_column_holds_payload_bytes_but_vectors_and_landmarks(database: Database) -> None:
    if database.is_sqlite:
        tables = [row[0] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        blobs = {f"{table}.{row[1]}" for table in tables for row in database.query(f"PRAGMA table_info({table})") if row[2] == "BLOB"}
    else:
        named = "SELECT table_name || '.' || column_name FROM information_schema.columns"
        blobs = {row[0] for row in database.query(f"{named} WHERE data_type = 'bytea' AND table_schema = current_schema()")}
    assert blobs == {"reference_embeddings.vector", "observation_embeddings.vector", "observations.landmarks"}
