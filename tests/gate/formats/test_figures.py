from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.gate.formats.figures import bound_words, held_words, value_words, verdict
from doubtcli.gate.result import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.gate.result import FileResult, GateResult

FAILED = Outcome.FAILED
UNKNOWN = Outcome.NOT_ASSESSABLE


@pytest.mark.parametrize(
    ("value", "bound", "told"),
    [
        (0.0431, 0.03, "4.3%, at most 3%"),
        (0.04, 0.03, "4.0%, at most 3%"),
        (0.03, 0.03, "3%, at most 3%"),
        (0.0304, 0.03, "3.04%, at most 3%"),
        (0.030004, 0.03, "3.0004%, at most 3%"),
        (0.0, 0.03, "0%, at most 3%"),
        (0.0001, 0.03, "0.01%, at most 3%"),
        (1.0, 0.03, "100%, at most 3%"),
        (0.9999, 0.03, "99.99%, at most 3%"),
        (0.02, 0.0025, "2.0%, at most 0.25%"),
        (0.07, 0.07, "7%, at most 7%"),
        (None, 0.03, "at most 3%"),
        (0.02, None, "2.0%"),
    ],
)
def test_shares(a_check: Callable[..., Check], value: float | None, bound: float | None, told: str) -> None:
    """A share has one decimal, and more where it would look like its bound, like nothing or like all."""
    assert held_words(a_check(value=value, bound=bound)) == told


def test_rows(a_check: Callable[..., Check]) -> None:
    """A number of rows is whole, with its thousands set apart."""
    check = a_check(value=1204, bound=1000, is_share=False)

    assert held_words(check) == "1,204, at most 1,000"


def test_floor(a_check: Callable[..., Check]) -> None:
    """A floor is the least that there may be."""
    assert bound_words(a_check(bound=0.6, is_floor=True)) == "at least 60%"


def test_no_number(a_check: Callable[..., Check]) -> None:
    """A limit that is no number has no figures."""
    assert not held_words(a_check(value=None, bound=None, is_share=False))


@given(st.floats(0, 1, allow_subnormal=False), st.integers(0, 1000))
def test_never_looks_like_its_bound(value: float, thousandths: int) -> None:
    """A share that is off its bound by a millionth or more never looks as if it were on it."""
    bound = thousandths / 1000
    check = Check("max-noise", "", "", value, bound, True, False, FAILED, False, "", ())

    looks_equal = value_words(check) == bound_words(check).removeprefix("at most ")

    assert looks_equal is (value == bound) or abs(value - bound) < 1e-6


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ([Outcome.PASSED], "gate passed: 1 limit, a.csv"),
        ([Outcome.PASSED] * 2, "gate passed: 2 limits, a.csv"),
        ([Outcome.PASSED, FAILED, FAILED], "gate failed: 2 of 3 limits, a.csv"),
        ([FAILED, UNKNOWN], "gate failed: 2 of 2 limits (1 not assessable), a.csv"),
    ],
)
def test_verdict(
    a_check: Callable[..., Check],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    outcomes: list[Outcome],
    told: str,
) -> None:
    """The verdict counts the limits that were not met, and those that nobody can tell of."""
    checks = tuple(a_check(outcome=outcome) for outcome in outcomes)

    assert verdict(a_result(a_file(path="a.csv", checks=checks))) == told


def test_allowed(
    a_check: Callable[..., Check], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A gate that passes without knowing says so."""
    checks = (a_check(), a_check(outcome=UNKNOWN, allowed=True))

    told = verdict(a_result(a_file(path="a.csv", checks=checks)))

    assert told == "gate passed: 2 limits (1 not assessable, allowed), a.csv"


def test_files(
    a_check: Callable[..., Check], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """Of many files those that failed are named, the first three of them; all limits are counted."""
    bad = (a_check(outcome=FAILED), a_check())
    files = [a_file(path=f"{name}.csv", checks=bad) for name in "abcde"]

    assert verdict(a_result(*files, a_file())) == (
        "gate failed: 5 of 11 limits, a.csv, b.csv, c.csv and 2 more"
    )
    assert verdict(a_result(files[0], a_file())) == "gate failed: 1 of 3 limits, a.csv"
