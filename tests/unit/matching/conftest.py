from __future__ import annotations

import pytest
from hypothesis import settings
from tests.unit.matching.crowd import Crowd, calibration

from stashai.matching.gallery import Gallery
from stashai.matching.recognizer import Recognizer

settings.register_profile("untimed", deadline=None)  # how long a test takes depends on the machine
settings.load_profile("untimed")


@pytest.fixture
def crowd() -> Crowd:
    """Sixty people, of whom the tests enrol the first fifty."""
    return Crowd(60)


@pytest.fixture
def recognizer(crowd: Crowd) -> Recognizer:
    fitted = calibration()
    return Recognizer(Gallery.build(crowd.people(50), crowd.references(50), ["one", "two"], fitted), fitted)
