"""A Stash for tests: a real HTTP server, GraphQL executed strictly against the part of the schema that we use, real processes."""

from .library import Library, Row
from .stash import FakeStash

__all__ = ["FakeStash", "Library", "Row"]
