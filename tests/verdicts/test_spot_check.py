from __future__ import annotations

import pytest

from doubtcli.records import HIT, MISS, UNKNOWN, Answer, SpotCheckPlace
from doubtcli.verdicts.spot_check import count_spot_check, list_spot_check


def answer(row_id: str, stratum: str) -> Answer:
    """An answer on a row with this text in the column of the draw."""
    return Answer(1, row_id, stratum=stratum)


@pytest.mark.parametrize(
    "place", [SpotCheckPlace(15, 200), SpotCheckPlace(1, 2, 2, 2, "f1a6"), SpotCheckPlace(7, 9, 3, 4)]
)
def test_place_as_text(place: SpotCheckPlace) -> None:
    """A place is the same after it was written as text."""
    assert SpotCheckPlace.parse(f" {place} ") == place


@pytest.mark.parametrize("text", ["", "1 of 3 (120 rows)", "spot check", "spot check 1"])
def test_no_place(text: str) -> None:
    """Other texts name no place."""
    assert SpotCheckPlace.parse(text) is None


def test_answers() -> None:
    """Only answers on rows of a spot check have a place; a row that was drawn in one file was drawn."""
    places = list_spot_check(
        [
            answer("a", "spot check 1 of 3, drawn 1 of 1"),
            answer("a", "spot check 1 of 3"),
            answer("b", "1 of 3 (120 rows)"),
        ]
    )

    assert places == {"a": SpotCheckPlace(1, 3, 1, 1)}


DRAWN = {
    "top": SpotCheckPlace(1, 6),
    "first": SpotCheckPlace(4, 6, 1, 3),
    "second": SpotCheckPlace(2, 6, 2, 3),
    "third": SpotCheckPlace(6, 6, 3, 3),
}


def test_outcomes() -> None:
    """Decided rows have an outcome, drawn or not, and only those that were drawn count."""
    found = count_spot_check(DRAWN, {"top": True, "first": False, "second": True, "third": True})

    assert found is not None
    assert found.outcomes.tolist() == [HIT, HIT, UNKNOWN, MISS, UNKNOWN, HIT]
    assert found.counted.tolist() == [False, True, False, True, False, True]
    assert (found.n_drawn, found.n_counted) == (3, 3)


def test_not_reached() -> None:
    """Rows that were drawn after the last decided one don't count."""
    found = count_spot_check(DRAWN, {"first": True})

    assert found is not None
    assert (found.n_counted, found.outcomes[1]) == (1, UNKNOWN)


def test_passed_over() -> None:
    """A row that was drawn before the last decided one and is not decided counts as a miss."""
    found = count_spot_check(DRAWN, {"first": True, "third": True})

    assert found is not None
    assert (found.n_counted, found.outcomes[1]) == (3, MISS)


def test_lost() -> None:
    """A row that was drawn before the last decided one and is not in the file is counted as lost."""
    places = {row_id: place for row_id, place in DRAWN.items() if row_id != "second"}

    found = count_spot_check(places, {"first": True, "third": True})

    assert found is not None
    assert (found.n_lost, found.n_counted) == (1, 3)


def test_no_draw() -> None:
    """Without a row that was drawn there is no spot check."""
    assert count_spot_check({"top": DRAWN["top"]}, {"top": True}) is None


@pytest.mark.parametrize(
    "other",
    [
        SpotCheckPlace(3, 7, 2, 3),
        SpotCheckPlace(4, 6, 2, 3),
        SpotCheckPlace(3, 6, 1, 3),
        SpotCheckPlace(3, 6, 2, 3, "f1a6"),
        SpotCheckPlace(9, 6),
        SpotCheckPlace(3, 6, 4, 3),
    ],
    ids=["other queue", "place twice", "draw twice", "other audit", "no such place", "no such draw"],
)
def test_several_spot_checks(other: SpotCheckPlace) -> None:
    """Rows that can't be of one draw from one queue are an obstacle."""
    found = count_spot_check({"first": DRAWN["first"], "other": other}, {"first": True})

    assert found is not None
    assert found.obstacle


def test_larger_spot_check() -> None:
    """A spot check and a larger one of the same queue, which draws the same rows first, count together."""
    found = count_spot_check(
        {"first": SpotCheckPlace(4, 6, 1, 1), "second": DRAWN["second"]}, {"second": True}
    )

    assert found is not None
    assert (found.obstacle, found.n_drawn, found.n_counted) == ("", 3, 2)
