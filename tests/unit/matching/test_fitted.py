"""The user's own calibration holds for the networks that it was fitted on, the shipped one for all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from stashai.errors import ModelError
from stashai.matching.calibration import Calibration
from stashai.matching.fitted import OWN, calibration_for
from stashai.matching.plain import calibration_path
from stashai.settings import Settings


def test_the_users_own_comes_first_where_it_fits(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path, 1)
    shipped = Calibration.load()
    first = shipped.configurations[0].models[0]
    assert calibration_for([first], settings) == shipped
    own = calibration_path().read_text(encoding="utf-8").replace(first, "mine")
    (tmp_path / OWN).write_text(own, encoding="utf-8")
    assert calibration_for(["mine"], settings).supports(["mine"])
    assert calibration_for([first], settings) == shipped


def test_a_network_that_was_never_fitted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        calibration_for(["unheard-of"], Settings(tmp_path, tmp_path, 1))
    assert caught.value.code == "not-calibrated"
