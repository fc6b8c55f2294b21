"""Removing somebody, or everybody, for good: rows, and what results say of them."""

from __future__ import annotations

import json
import secrets
from hashlib import blake2b
from typing import Any

from ..processing.stores import Person
from .database import Database

_FACES = (
    "decisions", "observation_embeddings", "observations", "seen_frames", "media", "file_fingerprints",
    "reference_embeddings", "reference_faces", "source_files", "merged", "people",
)  # fmt: skip

_LEARNED = "SELECT t.unit FROM processing_tests t JOIN processing_jobs j ON j.id = t.job WHERE j.processor = 'people.enroll'"
"""Photographs that were ever learned from, those that are gone by now, too."""

_MARK = "/"
"""What the key of somebody forgotten begins with when it is no name; no folder's name holds it."""


def forget(database: Database, person: Person) -> list[str]:
    """Delete the person's rows, strike them out of the results of items, and delete the kept faces that were found to be
    them (the media are looked at anew when they are asked for again). Answers the keys of crops that nothing needs any more."""
    crops = {row[0] for row in database.query("SELECT crop FROM reference_faces WHERE person = ?", (person.id,))}
    seen = _struck_from_results(database, person.id)
    _strike_name(database, person)
    _drop_photographs(database, "SELECT path FROM source_files WHERE person = ?", person.id)
    for (observations,) in database.query("SELECT observations FROM decisions WHERE person = ? AND accepted", (person.id,)):
        seen.update(json.loads(observations))
    crops |= _drop_media_of(database, seen)
    places = [(person.source, person.key), *database.query("SELECT source, key FROM merged WHERE person = ?", (person.id,))]
    database.execute("DELETE FROM people WHERE id = ?", (person.id,))
    for source, key in places:
        database.execute(
            "INSERT INTO forgotten (source, key, forgotten_at) VALUES (?, ?, ?) ON CONFLICT (source, key) DO NOTHING",
            (source, key, database.now()),
        )
    return sorted(crop for crop in crops if crop and not _needed(database, crop))


def wipe(database: Database) -> None:
    """Delete every row that holds something of a face or a person; jobs stay, without what they found. Who was forgotten stays so,
    but no longer by name."""
    _drop_photographs(database, f"SELECT path FROM source_files UNION {_LEARNED}")
    for table in _FACES:
        database.execute(f"DELETE FROM {table}")
    database.execute("UPDATE processing_tests SET response_data = NULL, confidence_scores = NULL, entity_name = NULL")
    database.execute("UPDATE processing_jobs SET results_summary = NULL")
    for (key,) in database.query("SELECT key FROM forgotten WHERE source = 'folder'"):
        if not key.startswith(_MARK):
            database.execute("UPDATE forgotten SET key = ? WHERE source = 'folder' AND key = ?", (mark(database, key), key))


def mark(database: Database, name: str) -> str:
    """What stands for the name of somebody forgotten after a wipe: whoever has the name can tell that it is meant, nobody can read
    it. The salt is this database's own."""
    salt = database.scalar("SELECT text FROM meta WHERE key = 'salt'")
    if salt is None:
        salt = secrets.token_hex(16)
        database.execute("INSERT INTO meta (key, number, text) VALUES ('salt', 0, ?)", (salt,))
    return _MARK + blake2b(name.encode("utf-8", "surrogatepass"), key=str(salt).encode(), digest_size=20).hexdigest()


def _drop_photographs(database: Database, paths: str, *values: int) -> None:
    """Delete what is said of the photographs that people are learned from (`paths`, a query): they lie in folders that are called
    as the people are."""
    for table, column in (("file_fingerprints", "path"), ("processing_tests", "unit")):
        database.execute(f"DELETE FROM {table} WHERE {column} IN ({paths})", values)


def _drop_media_of(database: Database, observations: set[int]) -> set[str]:
    """Delete all that was seen of the media in which those observations are; answers their crops."""
    of_media = (
        "SELECT o2.crop, f2.media FROM observations o JOIN seen_frames f ON f.id = o.frame"
        " JOIN seen_frames f2 ON f2.media = f.media LEFT JOIN observations o2 ON o2.frame = f2.id WHERE o.id = ?"
    )
    crops: set[str] = set()
    for observation in sorted(observations):
        rows = database.query(of_media, (observation,))
        crops |= {crop for crop, _ in rows if crop}
        for media in {media for _, media in rows}:
            database.execute("DELETE FROM media WHERE id = ?", (media,))
    return crops


def _struck_from_results(database: Database, person_id: int) -> set[int]:
    """Take the person out of every stored result; answers the ids of the observations that were said to be them."""
    seen: set[int] = set()
    rows = database.query("SELECT id, response_data FROM processing_tests WHERE response_data LIKE ?", (f'%"person_id":{person_id}%',))
    for item, data in rows:
        result = json.loads(data)
        without = _without(result, person_id, seen)
        if without != result:
            database.execute(
                "UPDATE processing_tests SET response_data = ? WHERE id = ?", (json.dumps(without, separators=(",", ":")), item)
            )
    return seen


def _strike_name(database: Database, person: Person) -> None:
    """Take the name out of results and summaries, unless somebody else has it, too."""
    if database.scalar("SELECT count(*) FROM people WHERE name = ?", (person.name,)) != 1:
        return
    database.execute("UPDATE processing_tests SET entity_name = NULL WHERE entity_name = ?", (person.name,))
    for table, column in (("processing_tests", "response_data"), ("processing_jobs", "results_summary")):
        for written in {json.dumps(person.name), json.dumps(person.name, ensure_ascii=False)}:
            for row, data in database.query(f"SELECT id, {column} FROM {table} WHERE {column} LIKE ?", (f"%{written}%",)):
                without = json.dumps(_nameless(json.loads(data), person.name), separators=(",", ":"))
                database.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (without, row))


def _nameless(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _nameless(part, name) for key, part in value.items() if key != name}
    if isinstance(value, list):
        return [_nameless(part, name) for part in value]
    return "" if value == name else value


def _without(value: Any, person_id: int, seen: set[int]) -> Any:
    if isinstance(value, list):
        return [_without(part, person_id, seen) for part in value if not _is_about(part, person_id, seen)]
    if isinstance(value, dict):
        return {key: _without(part, person_id, seen) for key, part in value.items()}
    return value


def _is_about(value: Any, person_id: int, seen: set[int]) -> bool:
    if not isinstance(value, dict) or value.get("person_id") != person_id:
        return False
    seen.update(face["observation"] for face in value.get("faces", ()) if isinstance(face.get("observation"), int))
    return True


def _needed(database: Database, crop: str) -> bool:
    held = "SELECT 1 FROM reference_faces WHERE crop = ? UNION ALL SELECT 1 FROM observations WHERE crop = ? LIMIT 1"
    return database.scalar(held, (crop, crop)) is not None
