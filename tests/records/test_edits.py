from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records.file_format import Drop, Relabel, find_nth_free, group_added_rows

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
    assert group_added_rows(dict.fromkeys(dropped, Drop()) | {9: Relabel("x")}, added) == before


@given(taken=st.sets(st.integers(0, 30)), nth=st.integers(0, 30))
def test_nth_free(taken: set[int], nth: int) -> None:
    """It is the nth of the places that are left, in a list of them all."""
    free = [place for place in range(100) if place not in taken]

    assert find_nth_free(sorted(taken), nth) == free[nth]


class Counted(Sequence[int]):
    """Every other place, with a count of how often it was looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def __len__(self) -> int:
        return 100_000

    def __getitem__(self, one: Any) -> Any:
        self.looks += 1
        return 2 * one


def test_nth_free_of_many() -> None:
    """Few of many places are looked at: 17 of 100,000, since they can be halved 17 times."""
    taken = Counted()

    assert find_nth_free(taken, 50_000) == 100_001
    assert taken.looks <= 17
