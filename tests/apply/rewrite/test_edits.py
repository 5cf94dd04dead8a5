from __future__ import annotations

import pytest

from doubtcli.apply.rewrite import Drop, Relabel
from doubtcli.apply.rewrite.edits import gaps

X, Y = b"x", b"y"


@pytest.mark.parametrize(
    ("dropped", "added", "before"),
    [
        ((), {}, {}),
        ((), {0: X}, {0: [X]}),
        ((), {1: X, 2: Y}, {1: [X, Y]}),
        ((), {1: X, 3: Y}, {1: [X], 2: [Y]}),
        ((0,), {0: X}, {1: [X]}),
        ((1, 2), {1: X}, {3: [X]}),
        ((2,), {1: X}, {1: [X]}),
    ],
    ids=[
        "none",
        "first",
        "side by side",
        "apart",
        "for a dropped one",
        "for two dropped ones",
        "before a dropped one",
    ],
)
def test_gaps(dropped: tuple[int, ...], added: dict[int, bytes], before: dict[int, list[bytes]]) -> None:
    """Each row that is added goes before the row that follows it among those that stay."""
    assert gaps(dict.fromkeys(dropped, Drop()) | {9: Relabel("x")}, added) == before
