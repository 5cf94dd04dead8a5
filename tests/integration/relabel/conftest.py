"""The files of queues made by hand, for annotation tools' own packages."""

from __future__ import annotations

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "relabel" / "golden"


@pytest.fixture(params=["tickets", "images"])
def golden(request: pytest.FixtureRequest) -> Path:
    """The files of a queue that holds what a format could break on, by tool."""
    return GOLDEN / str(request.param)
