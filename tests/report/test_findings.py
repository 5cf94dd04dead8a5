from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from doubtcli.rank.figures import describe_power
from doubtcli.records import Power
from doubtcli.report.findings import print_power

if TYPE_CHECKING:
    from tests.conftest import Sentences

NAMES = ("billing", "bug", "delivery")
POWER = Power(
    assessable=True,
    why="planted as classes get confused",
    n_planted=1_204,
    found_in_first={0.01: 0.125, 0.05: 0.6, 0.1: 1.0},
    most_in_first={0.01: 0.2, 0.05: 1.0, 0.1: 1.0},
    by_class={0: 0.75, 2: 0.25, 1: 0.75},
    by_reason={"outlier": 0.5, "ambiguous": 0.5, "low-self-confidence": 0.9},
)


def printed(power: Power, class_names: tuple[str, ...] = NAMES, *, width: int = 80) -> str:
    """What a pipe gets."""
    file = io.StringIO()
    print_power(Console(file=file, width=width), power, class_names)
    return file.getvalue()


def section(text: str, title: str) -> list[str]:
    """The lines below a title, with single spaces."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith(title)) + 1
    rest = lines[start:]
    return rest[: rest.index("")] if "" in rest else rest


def test_figures() -> None:
    """The shares found are listed by how many rows were searched; classes and reasons are left out."""
    assert describe_power(POWER) == {
        "assessable": True,
        "why": "planted as classes get confused",
        "planted": 1_204,
        "found_in_first": [
            {"share": 0.01, "found": 0.125},
            {"share": 0.05, "found": 0.6},
            {"share": 0.1, "found": 1.0},
        ],
    }


def test_shares_found() -> None:
    """How many errors were planted, and what share of them is found."""
    text = printed(POWER)

    assert section(text, "1,204 errors planted") == ["planted as classes get confused"]
    assert section(text, "Found among the most doubted rows") == [
        "the first 1% of rows 12.5% 20.0% is all that could be found there",
        "the first 5% of rows 60.0%",
        "the first 10% of rows 100%",
    ]


def test_reasons() -> None:
    """The reason that finds most comes first, equal ones by name."""
    assert section(printed(POWER), "Found by each reason alone") == [
        "low-self-confidence 90.0%",
        "ambiguous 50.0%",
        "outlier 50.0%",
    ]


def test_classes() -> None:
    """The label whose errors are hardest to find comes first, equal ones by name."""
    assert section(printed(POWER), "Found by planted label") == [
        "delivery 25.0%",
        "billing 75.0%",
        "bug 75.0%",
    ]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_width(width: int) -> None:
    """With long names and causes no line is wider than the console, and control characters are escaped."""
    power = replace(POWER, why="; ".join([POWER.why] * 5))

    text = printed(power, ("b" * 200, "bug\x1b[31m", "delivery"), width=width)

    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_nothing_planted(sentences: Sentences) -> None:
    """One sentence says why, and nothing else is printed."""
    text = printed(Power(assessable=False, why="a fast scan plants no errors"))

    sentences.check(text)


def test_no_error_reasons() -> None:
    """If only context reasons were asked, the section of reasons is empty."""
    power = Power(assessable=True, why="planted", n_planted=6, found_in_first={0.05: 1.0}, by_class={0: 1.0})

    assert section(printed(power), "Found by each reason alone") == []
