from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.rank.flags import (
    bound_drawn_misses,
    bound_flags,
    bound_misses,
    choose_prefix,
    count_needed_checks,
)
from doubtcli.records import HIT, MISS, UNKNOWN, SpotCheck

if TYPE_CHECKING:
    from collections.abc import Collection


def checked(marks: str, *, drawn: Collection[int] | None = None, n_lost: int = 0) -> SpotCheck:
    """A spot check by its rows in order: + is a hit, - a miss, . unknown; known rows were drawn."""
    outcomes = np.array([{"+": HIT, "-": MISS, ".": UNKNOWN}[mark] for mark in marks])
    counted = outcomes != UNKNOWN if drawn is None else np.isin(np.arange(len(marks)), list(drawn))
    return SpotCheck(outcomes, counted, int(counted.sum()), n_lost=n_lost)


def test_all_are_checked() -> None:
    """If all rows are checked, the numbers are exact."""
    found = bound_flags(checked("++-+"))

    assert (found.n_flagged, found.n_checked, found.n_wrong) == (4, 4, 3)
    assert found.at_least_wrong == {1: 1, 2: 2, 3: 2, 4: 3}


def test_nothing_is_checked() -> None:
    """If no row is checked, nothing is said."""
    found = bound_flags(checked("...."))

    assert not found.assessable
    assert found.at_least_wrong == {}


def test_several_spot_checks() -> None:
    """If verdicts are on more than one spot check, the reason is given."""
    none = np.zeros(0, dtype=np.intp)

    found = bound_flags(SpotCheck(none, none.astype(np.bool_), 3, obstacle="there are two"))

    assert (found.assessable, found.why) == (False, "there are two")


def tail(n_rows: int, n_wrong: int, n_drawn: int, most: int) -> Fraction:
    """The probability that at most `most` of the wrong rows are drawn, by counting."""
    ways = sum(comb(n_wrong, k) * comb(n_rows - n_wrong, n_drawn - k) for k in range(most + 1))
    return Fraction(ways, comb(n_rows, n_drawn))


@pytest.mark.parametrize(("n_rows", "n_drawn", "n_misses"), [(200, 30, 0), (200, 30, 4), (57, 20, 20)])
def test_bound_of_a_sample(n_rows: int, n_drawn: int, n_misses: int) -> None:
    """The bound is the largest number of misses that would be found so seldom with more than 4%."""
    most = bound_drawn_misses(n_rows, n_drawn, n_misses, 0.04)

    assert tail(n_rows, most, n_drawn, n_misses) > Fraction(4, 100)
    if most < n_rows - n_drawn + n_misses:
        assert tail(n_rows, most + 1, n_drawn, n_misses) <= Fraction(4, 100)


def test_rows_that_were_not_drawn() -> None:
    """Verdicts on rows that were not drawn are known, and say nothing about any other row."""
    assert bound_misses(checked("++-.....", drawn=())).tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 6]


def test_top_rows_raise_no_bound() -> None:
    """Checking the top of the queue first does not change what is said about the rows below it."""
    marks = "." * 10 + "+-+." * 10
    drawn = [place for place in range(50) if marks[place] != "."]

    alone, with_top = checked(marks), checked("+" * 10 + marks[10:], drawn=drawn)

    rest = bound_misses(with_top)[50] - bound_misses(with_top)[10]
    assert rest >= bound_misses(alone)[50] - 10
    assert bound_misses(with_top)[10] == 0


def test_lost_rows() -> None:
    """A row that was drawn and is not in the file any more may have been a miss anywhere."""
    marks = "+..." * 20

    whole, lost = bound_misses(checked(marks)), bound_misses(checked(marks, n_lost=1))

    assert (whole <= lost).all()
    assert whole[80] < lost[80]


@pytest.mark.parametrize("is_declining", [False, True])
def test_bounds_hold(*, is_declining: bool) -> None:
    """In 200 replays all bounds of a queue hold together in 90% or more."""
    rng = np.random.default_rng(0)
    likely = np.linspace(0.95, 0.2, 150) if is_declining else np.full(150, 0.7)
    is_wrong = rng.random(150) < likely
    true = np.append(0, np.cumsum(~is_wrong))
    held = 0

    for _ in range(200):
        drawn = np.zeros(150, dtype=np.bool_)
        drawn[rng.permutation(150)[:40]] = True
        outcomes = np.where(drawn, np.where(is_wrong, HIT, MISS), UNKNOWN)
        held += bool((true <= bound_misses(SpotCheck(outcomes, drawn, 40))).all())

    assert held >= 180


def test_nothing_is_taken_by_few_verdicts() -> None:
    """With 20 right suggestions of 20, the other 980 can't be promised to be right at 95%."""
    found = checked(("+" + "." * 49) * 20)
    takeable = found.outcomes == UNKNOWN

    assert choose_prefix(found, takeable, 0.95) == 0
    assert 60 <= (count_needed_checks(found, 0.95) or 0) <= 70


def test_all_are_taken_by_many_verdicts() -> None:
    """With 100 right suggestions of 100, the other 900 are taken at 95%."""
    found = checked(("+" + "." * 9) * 100)

    assert choose_prefix(found, found.outcomes == UNKNOWN, 0.95) == 1000


def test_a_part_is_taken() -> None:
    """Where only suggestions on the lower half are wrong, rows are taken from the upper half alone."""
    found = checked(("+" + "." * 4) * 100 + ("-" + "." * 4) * 100)

    n_first = choose_prefix(found, found.outcomes == UNKNOWN, 0.9)

    assert 400 <= n_first <= 560


def test_wrong_suggestions() -> None:
    """Where suggestions are wrong too often, no number of verdicts is enough."""
    found = checked(("+-" + "." * 8) * 20)

    assert count_needed_checks(found, 0.95) is None


def test_nothing_to_take() -> None:
    """Where no row can be taken, none is."""
    found = checked("++++")

    assert choose_prefix(found, np.zeros(4, dtype=np.bool_), 0.5) == 0
