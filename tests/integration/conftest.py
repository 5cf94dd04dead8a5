"""Tests that need annotation tools' own packages: they run by `-m integration` alone."""

from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "relabel" / "golden"


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder alone, unless its tests are asked for."""
    return None if config.option.markexpr == "integration" else True


@pytest.fixture(params=["tickets", "images"])
def golden(request: pytest.FixtureRequest) -> Path:
    """The files of a queue that were made by hand and hold what a format could break on, by tool."""
    return GOLDEN / str(request.param)
