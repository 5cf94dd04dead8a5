from __future__ import annotations

from typing import Any

import pytest

from doubtcli.errors import InputError
from doubtcli.gate.baseline import KnownDoubt, Section
from doubtcli.gate.baseline.parse import parsed_section
from doubtcli.gate.baseline.rows import in_lines

DOUBT = {"row": "00112233445566ff", "id": "a", "given": "spam", "doubt": 0.93, "reasons": ["outlier"]}


def body(**changes: Any) -> dict[str, Any]:
    """What a baseline says of a file with two equal rows, one of them doubted; with changes."""
    told = {
        "sha256": "f00d",
        "n_rows": 2,
        "label": "intent",
        "inputs": ["text"],
        "settings": {},
        "version": "0.1.0",
        "doubts": [DOUBT],
        "borderline": {"": "9e050d82f8"},
        "rows": {"": "9e050d82f8 9e050d82f8"},
    }
    return told | changes


def refusal(told: object) -> str:
    """Why what is said of a.csv is refused."""
    with pytest.raises(InputError) as caught:
        parsed_section("a.csv", told, "known.json")
    assert caught.value.where == "known.json"
    return caught.value.found


def test_sound() -> None:
    """What is as it was written becomes a section."""
    assert parsed_section("a.csv", body(), "known.json") == Section(
        path="a.csv",
        sha256="f00d",
        n_rows=2,
        label="intent",
        inputs=("text",),
        settings={},
        version="0.1.0",
        doubts=(KnownDoubt("00112233445566ff", 1, "a", "spam", 0.93, ("outlier",)),),
        lines={"": "9e050d82f8 9e050d82f8"},
        borderline=("9e050d82f8",),
    )


def test_more_than_we_know() -> None:
    """A key that a later doubt may add is passed over."""
    assert parsed_section("a.csv", body(more=1), "known.json").n_rows == 2


@pytest.mark.parametrize(
    "told",
    [
        [],
        {key: value for key, value in body().items() if key != "label"},
        body(n_rows="2"),
        body(n_rows=True),
        body(inputs=[1]),
        body(settings=[]),
        body(doubts={}),
        body(rows=[]),
    ],
    ids=["list", "no label", "text", "flag", "columns", "settings", "doubts", "rows"],
)
def test_malformed(told: object) -> None:
    """A part that is missing or of another kind is refused."""
    assert refusal(told) == "what it says of 'a.csv' is malformed, or a part of it is missing"


@pytest.mark.parametrize(
    "change",
    [
        {"row": 17},
        {"id": None},
        {"given": 1},
        {"doubt": "0.93"},
        {"doubt": True},
        {"doubt": 1.01},
        {"doubt": -0.01},
        {"reasons": "outlier"},
        {"reasons": [None]},
        {"n": 0},
        {"n": 1.0},
        {"n": True},
    ],
    ids=str,
)
def test_malformed_doubt(change: dict[str, Any]) -> None:
    """A doubt that is not as it was written is refused, with its place."""
    assert refusal(body(doubts=[DOUBT | {"n": 2}, DOUBT | change])) == "doubt 2 of 'a.csv' is malformed"


def test_doubt_that_is_no_object() -> None:
    """A doubt of another kind is refused."""
    assert refusal(body(doubts=["00112233445566ff"])) == "doubt 1 of 'a.csv' is malformed"


def test_doubt_that_stands_twice() -> None:
    """A doubt that stands twice, as after a merge, is refused."""
    assert refusal(body(doubts=[DOUBT, DOUBT])) == "the doubt on row 'a' of 'a.csv' stands twice"


@pytest.mark.parametrize("given", ["ham", "\ud800"])
def test_doubt_on_no_row(given: str) -> None:
    """A doubt whose content and label no row has is refused."""
    assert (
        refusal(body(doubts=[DOUBT | {"given": given}]))
        == "the doubt on row 'a' of 'a.csv' is on none of its rows"
    )


def test_more_doubts_than_rows() -> None:
    """More equal doubts than equal rows are refused."""
    doubts = [DOUBT | {"n": n} for n in (1, 2, 3)]

    assert refusal(body(doubts=doubts)) == "the doubt on row 'a' of 'a.csv' is on none of its rows"


@pytest.mark.parametrize(
    "rows",
    [
        {"": "9e050d82f8  9e050d82f8"},
        {"": "9e050d82f8 9e050d82f"},
        {"": "9E050D82F8 9e050d82f8"},
        {"": "9e050d82f8 9e050d82f8 "},
        {"": ""},
        {"": ["9e050d82f8", "9e050d82f8"]},
        {"9": "e050d82f8 e050d82f8"},
    ],
    ids=["blanks", "short", "capital", "blank at the end", "empty", "list", "prefix"],
)
def test_malformed_line(rows: dict[str, Any]) -> None:
    """A line of digests that could not be looked up is refused."""
    assert (
        refusal(body(doubts=[], rows=rows))
        == f"the line {next(iter(rows))!r} of the rows of 'a.csv' is malformed"
    )


@pytest.mark.parametrize("near", [{"": "9e050d82f"}, {"": 3}, {"9": "e050d82f8"}])
def test_malformed_borderline(near: dict[str, Any]) -> None:
    """So is one of a borderline row."""
    found = refusal(body(borderline=near))

    assert found == f"the line {next(iter(near))!r} of the rows of 'a.csv' is malformed"


def test_many_borderline_rows() -> None:
    """As many borderline rows as need several lines are read back."""
    many = sorted(f"{number:03x}e050d82" for number in range(100))

    assert parsed_section("a.csv", body(borderline=in_lines(many)), "known.json").borderline == tuple(many)


def test_lost_lines() -> None:
    """Fewer digests than rows, as after a merge, are refused."""
    assert refusal(body(rows={"": "9e050d82f8"})) == "it says that 'a.csv' has 2 rows, and lists 1"
