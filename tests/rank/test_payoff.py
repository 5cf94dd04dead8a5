"""How many labels are wrong: of the doubted rows, of the next in the queue, and of all that are left."""

from __future__ import annotations

import numpy as np
import pytest

from doubtcli.rank.payoff import expect_errors
from doubtcli.rank.prior import ErrorCurves, list_curves
from doubtcli.records import ExpectedErrors, Ranking, Verdicts

INTERCEPTS, SLOPES = list_curves()
LOG_ODDS = ErrorCurves((np.isclose(INTERCEPTS, 0) & np.isclose(SLOPES, 1)).astype(float))
"""The curve by which a margin is the log odds of an error."""
NINE_TO_ONE, EVEN, ONE_TO_NINE = np.log(9), 0.0, -np.log(9)


def expect(
    margins: list[float],
    codes: list[int] | None = None,
    length: int = 0,
    entries: list[int] | None = None,
    at_least: float = 0.0,
) -> ExpectedErrors:
    """What is expected of rows with label 0, of which people decided some (-1: not this one)."""
    n_rows = len(margins)
    decided = np.zeros(n_rows, dtype=bool) if codes is None else np.array(codes) >= 0
    against = np.array(margins)
    ranking = Ranking(
        doubt=1 / (1 + np.exp(-against)),
        doubt_sd=np.zeros(n_rows),
        suggested_labels=np.ones(n_rows, dtype=np.intp),
        suggested_confidence=np.ones(n_rows),
        doubted=(against >= 0) & ~decided,
        contradicted=np.zeros(n_rows, dtype=bool),
        order=np.argsort(-against, kind="stable"),
        voices=(),
        margins=against,
        queue_length=length,
        decided=decided,
        entries=None if entries is None else np.array(entries),
    )
    verdicts = (
        None
        if codes is None
        else Verdicts("v.csv", np.array(codes), (None,) * n_rows, np.full(n_rows, np.nan))
    )
    return expect_errors(ranking, LOG_ODDS, np.zeros(n_rows, dtype=np.intp), verdicts, at_least)


def test_without_verdicts() -> None:
    """Nobody has decided: of two doubted rows at .9 and .5, and of all four, two of which have .1."""
    found = expect([NINE_TO_ONE, EVEN, ONE_TO_NINE, ONE_TO_NINE])

    assert (found.n_decided, found.n_wrong) == (0, 0)
    assert (found.doubted.n_rows, found.next.n_rows, found.left.n_rows) == (2, 2, 4)
    assert found.doubted.mean == pytest.approx(1.4)
    assert found.next.mean == pytest.approx(1.4)
    assert found.left.mean == pytest.approx(1.6)


def test_no_fewer_are_left_than_are_wrong_at_least() -> None:
    """At least 60% of ten labels are wrong, and people found one of them: five are left at least."""
    found = expect([ONE_TO_NINE] * 10, [1, *[-1] * 9], at_least=0.6).left

    assert (found.low, found.middle, found.mean) == (5, 5, 5)
    assert found.high >= 5


def test_decided_rows_are_not_expected_any_more() -> None:
    """Of three decided rows two were corrected; of the two others one is doubted."""
    found = expect([NINE_TO_ONE, NINE_TO_ONE, NINE_TO_ONE, EVEN, ONE_TO_NINE], [1, 2, 0, -1, -1])

    assert (found.n_decided, found.n_wrong) == (3, 2)
    assert (found.doubted.n_rows, found.left.n_rows) == (1, 2)
    assert found.doubted.mean == pytest.approx(0.5)
    assert found.left.mean == pytest.approx(0.6)


def test_the_next_rows_are_those_of_the_queue() -> None:
    """With one doubted entry and a queue of three, three rows: .5 + .1 + .1."""
    found = expect([EVEN, ONE_TO_NINE, ONE_TO_NINE, ONE_TO_NINE], length=3)

    assert found.next.n_rows == 3
    assert found.next.mean == pytest.approx(0.7)


def test_a_hundred_rows_are_looked_ahead() -> None:
    """Of 150 doubted rows."""
    found = expect([EVEN] * 150)

    assert (found.doubted.n_rows, found.next.n_rows) == (150, 100)


def test_equal_rows_are_one_of_the_next() -> None:
    """Two of three doubted rows are one entry."""
    found = expect([EVEN] * 3, entries=[0, 0, 1])

    assert (found.doubted.n_rows, found.next.n_rows) == (3, 2)


def test_all_rows_are_decided() -> None:
    """Nothing is left that may be wrong."""
    found = expect([NINE_TO_ONE, EVEN], [0, 1])

    assert (found.n_decided, found.n_wrong) == (2, 1)
    for part in (found.doubted, found.next, found.left):
        assert (part.n_rows, part.mean, part.high) == (0, 0, 0)


def test_no_row_is_doubted() -> None:
    """Nothing can be said of doubted rows; of all rows, one in ten is wrong."""
    found = expect([ONE_TO_NINE] * 10)

    assert (found.doubted.n_rows, found.next.n_rows, found.left.n_rows) == (0, 0, 10)
    assert found.left.mean == pytest.approx(1)
