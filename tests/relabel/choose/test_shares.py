from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import SettingsError
from doubtcli.relabel.choose.shares import STRATEGIES, parse_shares, sizes


@pytest.mark.parametrize("name", STRATEGIES)
def test_one_strategy(name: str) -> None:
    """One name alone stands for the whole queue."""
    assert parse_shares(name) == {name: 100}


@pytest.mark.parametrize(
    "text",
    ["top=70%,audit=30%", " top = 70 % , audit=30 ", "top=70,audit=30"],
    ids=["plain", "loose", "bare"],
)
def test_shares(text: str) -> None:
    """Shares are whole percents, with or without their sign, in the order in which they are given."""
    assert list(parse_shares(text).items()) == [("top", 70), ("audit", 30)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("topp", "there is no strategy 'topp'"),
        ("", "there is no strategy ''"),
        ("top=70%,best=30%", "there is no strategy 'best'"),
        ("top,audit", "'top' is no share of a strategy"),
        ("top=0%,audit=100%", "'top=0%' is no share of a strategy"),
        ("top=101%", "'top=101%' is no share of a strategy"),
        ("top=33.3%,audit=66.7%", "'top=33.3%' is no share of a strategy"),
        ("top=-5%,audit=105%", "'top=-5%' is no share of a strategy"),
        ("top=50%,audit=30%", "the shares make 80%"),
        ("top=60%,audit=60%", "the shares make 120%"),
        ("top=50%,top=50%", "'top' is named twice"),
        ("top=100%,", "'' is no share of a strategy"),
    ],
)
def test_refused(text: str, found: str) -> None:
    """What is no share, no strategy or not all of the queue is refused."""
    with pytest.raises(SettingsError) as error:
        parse_shares(text)

    assert error.value.found == found
    assert error.value.where == "--strategy"


def test_nearest_name() -> None:
    """A slip of the pen is told the name that was meant."""
    with pytest.raises(SettingsError, match="did you mean 'balanced'"):
        parse_shares("balance")


@pytest.mark.parametrize(
    ("n_rows", "shares", "rows"),
    [
        (200, {"top": 70, "audit": 30}, {"top": 140, "audit": 60}),
        (10, {"top": 67, "audit": 33}, {"top": 7, "audit": 3}),
        (1, {"top": 50, "audit": 50}, {"top": 1, "audit": 0}),
        (10, {"top": 33, "audit": 33, "budget": 34}, {"top": 3, "audit": 3, "budget": 4}),
        (0, {"top": 100}, {"top": 0}),
    ],
)
def test_sizes(n_rows: int, shares: dict[str, int], rows: dict[str, int]) -> None:
    """Rows are shared out by largest remainder, ties to the strategy named first."""
    assert sizes(n_rows, shares) == rows


@given(st.integers(0, 10**6), st.integers(1, 99))
def test_all_rows_are_shared_out(n_rows: int, share: int) -> None:
    """No row is lost, and none is made up."""
    shared = sizes(n_rows, {"top": share, "audit": 100 - share})

    assert sum(shared.values()) == n_rows
    assert abs(shared["top"] - n_rows * share / 100) < 1
