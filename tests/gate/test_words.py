from __future__ import annotations

import pytest

from doubtcli.gate.words import percent


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0%"), (0.03, "3%"), (0.04261, "4.3%"), (0.0004261, "0.043%"), (0.999, "100%"), (0.125, "12%")],
)
def test_percent(share: float, words: str) -> None:
    """A share is told in percent, with two digits."""
    assert percent(share) == words
