from __future__ import annotations

import pytest

from doubtcli.wording.numbers import format_count, format_percent, format_score, format_value, round_figure


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1.0, "100%"),
        (0.0004, "<0.1%"),
        (0.0005, "0.1%"),
        (0.06, "6.0%"),
        (0.12345, "12.3%"),
        (0.9996, ">99.9%"),
    ],
)
def test_percent(share: float, text: str) -> None:
    """Only 0 is printed as 0%, and only 1 as 100%."""
    assert format_percent(share) == text


def test_numbers() -> None:
    """Counts have thousands separators and agree with their noun; scores have two decimals."""
    assert [
        format_count(1, "row"),
        format_count(0, "row"),
        format_count(12_345, "row"),
        format_count(1_000),
    ] == [
        "1 row",
        "0 rows",
        "12,345 rows",
        "1,000",
    ]
    assert format_score(0.966) == "0.97"


@pytest.mark.parametrize(("value", "text"), [(3750.0, "3750"), (0.1, "0.1"), (7, "7"), ("a", "a")])
def test_plain(value: object, text: str) -> None:
    """A value of the data is written without digits that have no meaning."""
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("value", "rounded"), [(0.12345678, 0.123457), (1234567.0, 1234570.0), (0.5, 0.5), (-2e-9, -2e-9)]
)
def test_round_figure(value: float, rounded: float) -> None:
    """A figure of any size has six significant digits."""
    assert round_figure(value) == rounded
